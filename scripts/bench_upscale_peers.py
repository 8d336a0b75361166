"""A photograph upscaled x4, from a cold start to the written file: ortho against Pillow + ONNX Runtime in Python.

usage: python scripts/bench_upscale_peers.py ORTHO PHOTO [ROUNDS]      (pip install onnxruntime pillow numpy)

The photograph is brought to 1152x928 pixels first: tiles of 256 that share 32 then fit exactly, so that both sides
run the same tiles. The rounds alternate between the contenders; printed are medians (least to most), the ratios
within rounds, and the peak resident memory. Files are uncompressed TIFFs.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image

PEER = pathlib.Path(__file__).parent / "bench_upscale.py"


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def spread(values, unit=""):
    return f"{statistics.median(values):.2f}{unit} ({min(values):.2f} to {max(values):.2f})"


def main(ortho, photo, rounds=7):
    with tempfile.TemporaryDirectory() as folder:
        source, out = f"{folder}/in.png", f"{folder}/out.tif"
        Image.open(photo).convert("RGB").resize((1152, 928), Image.BICUBIC).save(source)
        commands = {
            "ortho": [ortho, "generate", "-m", "span-x4", "--overwrite", "--progress", "never", source, "-o", out],
            "Python, two runs of one thread": [sys.executable, str(PEER), "--sessions", "2", source, out],
            "Python, one run of two threads": [sys.executable, str(PEER), "--threads", "2", source, out],
        }
        results = {name: [] for name in commands}
        for round in range(int(rounds) + 1):
            for name, command in commands.items():
                sample = measure(command)
                if round > 0:  # the first one warms the page cache
                    results[name].append(sample)
    for name, samples in results.items():
        print(f"{name}: {spread([s for s, _ in samples], ' s')}, peak {max(rss for _, rss in samples):.0f} MiB")
    for name in list(commands)[1:]:
        print(f"ortho's rate / that of {name}: {spread([peer[0] / own[0] for own, peer in zip(results['ortho'], results[name])])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
