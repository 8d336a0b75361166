"""Measures what session.x64quantprecision is worth: accuracy of a classifier that onnxruntime's quantiser made 8 bits of, in each of its ways, with the setting and without it.

On x86 CPUs without VNNI, products of 8-bit numbers are added in 16 bits, which saturate; the setting keeps them from that. A CPU with VNNI has no need of it, and gives what is
here under "with". Photographs are those of quantize_efficientnet_lite0.py: every fifth calibrates, the others are evaluated (centre crops).

usage: python scripts/measure_saturation.py [FOLDER]      (pip install -r scripts/requirements.txt)
FOLDER is ../shared/images where none is named.
"""
import json
import logging
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOAT = ROOT / "models/bundled/efficientnet-lite0"
FORMATS = {"QDQ": QuantFormat.QDQ, "QOperator": QuantFormat.QOperator}
TYPES = {"S": QuantType.QInt8, "U": QuantType.QUInt8}
# of activations and weights
WAYS = [("QDQ", "SS", False), ("QDQ", "SS", True), ("QDQ", "US", True), ("QOperator", "US", False), ("QOperator", "US", True), ("QOperator", "UU", False),
        ("QOperator", "SS", False), ("QOperator", "SS", True)]


def crop(file):
    image = Image.open(file).convert("RGB")
    width, height = image.size
    short = min(width, height)
    image = image.resize((int(256 * width / short), int(256 * height / short)), Image.BICUBIC)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    return ((np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]


class Crops(CalibrationDataReader):
    def __init__(self, crops):
        self.crops = iter(crops)

    def get_next(self):
        x = next(self.crops, None)
        return None if x is None else {"input0": x}


def logits(path, crops, exact):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.x64quantprecision", "1" if exact else "0")
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as e:
        print("   ", str(e).splitlines()[0][:150])
        return None
    return np.concatenate([session.run(None, {"input0": x})[0] for x in crops])


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def main(folder):
    logging.disable(logging.WARNING)
    wnids = json.loads((FLOAT / "config.json").read_text())["label_names"]
    files = sorted(f for f in folder.iterdir() if f.name.partition("_")[0] in wnids)
    classes = np.array([wnids.index(f.name.partition("_")[0]) for f in files])
    crops = [crop(f) for f in files]
    calibrate = np.arange(len(files)) % 5 == 0
    some, y = [x for x, c in zip(crops, calibrate) if not c], classes[~calibrate]
    flags = pathlib.Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    print(f"onnxruntime {onnxruntime.__version__}; {len(some)} photographs; VNNI: {'yes' if 'vnni' in flags else 'no'}")

    def line(name, got):
        if got is None:
            return f"{name} can't be opened"
        return f"{name} {100 * (got.argmax(1) == y).mean():.1f} %, probabilities within {np.abs(softmax(got) - want).max():.3f} of float32's"

    with tempfile.TemporaryDirectory() as temp:
        path = str(pathlib.Path(temp) / "float32.onnx")
        shutil.copy(FLOAT / "model.onnx", path)
        plain = logits(path, some, True)
        want = softmax(plain)
        print(line("float32", plain))
        for form, types, channels in WAYS:
            out = str(pathlib.Path(temp) / "int8.onnx")
            quantize_static(path, out, Crops(x for x, c in zip(crops, calibrate) if c), quant_format=FORMATS[form], per_channel=channels,
                            activation_type=TYPES[types[0]], weight_type=TYPES[types[1]])
            print(f"{form} {types}{' per channel' if channels else ''}")
            exact, not_exact = logits(out, some, True), logits(out, some, False)
            print("   ", line("with", exact))
            print("   ", line("without", not_exact))
            if exact is not None:
                print(f"    without against with: the same class of {100 * (exact.argmax(1) == not_exact.argmax(1)).mean():.1f} %, probabilities within {np.abs(softmax(exact) - softmax(not_exact)).max():.3f}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/images")
