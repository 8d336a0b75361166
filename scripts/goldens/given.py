"""Graphs that take an image of 8x8 pixels and a further input that is the same in every run, an
image, and given.json: the values that are given, and the probabilities by ONNX Runtime of two
images, a black one behind the other."""

import json

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from onnx import numpy_helper
from PIL import Image

from goldens.heads import softmax

MASK = (np.arange(64).reshape(1, 1, 8, 8) % 3).astype(np.float64)
ALL = {"N": 2, "height": 8, "width": 8}

# name: (the batch as declared, the further inputs, body after the logits l of [N,4], what is set, what ONNX Runtime gets)
GRAPHS = {
    "scalar": ("N", "float keep_prob", "y = Mul(l, keep_prob)", ["keep_prob=0.5"], {"keep_prob": np.float32(0.5)}),
    "one": ("N", "float[1] keep_prob", "y = Mul(l, keep_prob)", ["keep_prob=.5"], {"keep_prob": np.float32([0.5])}),
    "training": ("N", "bool is_training", "n = Neg(l)\ny = Where(is_training, n, l)", ["is_training=true"], {"is_training": np.bool_(True)}),
    "mask": ("N", "int64[N,height,width] pixel_mask", "m = Cast<to = 1>(pixel_mask)\na = Constant<value_ints = [1, 2]>()\nr = ReduceSum<keepdims = 0>(m, a)\nb = Constant<value_ints = [1]>()\n"
             "u = Unsqueeze(r, b)\nc = Constant<value_float = 50.0>()\nd = Div(u, c)\ny = Mul(l, d)", ["pixel_mask=1"], {"pixel_mask": np.ones((2, 8, 8), np.int64)}),
    "sizes": ("N", "int64[M,2] orig_target_sizes", "m = Cast<to = 1>(orig_target_sizes)\na = Constant<value_ints = [1]>()\nr = ReduceSum<keepdims = 1>(m, a)\nc = Constant<value_float = 1000.0>()\n"
              "d = Div(r, c)\ny = Mul(l, d)", ["orig_target_sizes=[480, 640]"], {"orig_target_sizes": np.int64([[480, 640]] * 2)}),
    "file": ("N", "float[1,1,8,8] mask", "a = Constant<value_ints = [1, 2, 3]>()\nm = Mul(image, mask)\nt = ReduceMean<keepdims = 0>(m, a)\nb = Constant<value_ints = [1]>()\n"
             "u = Unsqueeze(t, b)\ny = Mul(l, u)", ["mask=mask.npy"], {"mask": MASK.astype(np.float32)}),
    "half": ("N", "float16[N] sigma, int32[1] steps", "s = Cast<to = 1>(sigma)\nb = Constant<value_ints = [1]>()\nu = Unsqueeze(s, b)\nq = Cast<to = 1>(steps)\nv = Mul(u, q)\ny = Mul(l, v)",
             ["sigma=0.1", "steps=[3]"], {"sigma": np.float16([0.1, 0.1]), "steps": np.int32([3])}),
    "batch4": ("4", "uint8[4,1] level", "s = Cast<to = 1>(level)\nc = Constant<value_float = 100.0>()\nd = Div(s, c)\ny = Mul(l, d)", ["level=[200]"], {"level": np.uint8([[200]] * 4)}),
    "default": ("N", "float[1] alpha", "y = Mul(l, alpha)", ["alpha=0.25"], {"alpha": np.float32([0.25])}),
}


def main(out):
    rng = np.random.default_rng(11)
    picture = rng.integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(picture).save(out / "image.png")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(out / "black.png")
    np.save(out / "mask.npy", MASK)
    weights = rng.normal(size=(3, 4)).astype(np.float32) * 3
    bias = rng.normal(size=4).astype(np.float32)
    golden = {}
    for name, (batch, inputs, body, given, feed) in GRAPHS.items():
        size = "height,width" if name == "mask" else "8,8"
        model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]>\ng (float[{batch},3,{size}] image, {inputs}) => (float[{batch},4] y)\n{{\n'
                                        f"p = GlobalAveragePool(image)\nf = Flatten(p)\nx = MatMul(f, w)\nl = Add(x, bias)\n{body}\n}}")
        model.graph.initializer.extend([numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "bias")])
        if name == "default":
            model.graph.initializer.append(numpy_helper.from_array(np.float32([1]), "alpha"))
        onnx.checker.check_model(model)
        (out / f"{name}.onnx").write_bytes(model.SerializeToString())
        rows = [picture.transpose(2, 0, 1) / np.float32(255), np.zeros((3, 8, 8), np.float32)]
        images = np.stack(rows * (2 if batch == "4" else 1)).astype(np.float32)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        y = session.run(None, {"image": images, **{k: np.asarray(v) for k, v in feed.items()}})[0]
        golden[name] = {"set": given, "probabilities": [[float(p) for p in softmax(row.astype(np.float64))] for row in y[:2]]}
    (out / "given.json").write_text(json.dumps(golden, indent=1) + "\n")
