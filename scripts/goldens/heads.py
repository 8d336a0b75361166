"""Graphs that take an image of 8x8 pixels and end in the ways
that classifiers do, an image, and heads.json: what ONNX Runtime gives for the image, and the
probabilities that follow from it."""

import json

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

CLASSES = 5
HEAD = '<ir_version: 10, opset_import: ["" : 18, "com.microsoft" : 1, "ai.onnx.ml" : 3]>\n'
LABELS = [f"c{i}" for i in range(CLASSES)]


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# name: (declared outputs, body after the logits l of [1,5], files beside it, probabilities by class from the outputs)
HEADS = {
    "logits": ("float[1,5] y", "y = Identity(l)", {}, lambda o: softmax(o["y"])),
    "percent": ("float[1,5] y", "c = Constant<value_float = 100.0>()\np = Softmax(l)\ny = Mul(p, c)", {}, lambda o: o["y"] / 100),
    "float16": ("float16[1,5] y", "y = Cast<to = 10>(l)", {}, lambda o: softmax(o["y"].astype(np.float64))),
    "bfloat16": ("bfloat16[1,5] y", "y = Cast<to = 16>(l)", {}, None),
    "float64": ("double[1,5] y", "y = Cast<to = 11>(l)", {}, lambda o: softmax(o["y"])),
    "masked": ("float[1,5] y", "m = Constant<value = float[5] {0.0, -inf, 0.0, 0.0, -inf}>()\ny = Add(l, m)", {}, lambda o: softmax(o["y"])),
    "one-row-more": ("float[1,1,5] y", "a = Constant<value_ints = [1]>()\ny = Unsqueeze(l, a)", {}, lambda o: softmax(o["y"].ravel())),
    "codes": ("uint8[1,5] y", "s = Constant<value_float = 0.02>()\nz = Constant<value = uint8 {100}>()\ny = QuantizeLinear(l, s, z)", {},
              lambda o: softmax((o["y"].astype(np.float64) - 100) * np.float32(0.02))),
    "codes-of-softmax": ("int8[1,5] y", "s = Constant<value_float = 0.00390625>()\nz = Constant<value = int8 {-128}>()\np = Softmax(l)\ny = QuantizeLinear(p, s, z)", {},
                         lambda o: (o["y"].astype(np.float64) + 128) / 256),
    "top-k": ("float[1,3] y, int64[1,3] i", "k = Constant<value_ints = [3]>()\np = Softmax(l)\ny, i = TopK(p, k)", {},
              lambda o: dict(zip(o["i"].ravel().tolist(), o["y"].ravel().tolist()))),
    "arg-max": ("int64[1] y", "y = ArgMax<axis = 1, keepdims = 0>(l)", {}, lambda o: {int(o["y"].ravel()[0]): 1.0}),
    "zipmap": ("seq(map(string, float)) y", "p = Softmax(l)\ny = ai.onnx.ml.ZipMap<classlabels_strings = [%s]>(p)" % ", ".join(f'"{n}"' for n in LABELS), {},
               lambda o: [o["y"][0][n] for n in LABELS]),
    "one-logit": ("float[1,1] y", "a = Constant<value_ints = [1]>()\nb = Constant<value_ints = [2]>()\ny = Slice(l, a, b, a)", {},
                  lambda o: [1 - sigmoid(o["y"].ravel()[0]), sigmoid(o["y"].ravel()[0])]),
    "one-logit-of-one-label": ("float[1,1] logits", "a = Constant<value_ints = [1]>()\nb = Constant<value_ints = [2]>()\nlogits = Slice(l, a, b, a)",
                               {"config.json": {"architectures": ["ViTForImageClassification"], "id2label": {"0": "cat"}, "label2id": {"cat": 0}}},
                               lambda o: [sigmoid(o["logits"].ravel()[0]), 1 - sigmoid(o["logits"].ravel()[0])]),
    "one-sigmoid": ("float[1,1] y", "a = Constant<value_ints = [1]>()\nb = Constant<value_ints = [2]>()\ns = Slice(l, a, b, a)\ny = Sigmoid(s)", {},
                    lambda o: [1 - o["y"].ravel()[0], o["y"].ravel()[0]]),
    "multi-label": ("float[1,5] logits", "logits = Identity(l)", {"config.json": {"problem_type": "multi_label_classification", "num_labels": 5}}, lambda o: sigmoid(o["logits"])),
    "regression": ("float[1,1] logits", "a = Constant<value_ints = [1]>()\nb = Constant<value_ints = [2]>()\nlogits = Slice(l, a, b, a)", {"config.json": {"problem_type": "regression", "num_labels": 1}}, None),
    "forest-like": ("float[1,5] y", "k = Constant<value_ints = [1]>()\na = Abs(l)\nw = Constant<value = float[5] {0.1, 0.2, 0.4, 0.2, 0.1}>()\nz = Constant<value_float = 0.0>()\nn = Mul(a, z)\ny = Add(n, w)", {}, lambda o: o["y"]),
    "features-and-logits": ("float[1,5] hidden_state, float[1,5] logits", "hidden_state = Abs(l)\nlogits = Identity(l)", {}, lambda o: softmax(o["logits"])),
    "softmax-that-files-do-not-know": ("float[1,5] y", "w = Constant<value = float[5,5] {%s}>()\ne = Exp(l)\ns = MatMul(e, w)\ny = Div(e, s)" % ", ".join(["1"] * 25), {"config.json": {"problem_type": "single_label_classification"}}, lambda o: o["y"]),
    "softmax-of-the-largest": ("float[1,3] y, int64[1,3] i", "k = Constant<value_ints = [3]>()\nt, i = TopK(l, k)\ny = Softmax(t)", {}, lambda o: dict(zip(o["i"][0].tolist(), o["y"][0].tolist()))),
    "softmax-of-two-outputs": ("float[1,5] a, float[1,5] b", "a = Abs(l)\nb = Softmax(l)", {}, lambda o: o["b"]),
}

# name: (declared input, nodes from it to an image i of [1,3,8,8], or [1,1,8,8] of gray ones, NumPy's type, pixels of [8,8,3] as the input takes them)
INPUTS = {
    "int32": ("int32[n,3,8,8] x", "c = Cast<to = 1>(x)\nq = Constant<value_float = 255.0>()\ni = Div(c, q)", np.int32, lambda p: p.transpose(2, 0, 1)[None]),
    "int64": ("int64[n,3,8,8] x", "c = Cast<to = 1>(x)\nq = Constant<value_float = 255.0>()\ni = Div(c, q)", np.int64, lambda p: p.transpose(2, 0, 1)[None]),
    "double": ("double[n,3,8,8] x", "i = Cast<to = 1>(x)", np.float64, lambda p: p.transpose(2, 0, 1)[None] / 255),
    "without-batch": ("float[3,8,8] x", "a = Constant<value_ints = [0]>()\ni = Unsqueeze(x, a)", np.float32, lambda p: p.transpose(2, 0, 1) / 255),
    "channels-last-without-batch": ("float[8,8,3] x", "t = Transpose<perm = [2, 0, 1]>(x)\na = Constant<value_ints = [0]>()\ni = Unsqueeze(t, a)", np.float32, lambda p: p / 255),
    "rows": ("float[n,192] x", "s = Constant<value_ints = [0, 3, 8, 8]>()\ni = Reshape(x, s)", np.float32, lambda p: p.transpose(2, 0, 1).reshape(1, -1) / 255),
    "gray-plane": ("float[n,8,8] x", "a = Constant<value_ints = [1]>()\nu = Unsqueeze(x, a)\ni = Concat<axis = 1>(u, u, u)", np.float32, lambda p: gray(p)[None] / 255),
}


def gray(pixels):
    return np.array(Image.fromarray(pixels).convert("L"))


def main(folder):
    for old in folder.glob("*"):
        old.unlink()
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "image.png")
    x = (pixels.astype(np.float32) / 255).transpose(2, 0, 1)[None]
    w, b = rng.normal(0, 6, (3, CLASSES)).astype(np.float32), rng.normal(0, 1, CLASSES).astype(np.float32)
    wanted = {}
    for name, (outputs, body, files, probabilities) in HEADS.items():
        text = HEAD + f"agraph (float[1,3,8,8] x) => ({outputs})\n{{\ng = GlobalAveragePool(x)\nf = Flatten(g)\nl = Gemm(f, weight, bias)\n{body}\n}}\n"
        m = onnx.parser.parse_model(text)
        m.graph.initializer.extend([numpy_helper.from_array(w, "weight"), numpy_helper.from_array(b, "bias")])
        onnx.save(m, folder / f"{name}.onnx")
        s = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
        want = {"files": files}
        if name != "bfloat16":
            out = dict(zip([o.name for o in s.get_outputs()], s.run(None, {"x": x})))
            if probabilities:
                p = probabilities(out)
                want["probabilities"] = {str(k): v for k, v in p.items()} if isinstance(p, dict) else {str(i): float(v) for i, v in enumerate(np.ravel(p))}
            else:
                want["values"] = [float(v) for v in np.ravel(out["logits"])]
        else:  # NumPy has no bfloat16: the same graph, read as float32
            m.graph.node.append(helper.make_node("Cast", ["y"], ["wide"], to=TensorProto.FLOAT))
            m.graph.output[0].CopyFrom(helper.make_tensor_value_info("wide", TensorProto.FLOAT, [1, CLASSES]))
            s = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
            want["probabilities"] = {str(i): float(v) for i, v in enumerate(softmax(s.run(None, {"x": x})[0].ravel().astype(np.float64)))}
        wanted[name] = want
    for name, (declared, body, kind, tensor) in INPUTS.items():
        name = "input-" + name
        alone = "without-batch" in name
        text = HEAD + f"agraph ({declared}) => (float[{'5' if alone else 'n,5'}] y)\n{{\n{body}\ng = GlobalAveragePool(i)\nf = Flatten(g)\nl = Gemm(f, weight, bias)\n"
        text += "z = Constant<value_ints = [0]>()\ny = Squeeze(l, z)\n}\n" if alone else "y = Identity(l)\n}\n"
        m = onnx.parser.parse_model(text)
        m.graph.initializer.extend([numpy_helper.from_array(w, "weight"), numpy_helper.from_array(b, "bias")])
        onnx.save(m, folder / f"{name}.onnx")
        s = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
        p = softmax(s.run(None, {"x": tensor(pixels).astype(kind)})[0].ravel())
        wanted[name] = {"files": {}, "probabilities": {str(i): float(v) for i, v in enumerate(p)}}
        if name == "input-rows":
            wanted[name]["settings"] = ["input-size", "8", "layout", "nchw"]
    (folder / "heads.json").write_text(json.dumps(wanted, indent=1) + "\n")
