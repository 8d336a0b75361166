"""What SAHI makes of windows of an image: where they lie, which boxes of theirs become one, and what comes of a graph.

    pip install sahi==0.12.8 opencv-python-headless onnxruntime
    python scripts/make_goldens.py slices

The detector of the last part is models/detect/testdata/ultralytics/v8.onnx, run as Ultralytics' predictor does it
(what detect_ultralytics.py records): its letterbox, thresholds and suppression are written out here in NumPy.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from sahi.postprocess.backends import set_postprocess_backend
from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess, NMSPostprocess
from sahi.predict import get_sliced_prediction
from sahi.prediction import ObjectPrediction
from sahi.slicing import get_slice_bboxes

ROOT = Path(__file__).resolve().parents[2]
RULES = {"greedy-nmm": GreedyNMMPostprocess, "nmm": NMMPostprocess, "nms": NMSPostprocess}


def windows(rng):
    sizes = [(4000, 3000, 640, 640, 0.2), (640, 640, 640, 640, 0.2), (641, 640, 640, 640, 0.2), (1, 3000, 640, 640, 0.2), (3000, 1, 640, 640, 0.2), (1, 1, 16, 16, 0),
             (1280, 720, 512, 256, 0.25), (300, 301, 100, 100, 0.95), (90, 70, 40, 30, 0.0)]
    for _ in range(40):
        sizes.append((int(rng.integers(1, 900)), int(rng.integers(1, 900)), int(rng.integers(60, 400)), int(rng.integers(60, 400)), round(float(rng.uniform(0, 0.8)), 2)))
    rows = []
    for width, height, w, h, overlap in sizes:
        boxes = get_slice_bboxes(height, width, h, w, False, overlap, overlap)
        rows.append({"width": width, "height": height, "slice": [w, h], "overlap": overlap, "windows": [[a, b, c - a, d - b] for a, b, c, d in boxes[:600]], "n": len(boxes)})
    return rows


def boxes(rng, n, classes, ties):
    """Clusters of boxes, as windows that overlap give them."""
    centre = rng.uniform(50, 450, (max(1, n // 6), 2))
    size = rng.uniform(10, 120, (len(centre), 2))
    k = rng.integers(0, len(centre), n)
    xy, wh = centre[k] + rng.normal(0, 12, (n, 2)), size[k] * rng.uniform(0.4, 1.2, (n, 2))
    rect = ((np.concatenate([xy - wh / 2, xy + wh / 2], 1).clip(0, 500) * 8).round() / 8).astype(np.float32)  # short in decimals, and exact
    rect = rect[(rect[:, 2] > rect[:, 0]) & (rect[:, 3] > rect[:, 1])]
    score = rng.uniform(0.1, 1, len(rect)).round(4)
    if ties:
        score, rect = (score * 5).round() / 5, rect.round()
        rect[:, 2:] += rect[:, 2:] == rect[:, :2]
    return rect, np.maximum(score, 0.05), rng.integers(0, classes, len(rect))


def merges(rng):
    rows = []
    for n, classes, ties in ((1, 1, False), (30, 1, False), (80, 3, False), (60, 2, True), (25, 1, True)):
        rect, score, label = boxes(rng, n, classes, ties)
        cases = []
        for rule in RULES:
            for metric in ("IOS", "IOU"):
                for threshold in (0.3, 0.5, 0.9):
                    for agnostic in (False, True):
                        all = [ObjectPrediction(bbox=[float(v) for v in r], score=float(s), category_id=int(c), category_name=str(c)) for r, s, c in zip(rect, score, label)]
                        left = RULES[rule](match_threshold=threshold, match_metric=metric, class_agnostic=agnostic)(all)
                        kept = sorted(([float(p.score.value), int(p.category.id)] + [float(v) for v in p.bbox.to_xyxy()] for p in left), key=lambda p: [-p[0], *p[1:]])
                        cases.append({"rule": rule, "metric": metric.lower(), "threshold": threshold, "agnostic": agnostic, "left": kept})
        rows.append({"boxes": rect.astype(float).tolist(), "scores": score.astype(float).tolist(), "classes": label.tolist(), "cases": cases})
    return rows


class Detector:
    """v8.onnx as SAHI wants a detector."""

    def __init__(self, path, size=96):
        self.session, self.size, self.confidence_threshold = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]), size, 0.25

    def found(self, image):
        height, width = image.shape[:2]
        r = min(self.size / height, self.size / width)
        w, h = max(round(width * r), 1), max(round(height * r), 1)
        small = image if (w, h) == (width, height) else cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR)
        left, top = round((self.size - w) / 2 - 0.1), round((self.size - h) / 2 - 0.1)
        canvas = np.full((self.size, self.size, 3), 114, np.uint8)
        canvas[top:top + h, left:left + w] = small
        out = self.session.run(None, {"images": np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]).astype(np.float32) / 255})[0][0].T
        score, label = out[:, 4:].max(1), out[:, 4:].argmax(1)
        keep = score > self.confidence_threshold
        out, score, label = out[keep], score[keep], label[keep]
        rect = np.concatenate([out[:, :2] - out[:, 2:4] / 2, out[:, :2] + out[:, 2:4] / 2], 1)
        order, kept = np.argsort(-score, kind="stable"), []
        moved = rect + label[:, None].astype(np.float32) * 7680
        area = (moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1])
        for i in order:
            wh = [np.maximum(np.minimum(moved[i, k + 2], moved[kept, k + 2]) - np.maximum(moved[i, k], moved[kept, k]), 0) for k in (0, 1)] if kept else [np.zeros(0)] * 2
            inter = wh[0] * wh[1]
            if not (inter / (area[i] + area[kept] - inter) > 0.7).any() if kept else True:
                kept.append(i)
        kept = kept[:300]
        rect = rect[kept]
        gain = [round(width * r) / width, round(height * r) / height]
        for k in range(4):
            rect[:, k] = ((rect[:, k] - (left, top)[k % 2]) / gain[k % 2]).clip(0, (width, height)[k % 2])
        return rect, score[kept], label[kept]

    def perform_inference(self, image):
        self.perform_batch_inference([image])

    def perform_batch_inference(self, images):
        self.results = [self.found(i) for i in images]

    def convert_original_predictions(self, shift_amount, full_shape):
        if not isinstance(shift_amount[0], list):
            shift_amount, full_shape = [shift_amount], [full_shape]
        self.object_prediction_list_per_image = [
            [ObjectPrediction(bbox=[float(v) for v in r], score=float(s), category_id=int(c), category_name=str(c), shift_amount=[int(v) for v in shift], full_shape=[int(v) for v in full])
             for r, s, c in zip(*result) if r[0] < r[2] and r[1] < r[3]]
            for result, shift, full in zip(self.results, shift_amount, full_shape)]

    @property
    def object_prediction_list(self):
        return self.object_prediction_list_per_image[0]


def graphs():
    detector = Detector(ROOT / "models/detect/testdata/ultralytics/v8.onnx")
    rows = []
    for photo in ("astronaut.png", "chelsea.png"):
        image = cv2.cvtColor(cv2.imread(str(ROOT / "cmd/ortho/testdata/photos" / photo)), cv2.COLOR_BGR2RGB)
        for rule, metric, threshold, whole in (("greedy-nmm", "IOS", 0.5, True), ("greedy-nmm", "IOS", 0.5, False), ("nmm", "IOU", 0.3, True), ("nms", "IOU", 0.5, True)):
            got = get_sliced_prediction(image, detector, 200, 240, 0.2, 0.2, perform_standard_pred=whole, postprocess_type=rule.upper().replace("-", ""),
                                        postprocess_match_metric=metric, postprocess_match_threshold=threshold, verbose=0)
            left = sorted(([round(float(p.score.value), 6), int(p.category.id)] + [round(float(v), 3) for v in p.bbox.to_xyxy()] for p in got.object_prediction_list), key=lambda p: -p[0])
            rows.append({"input": photo, "slice": [240, 200], "overlap": 0.2, "rule": rule, "metric": metric.lower(), "threshold": threshold, "whole": whole, "left": left})
            print(photo, rule, len(left), file=sys.stderr)
    return rows


def main(out):
    set_postprocess_backend("numpy")
    rng = np.random.default_rng(21)
    golden = {"windows": windows(rng), "merges": merges(rng), "graphs": graphs()}
    text = json.dumps(golden, separators=(",", ":")).replace('{"width"', '\n{"width"').replace('{"boxes"', '\n{"boxes"').replace('{"rule"', '\n{"rule"').replace('{"input"', '\n{"input"')
    (out / "slices.json").write_text(text + "\n")
