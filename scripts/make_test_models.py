"""Writes models/testdata: small graphs in the shapes that exporters give them.

All but the broken ones classify: red, green or blue, whichever channel is
brightest on average, so that a test sees which pixels reached which channel.
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HERE = pathlib.Path(__file__).resolve().parent.parent / "models" / "testdata"
SIZE = 32


def graph(nodes, inputs, outputs, initializers):
    g = helper.make_graph(nodes, "brightest", inputs, outputs, initializers)
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="make_test_models", producer_version="1")
    checker.check_model(model)
    return model


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def head(source, kind=np.float32, scale=8.0, classes=3):
    """Global average, then a Gemm that passes the channels on: [N,C,H,W] -> logits."""
    weight = (np.eye(classes, dtype=kind) * kind(scale))
    nodes = [
        helper.make_node("GlobalAveragePool", [source], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight", "bias"], ["scores"]),
    ]
    return nodes, [numpy_helper.from_array(weight, "weight"),
                   numpy_helper.from_array(np.zeros(classes, kind), "bias")]


def identity(source, target):
    return helper.make_node("Identity", [source], [target])


def write(name, model, external=None):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    if external:
        save(model, folder / "model.onnx", save_as_external_data=True, location=external, size_threshold=0)
    else:
        save(model, folder / "model.onnx")


def metadata(model, **props):
    helper.set_model_props(model, props)
    return model


def float32_nchw(batch="batch", size=SIZE):
    nodes, weights = head("input")
    return graph(nodes + [identity("scores", "logits")],
                 [value("input", [batch, 3, size, size])], [value("logits", [batch, 3])], weights)


def passing(name, nodes, inputs, outputs, *initializers, opset=13):
    """A graph that runs other than image models do."""
    g = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)], ir_version=8,
                              producer_name="make_test_models", producer_version="1")
    checker.check_model(model)
    return model


def unsaid(model):
    """Leaves the outputs' shapes out."""
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return model


def unequal():
    """Outputs that are hard to compare, and inputs that are hard to feed."""
    node = helper.make_node
    write("random", passing("random", [node("RandomNormalLike", ["x"], ["noise"]), node("Add", ["x", "noise"], ["y"])], [value("x", ["batch", 4])], [value("y", ["batch", 4])]))
    minus = numpy_helper.from_array(np.array([[-np.inf]], np.float32), "minus")
    write("masked", passing("masked", [node("Concat", ["x", "minus"], ["y"], axis=1)], [value("x", [1, 4])], [value("y", [1, 5])], minus))
    write("bfloat16_out", passing(
        "bfloat16_out", [node("Cast", ["x"], ["y"], to=TensorProto.BFLOAT16)], [value("x", ["batch", 4])], [value("y", ["batch", 4], TensorProto.BFLOAT16)]))
    write("two_batches", passing(
        "two_batches", [node("Transpose", ["text"], ["columns"], perm=[1, 0]), node("MatMul", ["image", "columns"], ["similarity"])],
        [value("image", ["image_batch", 3]), value("text", ["text_batch", 3])], [value("similarity", ["image_batch", "text_batch"])]))
    write("past", passing(
        "past", [node("Concat", ["past", "new"], ["present"], axis=1)],
        [value("past", ["batch", "past_length", 2]), value("new", ["batch", "length", 2])], [value("present", ["batch", "total", 2])]))
    # As Custom Vision and scikit-learn export: a name for each row, and a sequence.
    write("named_class", passing(
        "named_class", [node("ArgMax", ["x"], ["best"], axis=1, keepdims=0), node("Gather", ["names", "best"], ["label"]), node("SequenceConstruct", ["x"], ["loss"])],
        [value("x", ["batch", 3])],
        [helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"]), helper.make_tensor_sequence_value_info("loss", TensorProto.FLOAT, ["batch", 3])],
        helper.make_tensor("names", TensorProto.STRING, [3], [b"cat", b"dog", "\u00e9cureuil".encode()])))


def training():
    """As torch.onnx.export(training=TrainingMode.TRAINING) leaves them."""
    node = helper.make_node
    x, y = value("x", ["batch", 3, 2, 2]), value("y", ["batch", 3, 2, 2])
    ratio = numpy_helper.from_array(np.float32(0.5), "ratio")
    for name, on in ("dropout_training", True), ("dropout", False):
        write(name, passing(name, [node("Dropout", ["x", "ratio", "training"], ["y"])], [x], [y], ratio, numpy_helper.from_array(np.array(on), "training")))
    ones = [numpy_helper.from_array(np.ones(3, np.float32), n) for n in ("scale", "bias", "mean", "var")]
    write("batchnorm_training", passing(
        "batchnorm_training", [node("BatchNormalization", ["x", "scale", "bias", "mean", "var"], ["y", "running_mean", "running_var"], training_mode=1)], [x], [y], *ones, opset=15))
    write("random_unused", passing("random_unused", [node("RandomUniform", [], ["noise"], shape=[4]), node("Identity", ["x"], ["y"])], [x], [y]))
    drop = helper.make_function("local", "Drop", ["a"], ["b"], [
        node("Constant", [], ["ratio"], value=numpy_helper.from_array(np.float32(0.5))), node("Constant", [], ["training"], value=numpy_helper.from_array(np.array(True))),
        node("Dropout", ["a", "ratio", "training"], ["b"])], [helper.make_opsetid("", 15)])
    model = helper.make_model(helper.make_graph([node("Drop", ["x"], ["y"], domain="local")], "dropout_in_function", [x], [y]), functions=[drop],
                              opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("local", 1)], ir_version=8, producer_name="make_test_models", producer_version="1")
    write("dropout_in_function", model)


def not_images():
    """Values of other types and ranks than images have."""
    node = helper.make_node
    write("scalars", passing(
        "scalars", [node("Mul", ["x", "scale"], ["y"]), node("ReduceSum", ["y"], ["total"], keepdims=0)],
        [value("x", ["batch", 3]), value("scale", [])], [value("y", ["batch", 3]), value("total", [])]))
    write("scalar_types", passing(
        "scalar_types", [node("Identity", ["a"], ["a_out"]), node("Identity", ["b"], ["b_out"])],
        [value("a", [], TensorProto.INT64), value("b", [], TensorProto.BOOL)],
        [value("a_out", [], TensorProto.INT64), value("b_out", [], TensorProto.BOOL)]))
    write("scalar_float16", passing(
        "scalar_float16", [node("Identity", ["a"], ["b"])], [value("a", [], TensorProto.FLOAT16)], [value("b", [], TensorProto.FLOAT16)]))
    write("scalar_unsaid", unsaid(passing(
        "scalar_unsaid", [node("ReduceSum", ["x"], ["total"], keepdims=0)], [value("x", ["batch", 3])], [value("total", [])])))
    kinds = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8, "uint16": TensorProto.UINT16, "int16": TensorProto.INT16,
             "uint32": TensorProto.UINT32, "int32": TensorProto.INT32, "uint64": TensorProto.UINT64, "int64": TensorProto.INT64,
             "bool": TensorProto.BOOL, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
    write("types_unsaid", unsaid(passing(
        "types_unsaid", [node("Cast", ["x"], [name], to=kind) for name, kind in kinds.items()],
        [value("x", ["batch", 2])], [value(name, ["batch", 2], kind) for name, kind in kinds.items()])))
    write("types_in", passing(
        "types_in", [node("Cast", [name], [name + "_out"], to=TensorProto.DOUBLE) for name in kinds],
        [value(name, ["batch", 2], kind) for name, kind in kinds.items()],
        [value(name + "_out", ["batch", 2], TensorProto.DOUBLE) for name in kinds]))
    half = [node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16)]
    write("float16_out", passing("float16_out", half, [value("x", ["batch", "width"])], [value("y", ["batch", "width"], TensorProto.FLOAT16)]))
    write("float16_unsaid", unsaid(passing("float16_unsaid", half, [value("x", ["batch", 2])], [value("y", ["batch", 2], TensorProto.FLOAT16)])))
    # Optimum's names of a decoder's output, and a name that is not the size (its text_embeds').
    twice = [node("Concat", ["x", "x"], ["xx"], axis=1), node("Cast", ["xx"], ["y"], to=TensorProto.FLOAT16)]
    write("float16_scaled", passing("float16_scaled", twice, [value("x", ["batch", "width"])], [value("y", ["batch", "width * 2"], TensorProto.FLOAT16)]))
    write("float16_misnamed", passing("float16_misnamed", twice, [value("x", ["batch", "width"])], [value("y", ["batch", "width"], TensorProto.FLOAT16)]))
    write("empty_out", passing(
        "empty_out", [node("NonZero", ["x"], ["found"])], [value("x", ["batch", 2])], [value("found", [2, "n"], TensorProto.INT64)]))
    write("tokens", passing(
        "tokens", [node("Gather", ["table", "input_ids"], ["rows"]), node("Unsqueeze", ["attention_mask", "axis"], ["mask3"]),
                   node("Cast", ["mask3"], ["mask"], to=TensorProto.FLOAT), node("Mul", ["rows", "mask"], ["hidden"])],
        [value("input_ids", ["batch", "sequence length"], TensorProto.INT64), value("attention_mask", ["batch", "sequence length"], TensorProto.INT64)],
        [value("hidden", ["batch", "sequence length", 4])],
        numpy_helper.from_array(np.arange(8, dtype=np.float32).reshape(2, 4), "table"), numpy_helper.from_array(np.array([2], np.int64), "axis")))
    for name, batch, kind in ("texts", "batch", TensorProto.INT64), ("texts_batch2_int32", 2, TensorProto.INT32):
        # The sum of the tokens' rows.
        table = np.zeros((6, 3), np.float32)
        table[2:5] = 2 * np.eye(3, dtype=np.float32)
        masked = kind == TensorProto.INT64
        inputs = [value("input_ids", [batch, 6], kind)] + [value("attention_mask", [batch, 6], kind)] * masked
        mask = [node("Unsqueeze", ["attention_mask", "axis"], ["mask3"]), node("Cast", ["mask3"], ["mask"], to=TensorProto.FLOAT), node("Mul", ["rows", "mask"], ["kept"])]
        write(name, passing(
            name, [node("Gather", ["table", "input_ids"], ["rows"]), *(mask if masked else []), node("ReduceSum", ["kept" if masked else "rows", "tokens"], ["logits"], keepdims=0)],
            inputs, [value("logits", [batch, 3])],
            numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([2], np.int64), "axis"), numpy_helper.from_array(np.array([1], np.int64), "tokens")))
        (HERE / name / "vocabulary.txt").write_text("<pad>\n<unk>\nred\ngreen\nblue\nvery\n")
        (HERE / name / "ortho.json").write_text('{"vocabulary": "vocabulary.txt", "labels": ["red", "green", "blue"], "untrained": [1]}\n')
    strings = helper.make_tensor_value_info("text", TensorProto.STRING, ["batch"])
    write("strings", passing("strings", [node("Identity", ["text"], ["same"])], [strings],
                             [helper.make_tensor_value_info("same", TensorProto.STRING, ["batch"])]))
    write("sequence_out", passing(
        "sequence_out", [node("SequenceConstruct", ["x", "x"], ["list"])], [value("x", ["batch", 2])],
        [helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, ["batch", 2])]))
    write("no_inputs", passing("no_inputs", [node("Identity", ["c"], ["y"])], [], [value("y", [2])],
                               numpy_helper.from_array(np.ones(2, np.float32), "c")))


def outside(array, name, location, before=0, length=True):
    """A tensor, and what the file holds that its data lies in."""
    tensor = numpy_helper.from_array(array, name)
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", str(before)), ("length", str(len(raw)))):
        if key == "location" or key == "offset" and before or key == "length" and length:
            tensor.external_data.add(key=key, value=text)
    return tensor, b"\1" * before + raw


def external_parts():
    """Weights in files beside the graph, named wherever a graph can name them."""
    node, files = helper.make_node, {}

    def part(location, numbers, name, kind=np.float32, **rest):
        tensor, files[location] = outside(np.array(numbers, kind), name, location, **rest)
        return tensor

    def branch(scale, location):
        return helper.make_graph([node("Mul", ["scores", "scale"], [location + " out"])], location, [],
                                 [value(location + " out", ["batch", 3])], [part(location, scale, "scale")])

    add = helper.make_function(
        "parts", "AddThree", ["a"], ["b"],
        [node("Constant", [], ["three"], value=part("function.bin", [1, 2, 3], "three")), node("Add", ["a", "three"], ["b"])],
        [helper.make_opsetid("", 17)])
    sparse = helper.make_sparse_tensor(part("sparse.bin", [4], "four"), numpy_helper.from_array(np.array([1], np.int64), "at"), [3])
    graph = helper.make_graph(
        [node("GlobalAveragePool", ["input"], ["mean"]), node("Flatten", ["mean"], ["flat"]),
         node("MatMul", ["flat", "weight"], ["product"]),
         node("Constant", [], ["bias"], value=part("deep/constant.bin", [0.5, 0.25, 0.125], "bias", before=8, length=False)),
         node("Add", ["product", "bias"], ["scores"]),
         node("If", ["yes"], ["scaled"], then_branch=branch(2, "then.bin"), else_branch=branch(3, "else.bin")),
         node("AddThree", ["scaled"], ["more"], domain="parts"),
         node("Add", ["more", "four"], ["logits"])],
        "parts", [value("input", ["batch", 3, SIZE, SIZE])], [value("logits", ["batch", 3])],
        [part("initializer.bin", np.eye(3) * 8, "weight", before=64), numpy_helper.from_array(np.array(True), "yes")],
        sparse_initializer=[sparse])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("parts", 1)],
                              ir_version=8, functions=[add], producer_name="make_test_models", producer_version="1")
    folder = HERE / "external_parts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for location, data in files.items():
        (folder / location).parent.mkdir(exist_ok=True)
        (folder / location).write_bytes(data)


def main():
    write("float32_nchw", float32_nchw())
    write("dynamic_size", float32_nchw(size="side"))
    write("batch4", float32_nchw(batch=4))
    write("external", float32_nchw(), external="weights.bin")
    external_parts()

    nodes, weights = head("nchw", scale=0.05)
    write("uint8_nhwc_softmax", graph(
        [helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
         helper.make_node("Transpose", ["float"], ["nchw"], perm=[0, 3, 1, 2])] + nodes +
        [helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1)],
        [value("image", ["N", SIZE, SIZE, 3], TensorProto.UINT8)], [value("probabilities", ["N", 3])], weights))

    nodes, weights = head("float", scale=0.05)
    write("int8_nchw", graph(
        [helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT)] + nodes + [identity("scores", "logits")],
        [value("image", ["N", 3, SIZE, SIZE], TensorProto.INT8)], [value("logits", ["N", 3])], weights))

    nodes, weights = head("pixels", np.float16)
    write("float16_nchw", graph(
        nodes + [identity("scores", "logits")],
        [value("pixels", ["batch", 3, SIZE, SIZE], TensorProto.FLOAT16)],
        [value("logits", ["batch", 3], TensorProto.FLOAT16)], weights))

    nodes, weights = head("input")
    write("sigmoid", graph(
        nodes + [helper.make_node("Sigmoid", ["scores"], ["probabilities"])],
        [value("input", ["batch", 3, SIZE, SIZE])], [value("probabilities", ["batch", 3])], weights))

    nodes, weights = head("input", classes=1)
    write("gray", graph(
        nodes + [helper.make_node("Sub", ["one", "scores"], ["dark"]),
                 helper.make_node("Concat", ["dark", "scores"], ["logits"], axis=1)],
        [value("input", ["batch", 1, SIZE, SIZE])], [value("logits", ["batch", 2])],
        weights + [numpy_helper.from_array(np.float32(8), "one")]))

    nodes, weights = head("both")
    write("two_images", graph(
        [helper.make_node("Add", ["left", "right"], ["both"])] + nodes + [identity("scores", "logits")],
        [value("left", ["batch", 3, SIZE, SIZE]), value("right", ["batch", 3, SIZE, SIZE])],
        [value("logits", ["batch", 3])], weights))

    nodes, weights = head("input")
    write("pooled", graph(
        nodes + [helper.make_node("Unsqueeze", ["scores", "axes"], ["logits"])],
        [value("input", ["batch", 3, SIZE, SIZE])], [value("logits", ["batch", 3, 1, 1])],
        weights + [numpy_helper.from_array(np.array([2, 3], np.int64), "axes")]))

    nodes, weights = head("input")
    write("nan", graph(
        nodes + [helper.make_node("Div", ["zero", "zero"], ["undefined"]),
                 helper.make_node("Add", ["scores", "undefined"], ["logits"])],
        [value("input", ["batch", 3, SIZE, SIZE])], [value("logits", ["batch", 3])],
        weights + [numpy_helper.from_array(np.float32(0), "zero")]))

    nodes, weights = head("input")
    write("embedding", graph(
        nodes + [identity("scores", "logits"), identity("flat", "embedding")],
        [value("input", ["batch", 3, SIZE, SIZE])],
        [value("logits", ["batch", 3]), value("embedding", ["batch", 3])], weights))

    nodes, weights = head("images")
    write("ultralytics", metadata(graph(
        nodes + [helper.make_node("Softmax", ["scores"], ["output0"], axis=1)],
        [value("images", ["batch", 3, SIZE, SIZE])], [value("output0", ["batch", 3])], weights),
        description="Ultralytics YOLOv8n-cls model", author="Ultralytics", task="classify", batch="1", stride="1",
        imgsz=str([SIZE, SIZE]), names=str({0: "red", 1: "it's green", 2: "blue"}), channels="3"))

    # The output's shape is left out, as some converters do.
    model = float32_nchw()
    model.graph.output[0].type.tensor_type.ClearField("shape")
    write("no_shape", model)

    # Says that any batch will do, and takes 2 only.
    nodes, weights = head("pair")
    write("batch2_unsaid", graph(
        [helper.make_node("Transpose", ["input"], ["batch_last"], perm=[1, 2, 3, 0]),
         helper.make_node("MatMul", ["batch_last", "two"], ["same"]),
         helper.make_node("Transpose", ["same"], ["pair"], perm=[3, 0, 1, 2])] + nodes + [identity("scores", "logits")],
        [value("input", ["batch", 3, SIZE, SIZE])], [value("logits", ["batch", 3])],
        weights + [numpy_helper.from_array(np.eye(2, dtype=np.float32), "two")]))

    not_images()
    unequal()
    training()

    write("not_an_image", graph(
        [helper.make_node("Softmax", ["x"], ["y"])], [value("x", ["batch", 3])], [value("y", ["batch", 3])], []))


if __name__ == "__main__":
    sys.exit(main())
