"""What Ultralytics' own predictor makes of graphs in each layout that its exporter writes.

    pip install ultralytics==8.4.190 onnx onnxruntime
    python scripts/make_goldens.py detect_ultralytics

Each graph is a few nodes: a convolution of 8x8 pixels with weights drawn here, of which the outputs are made in
the layout, and with the metadata, of a real export (which is made anew here, from Ultralytics' YAML files with
random weights, and only looked at). Committed are these graphs, and the numbers that the predictor gives of them.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from ultralytics import RTDETR, YOLO
from ultralytics.utils import LOGGER

LOGGER.setLevel("ERROR")
ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ["astronaut.png", "chelsea.png", "coffee.png"]
NAMES = ["cat", "dog", "cup", "bird"]
SIZE, PLACES = 96, 144 + 36 + 9

# name: YAML, task, arguments of the export; what its rows or columns are
KINDS = {
    "v8": ("yolov8n.yaml", "detect", {}, "columns"),
    "v8-dynamic": ("yolov8n.yaml", "detect", {"dynamic": True}, "columns"),
    "v8-nms": ("yolov8n.yaml", "detect", {"nms": True}, "rows"),
    "26-end2end": ("yolo26n.yaml", "detect", {"nms": False}, "rows"),
    "v8-seg": ("yolov8n-seg.yaml", "segment", {}, "columns"),
    "v8-pose": ("yolov8n-pose.yaml", "pose", {}, "columns"),
    "v8-obb": ("yolov8n-obb.yaml", "obb", {}, "columns"),
    "26-obb-end2end": ("yolo26n-obb.yaml", "obb", {"nms": False}, "rows"),
    "rtdetr": ("rtdetr-l.yaml", "detect", {}, "fractions"),
}


def metadata(yaml, arguments):
    """The metadata of a real export, with the names and the size of the small graph."""
    model = RTDETR(yaml) if "rtdetr" in yaml else YOLO(yaml)
    with tempfile.TemporaryDirectory() as folder:
        model.model.yaml_file = str(Path(folder) / yaml)
        path = Path(model.export(format="onnx", imgsz=SIZE, simplify=False, opset=17, **arguments))
        made = onnx.load(path)
        path.unlink()
    facts = {p.key: p.value for p in made.metadata_props}
    shapes = [[d.dim_value or d.dim_param for d in o.type.tensor_type.shape.dim] for o in made.graph.output]
    print(yaml, arguments, shapes, {k: facts.get(k) for k in ("task", "head", "end2end", "kpt_shape", "args")}, file=sys.stderr)
    facts["names"] = str(dict(enumerate(NAMES)))
    if facts.get("kpt_shape"):
        facts["kpt_shape"] = "[5, 3]"
    facts.pop("date", None)
    return facts


def graph(task, form, dynamic, facts, seed):
    rng = np.random.default_rng(seed)
    extras = {"detect": 0, "segment": 8, "pose": 15, "obb": 1}[task]
    n = 4 + len(NAMES) + extras
    nodes, inits = [], []

    def const(name, value):
        inits.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    weights = rng.normal(0, 0.25, (n, 3, 8, 8)).astype(np.float32)
    bias = rng.normal(0, 0.5, n).astype(np.float32)
    node("Conv", ["images", const("w", weights), const("b", bias)], "map", kernel_shape=[8, 8], strides=[8, 8])
    flat = []
    for i, step in enumerate((1, 2, 4)):
        s = node("Slice", ["map", const(f"from{i}", np.array([0, 0])), const(f"to{i}", np.array([9999, 9999])), const(f"axes{i}", np.array([2, 3])), const(f"step{i}", np.array([step, step]))], f"map{i}")
        flat.append(node("Reshape", [s, const(f"shape{i}", np.array([0, n, -1]))], f"flat{i}"))
    node("Concat", flat, "all", axis=2)
    node("Split", ["all", const("parts", np.array([2, 2, len(NAMES)] + ([extras] if extras else [])))], "xy", axis=1)
    nodes[-1].output[:] = ["xy", "wh", "cls"] + (["extra"] if extras else [])
    fractions = form == "fractions"
    scale = 1.0 if fractions else float(SIZE)
    node("Mul", [node("Sigmoid", ["xy"], "xy1"), const("edge", np.float32(scale))], "centre")
    node("Mul", [node("Sigmoid", ["wh"], "wh1"), const("half", np.float32(scale * 0.5))], "size")
    node("Sigmoid", [node("Mul", ["cls", const("wider", np.float32(2))], "cls1")], "scores")
    last = []
    if task == "obb":
        last = [node("Mul", [node("Sigmoid", ["extra"], "extra1"), const("pi", np.float32(3))], "angle")]
    elif task == "pose":
        node("Reshape", ["extra", const("kshape", np.array([0, 5, 3, -1]))], "k")
        node("Split", ["k", const("kparts", np.array([2, 1]))], "kxy", axis=2)
        nodes[-1].output[:] = ["kxy", "kv"]
        node("Concat", [node("Mul", [node("Sigmoid", ["kxy"], "kxy1"), const("kedge", np.float32(SIZE))], "kxy2"), node("Sigmoid", ["kv"], "kv1")], "k1", axis=2)
        last = [node("Reshape", ["k1", const("kback", np.array([0, 15, -1]))], "points")]
    elif task == "segment":
        last = ["extra"]
    outputs = []
    batch, side, places = (("batch", ["height", "width"], "anchors") if dynamic else (1, [SIZE, SIZE], PLACES))
    if form == "columns":
        node("Concat", ["centre", "size", "scores"] + last, "output0", axis=1)
        outputs.append(helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, n, places]))
    else:
        k = 40
        node("ReduceMax", ["scores"], "best", axes=[1], keepdims=1)
        node("Cast", [node("ArgMax", ["scores"], "class0", axis=1, keepdims=1)], "class", to=TensorProto.FLOAT)
        corners = ["centre", "size"]
        if not fractions and task != "obb":
            node("Mul", ["size", const("two", np.float32(0.5))], "halfsize")
            corners = [node("Sub", ["centre", "halfsize"], "first"), node("Add", ["centre", "halfsize"], "second")]
        node("Concat", corners + ["best", "class"] + last, "rows0", axis=1)
        node("Transpose", ["rows0"], "rows", perm=[0, 2, 1])
        node("TopK", [node("Squeeze", ["best", const("one", np.array([0, 1]))], "flatbest"), const("k", np.array([k]))], "topv", axis=0)
        nodes[-1].output[:] = ["topv", "topi"]
        node("Gather", ["rows", "topi"], "output0", axis=1)
        outputs.append(helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, k, 6 + extras]))
    if task == "segment":
        node("Conv", ["images", const("pw", rng.normal(0, 0.5, (8, 3, 4, 4)).astype(np.float32)), const("pb", rng.normal(0, 0.5, 8).astype(np.float32))], "output1", kernel_shape=[4, 4], strides=[4, 4])
        outputs.append(helper.make_tensor_value_info("output1", TensorProto.FLOAT, [1, 8, SIZE // 4, SIZE // 4]))
    made = helper.make_model(
        helper.make_graph(nodes, "small", [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3] + side)], outputs, inits),
        opset_imports=[helper.make_opsetid("", 17)], producer_name="pytorch", ir_version=8)
    helper.set_model_props(made, facts)
    onnx.checker.check_model(made)
    return made


def rle(mask):
    """COCO's compressed runs, down each column."""
    flat = mask.T.reshape(-1).astype(np.uint8)
    at = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], at, [flat.size]])).tolist()
    if flat[0]:
        counts = [0] + counts
    text = ""
    for i, c in enumerate(counts):
        if i > 2:
            c -= counts[i - 2]
        more = True
        while more:
            digit = c & 31
            c >>= 5
            more = c != -1 if digit & 16 else c != 0
            text += chr(48 + (digit | 32 if more else digit))
    return text


def results(path, task, photo):
    kind = RTDETR if "rtdetr" in path.name else lambda p: YOLO(p, task=task)
    r = kind(str(path)).predict(str(photo), imgsz=SIZE, device="cpu", retina_masks=True, verbose=False)[0]
    out = {"input": photo.name, "width": r.orig_shape[1], "height": r.orig_shape[0]}
    b = r.obb if r.obb is not None else r.boxes
    out["class"], out["score"] = b.cls.int().tolist(), [float(np.float32(v)) for v in b.conf]
    if r.obb is not None:
        x, y, w, h, t = r.obb.xywhr.numpy().astype(float).T
        out["box"], out["angle"] = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1).round(4).tolist(), t.round(6).tolist()
    else:
        out["box"] = b.xyxy.numpy().astype(float).round(4).tolist()
    if r.keypoints is not None:
        out["keypoints"] = r.keypoints.data.numpy().astype(float).round(4).tolist()
    if r.masks is not None:
        out["mask"] = [rle(m) for m in r.masks.data.numpy().astype(bool)]
    return out


def main(out):
    golden = {"ultralytics": __import__("ultralytics").__version__, "cases": {}}
    for seed, (name, (yaml, task, arguments, form)) in enumerate(KINDS.items()):
        facts = metadata(yaml, arguments)
        path = out / f"{name}.onnx"
        onnx.save(graph(task, form, arguments.get("dynamic"), facts, seed), path)
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        golden["cases"][name] = [results(path, task, ROOT / "cmd/ortho/testdata/photos" / photo) for photo in PHOTOS]
        print(name, [len(c["class"]) for c in golden["cases"][name]], path.stat().st_size, file=sys.stderr)
    (out / "goldens.json").write_text(json.dumps(golden, separators=(",", ":")).replace('{"input"', '\n{"input"') + "\n")
