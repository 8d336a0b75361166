"""Makes a small graph with the input and output of WD taggers' exports, weights by chance, its selected_tags.csv, and
records what imgutils' rule makes of photographs with it (dghs-imgutils, imgutils/tagging/wd14.py), for cmd/ortho and models/classify.

usage: python scripts/goldens/tag.py      (pip install -r scripts/requirements.txt)
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
OUT = ROOT / "models/tag/testdata/wd"
EDGE = 64  # theirs is 448
TAGS = [("general_rating", 9), ("sensitive", 9), ("1girl", 0), ("long_hair", 0), ("^_^", 0), ("cat, (animal)", 0), ("blue_sky", 0), ("hatsune_miku", 4), ("rei_(eva)", 4)]


def tensor(image):
    """_prepare_image_for_tagging."""
    edge = max(image.size)
    square = Image.new("RGB", (edge, edge), (255, 255, 255))
    square.paste(image, ((edge - image.size[0]) // 2, (edge - image.size[1]) // 2))
    if edge != EDGE:
        square = square.resize((EDGE, EDGE), Image.Resampling.BICUBIC)
    return np.asarray(square, np.float32)[None, :, :, ::-1]


def main():
    rng = np.random.default_rng(11)
    OUT.mkdir(parents=True, exist_ok=True)
    w = (rng.normal(size=(EDGE * EDGE * 3, len(TAGS))) * 4e-5).astype(np.float32)
    half = w.astype(np.float16)
    nodes = [helper.make_node("Flatten", ["input"], ["flat"]), helper.make_node("Cast", ["half"], ["w"], to=TensorProto.FLOAT),
             helper.make_node("MatMul", ["flat", "w"], ["logits"]), helper.make_node("Sigmoid", ["logits"], ["output"])]
    g = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", EDGE, EDGE, 3])],
                          [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", len(TAGS)])], [numpy_helper.from_array(half, "half")])
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, OUT / "model.onnx")
    lines = ["tag_id,name,category,count"] + [f'{9999999 - 7 * i},"{name}",{category},{1000 * i + 1}' for i, (name, category) in enumerate(TAGS)]
    (OUT / "selected_tags.csv").write_text("\n".join(lines) + "\n")
    session = ort.InferenceSession(OUT / "model.onnx", providers=["CPUExecutionProvider"])
    made = {}
    for name in ["chelsea.png", "rocket.jpg", "coffee.png"]:
        image = Image.open(ROOT / "cmd/ortho/testdata/photos" / name).convert("RGB")
        made[name] = session.run(None, {"input": tensor(image)})[0][0].tolist()
        print(name, np.round(made[name], 3))
    (OUT.parent / "wd.json").write_text(json.dumps(made, indent=1) + "\n")


main()
