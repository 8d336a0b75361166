"""Turns MediaPipe's selfie segmentation into the graph of models/bundled/selfie.

    npm pack @mediapipe/selfie_segmentation@0.1.1675465747
    tar xzf mediapipe-selfie_segmentation-0.1.1675465747.tgz
    pip install tflite==2.18.0 onnx onnxruntime numpy
    python scripts/convert_selfie_segmentation.py package/selfie_segmentation.tflite models/bundled/selfie/model.onnx

The .tflite is NHWC with half-float weights; the graph is NCHW, its batch is open, and its weights stay half
floats, which it casts. One operator is MediaPipe's own: Convolution2DTransposeBias, a transposed convolution of
2x2 with stride 2, whose pixels do not overlap, and a bias.
"""

import hashlib
import sys

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

SHA256 = "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27"
KINDS = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
ACTIVATIONS = {tflite.ActivationFunctionType.RELU: "Relu"}


def options(op, of):
    o, raw = of(), op.BuiltinOptions()
    o.Init(raw.Bytes, raw.Pos)
    return o


class Graph:
    def __init__(self, model):
        self.model, self.sub = model, model.Subgraphs(0)
        self.nodes, self.weights, self.names = [], [], {}

    def shape(self, i):
        t = self.sub.Tensors(i)
        return [int(v) for v in t.ShapeAsNumpy()] if t.ShapeLength() else []

    def constant(self, i):
        """What stands in a tensor's buffer: half floats or whole numbers."""
        t = self.sub.Tensors(i)
        kind = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.FLOAT32: np.float32, tflite.TensorType.INT32: np.int32}[t.Type()]
        return np.frombuffer(self.model.Buffers(t.Buffer()).DataAsNumpy().tobytes(), kind).reshape(self.shape(i))

    def put(self, name, values):
        """Weights as half floats, and a cast of them."""
        assert np.array_equal(values, values.astype(np.float16).astype(values.dtype)), name
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values.astype(np.float16)), name + "_half"))
        self.nodes.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
        return name

    def add(self, kind, inputs, out, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [f"t{out}"], **attributes))
        self.names[out] = f"t{out}"

    def activated(self, out, fused):
        if fused != tflite.ActivationFunctionType.NONE:
            name = f"t{out}_act"
            self.nodes.append(helper.make_node(ACTIVATIONS[fused], [self.names[out]], [name]))
            self.names[out] = name


def same(size, kernel, stride):
    """TensorFlow's SAME: what is missing, the odd pixel at the end."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convert(model):
    g = Graph(model)
    sub = g.sub
    halves = {}  # a tensor that DEQUANTIZE makes, and the half floats that it is made of
    source, target = int(sub.Inputs(0)), int(sub.Outputs(0))
    g.names[source] = "pixels"
    for n in range(sub.OperatorsLength()):
        op = sub.Operators(n)
        code = model.OperatorCodes(op.OpcodeIndex())
        kind = KINDS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        ins, out = [int(v) for v in op.InputsAsNumpy()], int(op.OutputsAsNumpy()[0])
        if kind == "DEQUANTIZE":
            halves[out] = g.constant(ins[0])
        elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            o = options(op, tflite.Conv2DOptions if kind == "CONV_2D" else tflite.DepthwiseConv2DOptions)
            w, group = halves[ins[1]], 1
            if kind == "CONV_2D":
                w = w.transpose(0, 3, 1, 2)
            else:
                w, group = w.transpose(3, 0, 1, 2), w.shape[3]
            assert o.DilationHFactor() == o.DilationWFactor() == 1
            strides = [o.StrideH(), o.StrideW()]
            pads = [0, 0, 0, 0]
            if o.Padding() == tflite.Padding.SAME:
                (top, bottom), (left, right) = (same(g.shape(ins[0])[1 + i], w.shape[2 + i], strides[i]) for i in (0, 1))
                pads = [top, left, bottom, right]
            g.add("Conv", [g.names[ins[0]], g.put(f"w{n}", w), g.put(f"b{n}", halves[ins[2]])], out,
                  strides=strides, pads=pads, group=group, kernel_shape=list(w.shape[2:]))
            g.activated(out, o.FusedActivationFunction())
        elif kind == "CUSTOM" and code.CustomCode() == b"Convolution2DTransposeBias":
            w = halves[ins[1]]
            assert w.shape[1:3] == (2, 2) and g.shape(out)[1:3] == [2 * v for v in g.shape(ins[0])[1:3]]
            g.add("ConvTranspose", [g.names[ins[0]], g.put(f"w{n}", w.transpose(3, 0, 1, 2)), g.put(f"b{n}", halves[ins[2]])], out, strides=[2, 2], kernel_shape=[2, 2])
        elif kind == "AVERAGE_POOL_2D":
            o = options(op, tflite.Pool2DOptions)
            assert [o.FilterHeight(), o.FilterWidth()] == g.shape(ins[0])[1:3] and g.shape(out)[1:3] == [1, 1]
            g.add("GlobalAveragePool", [g.names[ins[0]]], out)
        elif kind == "RESIZE_BILINEAR":
            o = options(op, tflite.ResizeBilinearOptions)
            assert not o.AlignCorners()
            by = [b // a for a, b in zip(g.shape(ins[0]), g.shape(out))]
            g.weights.append(numpy_helper.from_array(np.array([1, 1, by[1], by[2]], np.float32), f"by{n}"))
            g.add("Resize", [g.names[ins[0]], "", f"by{n}"], out, mode="linear",
                  coordinate_transformation_mode="half_pixel" if o.HalfPixelCenters() else "asymmetric")
        elif kind == "HARD_SWISH":
            g.add("HardSwish", [g.names[ins[0]]], out)
        elif kind in ("RELU", "LOGISTIC"):
            g.add({"RELU": "Relu", "LOGISTIC": "Sigmoid"}[kind], [g.names[ins[0]]], out)
        elif kind in ("ADD", "MUL"):
            g.add(kind.capitalize(), [g.names[i] for i in ins], out)
            g.activated(out, options(op, tflite.AddOptions if kind == "ADD" else tflite.MulOptions).FusedActivationFunction())
        else:
            raise SystemExit(f"operator {n} is {kind} {code.CustomCode()}")
    g.nodes[-1].output[0] = "alpha"
    assert g.names[target] == f"t{target}" and g.nodes[-1].op_type == "Sigmoid"
    _, height, width, _ = g.shape(source)
    tensor = lambda name, channels: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, height, width])
    made = helper.make_model(helper.make_graph(g.nodes, "selfie", [tensor("pixels", 3)], [tensor("alpha", 1)], g.weights),
                             opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="ortho scripts/convert_selfie_segmentation.py")
    onnx.checker.check_model(made, full_check=True)
    return made


def main():
    data = open(sys.argv[1], "rb").read()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{sys.argv[1]} has SHA-256 {hashlib.sha256(data).hexdigest()}, not {SHA256}")
    made = convert(tflite.Model.GetRootAsModel(data, 0))
    onnx.save(made, sys.argv[2])
    print(sys.argv[2], len(made.SerializeToString()), "bytes,", len(made.graph.node), "nodes")


main()
