"""Upscales a picture in tiles with Pillow, NumPy and ONNX Runtime, as ortho generate does: the same tiles, overlap and blending.

usage: python scripts/bench_upscale.py [--sessions N | --threads N] [--tile N] [--overlap N] IN OUT      (pip install -r scripts/requirements.txt)

Values from 0 to 255 in and out, as the bundled upscalers have them. Prints the seconds from the
decoded picture to the upscaled pixels, those of the whole program from its first line to the written
file, and its peak memory.
"""
import argparse
import pathlib
import resource
import time
from concurrent.futures import ThreadPoolExecutor

START = time.perf_counter()

import numpy as np
import onnxruntime as ort
from PIL import Image

MODEL = pathlib.Path(__file__).parent.parent / "models/bundled/span-x4/model.onnx"


def starts(size, tile, overlap):
    """Tiles from the start on; the last one ends with the picture."""
    if size <= tile:
        return [0]
    return [*range(0, size - tile, tile - overlap), size - tile]


def weights(start, end, before, after, overlap):
    """Of the pixels of a tile along one axis: 0 within a quarter of what is shared with the neighbour, then linear over the middle half."""
    x = np.arange(start, end) + 0.5
    w = np.ones(end - start, np.float32)
    if before is not None:  # where the tile before ends
        shared = before - start
        w *= np.clip((x - start - shared / 4) / (shared / 2), 0, 1).astype(np.float32)
    if after is not None:  # where the next begins
        shared = end - after
        w *= 1 - np.clip((x - after - shared / 4) / (shared / 2), 0, 1).astype(np.float32)
    return w


def upscale(session, pixels, tile, overlap, workers):
    height, width = pixels.shape[:2]
    rows, columns = starts(height, tile, overlap), starts(width, tile, overlap)
    name = session.get_inputs()[0].name

    def run(at):
        y, x = at
        part = pixels[y:y + tile, x:x + tile]
        return session.run(None, {name: np.ascontiguousarray(part.transpose(2, 0, 1)[None], np.float32)})[0][0]

    def axis(places, size, scale):
        ends = [min(p + tile, size) for p in places]
        return [weights(p * scale, e * scale, ends[i - 1] * scale if i else None, places[i + 1] * scale if i + 1 < len(places) else None, overlap)
                for i, (p, e) in enumerate(zip(places, ends))]

    result = None
    with ThreadPoolExecutor(workers) as pool:
        places = [(y, x) for y in rows for x in columns]
        for i, out in enumerate(pool.map(run, places)):
            if result is None:
                scale = out.shape[1] // min(tile, height)
                across, down = axis(columns, width, scale), axis(rows, height, scale)
                result = np.zeros((3, height * scale, width * scale), np.float32)
            y, x = (v * scale for v in places[i])
            out *= down[i // len(columns)][:, None] * across[i % len(columns)]
            result[:, y:y + out.shape[1], x:x + out.shape[2]] += out
    return np.rint(np.clip(result, 0, 255)).astype(np.uint8).transpose(1, 2, 0)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", default=MODEL)
    p.add_argument("--sessions", type=int, default=0, help="runs at once, of one thread each")
    p.add_argument("--threads", type=int, default=0, help="threads of one run after the other (default: ONNX Runtime's, all cores)")
    p.add_argument("--tile", type=int, default=256)
    p.add_argument("--overlap", type=int, default=32)
    p.add_argument("input")
    p.add_argument("output")
    a = p.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1 if a.sessions else a.threads
    session = ort.InferenceSession(str(a.model), options, providers=["CPUExecutionProvider"])
    pixels = np.asarray(Image.open(a.input).convert("RGB"))
    begin = time.perf_counter()
    made = upscale(session, pixels, a.tile, a.overlap, max(1, a.sessions))
    end = time.perf_counter()
    Image.MAX_IMAGE_PIXELS = None
    Image.fromarray(made).save(a.output)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{end - begin:.2f} s to upscale, {time.perf_counter() - START:.2f} s in all, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
