"""Makes the graphs that tests of sessions run.

usage: python scripts/make_session_graphs.py      (pip install onnx)

- runner/testdata/custom: NegPos of onnxruntime-extensions
- cmd/ortho/testdata/providers: a classifier of which OpenVINO claims all but one operator, of
  ai.onnx.ml (partly), and that without the shape of what that gives (not_compiled), which
  OpenVINO's plugin for CPUs, as of 2025.4, then can't compile
"""
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).parent.parent


def save(file, nodes, inputs, outputs, initializers=(), between=(), domains=("ai.onnx.contrib",)):
    values = lambda all: [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in all]
    graph = helper.make_graph(nodes, file.parent.name, values(inputs), values(outputs), list(initializers), value_info=values(between))
    opsets = [helper.make_opsetid("", 17)] + [helper.make_opsetid(d, 1) for d in domains]
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), file)


def classifier(name, between):
    """The mean colours of an image."""
    folder = ROOT / "cmd/ortho/testdata/providers" / name
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("GlobalAveragePool", ["r"], ["g"]), helper.make_node("Flatten", ["g"], ["f"]),
             helper.make_node("Scaler", ["f"], ["m"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0]), helper.make_node("MatMul", ["m", "w"], ["y"])]
    weights = [numpy_helper.from_array(np.eye(3, dtype=np.float32), "w")]
    save(folder / "model.onnx", nodes, [("x", ["n", 3, 8, 8])], [("y", ["n", 3])], weights, between, ["ai.onnx.ml"])
    (folder / "ortho.json").write_text(json.dumps({"mean": [0, 0, 0], "std": [1, 1, 1], "resize": 8}) + "\n")


save(ROOT / "runner/testdata/custom/model.onnx", [helper.make_node("NegPos", ["x"], ["neg", "pos"], domain="ai.onnx.contrib")],
     [("x", [1, 4])], [("neg", [1, 4]), ("pos", [1, 4])])
classifier("partly", [("m", ["n", 3])])
classifier("not_compiled", [])
