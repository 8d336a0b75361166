"""One photograph from a cold start to the printed answer: ortho against Pillow + ONNX Runtime in Python.

usage: bench_cold_start.py ORTHO PHOTO [ROUNDS]      (pip install onnxruntime pillow numpy)
The rounds alternate between the two; printed are the medians, their ratio, and the peak resident memory.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import time

MODEL = pathlib.Path(__file__).parent.parent / "models/bundled/efficientnet-lite0"
PEER = """
import json, sys
import numpy as np
import onnxruntime as ort
from PIL import Image
model, photo = sys.argv[1:3]
config = json.load(open(model + "/config.json"))
session = ort.InferenceSession(model + "/model.onnx", providers=["CPUExecutionProvider"])
image = Image.open(photo).convert("RGB")
w, h = image.size
size = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
image = image.resize(size, Image.BICUBIC)
left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
x = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
x = ((x / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
logits = session.run(None, {"input0": x})[0][0]
p = np.exp(logits - logits.max())
p /= p.sum()
for i in p.argsort()[::-1][:5]:
    print(i, config["label_descriptions"][config["label_names"][i]], p[i])
"""


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    answer = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0 or not answer:
        sys.exit(f"{command[0]} failed")
    return seconds, usage.ru_maxrss / 1024


def main(ortho, photo, rounds=20):
    commands = {
        "ortho": [ortho, "classify", "--progress", "never", photo],
        "python": [sys.executable, "-c", PEER, str(MODEL), photo],
    }
    results = {name: [] for name in commands}
    for round in range(int(rounds) + 1):
        for name, command in commands.items():
            sample = measure(command)
            if round > 0:  # the first one warms the page cache
                results[name].append(sample)
    for name, samples in results.items():
        seconds, rss = zip(*samples)
        print(f"{name}: {statistics.median(seconds) * 1000:.0f} ms ({min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f}), peak {max(rss):.0f} MiB")
    median = {name: statistics.median(s for s, _ in samples) for name, samples in results.items()}
    peak = {name: max(r for _, r in samples) for name, samples in results.items()}
    print(f"ortho / python: time {median['ortho'] / median['python']:.2f}, peak memory {peak['ortho'] / peak['python']:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
