"""Small graphs, each with one way to end in scores, and meaning.json,
which says what the values of their outputs are. ONNX Runtime runs every graph on random
logits, and what the file claims of the values is checked against them."""

import json

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HEAD = '<ir_version: 10, opset_import: ["" : 18, "com.microsoft" : 1, "ai.onnx.ml" : 3, "own" : 1]>\n'
ONE = "agraph (float[N,4] x) => (float[N,4] y) {\n%s\n}\n"

# name: (body, kind, sums, factor)
BODIES = {
    "softmax": ("y = Softmax(x)", "probabilities", True, 1),
    "logits": ("y = Identity(x)", "", False, 1),
    "log-softmax": ("y = LogSoftmax(x)", "logarithms", True, 1),
    "sigmoid": ("y = Sigmoid(x)", "probabilities", False, 1),
    "hard-sigmoid": ("y = HardSigmoid(x)", "probabilities", False, 1),
    "tanh": ("y = Tanh(x)", "", False, 1),
    "softmax-then-float16": ("a = Softmax(x)\nb = Cast<to = 10>(a)\ny = Cast<to = 1>(b)", "probabilities", True, 1),
    "softmax-in-float16": ("h = Cast<to = 10>(x)\na = Softmax(h)\ny = Cast<to = 1>(a)", "probabilities", True, 1),
    "softmax-then-clip": ("lo = Constant<value_float = 1e-7>()\nhi = Constant<value_float = 0.9999999>()\na = Softmax(x)\ny = Clip(a, lo, hi)", "probabilities", True, 1),
    "softmax-rounded": ("c = Constant<value_float = 1000.0>()\na = Softmax(x)\nb = Mul(a, c)\nr = Round(b)\ny = Div(r, c)", "probabilities", True, 1),
    "percent": ("c = Constant<value_float = 100.0>()\na = Softmax(x)\ny = Mul(c, a)", "probabilities", True, 100),
    "percent-of-sigmoid": ("c = Constant<value_float = 0.01>()\na = Sigmoid(x)\ny = Div(a, c)", "probabilities", False, 100),
    "sigmoid-times-0.9": ("c = Constant<value_float = 0.9>()\na = Sigmoid(x)\ny = Mul(a, c)", "probabilities", False, 0.9),
    "softmax-by-class": ("c = Constant<value = float[4] {1.0, 0.5, 0.0, 1.0}>()\na = Softmax(x)\ny = Mul(a, c)", "probabilities", False, 1),
    "softmax-by-large-weights": ("c = Constant<value = float[4] {1.0, 5.0, 0.0, 1.0}>()\na = Softmax(x)\ny = Mul(a, c)", "", False, 1),
    "mean-of-two": ("c = Constant<value_float = 0.5>()\nm = Neg(x)\na = Softmax(x)\nb = Softmax(m)\ns = Add(a, b)\ny = Mul(s, c)", "probabilities", True, 1),
    "mean-of-three": ("c = Constant<value_float = 3.0>()\nm = Neg(x)\nn = Abs(x)\na = Softmax(x)\nb = Softmax(m)\nd = Softmax(n)\ns = Sum(a, b, d)\ny = Div(s, c)", "probabilities", True, 1),
    "mean-operator": ("m = Neg(x)\na = Softmax(x)\nb = Softmax(m)\ny = Mean(a, b)", "probabilities", True, 1),
    "weighted-mean": ("c = Constant<value_float = 0.3>()\nd = Constant<value_float = 0.7>()\nm = Neg(x)\na = Softmax(x)\nb = Softmax(m)\na3 = Mul(a, c)\nb7 = Mul(b, d)\ny = Add(a3, b7)", "probabilities", True, 1),
    "mean-of-crops": ("k = Constant<value_ints = [0, 1, 4]>()\na = Constant<value_ints = [1]>()\nm = Neg(x)\nu = Unsqueeze(x, a)\nv = Unsqueeze(m, a)\nc = Concat<axis = 1>(u, v)\ns = Softmax(c)\ny = ReduceMean<keepdims = 0>(s, a)", "probabilities", True, 1),
    "sum-of-two-sigmoids": ("m = Neg(x)\na = Sigmoid(x)\nb = Sigmoid(m)\ny = Add(a, b)", "probabilities", False, 2),
    "softmax-plus-logits": ("a = Softmax(x)\ny = Add(a, x)", "", False, 1),
    "softmax-and-epsilon": ("c = Constant<value_float = 1e-6>()\na = Softmax(x)\ny = Add(a, c)", "probabilities", True, 1),
    "exp-of-log-softmax": ("a = LogSoftmax(x)\ny = Exp(a)", "probabilities", True, 1),
    "log-of-softmax": ("a = Softmax(x)\ny = Log(a)", "logarithms", True, 1),
    "log-of-softmax-and-epsilon": ("c = Constant<value_float = 1e-9>()\na = Softmax(x)\nb = Add(a, c)\ny = Log(b)", "logarithms", True, 1),
    "exp-over-sum": ("k = Constant<value_ints = [1]>()\na = Exp(x)\ns = ReduceSum(a, k)\ny = Div(a, s)", "probabilities", True, 1),
    "exp-over-sum-off-0": ("k = Constant<value_ints = [1]>()\nc = Constant<value_float = 1e-6>()\na = Exp(x)\ns = ReduceSum(a, k)\nt = Add(s, c)\ny = Div(a, t)", "probabilities", True, 1),
    "exp-times-reciprocal": ("k = Constant<value_ints = [1]>()\na = Exp(x)\ns = ReduceSum(a, k)\nr = Reciprocal(s)\ny = Mul(a, r)", "probabilities", True, 1),
    "exp-off-max-over-sum": ("k = Constant<value_ints = [1]>()\nm = ReduceMax(x, k)\nd = Sub(x, m)\na = Exp(d)\ns = ReduceSum(a, k)\ny = Div(a, s)", "probabilities", True, 1),
    "x-minus-log-sum-exp": ("k = Constant<value_ints = [1]>()\nl = ReduceLogSumExp(x, k)\ny = Sub(x, l)", "logarithms", True, 1),
    "x-minus-log-of-sum-of-exp": ("k = Constant<value_ints = [1]>()\nm = ReduceMax(x, k)\nd = Sub(x, m)\na = Exp(d)\ns = ReduceSum(a, k)\nl = Log(s)\ny = Sub(d, l)", "logarithms", True, 1),
    "relu-over-sum": ("k = Constant<value_ints = [1]>()\nc = Constant<value_float = 1e-6>()\na = Softplus(x)\ns = ReduceSum(a, k)\nt = Add(s, c)\ny = Div(a, t)", "probabilities", True, 1),
    "sigmoid-over-sum": ("k = Constant<value_ints = [1]>()\na = Sigmoid(x)\ns = ReduceSum(a, k)\ny = Div(a, s)", "probabilities", True, 1),
    "exp-over-another-sum": ("k = Constant<value_ints = [1]>()\nm = Neg(x)\na = Exp(x)\nb = Exp(m)\ns = ReduceSum(b, k)\ny = Div(a, s)", "", False, 1),
    "sigmoid-by-exp": ("c = Constant<value_float = 1.0>()\nm = Neg(x)\na = Exp(m)\nb = Add(c, a)\ny = Div(c, b)", "probabilities", False, 1),
    "sigmoid-by-reciprocal": ("c = Constant<value_float = 1.0>()\nm = Neg(x)\na = Exp(m)\nb = Add(a, c)\ny = Reciprocal(b)", "probabilities", False, 1),
    "sigmoid-by-exp-over": ("c = Constant<value_float = 1.0>()\na = Exp(x)\nb = Add(a, c)\ny = Div(a, b)", "probabilities", False, 1),
    "sigmoid-by-tanh": ("c = Constant<value_float = 1.0>()\nh = Constant<value_float = 0.5>()\na = Tanh(x)\nb = Add(a, c)\ny = Mul(b, h)", "probabilities", False, 1),
    "one-minus-softmax": ("c = Constant<value_float = 1.0>()\na = Softmax(x)\ny = Sub(c, a)", "probabilities", False, 1),
    "power-of-softmax": ("c = Constant<value_float = 0.5>()\na = Softmax(x)\ny = Pow(a, c)", "probabilities", False, 1),
    "largest-of-two": ("m = Neg(x)\na = Softmax(x)\nb = Softmax(m)\ny = Max(a, b)", "probabilities", False, 1),
    "product-of-two": ("m = Neg(x)\na = Softmax(x)\nb = Sigmoid(m)\ny = Mul(a, b)", "probabilities", False, 1),
    "unit-vector": ("k = Constant<value_ints = [1]>()\nl = ReduceL2(x, k)\ny = Div(x, l)", "unit", False, 1),
    "unit-vector-off-0": ("k = Constant<value_ints = [1]>()\nc = Constant<value_float = 1e-12>()\nl = ReduceL2(x, k)\nm = Clip(l, c)\ns = Shape(x)\ne = Expand(m, s)\ny = Div(x, e)", "unit", False, 1),
    "unit-vector-by-squares": ("k = Constant<value_ints = [1]>()\nq = Mul(x, x)\ns = ReduceSum(q, k)\nl = Sqrt(s)\ny = Div(x, l)", "unit", False, 1),
    "lp-normalization": ("y = LpNormalization<axis = 1, p = 2>(x)", "unit", False, 1),
    "moved": ("k = Constant<value_ints = [0, 4, 1, 1]>()\nl = Constant<value_ints = [0, 4]>()\na = Softmax(x)\nb = Reshape(a, k)\nt = Transpose<perm = [0, 1, 3, 2]>(b)\ny = Reshape(t, l)", "probabilities", True, 1),
    "dropout": ("a = Softmax(x)\ny = Dropout(a)", "probabilities", True, 1),
    "if": ("c = Constant<value = bool {1}>()\ny = If(c)<then_branch = t () => (float[N,4] p) { p = Softmax(x) }, else_branch = e () => (float[N,4] q) { m = Neg(x)\nq = Softmax(m) }>", "probabilities", True, 1),
    "if-of-two-kinds": ("c = Constant<value = bool {1}>()\ny = If(c)<then_branch = t () => (float[N,4] p) { p = Softmax(x) }, else_branch = e () => (float[N,4] q) { q = Identity(x) }>", "", False, 1),
    "qdq": ("s = Constant<value_float = 0.00390625>()\nz = Constant<value = uint8 {0}>()\na = Softmax(x)\nq = QuantizeLinear(a, s, z)\ny = DequantizeLinear(q, s, z)", "probabilities", True, 1),
    "raised-over-sum": ("k = Constant<value_ints = [1]>()\nc = Constant<value_float = 1.0>()\na = Softplus(x)\nb = Add(a, c)\ns = ReduceSum(b, k)\ny = Div(b, s)", "probabilities", True, 1),
    "above-a-threshold": ("t = Constant<value_float = 0.1>()\na = Softmax(x)\ng = Greater(a, t)\ns = Shape(a)\nz = ConstantOfShape(s)\ny = Where(g, a, z)", "probabilities", False, 1),
    "log-of-sigmoid": ("a = Sigmoid(x)\ny = Log(a)", "logarithms", False, 1),
    "minus-softplus-of-minus": ("m = Neg(x)\na = Softplus(m)\ny = Neg(a)", "logarithms", False, 1),
    "x-minus-softplus": ("a = Softplus(x)\ny = Sub(x, a)", "logarithms", False, 1),
    "minus-log-of-one-and-exp": ("c = Constant<value_float = 1.0>()\nm = Neg(x)\na = Exp(m)\nb = Add(a, c)\nl = Log(b)\ny = Neg(l)", "logarithms", False, 1),
    "minus-minus-log-softmax": ("a = LogSoftmax(x)\nb = Neg(a)\ny = Neg(b)", "logarithms", True, 1),
    "minus-log-softmax": ("a = LogSoftmax(x)\ny = Neg(a)", "", False, 1),
    "sigmoid-by-half-tanh": ("h = Constant<value_float = 0.5>()\ni = Mul(x, h)\na = Tanh(i)\nb = Mul(a, h)\ny = Add(b, h)", "probabilities", False, 1),
    "tanh-and-another-number": ("c = Constant<value_float = 1.0>()\nh = Constant<value_float = 0.5>()\na = Tanh(x)\nb = Mul(a, h)\ny = Add(b, c)", "", False, 1),
    "sigmoid-by-power": ("c = Constant<value_float = 1.0>()\nd = Constant<value_float = -1.0>()\nm = Neg(x)\na = Exp(m)\nb = Add(c, a)\ny = Pow(b, d)", "probabilities", False, 1),
    "sigmoid-to-minus-1": ("d = Constant<value_float = -1.0>()\na = Sigmoid(x)\ny = Pow(a, d)", "", False, 1),
    "floor-of-percent": ("c = Constant<value_float = 100.0>()\na = Sigmoid(x)\nb = Mul(a, c)\ny = Floor(b)", "probabilities", False, 100),
    "sum-of-stacked": ("c = Constant<value_float = 2.0>()\nk = Constant<value_ints = [0]>()\nm = Neg(x)\nn = Abs(x)\na = Sigmoid(m)\nb = Sigmoid(n)\nu = Unsqueeze(a, k)\nv = Unsqueeze(b, k)\ns = Concat<axis = 0>(u, v)\nt = ReduceSum<keepdims = 0>(s, k)\ny = Div(t, c)", "probabilities", False, 1),
    "sum-of-stacked-softmaxes": ("k = Constant<value_ints = [1]>()\nm = Neg(x)\na = Softmax(x)\nb = Softmax(m)\nu = Unsqueeze(a, k)\nv = Unsqueeze(b, k)\ns = Concat<axis = 1>(u, v)\ny = ReduceSum<keepdims = 0>(s, k)", "probabilities", True, 2),
    "product-of-sigmoids": ("k = Constant<value_ints = [2]>()\nm = Neg(x)\nu = Unsqueeze(x, k)\nv = Unsqueeze(m, k)\nc = Concat<axis = 2>(u, v)\ns = Sigmoid(c)\ny = ReduceProd<keepdims = 0>(s, k)", "probabilities", False, 1),
    "hard-sigmoid-by-clip": ("z = Constant<value_float = 0.0>()\no = Constant<value_float = 1.0>()\nc = Constant<value_float = 0.2>()\nd = Constant<value_float = 0.5>()\na = Mul(x, c)\nb = Add(a, d)\ny = Clip(b, z, o)", "probabilities", False, 1),
    "hard-sigmoid-by-relu6": ("z = Constant<value_float = 0.0>()\no = Constant<value_float = 6.0>()\nd = Constant<value_float = 3.0>()\na = Add(x, d)\nb = Clip(a, z, o)\ny = Div(b, o)", "probabilities", False, 1),
    "relu6": ("z = Constant<value_float = 0.0>()\no = Constant<value_float = 6.0>()\ny = Clip(x, z, o)", "", False, 1),
    "clip-of-logits": ("z = Constant<value_float = -1.0>()\no = Constant<value_float = 1.0>()\ny = Clip(x, z, o)", "", False, 1),
    "fused-sigmoid": ("w = Constant<value = float[4,4] {%s}>()\ny = com.microsoft.FusedGemm<activation = \"Sigmoid\">(x, w)" % ", ".join("1" if i % 5 == 0 else "0.5" for i in range(16)), "probabilities", False, 1),
    "fused-relu": ("w = Constant<value = float[4,4] {%s}>()\ny = com.microsoft.FusedGemm<activation = \"Relu\">(x, w)" % ", ".join("1" if i % 5 == 0 else "0.5" for i in range(16)), "", False, 1),
    "temperature": ("c = Constant<value_float = 2.0>()\na = Div(x, c)\ny = Softmax(a)", "probabilities", True, 1),
    "scaled-logits": ("c = Constant<value_float = 100.0>()\ny = Mul(x, c)", "", False, 1),
    "scaled-log-softmax": ("c = Constant<value_float = 100.0>()\na = LogSoftmax(x)\ny = Mul(a, c)", "", False, 1),
}


def model(text):
    return onnx.parser.parse_model(HEAD + text)


def graphs():
    for name, (body, kind, sums, factor) in BODIES.items():
        yield name, model(ONE % body), dict(kind=kind, sums=sums, factor=factor)

    pick = "agraph (float[N,4] x) => (float[N,%d] y) {\n%s\n}\n"
    yield "two-of-four", model(pick % (2, "i = Constant<value = int64[2] {1, 3}>()\na = Softmax(x)\ny = Gather<axis = 1>(a, i)")), dict(kind="probabilities", sums=False, factor=1)
    yield "slice", model(pick % (3, "b = Constant<value_ints = [1]>()\ne = Constant<value_ints = [4]>()\na = Softmax(x)\ny = Slice(a, b, e, b)")), dict(kind="probabilities", sums=False, factor=1)
    yield "slice-of-log-softmax", model(pick % (3, "b = Constant<value_ints = [1]>()\ne = Constant<value_ints = [4]>()\na = LogSoftmax(x)\ny = Slice(a, b, e, b)")), dict(kind="logarithms", sums=False, factor=1)
    yield "two-groups", model(pick % (8, "m = Neg(x)\na = Softmax(x)\nb = Softmax(m)\ny = Concat<axis = 1>(a, b)")), dict(kind="probabilities", sums=False, factor=1)
    yield "softmax-beside-logits", model(pick % (8, "a = Softmax(x)\ny = Concat<axis = 1>(a, x)")), dict(kind="", sums=False, factor=1)
    yield "sigmoid-and-its-rest", model("agraph (float[N,1] x) => (float[N,2] y) {\nc = Constant<value_float = 1.0>()\np = Sigmoid(x)\nq = Sub(c, p)\ny = Concat<axis = 1>(q, p)\n}"), dict(kind="probabilities", sums=True, factor=1)
    yield "in-loop", model("agraph (float[N,4] x) => (float[N,4] y) {\nn = Constant<value = int64 {3}>()\nc = Constant<value = bool {1}>()\ny = Loop(n, c, x)<body = b (int64 i, bool go, float[N,4] v) => (bool on, float[N,4] w) { on = Identity(go)\nw = Softmax(v) }>\n}"), dict(kind="probabilities", sums=True, factor=1)

    function = '<domain: "own", opset_import: ["" : 18]>\nHead (v) => (w) {\na = Softmax<axis = 1>(v)\nw = Identity(a)\n}\n'
    yield "function", model(ONE % "y = own.Head(x)" + function), dict(kind="probabilities", sums=True, factor=1)
    nested = '<domain: "own", opset_import: ["" : 18, "own" : 1]>\nOuter (v) => (w) {\na = own.Head(v)\nc = Constant<value_float = 100.0>()\nw = Mul(a, c)\n}\n'
    yield "function-in-function", model(ONE % "y = own.Outer(x)" + nested + function), dict(kind="probabilities", sums=True, factor=100)
    yield "function-of-a-value", model(ONE % "a = Softmax(x)\ny = own.Keep(a)" + '<domain: "own", opset_import: ["" : 18]>\nKeep (v) => (w) {\nw = Identity(v)\n}\n'), dict(kind="probabilities", sums=True, factor=1)

    top = "agraph (float[N,4] x) => (float[N,k] y, int64[N,k] i) {\nk = Constant<value_ints = [2]>()\n%s\n}\n"
    yield "top-k", model(top % "a = Softmax(x)\ny, i = TopK(a, k)"), dict(kind="probabilities", sums=False, factor=1, largest=True, indices="i")
    yield "top-k-of-logits", model(top % "y, j = TopK(x, k)\ni = Identity(j)"), dict(kind="", sums=False, factor=1, largest=True, indices="i")
    yield "top-k-without-indices", model("agraph (float[N,4] x) => (float[N,k] y) {\nk = Constant<value_ints = [2]>()\na = Softmax(x)\ny, i = TopK(a, k)\n}"), dict(kind="probabilities", sums=False, factor=1, largest=True)
    yield "largest-and-its-index", model("agraph (float[N,4] x) => (float[N,1] y, int64[N] i) {\nk = Constant<value_ints = [1]>()\na = Softmax(x)\ny = ReduceMax<keepdims = 1>(a, k)\ni = ArgMax<axis = 1, keepdims = 0>(a)\n}"), dict(kind="probabilities", sums=False, factor=1, largest=True, indices="i")
    for what, body, kind in (("softmax", "t, i = TopK(x, k)\ny = Softmax(t)", "probabilities"), ("sigmoid", "t, i = TopK(x, k)\ny = Sigmoid(t)", "probabilities"),
                             ("exp", "l = LogSoftmax(x)\nt, i = TopK(l, k)\ny = Exp(t)", "probabilities"), ("quotient", "c = Constant<value_float = 2.0>()\nt, i = TopK(x, k)\ny = Div(t, c)", "")):
        sums = what == "softmax"
        yield f"{what}-of-top-k", model(top % body), dict(kind=kind, sums=sums, factor=1, largest=True, indices="i")
    yield "gathered-by-top-k", model(top % "a = Softmax(x)\nt, i = TopK(x, k)\ny = GatherElements<axis = 1>(a, i)"), dict(kind="probabilities", sums=False, factor=1, largest=True, indices="i")
    yield "values-and-classes", model("agraph (float[N,4] x) => (float[N,4] y) {\nk = Constant<value_ints = [2]>()\na = Softmax(x)\nv, i = TopK(a, k)\nf = Cast<to = 1>(i)\ny = Concat<axis = 1>(v, f)\n}"), dict(kind="", sums=False, factor=1)
    yield "best-by-top-k", model("agraph (float[N,4] x) => (int64[N,1] y) {\nk = Constant<value_ints = [1]>()\nv, y = TopK(x, k)\n}"), dict(kind="", sums=False, factor=1, index=True)
    yield "worst-by-top-k", model("agraph (float[N,4] x) => (int64[N,1] y) {\nk = Constant<value_ints = [1]>()\nv, y = TopK<largest = 0>(x, k)\n}"), dict(kind="", sums=False, factor=1)
    yield "largest-softmax-and-index-of-logit", model("agraph (float[N,4] x) => (float[N] y, int64[N] i) {\nk = Constant<value_ints = [1]>()\na = Softmax(x)\ny = ReduceMax<keepdims = 0>(a, k)\ni = ArgMax<axis = 1, keepdims = 0>(x)\n}"), dict(kind="probabilities", sums=False, factor=1, largest=True, indices="i")
    pooled = "agraph (float[N,4] x) => (float[N,%s] y) {\nk = Constant<value_ints = [2]>()\nr = Constant<value_ints = [0, 2, 2]>()\nm = Reshape(x, r)\na = Sigmoid(m)\n%s\n}"
    yield "largest-of-places", model(pooled % ("c", "y = ReduceMax<keepdims = 0>(a, k)")), dict(kind="probabilities", sums=False, factor=1)
    yield "mean-of-largest-places", model(pooled % ("2", "n = Constant<value_ints = [1]>()\nt, i = TopK(a, n)\ny = ReduceMean<keepdims = 0>(t, k)")), dict(kind="probabilities", sums=False, factor=1)
    yield "arg-max", model("agraph (float[N,4] x) => (int64[N] y) {\ny = ArgMax<axis = 1, keepdims = 0>(x)\n}"), dict(kind="", sums=False, factor=1, index=True)

    for kind, t, zero in (("uint8", TensorProto.UINT8, 3), ("int8", TensorProto.INT8, -5)):
        for what, body in (("softmax", "a = Softmax(x)"), ("logits", "a = Identity(x)")):
            text = "agraph (float[N,4] x) => (%s[N,4] y) {\ns = Constant<value_float = 0.0625>()\nz = Constant<value = %s {%d}>()\n%s\ny = QuantizeLinear(a, s, z)\n}" % (kind, kind, zero, body)
            yield f"{what}-{kind}", model(text), dict(kind="probabilities" if what == "softmax" else "", sums=what == "softmax", factor=1, scale=[0.0625], zero=[zero])
    codes = "agraph (float[N,4] x) => (uint8[N,4] y) {\ns = Constant<value_float = 0.0625>()\nz = Constant<value = uint8 {128}>()\nt = Constant<value_float = 0.00390625>()\nn = Constant<value = uint8 {0}>()\nq = QuantizeLinear(x, s, z)\n%s\n}"
    yield "qlinear-softmax", model(codes % "y = com.microsoft.QLinearSoftmax<axis = 1, opset = 13>(q, s, z, t, n)"), dict(kind="probabilities", sums=True, factor=1, scale=[0.00390625], zero=[0])
    yield "qlinear-sigmoid", model(codes % "y = com.microsoft.QLinearSigmoid(q, s, z, t, n)"), dict(kind="probabilities", sums=False, factor=1, scale=[0.00390625], zero=[0])
    yield "qlinear-add", model(codes % "y = com.microsoft.QLinearAdd(q, s, z, q, s, z, t, n)"), dict(kind="", sums=False, factor=1, scale=[0.00390625], zero=[0])
    yield "codes-put-together", model("agraph (float[N,4] x) => (uint8[N,8] y) {\ns = Constant<value_float = 0.0625>()\nz = Constant<value = uint8 {128}>()\na = QuantizeLinear(x, s, z)\nm = Neg(x)\nb = QuantizeLinear(m, s, z)\ny = Concat<axis = 1>(a, b)\n}"), dict(kind="", sums=False, factor=1, scale=[0.0625], zero=[128])
    yield "codes-of-two-scales", model("agraph (float[N,4] x) => (uint8[N,8] y) {\ns = Constant<value_float = 0.0625>()\nt = Constant<value_float = 0.125>()\nz = Constant<value = uint8 {128}>()\na = QuantizeLinear(x, s, z)\nb = QuantizeLinear(x, t, z)\ny = Concat<axis = 1>(a, b)\n}"), dict(kind="", sums=False, factor=1, computed=True)
    yield "codes-as-float", model((ONE % "s = Constant<value_float = 0.0625>()\nz = Constant<value = uint8 {128}>()\nq = QuantizeLinear(x, s, z)\ny = Cast<to = 1>(q)")), dict(kind="", sums=False, factor=1, scale=[0.0625], zero=[128])
    yield "scale-of-the-run", model("agraph (float[N,4] x) => (uint8[N,4] y) {\ny, s, z = DynamicQuantizeLinear(x)\n}"), dict(kind="", sums=False, factor=1, computed=True)
    yield "codes-by-class", model("agraph (float[N,4] x) => (int8[N,4] y) {\ns = Constant<value = float[4] {0.1, 0.2, 0.3, 0.4}>()\nz = Constant<value = int8[4] {1, 2, 3, 4}>()\ny = QuantizeLinear<axis = 1>(x, s, z)\n}"), dict(kind="", sums=False, factor=1, scale=[np.float32(v).item() for v in (0.1, 0.2, 0.3, 0.4)], zero=[1, 2, 3, 4])

    def linear(post, classes=4):
        node = helper.make_node("LinearClassifier", ["x"], ["label", "y"], domain="ai.onnx.ml", coefficients=np.eye(classes).flatten().tolist(),
                                intercepts=[0.0] * classes, classlabels_ints=list(range(classes)), multi_class=1, post_transform=post)
        g = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", 1, ["N", classes])],
                              [helper.make_tensor_value_info("y", 1, ["N", classes])])
        return helper.make_model(g, ir_version=10, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)])
    yield "linear-classifier-softmax", linear("SOFTMAX"), dict(kind="probabilities", sums=True, factor=1)
    yield "linear-classifier-logistic", linear("LOGISTIC"), dict(kind="probabilities", sums=False, factor=1)
    yield "linear-classifier-none", linear("NONE"), dict(kind="", sums=False, factor=1)


def check(name, m, want):
    onnx.checker.check_model(m)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    s = onnxruntime.InferenceSession(m.SerializeToString(), options, providers=["CPUExecutionProvider"])
    width = m.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    x = np.random.default_rng(7).normal(0, 3, (64, width)).astype(np.float32)
    out = dict(zip([o.name for o in s.get_outputs()], s.run(None, {"x": x})))
    y = out["y"].astype(np.float64)
    if "scale" in want:
        y = (y - np.array(want["zero"])) * np.array(want["scale"])
    rough = np.array(want.get("scale", [0])).max() * 4 + 5e-3
    if want["kind"] == "logarithms":
        y = np.exp(y)
        assert y.min() >= 0 and y.max() <= 1 + rough and (np.abs(y.sum(-1) - 1) < rough).all() == want["sums"], name
    if want["kind"] == "probabilities":
        assert y.min() >= -1e-6 and y.max() <= want["factor"] * (1 + rough), (name, y.min(), y.max())
        if want["sums"]:
            assert (np.abs(y.sum(-1) / want["factor"] - 1) < rough).all(), name
        elif not want.get("largest"):
            assert not (np.abs(y.sum(-1) / want["factor"] - 1) < 1e-4).all(), name
    if want["kind"] == "unit":
        assert (np.abs((y * y).sum(-1) - 1) < rough).all(), name


def main(folder):
    for old in folder.glob("*.onnx"):
        old.unlink()
    all_wanted = {}
    for name, m, want in graphs():
        try:
            check(name, m, want)
        except Exception as e:
            raise SystemExit(f"{name}: {e!r}")
        onnx.save(m, folder / f"{name}.onnx")
        all_wanted[name] = want
    (folder / "meaning.json").write_text(json.dumps(all_wanted, indent=1) + "\n")
