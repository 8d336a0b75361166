"""Writes runner/try.onnx: one convolution, by which `ortho doctor` tries providers.

A convolution, since every provider has one, on CUDA it needs cuDNN as vision models
do, and XNNPACK takes little else. Its sums are exact in any precision from 8 bits on.
"""

import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OUT = pathlib.Path(__file__).resolve().parent.parent / "runner" / "try.onnx"


def main():
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])], "try",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])],
        [numpy_helper.from_array(np.ones((1, 1, 2, 2), np.float32), "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    save(model, OUT)


if __name__ == "__main__":
    main()
