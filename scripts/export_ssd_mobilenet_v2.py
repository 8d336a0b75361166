"""Turns the detector of MediaPipe's Objectron, as the npm package @mediapipe/objectron has it for TensorFlow Lite, into models/bundled/ssd-mobilenet-v2.

usage: python scripts/export_ssd_mobilenet_v2.py            (pip install ai-edge-litert==2.3.0 onnx onnxruntime opencv-python-headless pillow; npm)

Weights stay the float16 numbers that they are; a Cast makes float32 of them, which ONNX Runtime does once, when it
opens the graph. Images come as NCHW, and any number of them. What the graph gives is checked against LiteRT's on
photographs, and cmd/ortho/testdata/detect/ssd-mobilenet-v2.json keeps the boxes that OpenCV's resize, LiteRT and a
NumPy computation of MediaPipe's steps make of these.
"""
import hashlib
import json
import pathlib
import subprocess
import tarfile
import tempfile

import cv2
import numpy as np
import onnx
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent
OUT = ROOT / "models/bundled/ssd-mobilenet-v2"
GOLDEN, LEAST = ROOT / "cmd/ortho/testdata/detect/ssd-mobilenet-v2.json", 0.1
PHOTOS = ROOT / "cmd/ortho/testdata/photos"
PACKAGE, SHA256 = "@mediapipe/objectron@0.4.1675468480", "fc3e37b326b05e8f596099c90b3e0931b05a56cd3160b9ac450b621794bac94c"
# Of objectron_solution_packed_assets.data: the label map, and the graph.
LABELS, GRAPH = slice(0, 184), slice(184, 9987912)
SIDECAR = {"head": "ssd", "input_size": 300, "resize": "squash", "interpolation": "linear-cv2", "orientation": "exif",
           "input_range": [-1, 1], "mean": 0, "std": 1, "color_order": "rgb"}
CONV, DEPTHWISE, ADD, RESHAPE, CONCAT, DEQUANTIZE = 3, 4, 0, 22, 2, 6
RELU6 = 3


def assets():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(pathlib.Path(folder).glob("*.tgz"))
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256, "another package than the one that was looked at"
        with tarfile.open(archive) as tar:
            return tar.extractfile("package/objectron_solution_packed_assets.data").read()


class Converter:
    def __init__(self, data):
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
        self.graph = self.model.subgraphs[0]
        self.nodes, self.initializers, self.made = [], [], set()
        self.rows = set()  # tensors that are rows already: [batch, places, numbers]

    def shape(self, i):
        return self.graph.tensors[i].shape.tolist()

    def constant(self, i):
        """A float16 tensor's values."""
        t = self.graph.tensors[i]
        return np.frombuffer(bytes(self.model.buffers[t.buffer].data), np.float16).reshape(t.shape.tolist())

    def weights(self, i, transpose=None):
        """The name of a float32 tensor out of float16 weights."""
        name = f"w{i}"
        if name not in self.made:
            value = self.constant(self.halves[i])
            value = np.ascontiguousarray(value if transpose is None else value.transpose(transpose))
            self.initializers.append(numpy_helper.from_array(value, name + "_half"))
            self.nodes.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
            self.made.add(name)
        return name

    def activated(self, name, activation, out):
        assert activation in (0, RELU6)
        if activation == RELU6:
            self.nodes.append(helper.make_node("Clip", [name, "zero", "six"], [out]))

    def convolution(self, o, deep):
        x, w, b = o.inputs
        height, kernel = self.shape(x)[1], self.shape(w)
        options = o.builtinOptions
        assert options.padding == 0 and options.dilationWFactor == 1 and options.strideW == options.strideH  # SAME
        total = max((-(-height // options.strideH) - 1) * options.strideH + kernel[1] - height, 0)
        pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        out = f"t{o.outputs[0]}"
        to = out + "_linear" if options.fusedActivationFunction else out
        self.nodes.append(helper.make_node("Conv", [f"t{x}", self.weights(w, (3, 0, 1, 2) if deep else (0, 3, 1, 2)), self.weights(b)], [to],
                                           kernel_shape=kernel[1:3], strides=[options.strideH] * 2, pads=pads, group=kernel[3] if deep else 1))
        self.activated(to, options.fusedActivationFunction, out)

    def run(self):
        self.halves = {}
        codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in self.model.operatorCodes]
        for o in self.graph.operators:
            code = codes[o.opcodeIndex]
            if code == DEQUANTIZE:
                self.halves[o.outputs[0]] = o.inputs[0]
            elif code in (CONV, DEPTHWISE):
                self.convolution(o, code == DEPTHWISE)
            elif code == ADD:
                assert o.builtinOptions.fusedActivationFunction == 0
                self.nodes.append(helper.make_node("Add", [f"t{i}" for i in o.inputs], [f"t{o.outputs[0]}"]))
            elif code == RESHAPE:  # rows of each cell's boxes: channels last
                out, shape = o.outputs[0], self.shape(o.outputs[0])
                self.initializers.append(numpy_helper.from_array(np.array([0, -1, shape[-1]], np.int64), f"s{out}"))
                of = f"t{o.inputs[0]}"
                if o.inputs[0] not in self.rows:
                    self.nodes.append(helper.make_node("Transpose", [of], [f"h{out}"], perm=[0, 2, 3, 1]))
                    of = f"h{out}"
                self.nodes.append(helper.make_node("Reshape", [of, f"s{out}"], [f"t{out}"]))
                self.rows.add(out)
            elif code == CONCAT:
                assert o.builtinOptions.axis == 1
                self.nodes.append(helper.make_node("Concat", [f"t{i}" for i in o.inputs], [f"t{o.outputs[0]}"], axis=1))
                self.rows.add(o.outputs[0])
            else:
                raise ValueError(f"operator {code}")
        image, outputs = self.graph.inputs[0], list(self.graph.outputs)
        names = {f"t{image}": "image"}
        for i in outputs:
            names[f"t{i}"] = self.graph.tensors[i].name.decode().split("/")[-1]
        for n in self.nodes:
            n.input[:] = [names.get(i, i) for i in n.input]
            n.output[:] = [names.get(i, i) for i in n.output]
        bounds = [numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "zero"), (6, "six"))]
        graph = helper.make_graph(self.nodes, "ssd-mobilenet-v2", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, *self.shape(image)[1:3]])],
                                  [helper.make_tensor_value_info(names[f"t{i}"], TensorProto.FLOAT, ["batch", *[s for s in self.shape(i)[1:]]]) for i in outputs], self.initializers + bounds)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="ortho")
        model.ir_version = 9
        onnx.checker.check_model(model, full_check=True)
        return model


def tensor(path):
    """MediaPipe's ImageToTensorCalculator: to the input's size, whatever the image's ratio, by OpenCV."""
    image = np.asarray(Image.open(path).convert("RGB"))
    return (cv2.resize(image, (300, 300), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 127.5 - 1)[None], image.shape[1::-1]


def anchors():
    """Those of MediaPipe's SsdAnchorsCalculator, with the options that the package's ObjectDetectionOidV4Subgraph has."""
    ratios, least, most, strides = [1.0, 2.0, 0.5, 3.0, 0.3333], 0.2, 0.95, [16, 32, 64, 128, 256, 512]
    scales = [least + (most - least) * i / (len(strides) - 1) for i in range(len(strides))] + [1.0]
    rows = []
    for layer, stride in enumerate(strides):
        n = -(-300 // stride)
        shapes = [(r, scales[layer]) for r in ratios] + [(1.0, (scales[layer] * scales[layer + 1]) ** 0.5)]
        if layer == 0:
            shapes = [(1.0, 0.1), (2.0, scales[0]), (0.5, scales[0])]
        for y in range(n):
            for x in range(n):
                rows += [((y + 0.5) / n, (x + 0.5) / n, s / r ** 0.5, s * r ** 0.5) for r, s in shapes]
    return np.array(rows)


def detections(encodings, logits, least=0.5):
    """What MediaPipe makes of them: rows of class, score, x1, y1, x2, y2 from 0 to 1, best first."""
    a, e, scores = anchors(), encodings.astype(np.float64), 1 / (1 + np.exp(-logits[:, 1:].astype(np.float64)))
    y, x = e[:, 0] / 10 * a[:, 2] + a[:, 0], e[:, 1] / 10 * a[:, 3] + a[:, 1]
    h, w = np.exp(e[:, 2] / 5) * a[:, 2], np.exp(e[:, 3] / 5) * a[:, 3]
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
    best = scores.max(1)
    kept = []
    for i in np.argsort(-best, kind="stable"):
        if best[i] <= least:
            break
        for k in kept:
            inner = np.prod(np.maximum(np.minimum(boxes[i, 2:], boxes[k, 2:]) - np.maximum(boxes[i, :2], boxes[k, :2]), 0))
            if inner / (np.prod(boxes[i, 2:] - boxes[i, :2]) + np.prod(boxes[k, 2:] - boxes[k, :2]) - inner) > 0.5:
                break
        else:
            kept.append(i)
    return [[int(scores[i].argmax()) + 1, float(best[i]), *map(float, boxes[i])] for i in kept[:100]]


def main():
    data = assets()
    labels = [line for line in data[LABELS].decode().split("\n") if line]
    assert labels[0] == "???" and len(labels) == 24
    flat = bytes(data[GRAPH])
    OUT.mkdir(exist_ok=True)
    onnx.save(Converter(flat).run(), OUT / "model.onnx")
    sidecar = {**SIDECAR, "labels": labels[1:]}
    (OUT / "ortho.json").write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in sidecar.items()) + "\n}\n")
    (OUT / "SHA256SUMS").write_text("".join(f"{hashlib.sha256((OUT / f).read_bytes()).hexdigest()}  {f}\n" for f in ("model.onnx", "ortho.json")))
    lite = Interpreter(model_content=flat)
    lite.allocate_tensors()
    session = onnxruntime.InferenceSession(OUT / "model.onnx")
    golden = {}
    for photo in sorted(p for p in PHOTOS.iterdir() if p.suffix in (".png", ".jpg")):
        x, (width, height) = tensor(photo)
        lite.set_tensor(lite.get_input_details()[0]["index"], x)
        lite.invoke()
        want = {d["name"].split("/")[-1].split(":")[0]: lite.get_tensor(d["index"]) for d in lite.get_output_details()}
        got = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"image": x.transpose(0, 3, 1, 2)})))
        apart = max(float(np.abs(want[k] - got[k]).max()) for k in want)
        assert apart < 1e-3
        found = [[r[0] - 1, r[1], r[2] * width, r[3] * height, r[4] * width, r[5] * height]
                 for r in detections(want["box_encodings"][0], want["class_predictions"][0], LEAST)]
        print(photo.name, apart, len(found), [(labels[r[0] + 1], round(r[1], 2)) for r in found if r[1] > 0.5])
        if photo.suffix == ".png":  # two decoders differ by a level in a JPEG
            golden[photo.name] = found
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps({"least": LEAST, "photos": golden}, separators=(",", ":")).replace("],[", "],\n[") + "\n")


if __name__ == "__main__":
    main()
