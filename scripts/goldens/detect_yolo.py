"""What YOLOv5's and YOLOX's own programs make of graphs in the layouts that they export.

    pip install yolov5 onnx onnxruntime          # its letterbox, non_max_suppression and scale_boxes
    PYTHONPATH=YOLOX python scripts/make_goldens.py detect_yolo   # a checkout: yolox.data, yolox.utils

Each graph is a few nodes: a convolution of 8x8 pixels with weights drawn here. Committed are these graphs, and what
detect.py and demo/ONNXRuntime do with their outputs, but for the rounding of boxes to whole pixels.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from yolov5.utils.augmentations import letterbox
from yolov5.utils.general import non_max_suppression, scale_boxes
from yolox.data.data_augment import preproc
from yolox.utils import demo_postprocess, multiclass_nms

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ["astronaut.png", "chelsea.png", "coffee.png"]
CLASSES, SIZE = 4, 96


def graph(kind, seed):
    rng = np.random.default_rng(seed)
    anchors, n = (3 if kind == "yolov5" else 1), 5 + CLASSES
    nodes, inits = [], []

    def const(name, value):
        inits.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    scale = 1 if kind == "yolov5" else 255
    weights = rng.normal(0, 0.2 / scale, (anchors * n, 3, 8, 8)).astype(np.float32)
    node("Conv", ["images", const("w", weights), const("b", rng.normal(0.3, 0.5, anchors * n).astype(np.float32))], "map", kernel_shape=[8, 8], strides=[8, 8])
    flat = []
    for i, step in enumerate((1, 2, 4)):
        s = node("Slice", ["map", const(f"from{i}", np.array([0, 0])), const(f"to{i}", np.array([9999, 9999])), const(f"axes{i}", np.array([2, 3])), const(f"step{i}", np.array([step, step]))], f"map{i}")
        r = node("Reshape", [s, const(f"shape{i}", np.array([0, anchors, n, -1]))], f"anchors{i}")
        t = node("Transpose", [r], f"rows{i}", perm=[0, 1, 3, 2])
        flat.append(node("Reshape", [t, const(f"back{i}", np.array([0, -1, n]))], f"flat{i}"))
    # Cells of the coarser grids are some of the finest: this keeps their scores apart, whose order NumPy does not define.
    apart = const("apart", rng.normal(0, 0.05, (1, 189 * anchors, 1)).astype(np.float32))
    node("Add", [node("Concat", flat, "same", axis=1), apart], "all")
    node("Split", ["all", const("parts", np.array([2, 2, 1 + CLASSES]))], "xy", axis=2)
    nodes[-1].output[:] = ["xy", "wh", "s"]
    node("Sigmoid", [node("Mul", ["s", const("wider", np.float32(2))], "s1")], "scores")
    if kind == "yolox":
        boxes = ["xy", "wh"]
    elif kind == "yolox-decoded":
        places = []
        for stride in (8, 16, 32):
            edge = SIZE // stride
            y, x = np.mgrid[:edge, :edge]
            places.append(np.stack([x.ravel(), y.ravel(), np.full(edge * edge, stride)], 1))
        places = np.concatenate(places).astype(np.float32)[None]
        grid, stride = const("grid", places[..., :2].copy()), const("stride", places[..., 2:].copy())
        boxes = [node("Mul", [node("Add", ["xy", grid], "xy1"), stride], "xy2"), node("Mul", [node("Exp", ["wh"], "wh1"), stride], "wh2")]
    else:
        boxes = [node("Mul", [node("Sigmoid", ["xy"], "xy1"), const("edge", np.float32(SIZE))], "xy2"), node("Mul", [node("Sigmoid", ["wh"], "wh1"), const("half", np.float32(SIZE / 2))], "wh2")]
    node("Concat", boxes + ["scores"], "output", axis=2)
    places = 189 * anchors
    made = helper.make_model(
        helper.make_graph(nodes, "small", [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
                          [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, places, n])], inits),
        opset_imports=[helper.make_opsetid("", 17)], producer_name="pytorch", ir_version=8)
    onnx.checker.check_model(made)
    return made


def found(session, kind, photo):
    image = cv2.imread(str(photo))
    if kind == "yolov5":
        padded = letterbox(image, SIZE, stride=32, auto=False)[0]
        tensor = np.ascontiguousarray(padded.transpose(2, 0, 1)[::-1]).astype(np.float32)[None] / 255
        det = non_max_suppression(torch.from_numpy(session.run(None, {"images": tensor})[0]), 0.25, 0.45, None, False, max_det=1000)[0]
        det[:, :4] = scale_boxes(tensor.shape[2:], det[:, :4], image.shape)
        det = det.numpy()
    else:
        tensor, ratio = preproc(image, (SIZE, SIZE))
        out = session.run(None, {"images": tensor[None]})[0]
        predictions = (demo_postprocess(out, (SIZE, SIZE)) if kind == "yolox" else out)[0]
        boxes = predictions[:, :4]
        corners = np.ones_like(boxes)
        corners[:, :2], corners[:, 2:] = boxes[:, :2] - boxes[:, 2:] / 2.0, boxes[:, :2] + boxes[:, 2:] / 2.0
        corners /= ratio
        det = multiclass_nms(corners, predictions[:, 4:5] * predictions[:, 5:], nms_thr=0.45, score_thr=0.1)
    return {"input": photo.name, "width": image.shape[1], "height": image.shape[0], "class": det[:, 5].astype(int).tolist(),
            "score": [float(np.float32(v)) for v in det[:, 4]], "box": det[:, :4].astype(float).round(4).tolist()}


def main(out):
    golden = {"cases": {}}
    for seed, kind in enumerate(("yolov5", "yolox", "yolox-decoded")):
        path = out / f"{kind}.onnx"
        onnx.save(graph(kind, seed), path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        golden["cases"][kind] = [found(session, kind, ROOT / "cmd/ortho/testdata/photos" / photo) for photo in PHOTOS]
        print(kind, [len(c["class"]) for c in golden["cases"][kind]], path.stat().st_size, file=sys.stderr)
    (out / "goldens.json").write_text(json.dumps(golden, separators=(",", ":")).replace('{"input"', '\n{"input"') + "\n")
