"""Makes small graphs with the inputs and outputs of depth estimators' exports, with the files that transformers writes beside them, and
records what its processors, before and behind ONNX Runtime, make of photographs with them (post_process_depth_estimation), for
models/depth. GLPN is a tiny model of transformers, weights by chance; traced ones of DPT and Depth Anything take one size alone and,
untrained, say the same everywhere: a convolution is in their place.

usage: python scripts/goldens/depth.py      (pip install -r scripts/requirements.txt; without torchvision: processors are Pillow's then)
"""

import json
import pathlib
import types

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from transformers import DPTImageProcessor, GLPNConfig, GLPNForDepthEstimation, GLPNImageProcessor

ROOT = pathlib.Path(__file__).parent.parent.parent
OUT = ROOT / "models/depth/testdata"
PHOTOS = ["chelsea.png", "rocket.jpg"]


def convolution(path, rng, step, size, channel=False):
    tensor = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
    weights = {"w": rng.normal(size=(1, 3, step, step)).astype(np.float32) / step, "b": np.array([2], np.float32), "one": np.array([1], np.int64)}
    nodes = [helper.make_node("Conv", ["pixel_values", "w", "b"], ["far"], strides=[step, step], kernel_shape=[step, step]), helper.make_node("Relu", ["far"], ["predicted_depth" if channel else "near"])]
    if not channel:
        nodes.append(helper.make_node("Squeeze", ["near", "one"], ["predicted_depth"]))
    g = helper.make_graph(nodes, "g", [tensor("pixel_values", ["batch_size", 3, *size])], [tensor("predicted_depth", ["batch_size", *([1] if channel else []), "h", "w"])],
                          [numpy_helper.from_array(w, n) for n, w in weights.items()])
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(m, full_check=True)
    onnx.save(m, path)


class Depth(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).predicted_depth


def glpn(path, rng):
    torch.manual_seed(11)
    model = GLPNForDepthEstimation(GLPNConfig(hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 1, 1], mlp_ratios=[1, 1, 1, 1], decoder_hidden_size=8, sr_ratios=[8, 4, 2, 1])).eval()
    for p in model.parameters():
        p.requires_grad_(False)
        if p.ndim > 1:
            p.mul_(4)
    torch.onnx.export(Depth(model), (torch.rand(1, 3, 64, 96),), path, input_names=["pixel_values"], output_names=["predicted_depth"], opset_version=17, dynamo=False,
                      dynamic_axes={"pixel_values": {0: "batch_size", 2: "height", 3: "width"}, "predicted_depth": {0: "batch_size", 1: "h", 2: "w"}})


def main():
    rng = np.random.default_rng(12)
    any_size = ("height", "width")
    for name, make, config, processor in [
        ("depth-anything", lambda p, r: convolution(p, r, 2, any_size), {"architectures": ["DepthAnythingForDepthEstimation"], "model_type": "depth_anything", "depth_estimation_type": "relative"},
         DPTImageProcessor(size={"height": 70, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])),
        ("depth-anything-metric", lambda p, r: convolution(p, r, 2, any_size, True), {"architectures": ["DepthAnythingForDepthEstimation"], "model_type": "depth_anything", "depth_estimation_type": "metric", "max_depth": 20},
         DPTImageProcessor(size={"height": 45, "width": 60}, ensure_multiple_of=14)),
        ("dpt", lambda p, r: convolution(p, r, 4, (64, 96)), {"architectures": ["DPTForDepthEstimation"], "model_type": "dpt"}, DPTImageProcessor(size={"height": 64, "width": 96}, resample=2)),
        ("glpn", glpn, {"architectures": ["GLPNForDepthEstimation"], "model_type": "glpn"}, GLPNImageProcessor(size_divisor=64)),
    ]:
        folder = OUT / name
        folder.mkdir(parents=True, exist_ok=True)
        make(folder / "model.onnx", rng)
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        processor.save_pretrained(folder)
        session = ort.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
        goldens = []
        for photo in PHOTOS:
            image = Image.open(ROOT / "cmd/ortho/testdata/photos" / photo).convert("RGB")
            pixels = processor(image, return_tensors="np")["pixel_values"]
            out = torch.tensor(session.run(None, {"pixel_values": pixels})[0])
            out = out.squeeze(1) if out.ndim == 4 else out
            depth = processor.post_process_depth_estimation(types.SimpleNamespace(predicted_depth=out), target_sizes=[(image.height, image.width)])[0]["predicted_depth"].numpy()
            goldens.append({"input": photo, "shape": list(pixels.shape[2:]), "width": image.width, "height": image.height, "min": float(depth.min()), "max": float(depth.max()),
                            "mean": float(depth.astype(np.float64).mean()), "std": float(depth.astype(np.float64).std()), "every": [float(v) for v in depth.ravel()[::997]]})
            print(name, pixels.shape, tuple(out.shape), depth.min(), depth.max(), depth.std(), (folder / "model.onnx").stat().st_size)
        (folder / "golden.json").write_text(json.dumps(goldens).replace("}, {", "},\n{") + "\n")


main()
