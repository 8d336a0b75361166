"""Quantises the bundled classifier to 8 bits: models/bundled/efficientnet-lite0-int8.

The graph is written as QDQ: uint8 activations (one scale a tensor), int8 weights (one scale an output channel, zero point 0), int32 biases.
ReLU6 costs nothing: its quantiser starts at 0 and ends at 6 or below, so that saturation is the clip. What rounding the weights shifts
on average is put back into the biases (Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section 4.2,
with means measured on the calibration crops).

Calibrated on random crops of the photographs in scikit-image's wheel (PHOTOS). Evaluated on none of them, but on a folder of ImageNet photographs
whose names begin with their WordNet ids, such as github.com/EliSchwartz/imagenet-sample-images.

usage: python scripts/quantize_efficientnet_lite0.py [--evaluate-only] [FOLDER]      (pip install -r scripts/requirements.txt)
FOLDER is ../shared/images where none is named.
"""
import collections
import dataclasses
import hashlib
import json
import math
import pathlib
import shutil
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
import skimage
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOAT = ROOT / "models/bundled/efficientnet-lite0"
OUT = ROOT / "models/bundled/efficientnet-lite0-int8"

PHOTOS = ["astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "color.png", "grass.png", "gravel.png",
          "hubble_deep_field.jpg", "motorcycle_left.png", "rocket.jpg"]
CALIBRATION_CROPS, CALIBRATION_SEED = 20, 1  # of each photograph
EVALUATION_CROPS, EVALUATION_SEED = 50, 2026
RESAMPLES = 10000  # of the bootstrap

# Left in float32: the two layers whose rounding costs most (some of the depthwise one's channels cancel large weights). ONNX Runtime runs them no
# slower so: int8 gains nothing from three input channels.
IN_FLOAT = ["conv_stem", "blocks.0.0.conv_dw"]


# The network, as a list of layers in the order they run.


@dataclasses.dataclass
class Layer:
    kind: str  # Conv, Add, GlobalAveragePool or Gemm
    name: str  # also of the tensor it makes
    inputs: list[str]
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    stride: int = 1
    pads: tuple = (0, 0, 0, 0)
    group: int = 1
    relu6: bool = False

    def conv(self):
        return {"kernel_shape": self.weight.shape[2:], "strides": [self.stride] * 2, "pads": self.pads, "group": self.group}


def network(path):
    """The layers of the float graph. TensorFlow's "same" padding, which the export computes anew in every run, is fixed for 224x224."""
    graph = onnx.load(path).graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    layers, made, size = [], {"input0": "input0"}, {"input0": 224}  # made: tensor of the export -> layer
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs = [made[i] for i in node.input if i in made]
        if not inputs or node.op_type == "Shape":
            continue  # computes a padding
        name = ".".join(node.name.strip("/").removesuffix("/Conv").split("/")[-2:])
        layer = Layer(node.op_type, name, inputs)
        match node.op_type:
            case "Pad" | "Flatten":
                made[node.output[0]] = inputs[0]
                continue
            case "Clip":
                next(l for l in layers if l.name == inputs[0]).relu6 = True
                made[node.output[0]] = inputs[0]
                continue
            case "Conv":
                layer.weight, layer.bias = (constants[i] for i in node.input[1:])
                layer.stride, layer.group = attributes["strides"][0], attributes["group"]
                size[name] = -(-size[inputs[0]] // layer.stride)
                pad = max((size[name] - 1) * layer.stride + layer.weight.shape[2] - size[inputs[0]], 0)
                layer.pads = (pad // 2, pad // 2, pad - pad // 2, pad - pad // 2)
            case "Gemm":
                layer.weight, layer.bias = (constants[i] for i in node.input[1:])
            case "Add":
                size[name] = size[inputs[0]]
            case "GlobalAveragePool":
                pass
            case _:
                raise SystemExit(f"{path}: does not know what to do with {node.name}, a {node.op_type}")
        layers.append(layer)
        made[node.output[0]] = name
    return layers


class Builder:
    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def model(self, outputs):
        image = helper.make_tensor_value_info("input0", TensorProto.FLOAT, ["batch", 3, 224, 224])
        graph = helper.make_graph(self.nodes, "efficientnet-lite0", [image], outputs, list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="quantize_efficientnet_lite0.py")
        onnx.checker.check_model(model, full_check=True)
        return model


LOGITS = helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 1000])


def float_conv(b, l, x):
    inputs = [x, b.constant(l.name + ".weight", l.weight), b.constant(l.name + ".bias", l.bias)]
    if not l.relu6:
        return b.node("Conv", inputs, l.name, **l.conv())
    y = b.node("Conv", inputs, l.name + ".conv", **l.conv())
    return b.node("Clip", [y, b.constant("zero", np.float32(0)), b.constant("six", np.float32(6))], l.name)


def float_model(layers):
    """The network in float32, with every layer's tensor as an output."""
    b = Builder()
    for l in layers:
        match l.kind:
            case "Conv":
                float_conv(b, l, l.inputs[0])
            case "Gemm":
                b.node("Flatten", l.inputs, "flat")
                b.node("Gemm", ["flat", b.constant("weight", l.weight), b.constant("bias", l.bias)], "output0", transB=1)
            case _:
                b.node(l.kind, l.inputs, l.name)
    return b.model([LOGITS, *(helper.make_tensor_value_info(l.name, TensorProto.FLOAT, [None] * 4) for l in layers[:-1])])


# Calibration: the range and the channels' means of every tensor.


def calibrate(layers, images, batch=16):
    session = open_session(float_model(layers), threads=0)
    names = [l.name for l in layers[:-1]]
    low, high, total = {}, {}, collections.defaultdict(float)
    for i in range(0, len(images), batch):
        x = tensor(images[i:i + batch])
        for name, y in zip(names, session.run(names, {"input0": x})):
            low[name] = min(low.get(name, 0), float(y.min()))  # a quantiser must have a code for 0
            high[name] = max(high.get(name, 0), float(y.max()))
            total[name] += y.mean((2, 3), dtype=np.float64).sum(0)
    mean = {name: t / len(images) for name, t in total.items()}
    scales = {name: (np.float32((high[name] - low[name]) / 255), round(-low[name] * 255 / (high[name] - low[name]))) for name in names}
    return scales, mean


def quantise(layer, step, mean):
    """Codes and scales of the weights, and the bias with the mean of their rounding errors taken off. step is the input's scale."""
    w = layer.weight.astype(np.float64)
    flat = w.reshape(len(w), -1)
    # A channel with hardly any weight must still have room for its bias: 30 bits of its scale.
    scale = np.maximum(np.abs(flat).max(1) / 127, np.abs(layer.bias) / step / 2**30 + 1e-12).astype(np.float32)
    codes = np.rint(w / scale.reshape(-1, *[1] * (w.ndim - 1)))
    error = (w - codes * scale.reshape(-1, *[1] * (w.ndim - 1))).reshape(*w.shape[:2], -1).sum(2)
    shift = error[:, 0] * mean if layer.group > 1 else error @ mean
    return codes.astype(np.int8), scale, layer.bias + shift


def int8_model(layers, scales, mean):
    b = Builder()
    tensors, floats = {}, {"input0": "input0"}

    def quantised(x, name, scale):
        step, zero = b.constant(name + ".scale", scale[0]), b.constant(name + ".zero", np.uint8(scale[1]))
        codes = b.node("QuantizeLinear", [x, step, zero], name + ".codes")
        return b.node("DequantizeLinear", [codes, step, zero], name + ".out")

    def parameters(l):
        codes, scale, bias = quantise(l, scales[l.inputs[0]][0], mean[l.inputs[0]])
        step = scale * scales[l.inputs[0]][0]
        weight = [("codes", codes), ("scale", scale), ("zero", np.zeros(len(scale), np.int8))]
        bias = [("codes", np.rint(bias / step).astype(np.int32)), ("scale", step)]
        return [b.node("DequantizeLinear", [b.constant(f"{l.name}.{of}.{what}", v) for what, v in values], f"{l.name}.{of}", axis=0)
                for of, values in (("weight", weight), ("bias", bias))]

    for l in layers:
        if l.name in IN_FLOAT:
            floats[l.name] = y = float_conv(b, l, floats[l.inputs[0]])
            if all(u.name in IN_FLOAT for u in layers if l.name in u.inputs):
                continue
        else:
            inputs = [tensors[i] for i in l.inputs]
            match l.kind:
                case "Conv":
                    y = b.node("Conv", inputs + parameters(l), l.name, **l.conv())
                case "Gemm":
                    flat = quantised(b.node("Flatten", inputs, "flat"), "features", scales[l.inputs[0]])
                    b.node("Gemm", [flat, *parameters(l)], "output0", transB=1)
                    break
                case _:
                    y = b.node(l.kind, inputs, l.name)
        tensors[l.name] = quantised(y, l.name, scales[l.name])
    return b.model([LOGITS])


# Images and sessions.


def tensor(images):
    return np.ascontiguousarray(((images.astype(np.float32) / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2))


def photograph(path):
    return Image.open(path).convert("RGB")


def centre(image):
    """timm's transform for this model: short edge 256 bicubic, centre crop 224."""
    w, h = image.size
    size = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
    image = image.resize(size, Image.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def random_crop(image, rng, smallest):
    """A crop of smallest to all of the area, 3:4 to 4:3, resized to 224; every second one mirrored, on average."""
    w, h = image.size
    for _ in range(10):
        area, ratio = w * h * rng.uniform(smallest, 1), math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        cw, ch = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if cw <= w and ch <= h:
            break
    else:
        cw = ch = min(w, h)
    left, top = int(rng.integers(0, w - cw + 1)), int(rng.integers(0, h - ch + 1))
    pixels = np.asarray(image.resize((224, 224), Image.BICUBIC, box=(left, top, left + cw, top + ch)))
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def open_session(model, threads=1, **settings):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # a graph optimised to disk warns that it is for this machine only
    for name, value in settings.items():
        setattr(options, name, value)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


# Evaluation.


def run(models, images):
    """The logits of each model for each image."""
    sessions = [open_session(m, threads=0) for m in models]
    logits = [[s.run(["output0"], {"input0": tensor(image[None])})[0][0] for s in sessions] for image in images]
    return np.array(logits).transpose(1, 0, 2)


def interval(per_photograph):
    """The mean in per cent with its 95 % interval: a bootstrap of whole photographs, since crops of one photograph are alike."""
    rng = np.random.default_rng(EVALUATION_SEED)
    picks = rng.integers(0, len(per_photograph), (RESAMPLES, len(per_photograph)))
    low, high = np.percentile(per_photograph[picks].mean(1), [2.5, 97.5])
    return f"{100 * per_photograph.mean():.2f} (95 % interval {100 * low:.2f} to {100 * high:.2f})"


def evaluate(float32, int8, folder):
    wnids = json.loads((FLOAT / "config.json").read_text())["label_names"]
    files = sorted(f for f in folder.iterdir() if f.name.partition("_")[0] in wnids) if folder.is_dir() else []
    if not files:
        print(f"{folder}: no photographs whose names begin with a WordNet id: nothing was evaluated")
        return
    classes = np.array([wnids.index(f.name.partition("_")[0]) for f in files])

    def report(name, images, each, mean):
        want, got = run([float32, int8], images)
        a, b, y = want.argmax(1), got.argmax(1), np.repeat(classes, each)
        agree, was, now = (v.astype(float).reshape(-1, each).mean(1) for v in (a == b, a == y, b == y))
        print(f"{len(y)} {name} of {len(files)} photographs")
        print(f"  same top-1 as float32  {mean(agree)} %")
        print(f"  top-1                  float32 {100 * was.mean():.2f} %, int8 {100 * now.mean():.2f} %")
        print(f"  int8 - float32         {mean(now - was)} points")
        print(f"                         only float32 right {((a == y) & (b != y)).sum()}, only int8 right {((a != y) & (b == y)).sum()}")
        print(f"  signal to noise        {10 * np.log10((want**2).sum() / ((want - got)**2).sum()):.1f} dB of the logits")

    report("centre crops", (centre(photograph(f)) for f in files), 1, lambda v: f"{100 * v.mean():.2f}")
    rng = np.random.default_rng(EVALUATION_SEED)
    report(f"random crops (35 to 100 % of the area, seed {EVALUATION_SEED})",
           (random_crop(p, rng, 0.35) for p in map(photograph, files) for _ in range(EVALUATION_CROPS)), EVALUATION_CROPS, interval)


def fused(model):
    """How often each operator stands in the graph that ONNX Runtime makes of the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "optimized.onnx")
        open_session(model, optimized_model_filepath=path)
        return ", ".join(f"{count} {op}" for op, count in collections.Counter(n.op_type for n in onnx.load(path).graph.node).most_common())


def speed(models, rounds=21, runs=10):
    sessions, times = [open_session(m) for m in models], []
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    for _ in range(rounds):
        row = []
        for session in sessions:
            start = time.perf_counter()
            for _ in range(runs):
                session.run(None, {"input0": x})
            row.append((time.perf_counter() - start) / runs * 1e3)
        times.append(row)
    times = np.array(times[1:])
    return np.median(times, 0), np.median(times[:, :1] / times, 0)


def main(arguments):
    layers = network(FLOAT / "model.onnx")
    if "--evaluate-only" not in arguments:
        folder = pathlib.Path(skimage.__file__).parent / "data"
        rng = np.random.default_rng(CALIBRATION_SEED)
        photographs = [photograph(folder / name) for name in PHOTOS]
        scales, mean = calibrate(layers, np.stack([random_crop(p, rng, 0.1) for p in photographs for _ in range(CALIBRATION_CROPS)]))
        OUT.mkdir(parents=True, exist_ok=True)
        onnx.save(int8_model(layers, scales, mean), OUT / "model.onnx")
        for name in ("config.json", "LICENSE"):
            shutil.copyfile(FLOAT / name, OUT / name)
        sums = [f"{hashlib.sha256((OUT / n).read_bytes()).hexdigest()}  {n}" for n in ("model.onnx", "config.json")]
        (OUT / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        print("\n".join(sums))
    float32, int8 = onnx.load(FLOAT / "model.onnx"), onnx.load(OUT / "model.onnx")
    print("ONNX Runtime", onnxruntime.__version__, "makes of it:", fused(int8))
    folders = [a for a in arguments if not a.startswith("-")] or [ROOT.parent / "shared/images"]
    evaluate(float32, int8, pathlib.Path(folders[0]))
    fixed = float_model(layers)  # float32 with its paddings fixed, as int8's are
    del fixed.graph.output[1:]
    milliseconds, ratio = speed([float32, fixed, int8])
    print("graph alone, one thread: float32 {:.2f} ms, float32 with fixed paddings {:.2f} ms, int8 {:.2f} ms".format(*milliseconds))
    print("int8 is {:.2f} times as fast as float32, {:.2f} times as fast as float32 with fixed paddings".format(ratio[2], ratio[2] / ratio[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
