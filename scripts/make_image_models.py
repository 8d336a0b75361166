"""Writes models/generate/testdata/graphs: small graphs that take an image and give one.

models/generate/image_test.go says how each is run, scripts/goldens/images.py what comes out.
"""
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OUT = pathlib.Path(__file__).resolve().parent.parent / "models/generate/testdata/graphs"
FLOAT, HALF, UINT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
node = helper.make_node


def write(name, nodes, source, target, weights=(), kind=FLOAT, out=None, unsaid=False):
    g = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("image", kind, source)], [helper.make_tensor_value_info("made", out or kind, target)],
        [numpy_helper.from_array(np.asarray(w), n) for n, w in weights])
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make_image_models")
    checker.check_model(model, full_check=True)
    if unsaid:
        model.graph.output[0].type.tensor_type.ClearField("shape")
    save(model, OUT / f"{name}.onnx")


def convolutions(random, channels, kinds=np.float32):
    """A 3x3 convolution between each two counts of channels, with LeakyRelu between: nodes from image to "features", weights."""
    nodes, weights, x = [], [], "image"
    for i, (a, b) in enumerate(zip(channels, channels[1:])):
        last = i == len(channels) - 2
        kernel = random.normal(0, 1 / np.sqrt(9 * a), (b, a, 3, 3))
        weights += [(f"w{i}", kernel.astype(kinds)), (f"b{i}", np.full(b, 0.5 if last else 0.1, kinds))]
        y = "features" if last else f"c{i}"
        nodes.append(node("Conv", [x, f"w{i}", f"b{i}"], [y], pads=[1, 1, 1, 1]))
        if not last:
            nodes.append(node("LeakyRelu", [y], [f"r{i}"], alpha=0.2))
        x = f"r{i}"
    return nodes, weights


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(6)
    open_size = lambda c: ["batch", c, "height", "width"]
    shuffle = lambda n: node("DepthToSpace", ["features"], ["made"], blocksize=n, mode="CRD")

    # Each pixel n x n times.
    repeat = lambda n, kind: [("w", np.repeat(np.eye(3, dtype=kind), n * n, 0)[:, :, None, None])]
    write("nearest_x2", [node("Conv", ["image", "w"], ["features"]), shuffle(2)], open_size(3), ["batch", 3, "2*height", "2*width"], repeat(2, np.float32))
    write("nearest_x3_float16", [node("Conv", ["image", "w"], ["features"]), shuffle(3)], open_size(3), ["batch", 3, "height3", "width3"], repeat(3, np.float16), HALF, unsaid=True)
    write("nearest_x3", [node("Conv", ["image", "w"], ["features"]), shuffle(3)], open_size(3), ["batch", 3, "height3", "width3"], repeat(3, np.float32))

    # Three convolutions: what is more than three pixels away does not count.
    nodes, weights = convolutions(random, (3, 8, 8, 27))
    write("radius3_x3", nodes + [shuffle(3)], open_size(3), ["batch", 3, "height3", "width3"], weights)
    nodes, weights = convolutions(random, (1, 8, 9))
    write("luma_x3", nodes + [shuffle(3)], open_size(1), ["batch", 1, "height3", "width3"], weights)
    write("luma_x3_fixed", nodes + [shuffle(3)], [1, 1, 24, 32], [1, 1, 72, 96], weights)

    # Blue, the first channel, at half its strength.
    write("blue_nhwc_uint8", [node("Cast", ["image"], ["x"], to=FLOAT), node("Mul", ["x", "half"], ["y"]), node("Floor", ["y"], ["z"]),
                              node("Cast", ["z"], ["made"], to=UINT8)],
          ["batch", "height", "width", 3], ["batch", "height", "width", 3], [("half", np.float32([0.5, 1, 1]))], UINT8)

    # 0-255, of one size, with a normalisation over all of the image, as style transfer has.
    nodes, weights = convolutions(random, (3, 8, 3))
    write("style_32x48", nodes + [node("InstanceNormalization", ["features", "scale", "shift"], ["made"])],
          [1, 3, 32, 48], [1, 3, 32, 48], weights + [("scale", np.full(3, 60, np.float32)), ("shift", np.full(3, 120, np.float32))])
    write("fixed_32x32_x2", [node("Conv", ["image", "w"], ["features"]), shuffle(2)], [1, 3, 32, 32], [1, 3, 64, 64], repeat(2, np.float32))

    write("half", [node("AveragePool", ["image"], ["made"], kernel_shape=[2, 2], strides=[2, 2])], open_size(3), ["batch", 3, "h", "w"])
    write("gray", [node("ReduceMean", ["image"], ["made"], axes=[1], keepdims=1)], open_size(3), ["batch", 1, "height", "width"])
    write("smaller", [node("AveragePool", ["image"], ["made"], kernel_shape=[3, 3], strides=[1, 1])], open_size(3), ["batch", 3, "h", "w"])

    # Values that are none, where the image is dark: the root of less than 0.
    write("nan", [node("Sub", ["image", "most"], ["x"]), node("Sqrt", ["x"], ["made"])], open_size(3), open_size(3), [("most", np.float32(0.2))])
    write("black", [node("Mul", ["image", "zero"], ["made"])], open_size(3), open_size(3), [("zero", np.float32(0))])
    write("by255", [node("Mul", ["image", "much"], ["x"]), node("Add", ["x", "some"], ["made"])], open_size(3), open_size(3),
          [("much", np.float32(255)), ("some", np.float32(2))])

    # Sizes that must be multiples: of 3 by an operator, of 2 by a reshape to counts that are computed, of 8 by halves
    # that are enlarged and added to what they were made of.
    write("multiple_3", [node("SpaceToDepth", ["image"], ["x"], blocksize=3), node("DepthToSpace", ["x"], ["made"], blocksize=3)],
          open_size(3), ["batch", 3, "h", "w"])
    counts = [node("Shape", ["image"], ["shape"])]
    for name, axis in (("rows", 2), ("columns", 3)):
        counts += [node("Gather", ["shape", f"i{axis}"], [name]), node("Div", [name, "two"], [f"half {name}"]), node("Unsqueeze", [f"half {name}", "zero"], [f"of {name}"])]
    write("multiple_2", counts + [node("Concat", ["head", "of rows", "pair", "of columns", "pair"], ["split"], axis=0), node("Reshape", ["image", "split"], ["x"]),
                                  node("Reshape", ["x", "shape"], ["made"])],
          open_size(3), ["batch", 3, "h", "w"],
          [("i2", np.int64(2)), ("i3", np.int64(3)), ("two", np.int64(2)), ("zero", np.int64([0])), ("head", np.int64([1, 3])), ("pair", np.int64([2]))])
    halves, x = [], "image"
    for i in range(3):
        halves.append(node("MaxPool", [x], [f"p{i}"], kernel_shape=[2, 2], strides=[2, 2]))
        x = f"p{i}"
    for i in range(3):
        skip = ("image", "p0", "p1")[2 - i]
        halves += [node("Resize", [x, "", "scales"], [f"u{i}"], mode="nearest"), node("Add", [f"u{i}", skip], [f"s{i}"]),
                   node("Mul", [f"s{i}", "half"], ["made" if i == 2 else f"m{i}"])]
        x = f"m{i}"
    write("multiple_8", halves, open_size(3), ["batch", 3, "h", "w"], [("scales", np.float32([1, 1, 2, 2])), ("half", np.float32(0.5))])

    # Its edges are reflected by 3 pixels, so that an image of fewer can't be run.
    write("reflects", [node("Pad", ["image", "pads"], ["wide"], mode="reflect"), node("AveragePool", ["wide"], ["made"], kernel_shape=[7, 7], strides=[1, 1])],
          open_size(3), ["batch", 3, "h", "w"], [("pads", np.int64([0, 0, 3, 3, 0, 0, 3, 3]))])

    # An image and a mask, as LaMa has them: the hole gets the mean of what is around it.
    for name, height, width in (("fill", "height", "width"), ("fill_24x32", 24, 32)):
        nodes = [node("Sub", ["one", "mask"], ["keep"]), node("Mul", ["image", "keep"], ["kept"]), node("ReduceMean", ["kept"], ["sum"], axes=[2, 3], keepdims=1),
                 node("ReduceMean", ["keep"], ["part"], axes=[2, 3], keepdims=1), node("Div", ["sum", "part"], ["mean"]), node("Mul", ["mean", "mask"], ["hole"]),
                 node("Add", ["kept", "hole"], ["made"])]
        g = helper.make_graph(nodes, name, [helper.make_tensor_value_info(n, FLOAT, [1, c, height, width]) for n, c in (("image", 3), ("mask", 1))],
                              [helper.make_tensor_value_info("made", FLOAT, [1, 3, height, width])], [numpy_helper.from_array(np.float32(1), "one")])
        model = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make_image_models")
        checker.check_model(model, full_check=True)
        save(model, OUT / f"{name}.onnx")

    # The same of bytes: as MI-GAN's pipeline has it, 255 is what is kept; in another layout, where it is the hole; and one whose output
    # does not show which it is, since it darkens what it keeps.
    for name, kept, last in (("fill_kept", True, False), ("fill_nhwc", False, True), ("fill_neither", True, False)):
        axes = [1, 2] if last else [2, 3]
        nodes = [node("Cast", ["image"], ["pixels"], to=FLOAT), node("Cast", ["mask"], ["bytes"], to=FLOAT), node("Div", ["bytes", "white"], ["marks"]),
                 node("Sub", ["one", "marks"], ["others"])]
        keep, hole = ("marks", "others") if kept else ("others", "marks")
        nodes += [node("Mul", ["pixels", keep], ["kept"]), node("ReduceMean", ["kept"], ["sum"], axes=axes, keepdims=1),
                  node("ReduceMean", [keep], ["part"], axes=axes, keepdims=1), node("Max", ["part", "little"], ["some"]), node("Div", ["sum", "some"], ["mean"]),
                  node("Mul", ["mean", hole], ["filled"]), node("Mul", ["kept", "share"], ["shown"]), node("Add", ["shown", "filled"], ["all"]),
                  node("Clip", ["all", "zero", "white"], ["clipped"]), node("Cast", ["clipped"], ["result"], to=TensorProto.UINT8)]
        shape = lambda c: ["batch", "height", "width", c] if last else ["batch", c, "height", "width"]
        g = helper.make_graph(nodes, name, [helper.make_tensor_value_info(n, TensorProto.UINT8, shape(c)) for n, c in (("image", 3), ("mask", 1))],
                              [helper.make_tensor_value_info("result", TensorProto.UINT8, shape(3))],
                              [numpy_helper.from_array(np.float32(v), n) for v, n in ((0.5 if name == "fill_neither" else 1, "share"), (0, "zero"), (1, "one"), (255, "white"), (1e-6, "little"))])
        model = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make_image_models")
        checker.check_model(model, full_check=True)
        save(model, OUT / f"{name}.onnx")


if __name__ == "__main__":
    main()
