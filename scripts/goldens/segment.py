"""Makes small graphs with the inputs and outputs of SegFormer's, MaskFormer's, Mask2Former's and DPT's exports, weights by chance, with the
files that Optimum writes beside them, and records what transformers' processors, before and behind ONNX Runtime, make of a
photograph with them, for models/segment.

usage: python scripts/goldens/segment.py      (pip install -r scripts/requirements.txt)
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
from transformers import DPTImageProcessor, Mask2FormerImageProcessor, MaskFormerImageProcessor, MobileViTImageProcessor, SegformerImageProcessor

ROOT = pathlib.Path(__file__).parent.parent.parent
OUT = ROOT / "models/segment/testdata"
LABELS = ["road", "wall", "sky", "cat", "tree"]


def model(nodes, weights, outputs, size):
    tensor = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
    g = helper.make_graph(nodes, "g", [tensor("pixel_values", ["batch_size", 3, *size])], [tensor(*o) for o in outputs], [numpy_helper.from_array(w if w.dtype == np.int64 else np.asarray(w, np.float32), n) for n, w in weights.items()])
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(m, full_check=True)
    return m


def save(name, made, config, processor):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(made, folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps(config | {"id2label": {str(i): l for i, l in enumerate(LABELS)}}, indent=1) + "\n")
    if name != "maskformer":
        processor.save_pretrained(folder)
    else:  # whose file says less than the processor does: models/config takes nothing of it
        stated = {"resize": "64x64", "interpolation": "bilinear", "mean": processor.image_mean, "std": processor.image_std}
        (folder / "ortho.json").write_text(json.dumps(stated, indent=1) + "\n")
    return ort.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])


def main():
    rng = np.random.default_rng(5)
    photo = Image.open(ROOT / "cmd/ortho/testdata/photos/chelsea.png").convert("RGB")
    size = (photo.height, photo.width)

    processor = SegformerImageProcessor(size={"height": 64, "width": 64})
    node = helper.make_node("Conv", ["pixel_values", "w", "b"], ["logits"], strides=[4, 4], kernel_shape=[4, 4])
    weights = {"w": rng.normal(size=(5, 3, 4, 4)) * 0.2, "b": rng.normal(size=5) * 0.1}
    session = save("segformer", model([node], weights, [("logits", ["batch_size", 5, 16, 16])], (64, 64)),
                   {"architectures": ["SegformerForSemanticSegmentation"], "model_type": "segformer"}, processor)
    logits = session.run(None, {"pixel_values": processor(photo, return_tensors="np")["pixel_values"]})[0]
    made = processor.post_process_semantic_segmentation(types.SimpleNamespace(logits=torch.tensor(logits)), [size])[0]
    Image.fromarray(made.numpy().astype(np.uint8)).save(OUT / "segformer.png", optimize=True)
    print("segformer", np.bincount(made.numpy().ravel()))

    processor = MaskFormerImageProcessor(size={"height": 64, "width": 64}, do_resize=True, size_divisor=0)
    nodes = [helper.make_node("Conv", ["pixel_values", "w"], ["masks"], strides=[4, 4], kernel_shape=[4, 4]),
             helper.make_node("Mul", ["masks", "ten"], ["masks_queries_logits"]),
             helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[1, 2, 3], keepdims=1),
             helper.make_node("Mul", ["mean", "zero"], ["nothing"]), helper.make_node("Squeeze", ["nothing", "last"], ["flat"]),
             helper.make_node("Add", ["flat", "classes"], ["class_queries_logits"])]
    classes = rng.normal(size=(1, 6, 6)) * 4
    weights = {"w": rng.normal(size=(6, 3, 4, 4)) * 0.2, "ten": np.array(10.0), "zero": np.array(0.0), "classes": classes, "last": np.array([3], np.int64)}
    outputs = [("class_queries_logits", ["batch_size", 6, 6]), ("masks_queries_logits", ["batch_size", 6, 16, 16])]
    session = save("maskformer", model(nodes, weights, outputs, (64, 64)), {"architectures": ["MaskFormerForInstanceSegmentation"], "model_type": "maskformer"}, processor)
    out = session.run(None, {"pixel_values": processor(photo, return_tensors="np")["pixel_values"]})
    raw = types.SimpleNamespace(class_queries_logits=torch.tensor(out[0]), masks_queries_logits=torch.tensor(out[1]))
    found = processor.post_process_panoptic_segmentation(raw, threshold=0.5, mask_threshold=0.5, overlap_mask_area_threshold=0.2, target_sizes=[size])[0]
    Image.fromarray(found["segmentation"].numpy().clip(0).astype(np.uint8)).save(OUT / "maskformer.png", optimize=True)
    (OUT / "maskformer.json").write_text(json.dumps(found["segments_info"]) + "\n")
    print("maskformer", np.bincount(found["segmentation"].numpy().clip(0).ravel()), found["segments_info"])

    # The processors' own sizes, of graphs that take any.
    any_size, outputs = ("height", "width"), [("class_queries_logits", ["batch_size", 6, 6]), ("masks_queries_logits", ["batch_size", 6, "h", "w"])]
    for name, processor, config in [
        ("maskformer-sized", MaskFormerImageProcessor(size={"shortest_edge": 70, "longest_edge": 90}, size_divisor=32), "MaskFormerForInstanceSegmentation"),
        ("maskformer-padded", MaskFormerImageProcessor(size={"shortest_edge": 60, "longest_edge": 100}, size_divisor=0, pad_size={"height": 96, "width": 128}), "MaskFormerForInstanceSegmentation"),
        ("mask2former-sized", Mask2FormerImageProcessor(size={"height": 70, "width": 100}, size_divisor=32, do_reduce_labels=True, ignore_index=255), "Mask2FormerForUniversalSegmentation"),
    ]:
        session = save(name, model(nodes, weights, outputs, any_size), {"architectures": [config], "model_type": name.split("-")[0]}, processor)
        out = session.run(None, {"pixel_values": processor(photo, return_tensors="np")["pixel_values"]})
        raw = types.SimpleNamespace(class_queries_logits=torch.tensor(out[0]), masks_queries_logits=torch.tensor(out[1]))
        made = processor.post_process_semantic_segmentation(raw, [size])[0]
        Image.fromarray(made.numpy().astype(np.uint8)).save(OUT / f"{name}.png", optimize=True)
        print(name, out[1].shape, np.bincount(made.numpy().ravel()))
    for name, processor, config in [
        ("dpt-sized", DPTImageProcessor(size={"height": 70, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14), "DPTForSemanticSegmentation"),
        ("dpt-squashed", DPTImageProcessor(size={"height": 60, "width": 90}, ensure_multiple_of=32), "DPTForSemanticSegmentation"),
        ("mobilevit", MobileViTImageProcessor(size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}), "MobileViTForSemanticSegmentation"),
    ]:
        made = model([node], {"w": rng.normal(size=(5, 3, 4, 4)) * 0.2, "b": rng.normal(size=5) * 0.1}, [("logits", ["batch_size", 5, "h", "w"])], any_size)
        session = save(name, made, {"architectures": [config], "model_type": name.split("-")[0]}, processor)
        logits = session.run(None, {"pixel_values": processor(photo, return_tensors="np")["pixel_values"]})[0]
        made = processor.post_process_semantic_segmentation(types.SimpleNamespace(logits=torch.tensor(logits)), [size])[0]
        Image.fromarray(made.numpy().astype(np.uint8)).save(OUT / f"{name}.png", optimize=True)
        print(name, logits.shape, np.bincount(made.numpy().ravel()))


main()
