"""Exports the bundled upscalers to models/bundled/esrgan-slim-x2 and -x4.

The networks are those inside the npm package @upscalerjs/esrgan-slim: a
TensorFlow.js topology (model.json) and its raw weights. plain() writes a graph
layer by layer as the topology says; folded(), the one that ships, computes the
same with less work. main() holds the two against each other and against the
results that come with the package.

usage: python scripts/export_esrgan.py      (pip install -r scripts/requirements.txt; needs npm)
"""
import hashlib
import importlib.metadata
import io
import json
import pathlib
import subprocess
import tarfile
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

OUT = pathlib.Path(__file__).parent.parent / "models/bundled"
PACKAGE = "@upscalerjs/esrgan-slim@1.0.0"
SHA256 = "b53070ff01363e74d33138106dcc72b58d341c9fb7e8fd648554a4e7744142b5"
SCALES = (2, 4)

# getESRGANModelDefinition in the package's dist/esm/packages/shared/src/esrgan/esrgan.js: an "rdn"
# has no custom layers, and inputRange = outputRange = [0, 255]. tile and tile_overlap are measured:
# the model's README.
SIDECAR = {"layout": "nchw", "color_order": "rgb", "interpolation": "bicubic", "input_range": [0, 255], "output_range": [0, 255], "tile": 256, "tile_overlap": 32}


def fetch():
    """The package's files by their path in it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE], check=True, stdout=subprocess.DEVNULL)
        data = next(pathlib.Path(folder).glob("*.tgz")).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{PACKAGE}: SHA-256 is {digest}, not {SHA256}")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name.removeprefix("package/"): tar.extractfile(m).read() for m in tar if m.isfile()}


def read_model(files, scale):
    """The layers in their order, and every convolution's kernel (OIHW) and bias."""
    model = json.loads(files[f"models/x{scale}/model.json"])
    (group,) = model["weightsManifest"]
    raw = np.frombuffer(b"".join(files[f"models/x{scale}/{p}"] for p in group["paths"]), "<f4")
    tensors = {}
    for t in group["weights"]:
        assert t["dtype"] == "float32", t
        size = int(np.prod(t["shape"]))
        tensors[t["name"]], raw = raw[:size].reshape(t["shape"]).astype(np.float64), raw[size:]
    assert raw.size == 0, f"{raw.size} numbers too many"
    weights = {n.removesuffix("/kernel"): (k.transpose(3, 2, 0, 1), tensors[n.replace("kernel", "bias")]) for n, k in tensors.items() if n.endswith("/kernel")}
    return model["modelTopology"]["model_config"]["config"]["layers"], weights


class Graph:
    """Nodes in their order; each method appends one and returns its output's name."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, name, values):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def node(self, op, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def conv(self, name, x, kernel, bias):
        size = kernel.shape[2]
        return self.node("Conv", name, x, self.constant(f"{name}.weight", kernel), self.constant(f"{name}.bias", bias),
                         kernel_shape=[size, size], pads=[size // 2] * 4)

    def relu(self, x):
        return self.node("Relu", f"{x}_Relu", x)

    def model(self, scale):
        graph = helper.make_graph(
            self.nodes, f"esrgan-slim-x{scale}",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
            [helper.make_tensor_value_info("upscaled", TensorProto.FLOAT, ["batch", 3, f"{scale}*height", f"{scale}*width"])], self.weights)
        model = helper.make_model(graph, producer_name="export_esrgan.py", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def plain(layers, weights, scale):
    graph, outputs = Graph(), {}
    for layer in layers:
        c = layer["config"]
        name = "upscaled" if layer is layers[-1] else c["name"]
        inputs = [outputs[n[0]] for n in (layer["inbound_nodes"] or [[]])[0]]
        match layer["class_name"]:
            case "InputLayer":
                out = "image"
            case "Conv2D":
                kernel, bias = weights[c["name"]]
                assert c["strides"] == c["dilation_rate"] == [1, 1] and c["groups"] == 1 and c["activation"] == "linear"
                assert c["padding"] == "same" or kernel.shape[2:] == (1, 1)
                out = graph.conv(name, *inputs, kernel, bias)
            case "Activation":
                assert c["activation"] == "relu"
                out = graph.node("Relu", name, *inputs)
            case "Concatenate":
                out = graph.node("Concat", name, *inputs, axis=1)  # TensorFlow's axis 3 of NHWC
            case "Add":
                out = graph.node("Add", name, *inputs)
            case "UpSampling2D":
                assert c["interpolation"] == "nearest" and c["size"] == [scale, scale]
                out = graph.node("Resize", name, *inputs, "", graph.constant("scales", [1, 1, scale, scale]), mode="nearest",
                                 coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            case other:
                raise SystemExit(f"layer {c['name']}: no translation of {other}")
        outputs[c["name"]] = out
    return graph.model(scale)


def folded(weights, scale):
    """The same with less work, equal but for the rounding of sums, at the borders too:

    - LRL_1 = LFF_1(.) + F_0: the sum is an identity in LFF_1's kernel, which reads F_0.
    - LRL_2 likewise, and GFF_1 of it: 1x1 convolutions with nothing between are one.
    - SR after UPsample (nearest) sees each value scale*scale times: it is a convolution
      before it, with a kernel for each place in the block, and DepthToSpace.
    """
    graph = Graph()
    skip = np.eye(64, 68)[:, :, None, None]
    f_m1 = graph.conv("F_m1", "image", *weights["F_m1"])
    f_0 = graph.conv("F_0", f_m1, *weights["F_0"])

    f_1 = graph.relu(graph.conv("F_1_1", f_0, *weights["F_1_1"]))
    kernel, bias = weights["LFF_1"]
    lrl_1 = graph.conv("LRL_1", graph.node("Concat", "RDB_Concat_1_1", f_0, f_1, axis=1), kernel + skip, bias)

    f_2 = graph.relu(graph.conv("F_2_1", lrl_1, *weights["F_2_1"]))
    kernel, bias = weights["LFF_2"]
    outer, outer_bias = weights["GFF_1"]  # reads LRL_1, then LRL_2
    kernel = np.einsum("om,mi->oi", outer[:, 64:, 0, 0], (kernel + skip)[:, :, 0, 0])[:, :, None, None]
    kernel[:, :64] += outer[:, :64]
    gff_1 = graph.conv("GFF_1", graph.node("Concat", "RDB_Concat_2_1", lrl_1, f_2, axis=1), kernel, outer_bias + outer[:, 64:, 0, 0] @ bias)

    fdf = graph.node("Add", "FDF", graph.conv("GFF_2", gff_1, *weights["GFF_2"]), f_m1)
    x = graph.relu(graph.conv("UPN1", fdf, *weights["UPN1"]))
    x = graph.relu(graph.conv("UPN2", x, *weights["UPN2"]))
    x = graph.conv("UPN3", x, *weights["UPN3"])
    x = graph.conv("SR", x, *before_upsampling(*weights["SR"], scale))
    graph.node("DepthToSpace", "upscaled", x, blocksize=scale, mode="CRD")
    return graph.model(scale)


def before_upsampling(kernel, bias, scale):
    """The 3x3 convolution before nearest upsampling that equals one after it and
    DepthToSpace. Tap t at place p of a block reads the block (p+t-1)//scale away."""
    outputs, inputs = kernel.shape[:2]
    moved = np.zeros((outputs, scale, scale, inputs, 3, 3))
    for row, column, i, j in np.ndindex(scale, scale, 3, 3):
        moved[:, row, column, :, (row + i - 1) // scale + 1, (column + j - 1) // scale + 1] += kernel[:, :, i, j]
    return moved.reshape(-1, inputs, 3, 3), np.repeat(bias, scale * scale)


def run(model, image):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": np.asarray(image, np.float32).transpose(2, 0, 1)[None]})[0][0].transpose(1, 2, 0)


def psnr(got, want):
    got = np.rint(np.clip(got, 0, 255))
    return 10 * np.log10(255**2 / np.mean((got - want) ** 2)), int((got != want).sum())


def main():
    files = fetch()
    picture = lambda name: np.asarray(Image.open(io.BytesIO(files[name])))[:, :, :3]
    fixture = picture("assets/fixture.png")
    for scale in SCALES:
        layers, weights = read_model(files, scale)
        reference, model = plain(layers, weights, scale), folded(weights, scale)
        for crop in (fixture, fixture[:37, :53], fixture[:2, :5], fixture[:1, :1]):
            difference = np.abs(run(model, crop) - run(reference, crop)).max()
            assert difference < 1e-3, difference  # of 255
            print(f"x{scale}, {crop.shape[1]}x{crop.shape[0]}: differs from the layers as they are by {difference:.1e} at most")
        want = picture(f"assets/samples/{scale}x/result.png")
        for name, m in ("layers as they are", reference), ("folded", model):
            quality, others = psnr(run(m, fixture), want)
            assert quality > 90
            print(f"x{scale}, {name}: {quality:.1f} dB to the package's own result, {others} of {want.size} values by one level")
        folder = OUT / f"esrgan-slim-x{scale}"
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(model, folder / "model.onnx")
        (folder / "ortho.json").write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in SIDECAR.items()) + "\n}\n")
        (folder / "LICENSE").write_bytes(files["LICENSE"])
        sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in ("model.onnx", "ortho.json")]
        (folder / "SHA256SUMS").write_text("".join(sums))
        print("".join(sums), end="")
    print(", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("onnx", "onnxruntime", "numpy")))


if __name__ == "__main__":
    main()
