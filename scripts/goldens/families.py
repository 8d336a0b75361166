"""Records what the programs of detectors' families make of tiny graphs' outputs: models/detect/testdata/families.

A case is a folder with a graph, whose outputs hang on the pixels, the files that its exporter writes beside it, and
expected.json: by picture, the boxes [class, score, x1, y1, x2, y2, key points...] of the family's own program, best first.

usage: python scripts/goldens/families.py [CASE...]     (pip install transformers torchvision opencv-python-headless onnx onnxruntime)
"""
import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "models" / "detect" / "testdata" / "families"
PICTURES = {"wide.png": (61, 40), "tall.png": (33, 52), "square.png": (32, 32)}


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(width)
    planes = [127 + 100 * np.sin(x / (5 + c) + y / (9 - c)) + rng.integers(-27, 28, (height, width)) for c in range(3)]
    return Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8))


class Graph:
    """Builds a graph of which each output is a linear function of 2 x 3 x 3 pixels."""

    def __init__(self, name, shape, seed, dtype=TensorProto.FLOAT, nhwc=False):
        self.rng = np.random.default_rng(seed)
        self.inputs = [helper.make_tensor_value_info(name, dtype, shape)]
        self.nodes, self.initializers, self.outputs = [], [], []
        x = name
        if dtype != TensorProto.FLOAT:
            x = self.add("Cast", [x], to=TensorProto.FLOAT)
        if len(shape) == 3:
            x = self.add("Unsqueeze", [x, self.constant(np.array([0], np.int64))])
        if nhwc:
            x = self.add("Transpose", [x], perm=[0, 3, 1, 2])
        small = self.add("Resize", [x, "", "", self.constant(np.array([1, 3, 2, 3], np.int64))], mode="linear", coordinate_transformation_mode="half_pixel")
        self.features = self.add("Reshape", [small, self.constant(np.array([1, 18], np.int64))])

    def add(self, op, inputs, output=None, **attributes):
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, value):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def numbers(self, shape, spread=1.0, scale=1.0, offset=None):
        """A tensor of the shape, float32: about offset, within spread; scale is that of the pixels."""
        n = int(np.prod(shape))
        few = self.add("MatMul", [self.features, self.constant(self.rng.normal(0, 0.4 / scale, (18, 3)).astype(np.float32))])
        weights = self.rng.normal(0, 0.4 * spread, (3, n)).astype(np.float32)
        bias = self.rng.normal(0, spread, n).astype(np.float32) if offset is None else np.asarray(offset, np.float32).reshape(n)
        y = self.add("Add", [self.add("MatMul", [few, self.constant(weights)]), self.constant(bias)])
        return self.add("Reshape", [y, self.constant(np.array(shape, np.int64))])

    def output(self, tensor, name, shape, dtype=TensorProto.FLOAT):
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def save(self, case, producer=""):
        folder = OUT / case
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        graph = helper.make_graph(self.nodes, case, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name=producer)
        model.ir_version = 9
        onnx.checker.check_model(model)
        onnx.save(model, folder / "model.onnx")
        return folder, onnxruntime.InferenceSession(folder / "model.onnx")


def rows(classes, scores, boxes, points=None):
    all_rows = [[int(c), float(s), *map(float, b), *(map(float, p) if points is not None else [])]
                for c, s, b, p in zip(classes, scores, boxes, boxes if points is None else points)]
    return sorted(all_rows, key=lambda r: -r[1])  # stable: of equal scores the first first


def expect(folder, of, **how):
    found = {name: of(picture(*size)) for name, size in PICTURES.items()}
    assert all(found.values()), "a picture without boxes"
    print(folder.name, {k: len(v) for k, v in found.items()})
    text = json.dumps({**how, "pictures": found}, separators=(",", ":")).replace("]],", "]],\n").replace("],[", "],\n[")
    (folder / "expected.json").write_text(text + "\n")


def hugging_face(case, architecture, processor, config, queries, classes, none, threshold=0.5):
    import torch
    import transformers

    g = Graph("pixel_values", ["batch_size", "num_channels", "height", "width"] if processor.size.shortest_edge else ["batch_size", 3, "height", "width"], sum(case.encode()))
    g.output(g.numbers((1, queries, classes + none), 2.0), "logits", ["batch_size", "num_queries", classes + none])
    g.output(g.add("Sigmoid", [g.numbers((1, queries, 4), 1.0)]), "pred_boxes", ["batch_size", "num_queries", 4])
    folder, session = g.save(case, "pytorch")
    names = {str(i): f"thing {i}" for i in range(classes)}
    (folder / "config.json").write_text(json.dumps({"architectures": [architecture], **config, "id2label": names, "label2id": {v: int(k) for k, v in names.items()}}))
    (folder / "preprocessor_config.json").write_text(json.dumps(json.loads(processor.to_json_string()), indent=1))

    def found(image):
        inputs = processor(image, return_tensors="np")
        logits, boxes = session.run(None, {"pixel_values": inputs["pixel_values"]})
        outputs = transformers.utils.ModelOutput(logits=torch.tensor(logits), pred_boxes=torch.tensor(boxes))
        r = processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=[image.size[::-1]])[0]
        return rows(r["labels"], r["scores"], r["boxes"])

    expect(folder, found)


def cases_of_hugging_face():
    import transformers as t

    limited = {"shortest_edge": 48, "longest_edge": 60}
    return {
        "detr": lambda: hugging_face("detr", "DetrForObjectDetection", t.DetrImageProcessorPil(size=limited), {"model_type": "detr"}, 30, 5, 1),
        "yolos": lambda: hugging_face("yolos", "YolosForObjectDetection", t.YolosImageProcessorPil(size=limited), {"model_type": "yolos"}, 30, 5, 1),
        "rt-detr": lambda: hugging_face("rt-detr", "RTDetrForObjectDetection", t.RTDetrImageProcessorPil(size={"height": 64, "width": 64}), {"model_type": "rt_detr"}, 20, 4, 0),
        "d-fine": lambda: hugging_face("d-fine", "DFineForObjectDetection", t.RTDetrImageProcessorPil(size={"height": 64, "width": 48}), {"model_type": "d_fine"}, 20, 4, 0),
        "deformable-detr": lambda: hugging_face("deformable-detr", "DeformableDetrForObjectDetection", t.DeformableDetrImageProcessorPil(size=limited), {"model_type": "deformable_detr"}, 60, 6, 0),
    }


def greedy(boxes, scores, overlap, one=0.0):
    """The indices that are left, best first: a box goes where its IoU with a better one is above overlap; edges are one longer."""
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        for k in kept:
            w, h = np.minimum(boxes[i, 2:], boxes[k, 2:]) - np.maximum(boxes[i, :2], boxes[k, :2]) + one
            area = [np.prod(boxes[j, 2:] - boxes[j, :2] + one) for j in (i, k)]
            if w > 0 and h > 0 and w * h / (sum(area) - w * h) > overlap:
                break
        else:
            kept.append(i)
    return kept


def rf_detr():
    """The steps of rfdetr's preprocess_to_nchw and PostProcess."""
    import torchvision.transforms.functional as f

    g = Graph("input", [1, 3, 56, 56], 11)
    g.output(g.add("Sigmoid", [g.numbers((1, 20, 4), 1.0)]), "dets", [1, 20, 4])
    g.output(g.numbers((1, 20, 6), 2.0), "labels", [1, 20, 6])
    folder, session = g.save("rf-detr")

    def found(image):
        import torch

        pixels = f.normalize(f.resize(f.to_tensor(image), [56, 56], antialias=False), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        dets, logits = session.run(None, {"input": pixels[None].numpy()})
        prob = torch.tensor(logits[0]).sigmoid()
        scores, at = prob.flatten().topk(20)
        c = torch.tensor(dets[0])[at // 6]
        boxes = torch.cat([c[:, :2] - c[:, 2:] / 2, c[:, :2] + c[:, 2:] / 2], 1) * torch.tensor([*image.size, *image.size])
        keep = scores > 0.5
        return rows((at % 6)[keep], scores[keep], boxes[keep])

    expect(folder, found)


def rt_detr_decoded():
    """The graph's own boxes, in pixels of what it is asked for: RT-DETR's samples ask for those of the image."""
    g = Graph("images", ["N", 3, 64, 64], 12)
    g.inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["N", 2]))
    scores = g.add("Sigmoid", [g.numbers((1, 12), 2.0)])
    low, high = g.add("Sigmoid", [g.numbers((1, 12, 4), 1.0)]), None
    sizes = g.add("Unsqueeze", [g.add("Cast", [g.add("Concat", ["orig_target_sizes", "orig_target_sizes"], axis=1)], to=TensorProto.FLOAT), g.constant(np.array([1], np.int64))])
    labels = g.add("Cast", [g.add("Mul", [scores, g.constant(np.float32(7.9))])], to=TensorProto.INT64)
    g.output(labels, "labels", ["N", 12], TensorProto.INT64)
    g.output(g.add("Mul", [low, sizes]), "boxes", ["N", 12, 4])
    g.output(scores, "scores", ["N", 12])
    folder, session = g.save("rt-detr-decoded")

    def found(image):
        pixels = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR), np.float32).transpose(2, 0, 1)[None] / 255
        labels, boxes, scores = session.run(None, {"images": pixels, "orig_target_sizes": np.array([image.size], np.int64)})
        keep = scores[0] > 0.5
        return rows(labels[0][keep], scores[0][keep], boxes[0][keep])

    expect(folder, found)


def tensorflow(name, shape, labels):
    """Names, types and shapes as tf2onnx gives them of frozen graphs of the Object Detection API."""
    g = Graph("image_tensor:0", shape, 13, TensorProto.UINT8, nhwc=True)
    scores = g.add("Sigmoid", [g.numbers((1, 10), 2.0, 255)])
    classes = g.add("Add", [g.add("Floor", [g.add("Mul", [scores, g.constant(np.float32(3.9))])]), g.constant(np.float32(1))])
    g.output(g.add("Sigmoid", [g.numbers((1, 10, 4), 1.0, 255)]), "detection_boxes:0", [1, 10, 4])
    g.output(classes, "detection_classes:0", [1, 10])
    g.output(scores, "detection_scores:0", [1, 10])
    g.output(g.constant(np.array([8], np.float32)), "num_detections:0", [1])
    folder, session = g.save(name, "tf2onnx")
    if labels:
        (folder / "ortho.json").write_text(json.dumps({"labels": [f"thing {i}" for i in range(1, 5)]}) + "\n")

    def found(image):
        if shape[1] and not isinstance(shape[1], str):
            import cv2  # TensorFlow's resize is held elsewhere: a size that needs none

            assert image.size == (32, 32) or cv2
        boxes, classes, scores, count = session.run(None, {"image_tensor:0": np.asarray(image)[None]})
        boxes = boxes[0][:, [1, 0, 3, 2]] * np.array([*image.size, *image.size], np.float32)
        keep = (scores[0] > 0.5) & (np.arange(10) < int(count[0]))
        return rows(classes[0][keep] - (1 if labels else 0), scores[0][keep], boxes[keep])

    expect(folder, found)


def torchvision(name, order, points):
    """Types and shapes as torch.onnx gives them of torchvision's detectors, whose outputs have no names."""
    g = Graph("images", [3, "height", "width"], 14)
    flat = lambda t, shape: g.add("Reshape", [t, g.constant(np.array(shape, np.int64))])  # noqa: E731
    scores = flat(g.add("Sigmoid", [g.numbers((1, 10), 2.0)]), [-1])
    kinds = {
        "boxes": (g.add("Mul", [flat(g.numbers((1, 40), 1.0, offset=np.tile([3, 4, 20, 25], 10)), [-1, 4]), g.constant(np.float32(1))]), ["n", 4], TensorProto.FLOAT),
        "scores": (scores, ["n"], TensorProto.FLOAT),
        "labels": (g.add("Cast", [g.add("Add", [g.add("Mul", [scores, g.constant(np.float32(3.9))]), g.constant(np.float32(1))])], to=TensorProto.INT64), ["n"], TensorProto.INT64),
        "keypoints": (flat(g.numbers((1, 10 * 4 * 3), 9.0), [-1, 4, 3]), ["n", 4, 3], TensorProto.FLOAT),
        "keypoints_scores": (flat(g.numbers((1, 40), 1.0), [-1, 4]), ["n", 4], TensorProto.FLOAT),
    }
    if "masks" in order:
        mean = g.add("Unsqueeze", [g.add("ReduceMean", ["images"], axes=[0], keepdims=1), g.constant(np.array([0], np.int64))])
        kinds["masks"] = (g.add("Mul", [mean, g.constant(g.rng.uniform(0.5, 1.5, (10, 1, 1, 1)).astype(np.float32))]), ["n", 1, "height", "width"], TensorProto.FLOAT)
    if points:
        kinds["keypoints_scores"] = (flat(g.numbers((1, 50), 1.0), [-1, 5]), ["n", 5], TensorProto.FLOAT)
    for i, kind in enumerate(order):
        g.output(kinds[kind][0], str(1000 + i), *kinds[kind][1:])
    folder, session = g.save(name, "pytorch")

    def found(image):
        r = dict(zip(order, session.run(None, {"images": np.asarray(image, np.float32).transpose(2, 0, 1) / 255})))
        keep = r["scores"] > 0.5
        return rows(r["labels"][keep], r["scores"][keep], r["boxes"][keep], r["keypoints"][keep].reshape(-1, 12) if points else None)

    def masks(image):
        r = dict(zip(order, session.run(None, {"images": np.asarray(image, np.float32).transpose(2, 0, 1) / 255})))
        best = [i for i in np.argsort(-r["scores"], kind="stable") if r["scores"][i] > 0.5]
        return [coco.encode(np.asfortranarray(r["masks"][i, 0] > 0.5).astype(np.uint8))["counts"].decode() for i in best]

    if "masks" not in order:
        return expect(folder, found)
    from pycocotools import mask as coco

    expect(folder, found, Masks={name: masks(picture(*size)) for name, size in PICTURES.items()})


def letterboxed(image, width, height, rounded=round):
    """The image in the corner of a black canvas, as RGB."""
    import cv2

    canvas = np.zeros((height, width, 3), np.uint8)
    r = min(width / image.width, height / image.height)
    w, h = rounded(image.width * r), rounded(image.height * r)
    canvas[:h, :w] = cv2.resize(np.asarray(image), (w, h), interpolation=cv2.INTER_LINEAR) if (w, h) != image.size else np.asarray(image)
    return canvas, w, h


def yunet():
    """OpenCV's FaceDetectorYN itself."""
    import cv2

    width, height = 96, 64
    g = Graph("input", [1, 3, height, width], 15)
    for part, per in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            n = height // stride * (width // stride)
            y = g.numbers((1, n, per), {"cls": 2.0, "obj": 2.0, "bbox": 0.5, "kps": 0.5}[part], 255)
            g.output(g.add("Sigmoid", [y]) if part in ("cls", "obj") else y, f"{part}_{stride}", [1, n, per])
    folder, _ = g.save("yunet")
    detector = cv2.FaceDetectorYN.create(str(folder / "model.onnx"), "", (width, height), 0.4, 0.3, 5000)

    def found(image):
        canvas, w, h = letterboxed(image, width, height)
        faces = detector.detect(canvas[:, :, ::-1].copy())[1]
        scale = np.array([image.width / w, image.height / h])
        boxes = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], 1)
        return rows([0] * len(faces), faces[:, 14], boxes * np.tile(scale, 2), faces[:, 4:14] * np.tile(scale, 5))

    expect(folder, found, Confidence=0.4)


def ultraface():
    """The steps of UltraFace's detect_imgs_onnx.py and box_utils_numpy.py."""
    import cv2

    n = 40 * 30 * 3 + 20 * 15 * 2 + 10 * 8 * 2 + 5 * 4 * 3
    g = Graph("input", [1, 3, 240, 320], 16)
    # One row for all, and an offset: weights for 4420 places would be large.
    face = g.add("Sigmoid", [g.add("Add", [g.numbers((1, 1, 1), 1.0), g.constant((g.rng.normal(-2.5, 2, (1, n, 1))).astype(np.float16).astype(np.float32))])])
    g.output(g.add("Concat", [g.add("Sub", [g.constant(np.float32(1)), face]), face], axis=2), "scores", [1, n, 2])
    corner = g.rng.uniform(0, 0.9, (1, n, 2))
    rects = np.concatenate([corner, corner + g.rng.uniform(0.05, 0.3, (1, n, 2))], 2).astype(np.float16).astype(np.float32)
    g.output(g.add("Add", [g.constant(rects), g.add("Mul", [g.numbers((1, 1, 4), 1.0), g.constant(np.float32(0.01))])]), "boxes", [1, n, 4])
    folder, session = g.save("ultraface")

    def found(image):
        pixels = (cv2.resize(np.asarray(image), (320, 240)).astype(np.float32) - 127) / 128
        scores, boxes = (v[0] for v in session.run(None, {"input": pixels.transpose(2, 0, 1)[None]}))
        keep = scores[:, 1] > 0.7
        p, b = scores[keep, 1], boxes[keep]
        best = np.argsort(-p, kind="stable")[:200]
        p, b = p[best], b[best]
        kept = greedy(b, p, 0.3)
        return rows([0] * len(kept), p[kept], b[kept] * np.array([*image.size, *image.size], np.float32))

    expect(folder, found)


def scrfd():
    """The steps of InsightFace's scrfd.py."""
    width, height = 96, 64
    g = Graph("input.1", [1, 3, height, width], 17)
    for k, (per, spread) in enumerate(((1, 2.0), (4, 0.6), (10, 1.0))):
        for j, stride in enumerate((8, 16, 32)):
            n = height // stride * (width // stride) * 2
            y = g.add("Reshape", [g.numbers((1, n, per), spread), g.constant(np.array([n, per], np.int64))])
            g.output(g.add("Sigmoid", [y]) if k == 0 else g.add("Abs", [y]) if k == 1 else y, str(440 + 10 * k + j), [n, per])
    folder, session = g.save("scrfd")

    def found(image):
        import cv2

        ratio = image.height / image.width
        w, h = (int(height / ratio), height) if ratio > height / width else (width, int(width * ratio))
        canvas = np.zeros((height, width, 3), np.uint8)
        canvas[:h, :w] = cv2.resize(np.asarray(image), (w, h))
        outputs = session.run(None, {"input.1": ((canvas.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]})
        scores, boxes, points = [], [], []
        for j, stride in enumerate((8, 16, 32)):
            s, d, p = outputs[j][:, 0], outputs[3 + j] * stride, outputs[6 + j] * stride
            y, x = np.mgrid[: height // stride, : width // stride]
            c = np.repeat(np.stack([x, y], -1).reshape(-1, 2).astype(np.float32) * stride, 2, 0)
            keep = s >= 0.5
            scores.append(s[keep])
            boxes.append(np.concatenate([c - d[:, :2], c + d[:, 2:]], 1)[keep])
            points.append((p + np.tile(c, 5))[keep])
        scale = h / image.height
        s, b, p = np.concatenate(scores), np.concatenate(boxes) / scale, np.concatenate(points) / scale
        kept = greedy(b, s, 0.4, 1.0)
        return rows([0] * len(kept), s[kept], b[kept], p[kept])

    expect(folder, found)


def fastestdet():
    """The steps of FastestDet's example/onnx-runtime/runtime.py."""
    import cv2

    g = Graph("input.1", [1, 3, 64, 96], 18)
    plane = lambda t, n: g.add("Reshape", [t, g.constant(np.array([1, n, 4, 6], np.int64))])  # noqa: E731
    parts = [g.add("Sigmoid", [plane(g.numbers((1, 24), 2.0, offset=[1] * 24), 1)]), plane(g.numbers((1, 96), 0.7), 4), g.add("Softmax", [plane(g.numbers((1, 72), 3.0), 3)], axis=1)]
    g.output(g.add("Concat", parts, axis=1), "758", [1, 8, 4, 6])
    folder, session = g.save("fastestdet")

    def found(image):
        pixels = cv2.resize(np.asarray(image)[:, :, ::-1], (96, 64), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        m = session.run(None, {"input.1": pixels.transpose(2, 0, 1)[None]})[0][0].transpose(1, 2, 0).astype(np.float64)
        classes, scores, boxes = [], [], []
        for y in range(4):
            for x in range(6):
                d = m[y, x]
                score = d[0] ** 0.6 * d[5:].max() ** 0.4
                if score > 0.65:
                    w, h = 1 / (1 + np.exp(-d[3:5]))
                    cx, cy = (x + np.tanh(d[1])) / 6, (y + np.tanh(d[2])) / 4
                    classes.append(d[5:].argmax())
                    scores.append(score)
                    boxes.append([int(v) for v in ((cx - w / 2) * image.width, (cy - h / 2) * image.height, (cx + w / 2) * image.width, (cy + h / 2) * image.height)])
        boxes, scores = np.array(boxes, float), np.array(scores)
        kept = greedy(boxes, scores, 0.45, 1.0)
        return rows(np.array(classes)[kept], scores[kept], boxes[kept])

    expect(folder, found)


CASES = {
    "rf-detr": rf_detr,
    "rt-detr-decoded": rt_detr_decoded,
    "tensorflow": lambda: tensorflow("tensorflow", [1, "height", "width", 3], False),
    "tensorflow-labels": lambda: tensorflow("tensorflow-labels", [1, "height", "width", 3], True),
    "torchvision": lambda: torchvision("torchvision", ["boxes", "labels", "scores"], False),
    "torchvision-ssd": lambda: torchvision("torchvision-ssd", ["boxes", "scores", "labels"], False),
    "torchvision-keypoints": lambda: torchvision("torchvision-keypoints", ["boxes", "labels", "scores", "keypoints", "keypoints_scores"], True),
    "torchvision-masks": lambda: torchvision("torchvision-masks", ["boxes", "labels", "scores", "masks"], False),
    "yunet": yunet,
    "ultraface": ultraface,
    "scrfd": scrfd,
    "fastestdet": fastestdet,
}


def main(out, names=()):
    global OUT
    OUT = out
    for name, size in PICTURES.items():
        picture(*size).save(OUT / name)
    cases = {**cases_of_hugging_face(), **CASES}
    for name in names or cases:
        cases[name]()


if __name__ == "__main__":
    main(OUT, sys.argv[1:])
