"""Records what Pillow + ONNX Runtime in Python answer: for the sample photographs, and for ../shared/images where it stands."""
import hashlib
import json
import pathlib

import numpy as np
import onnxruntime as ort
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
MODEL = ROOT / "models/bundled/efficientnet-lite0/model.onnx"


def crop(path):
    """timm's transform for this model: short edge 256 bicubic, centre crop 224."""
    image = Image.open(path).convert("RGB")
    w, h = image.size
    size = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
    image = image.resize(size, Image.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def tensor(crop):
    """Mean = std = 0.5."""
    return ((crop.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]


def main(out):
    session = ort.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])

    def row(path):
        pixels = crop(path)
        logits = session.run(None, {"input0": tensor(pixels)})[0][0].astype(np.float64)
        p = np.exp(logits - logits.max())
        p /= p.sum()
        top = [int(i) for i in np.argsort(-p, kind="stable")[:5]]
        return {"input": path.name, "top": top, "probabilities": [float(p[i]) for i in top], "crop_sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}

    photos = ROOT / "cmd/ortho/testdata/photos"
    shared = ROOT.parent / "shared/images"
    for name, files in {
        "photos.json": sorted(p for p in photos.iterdir() if p.suffix in (".png", ".jpg")),
        "shared_images.json": sorted(shared.glob("n*.JPEG")),
    }.items():
        if files:
            rows = ",\n".join(json.dumps(row(f)) for f in files)
            (out / name).write_text(f"[\n{rows}\n]\n")
