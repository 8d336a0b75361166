"""Small graphs as onnxruntime.quantization makes them, each way that it has by default, and what
the float graphs answer, from which their answers are not far."""
import json
import logging
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

ROWS = 8
WAYS = {  # format, activations, weights; per channel; reduced range
    "qdq_s8s8": (QuantFormat.QDQ, QuantType.QInt8, QuantType.QInt8, False, False),
    "qdq_u8s8_channels": (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, True, False),
    "qoperator_s8s8": (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, False, False),
    "qoperator_s8s8_channels": (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, True, False),
    "qoperator_s8s8_reduced": (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, False, True),
    "qoperator_u8s8": (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QInt8, False, False),
    "qoperator_u8u8": (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8, False, False),
    "dynamic_s8": (None, None, QuantType.QInt8, False, False),
    "dynamic_s8_channels": (None, None, QuantType.QInt8, True, False),
    "dynamic_u8": (None, None, QuantType.QUInt8, False, False),
}


def model(nodes, initializers):
    graph = helper.make_graph(
        nodes, "quantized", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 96])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in initializers.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def weights(rng, *shape):
    return rng.normal(0, 1.5 / np.sqrt(shape[-1]), shape).astype(np.float32)


def gemm(rng):
    return model(
        [helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1), helper.make_node("Relu", ["h"], ["r"]),
         helper.make_node("MatMul", ["r", "w2"], ["y"])],
        {"w1": weights(rng, 16, 96), "b1": weights(rng, 16), "w2": weights(rng, 5, 16).T.copy()})


def lstm(rng):
    size = 8
    return model(
        [helper.make_node("Reshape", ["x", "shape"], ["rows"]), helper.make_node("Transpose", ["rows"], ["steps"], perm=[1, 0, 2]),
         helper.make_node("LSTM", ["steps", "w", "r", "b"], ["", "last", ""], hidden_size=size),
         helper.make_node("Squeeze", ["last", "axis"], ["h"]), helper.make_node("MatMul", ["h", "w2"], ["y"])],
        {"shape": np.array([-1, 8, 12]), "axis": np.array([0]), "w": weights(rng, 1, 4 * size, 12), "r": weights(rng, 1, 4 * size, size),
         "b": weights(rng, 1, 8 * size), "w2": weights(rng, 5, size).T.copy()})


class Reader(CalibrationDataReader):
    def __init__(self, batches):
        self.batches = iter([{"x": b} for b in batches])

    def get_next(self):
        return next(self.batches, None)


def share_zero_points(file, out):
    """One zero point for the weights of all operators, which is 0, as programs have it that write each constant once."""
    model = onnx.load(file)
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name == "w2_zero_point":
                node.input[i] = "w1_zero_point"
    kept = [t for t in model.graph.initializer if t.name != "w2_zero_point"]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.save(model, out)


def run(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": inputs})[0]


def main(out: pathlib.Path):
    logging.disable(logging.WARNING)
    rng = np.random.default_rng(7)
    inputs = rng.normal(0, 1, (ROWS, 96)).astype(np.float32)
    calibration = [rng.normal(0, 1, (ROWS, 96)).astype(np.float32) for _ in range(4)]
    cases = {"inputs": inputs.round(2).tolist(), "outputs": {}}
    inputs = np.array(cases["inputs"], np.float32)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("gemm", gemm), ("lstm", lstm)):
            whole = pathlib.Path(folder, name + ".onnx")
            onnx.save(make(rng), whole)
            reference = run(whole, inputs)
            cases["outputs"][name] = reference.round(4).tolist()
            for way, (form, activations, kind, channels, reduced) in WAYS.items():
                if name == "lstm" and way not in ("qoperator_s8s8", "dynamic_s8", "dynamic_u8"):
                    continue
                file = out / f"{name}_{way}.onnx"
                if form is None:
                    quantize_dynamic(whole, file, weight_type=kind, per_channel=channels, reduce_range=reduced)
                else:
                    quantize_static(whole, file, Reader(calibration), quant_format=form, activation_type=activations, weight_type=kind,
                                    per_channel=channels, reduce_range=reduced)
                off = np.abs(run(file, inputs) - reference).max()
                print(f"{file.name}: {off:.3f} off, of values up to {np.abs(reference).max():.2f}")
    share_zero_points(out / "gemm_qdq_s8s8.onnx", out / "gemm_qdq_s8s8_shared.onnx")
    (out / "cases.json").write_text(json.dumps(cases))
