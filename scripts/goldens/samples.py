"""Small decoders in the shapes that exporters give them, and what PyTorch's noise and ONNX Runtime make of them.

NAME are the models. cases.json lists requests by graph; image I of cases.npz is the
result of request I: uint8, height x width x channels.
"""
import json

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, checker, helper, numpy_helper, save

from goldens.text import tokens

LATENTS, CLASSES, LENGTH = 16, 5, 6
VOCABULARY = ["<pad>", "<unk>", "zero", "one", "two", "three", "four", "bold", "a"]
LABELS = VOCABULARY[2:7]
node = helper.make_node


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.array(values, kind), name)


def decoder(rng, channels):
    """DCGAN's generator, small: [N,16,1,1] "h" -> [N,channels,16,16] "x"."""
    weights = [constant(f"w{i}", rng.normal(0, gain, shape)) for i, (shape, gain) in enumerate(
        [((LATENTS, 6, 4, 4), 0.15), ((6, 4, 4, 4), 0.5), ((4, channels, 4, 4), 0.5)])]
    nodes = [node("ConvTranspose", ["h", "w0"], ["c0"], kernel_shape=[4, 4]), node("Relu", ["c0"], ["r0"]),
             node("ConvTranspose", ["r0", "w1"], ["c1"], kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1]), node("Relu", ["c1"], ["r1"]),
             node("ConvTranspose", ["r1", "w2"], ["x"], kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])]
    return nodes, weights


def square(source):
    """[N,16] -> [N,16,1,1] "h"."""
    return [node("Reshape", [source, "square"], ["h"])], [constant("square", [-1, LATENTS, 1, 1], np.int64)]


def model(out, name, nodes, inputs, outputs, weights, **sidecar):
    g = helper.make_graph(nodes, name, inputs, outputs, weights)
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="goldens/samples", producer_version="1")
    checker.check_model(m, full_check=True)
    (out / name).mkdir(exist_ok=True)
    save(m, out / name / "model.onnx")
    if sidecar:
        (out / name / "ortho.json").write_text(json.dumps(sidecar) + "\n")


def models(out):
    rng = np.random.default_rng(6)
    table = lambda name, rows: constant(name, rng.normal(0, 1, (rows, LATENTS)))
    rgb = value("image", ["batch", 3, 16, 16])
    tanh = [node("Tanh", ["x"], ["image"])]

    nodes, weights = decoder(rng, 3)
    deep = [node("Identity", ["z"], ["h"])]
    model(out, "dcgan", deep + nodes + tanh, [value("z", ["batch", LATENTS, 1, 1])], [rgb], weights)

    shape, square_weights = square("both")
    by_class = [node("Gather", ["table", "label"], ["rows"]), node("Add", ["z", "rows"], ["both"])]
    model(out, "class", by_class + shape + nodes + tanh,
          [value("z", ["batch", LATENTS]), value("label", ["batch"], TensorProto.INT64)], [rgb], weights + square_weights + [table("table", CLASSES)], labels=LABELS)

    # BigGAN's inputs.
    one_hot = [node("MatMul", ["class_vector", "table"], ["rows"]), node("Mul", ["rows", "truncation"], ["scaled"]), node("Add", ["z", "scaled"], ["both"])]
    model(out, "onehot", one_hot + shape + nodes + tanh,
          [value("z", ["batch", LATENTS]), value("class_vector", ["batch", CLASSES]), value("truncation", [])], [rgb],
          weights + square_weights + [table("table", CLASSES)])

    mean = [node("Gather", ["table", "input_ids"], ["rows"]), node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["mask", "last"], ["mask3"]), node("Mul", ["rows", "mask3"], ["there"]), node("ReduceSum", ["there", "tokens"], ["sum"], keepdims=0),
            node("ReduceSum", ["mask", "tokens"], ["n"], keepdims=1), node("Max", ["n", "one"], ["count"]), node("Div", ["sum", "count"], ["text"]),
            node("Add", ["z", "text"], ["both"])]
    model(out, "text", mean + shape + nodes + tanh,
          [value("input_ids", ["batch", LENGTH], TensorProto.INT64), value("attention_mask", ["batch", LENGTH], TensorProto.INT32), value("z", ["batch", LATENTS])], [rgb],
          weights + square_weights + [table("table", len(VOCABULARY)), constant("last", [2], np.int64), constant("tokens", [1], np.int64), constant("one", 1)],
          labels=LABELS, vocabulary="vocabulary.txt")
    (out / "text" / "vocabulary.txt").write_text("\n".join(VOCABULARY) + "\n")

    half = [node("Cast", ["z"], ["wide"], to=TensorProto.FLOAT), node("Gather", ["table", "label"], ["rows3"]), node("Squeeze", ["rows3", "axis"], ["rows"]),
            node("Add", ["wide", "rows"], ["both"])]
    model(out, "half", half + shape + nodes + [node("Tanh", ["x"], ["y"]), node("Cast", ["y"], ["image"], to=TensorProto.FLOAT16)],
          [value("z", ["batch", LATENTS], TensorProto.FLOAT16), value("label", ["batch", 1], TensorProto.INT32)], [value("image", ["batch", 3, 16, 16], TensorProto.FLOAT16)],
          weights + square_weights + [table("table", CLASSES), constant("axis", [1], np.int64)], labels=LABELS)

    nodes, weights = decoder(rng, 1)
    shape, square_weights = square("z")
    bytes_out = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "scale"], ["s255"]), node("Round", ["s255"], ["r"]), node("Cast", ["r"], ["u"], to=TensorProto.UINT8),
                 node("Transpose", ["u"], ["image"], perm=[0, 2, 3, 1])]
    model(out, "nhwc", shape + nodes + bytes_out, [value("z", [2, LATENTS])], [value("image", [2, 16, 16, 1], TensorProto.UINT8)],
          weights + square_weights + [constant("scale", 255)], latent_distribution="uniform")

    # What must be refused: z [N,3,1,1] -> NaN at one place, or one value everywhere.
    model(out, "nan", [node("Expand", ["z", "size"], ["wide"]), node("Sqrt", ["wide"], ["image"])], [value("z", ["batch", 3, 1, 1])],
          [value("image", ["batch", 3, 4, 4])], [constant("size", [1, 3, 4, 4], np.int64)], output_range=[-1, 1])
    model(out, "constant", [node("Expand", ["z", "size"], ["wide"]), node("Mul", ["wide", "zero"], ["image"])], [value("z", ["batch", 3, 1, 1])],
          [value("image", ["batch", 3, 4, 4])], [constant("size", [1, 3, 4, 4], np.int64), constant("zero", 0)], output_range=[-1, 1])


def draw(shape, seed, truncation=None, uniform=False, count=0):
    """Latents, then a class where none is given."""
    torch.manual_seed(seed)
    if uniform:
        return torch.rand(shape) * 2 - 1, None
    z = torch.randn(shape)
    if truncation:
        while (far := z.abs() > 2).any():
            z[far] = torch.randn(int(far.sum()))
        z = z * truncation
    return z, int(torch.randint(count, ())) if count else None


def ids(text):
    found = [VOCABULARY.index(t) if t in VOCABULARY else 1 for t in tokens(text)][:LENGTH]
    return found + [0] * (LENGTH - len(found)), [1] * len(found) + [0] * (LENGTH - len(found))


def feed(model, r):
    """The inputs that stand for a request."""
    seed, truncation, label = r["seed"], r.get("truncation"), r.get("class")
    shape = (1, LATENTS, 1, 1) if model == "dcgan" else (1, LATENTS)
    z, drawn = draw(shape, seed, truncation, model == "nhwc", CLASSES if label is None and model in ("class", "onehot", "half") else 0)
    if "latents" in r:
        z = torch.tensor(r["latents"]).reshape(shape)
    label = drawn if label is None else label
    z = z.numpy()
    match model:
        case "dcgan":
            return {"z": z}
        case "nhwc":
            return {"z": np.repeat(z, 2, 0)}
        case "class":
            return {"z": z, "label": np.array([label])}
        case "half":
            return {"z": z.astype(np.float16), "label": np.array([[label]], np.int32)}
        case "onehot":
            return {"z": z, "class_vector": np.eye(CLASSES, dtype=np.float32)[[label]], "truncation": np.array(truncation or 1, np.float32)}
        case "text":
            tokens_in, mask = ids(r.get("text") or (LABELS[label] if label is not None else ""))
            return {"input_ids": np.array([tokens_in]), "attention_mask": np.array([mask], np.int32), "z": z}


def main(out):
    models(out)
    given = np.random.default_rng(3).normal(0, 1, LATENTS).astype(np.float32).tolist()
    requests = {
        "dcgan": [{"seed": s} for s in (0, 1, 2**63, 2**64 - 1)] + [{"seed": s, "truncation": t} for s, t in ((8, 0.5), (15, 1.0), (45, 0.7))] + [{"seed": 9, "latents": given}],
        "class": [{"seed": 0}, {"seed": 1}, {"seed": 2}, {"seed": 2, "class": 0}, {"seed": 2, "class": 4}, {"seed": 15, "truncation": 0.7}],
        "onehot": [{"seed": 0, "class": 3}, {"seed": 0, "class": 3, "truncation": 0.4}, {"seed": 5}, {"seed": 5, "class": 1, "latents": given, "truncation": 0.4}],
        "text": [{"seed": 4}, {"seed": 4, "text": "A bold THREE"}, {"seed": 4, "text": "bold, unseen words: one two three four five"}, {"seed": 4, "class": 3}, {"seed": 5, "text": "four"}],
        "half": [{"seed": 0}, {"seed": 1, "class": 2}, {"seed": 1, "class": 4, "truncation": 0.5}],
        "nhwc": [{"seed": 0}, {"seed": 1}],
    }
    cases, images = [], {}
    for name, list_of in requests.items():
        session = onnxruntime.InferenceSession(str(out / name / "model.onnx"), providers=["CPUExecutionProvider"])
        for r in list_of:
            y = session.run(None, feed(name, r))[0][0].astype(np.float64)
            pixels = y if name == "nhwc" else ((y + 1) / 2 * 255).transpose(1, 2, 0)
            images[str(len(cases))] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
            cases.append({"model": name, "request": r | {"seed": str(r["seed"])}})
    (out / "cases.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    np.savez_compressed(out / "cases.npz", **images)
