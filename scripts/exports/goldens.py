"""Records what Python makes of a photograph with each exported folder: the image processor's tensor, onnxruntime's probabilities.

Of a tensor: its shape, its mean, and every so many elements, enough to tell a wrong step from a right one. torch's, Keras's and
tf2onnx's exports say nothing of their images: their tensors are what the libraries' own models take.
"""
import json
import pathlib

import numpy as np
import onnxruntime
from PIL import Image

PHOTO = pathlib.Path(__file__).resolve().parent.parent.parent / "cmd/ortho/testdata/photos/chelsea.png"
SAMPLES = 120
IMAGENET = (np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225]))


def transformers_tensor(folder, photo):
    import transformers
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    assert type(processor).__name__.endswith("Pil"), type(processor)
    return processor(photo, return_tensors="np")["pixel_values"], type(processor).__name__


def timm_tensor(folder, photo):
    import timm.data
    config = json.loads((folder / "config.json").read_text())
    cfg = config.get("pretrained_cfg", config)
    return timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=cfg))(photo)[None].numpy(), "timm.data.create_transform"


def torchvision_tensor(photo):
    """The transforms of most of torchvision's weights, for an input of 64."""
    import torchvision.transforms as T
    steps = [T.Resize(73), T.CenterCrop(64), T.ToTensor(), T.Normalize(*(v.tolist() for v in IMAGENET))]
    return T.Compose(steps)(photo)[None].numpy(), "torchvision.transforms"


def keras_tensor(photo, nchw, rescaling):
    """keras.utils.load_img(target_size=(64, 64)) and preprocess_input(mode="tf"), which Rescaling in the model stands for."""
    x = np.asarray(photo.resize((64, 64), Image.Resampling.NEAREST), np.float32)[None]
    x = x if rescaling else x / np.float32(127.5) - 1
    return (x.transpose(0, 3, 1, 2) if nchw else x), "keras.applications.imagenet_utils"


def tensor(folder):
    photo = Image.open(PHOTO).convert("RGB")
    if folder.name.startswith("torch"):
        return torchvision_tensor(photo)
    if folder.name.startswith(("keras", "tf2onnx")):
        return keras_tensor(photo, folder.name.endswith("nchw"), folder.name.endswith("rescaled"))
    if (folder / "preprocessor_config.json").exists():
        config = json.loads((folder / "config.json").read_text())
        return transformers_tensor(folder, photo.convert("L") if config.get("num_channels") == 1 else photo)
    return timm_tensor(folder.with_name("timm-config") if folder.name == "timm-bare" else folder, photo)


def probabilities(folder, x):
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    values = session.run(None, {session.get_inputs()[0].name: x})[0][0].astype(np.float64)
    if folder.name.startswith("keras"):
        return values  # softmax inside
    values = np.exp(values - values.max())
    return values / values.sum()


def record(folder):
    x, by = tensor(folder)
    x = np.ascontiguousarray(x, np.float32)
    flat = x.ravel()
    step = flat.size // SAMPLES | 1  # odd: every column and channel has its turn
    p = probabilities(folder, x)
    moved = np.abs(p - probabilities(folder, x[..., ::-1] * np.float32(0.9))).max()
    assert p.max() < 0.99 and moved > 1e-4, f"{folder.name}: probabilities {p} tell little of the image ({moved:.1e})"
    return {"by": by, "shape": x.shape, "mean": round(float(flat.mean(dtype=np.float64)), 7), "step": step,
            "samples": [float(f"{v:.8g}") for v in flat[::step]], "probabilities": [float(f"{v:.8g}") for v in p]}


def main(out):
    rows = []
    for folder in sorted(out.iterdir()):
        if not folder.is_dir() or folder.name.startswith("skl2onnx"):
            continue
        row = record(folder)
        rows.append(f" {json.dumps(folder.name)}: {json.dumps(row)}")
        print(folder.name, row["by"], row["shape"], row["mean"], row["probabilities"])
    (out / "goldens.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
