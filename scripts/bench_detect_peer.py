"""What a Python user would write to find objects by the bundled detector: OpenCV, or Pillow, + ONNX Runtime + NumPy over a folder of
images, a thread a core. make bench-peers compares ortho detect with each mode, in one run.

usage: bench_detect_peer.py MODEL.onnx FOLDER {opencv|pillow}      (pip install onnxruntime opencv-python-headless pillow numpy)
"""
import glob
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort

SIZE, LAYERS = 300, 6


def anchors():
    rows, n = [], 19
    for layer in range(LAYERS):
        scale = lambda k: 1 if k == LAYERS else 0.2 + 0.75 * k / (LAYERS - 1)
        s = scale(layer)
        shapes = [(0.1, 1), (s, 2), (s, 0.5)] if layer == 0 else [(s, 1), (s, 2), (s, 0.5), (s, 3), (s, 0.3333), (np.sqrt(s * scale(layer + 1)), 1)]
        sizes = np.array([(k / np.sqrt(r), k * np.sqrt(r)) for k, r in shapes])
        y, x = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n, indexing="ij")
        centres = np.repeat(np.stack([y.ravel(), x.ravel()], 1), len(sizes), 0)
        rows.append(np.concatenate([centres, np.tile(sizes, (n * n, 1))], 1))
        n = -(-n // 2)
    return np.concatenate(rows).astype(np.float32)


def suppressed(boxes, scores, most=100, above=0.5):
    order, kept = np.argsort(-scores, kind="stable"), []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order) and len(kept) < most:
        i, order = order[0], order[1:]
        kept.append(i)
        wh = np.maximum(np.minimum(boxes[i, 2:], boxes[order, 2:]) - np.maximum(boxes[i, :2], boxes[order, :2]), 0)
        inter = wh[:, 0] * wh[:, 1]
        order = order[inter / (areas[i] + areas[order] - inter) <= above]
    return kept


def main(model, folder, mode):
    if mode == "opencv":
        import cv2
        cv2.setNumThreads(1)

        def load(path):
            image = cv2.imread(path)
            return cv2.cvtColor(cv2.resize(image, (SIZE, SIZE)), cv2.COLOR_BGR2RGB), image.shape[1], image.shape[0]
    else:
        from PIL import Image, ImageOps

        def load(path):
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            return np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR)), image.width, image.height
    files = sorted(f for f in glob.glob(os.path.join(folder, "*")) if f.lower().endswith((".jpg", ".jpeg", ".png")))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name, at = session.get_inputs()[0].name, anchors()

    def detect(path):
        pixels, width, height = load(path)
        encoded, logits = session.run(["box_encodings", "class_predictions"], {name: (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]})
        scores = 1 / (1 + np.exp(-logits[0, :, 1:]))
        classes, scores = scores.argmax(1), scores.max(1)
        keep = scores > 0.5
        e, a, classes, scores = encoded[0][keep], at[keep], classes[keep], scores[keep]
        y, x, h, w = e[:, 0] / 10 * a[:, 2] + a[:, 0], e[:, 1] / 10 * a[:, 3] + a[:, 1], np.exp(e[:, 2] / 5) * a[:, 2], np.exp(e[:, 3] / 5) * a[:, 3]
        boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1) * (width, height, width, height)
        return [(int(classes[i]), float(scores[i]), boxes[i].tolist()) for i in suppressed(boxes, scores)]

    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(detect, files))
    print(f"{mode}: {len(files) / (time.perf_counter() - start):.1f} images/s, {sum(map(len, found))} boxes")
    if os.environ.get("SHOW"):
        print(found)


if __name__ == "__main__":
    main(*sys.argv[1:4])
