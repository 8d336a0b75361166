"""What NumPy and Pillow make of tensors as pixels, padding, YCbCr and resized alpha.

cases.json holds arrays as base64 of their bytes, and of all colours' conversions the SHA-256.
"""
import base64
import hashlib
import json
import pathlib

import numpy as np
from PIL import Image

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def unpacked(rng):
    for kind in ("float32", "float16", "uint8", "int8"):
        for lo, hi in ((0, 1), (-1, 1), (0, 255), (-2.1179, 2.64), (1, 0)):
            for layout, order, invert, channels in (("nchw", "rgb", False, 3), ("nhwc", "bgr", False, 3), ("nchw", "bgr", True, 3), ("nhwc", "rgb", True, 1)):
                shape = (channels, 5, 7) if layout == "nchw" else (5, 7, channels)
                if kind.startswith("float"):
                    tensor = (rng.uniform(-0.1, 1.1, shape) * (hi - lo) + lo).astype(kind)
                    tensor.flat[3] = np.array((0.5 / 255) * (hi - lo) + lo, kind)  # near what is rounded either way
                    tensor.flat[11] = 1e4
                else:
                    info = np.iinfo(kind)
                    tensor = rng.integers(info.min, info.max + 1, shape).astype(kind)
                x = tensor.astype(np.float32)
                v = (x - lo) / (hi - lo) * 255
                if invert:
                    v = 255 - v
                assert v.dtype == np.float32
                if layout == "nchw":
                    v = v.transpose(1, 2, 0)
                if order == "bgr":
                    v = v[:, :, ::-1]
                yield {"type": kind, "layout": layout, "order": order, "invert": invert, "channels": channels, "range": [lo, hi],
                       "tensor": text(tensor), "values": text(v), "pixels": text(np.clip(np.rint(v), 0, 255).astype(np.uint8))}


def padded(rng):
    for h, w, height, width in ((5, 7, 8, 8), (5, 7, 5, 8), (5, 7, 32, 40), (1, 3, 4, 4), (3, 1, 4, 4), (2, 2, 9, 9), (1, 1, 3, 2), (6, 6, 6, 6)):
        for channels in (1, 3):
            image = rng.integers(0, 256, (h, w, channels), np.uint8)
            pad = np.pad(image, ((0, height - h), (0, width - w), (0, 0)), mode="reflect")
            yield {"size": [w, h, channels], "image": text(image), "to": [width, height], "padded": text(pad)}


def every(source, target):
    """The SHA-256 of all colours' conversion, the third channel running fastest."""
    digest = hashlib.sha256()
    second, third = (v.astype(np.uint8) for v in np.mgrid[0:256, 0:256])
    for first in range(256):
        pixels = np.stack([np.full_like(second, first), second, third], -1)
        digest.update(Image.frombytes(source, (256, 256), pixels.tobytes()).convert(target).tobytes())
    return digest.hexdigest()


def resized(rng):
    for name, number in FILTERS.items():
        for w, h, width, height in ((13, 9, 30, 31), (40, 30, 11, 7), (6, 50, 9, 5), (9, 9, 9, 20), (8, 6, 8, 6)):
            for mode in ("LA", "RGBA"):
                image = rng.integers(0, 256, (h, w, len(mode)), np.uint8)
                image[::3, ::2, -1] = 0
                image[1::3, 1::2, -1] = 255
                out = Image.frombytes(mode, (w, h), image.tobytes()).resize((width, height), number)
                yield {"filter": name, "size": [w, h, len(mode)], "image": text(image), "to": [width, height], "resized": text(np.asarray(out))}


def main(outdir):
    rng = np.random.default_rng(12)
    cases = {"unpacked": list(unpacked(rng)), "padded": list(padded(rng)), "resized": list(resized(rng)),
             "ycbcr": every("RGB", "YCbCr"), "rgb": every("YCbCr", "RGB")}
    (pathlib.Path(outdir) / "cases.json").write_text(json.dumps(cases, indent=0) + "\n")
