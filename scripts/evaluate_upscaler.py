"""Measures an upscaler against Pillow's bicubic and Lanczos filters on photographs that are made smaller first.

usage: python scripts/evaluate_upscaler.py MODEL.onnx FOLDER [--speed-of OTHER.onnx] [--sheet CROPS.png [--side N]]      (pip install -r scripts/requirements.txt)

FOLDER: upscaler_photographs.py fetches one. Each photograph is cut to a multiple of the scale, reduced by it with
Pillow's bicubic filter (with antialiasing, to 8 bits), enlarged again, and compared with what it was:

- PSNR of luma (BT.601, 16 to 235, as papers on super-resolution have it), without a border as wide as the scale.
- The residual's spectrum, pooled over rows and columns of all photographs: by how many dB the bins at the periods of
  2 and 4 pixels stand above their neighbours.
- Evenness: of neighbours' mean absolute difference, by their place in the block of scale x scale, the least over the
  greatest. Where pixels of a block are equal, as after nearest-neighbour upsampling, it is 0. The residual's
  spectrum does not see that.
- Speed: processor time of one thread on the same tile, alternating with the other graph.

The graph takes and gives NCHW RGB from 0 to 255.
"""
import argparse
import pathlib
import time

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw

WINDOW = 256


def session(path, threads=0):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def enlarge(graph, image):
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None]
    out = graph.run(None, {graph.get_inputs()[0].name: pixels})[0][0]
    return Image.fromarray(np.rint(np.clip(out, 0, 255)).astype(np.uint8).transpose(1, 2, 0))


def luma(image):
    return 16 + np.asarray(image, np.float64) @ [65.481, 128.553, 24.966] / 255


def spectrum(residual):
    """The power of rows and columns in Hann windows, relative to the whole."""
    window, power = np.hanning(WINDOW + 1)[:-1], np.zeros(WINDOW // 2 + 1)
    for lines in residual, residual.T:
        for start in range(0, lines.shape[1] - WINDOW + 1, WINDOW // 2):
            part = lines[:, start:start + WINDOW]
            power += (np.abs(np.fft.rfft((part - part.mean(1, keepdims=True)) * window)) ** 2).mean(0)
    return power / power.sum() if power.any() else power  # none: smaller than a window


def excess(power, period):
    """dB that a period's bin stands above those at 2 to 8 bins' distance."""
    bin, level = WINDOW // period, 10 * np.log10(power)
    beside = [level[b] for d in range(2, 9) for b in (bin - d, bin + d) if b < len(level)]
    return level[bin] - np.mean(beside)


def evenness(y, scale):
    """The least over the greatest."""
    across = [[np.abs(np.diff(lines, axis=1))[:, place::scale].mean() for place in range(scale)] for lines in (y, y.T)]
    return min(min(a) / max(a) for a in across)


def evaluate(graph, scale, files):
    gains, found = [], {}
    print(f"{'photograph':36} bicubic Lanczos   model   dB, dB above bicubic")
    for file in files:
        photo = Image.open(file).convert("RGB")
        photo = photo.crop((0, 0, photo.width // scale * scale, photo.height // scale * scale))
        small = photo.resize((photo.width // scale, photo.height // scale), Image.BICUBIC)
        made = {"bicubic": small.resize(photo.size, Image.BICUBIC), "Lanczos": small.resize(photo.size, Image.LANCZOS), "model": enlarge(graph, small)}
        inner = slice(scale, -scale), slice(scale, -scale)
        truth, psnr = luma(photo), {}
        for name, image in [*made.items(), ("photographs", photo)]:
            y = luma(image)
            residual = (y - truth)[inner] if image is not photo else truth[inner]
            if image is not photo:
                psnr[name] = 10 * np.log10(255**2 / np.mean(residual**2))
            power, even = found.setdefault(name, ([], []))
            power.append(spectrum(residual))
            even.append(evenness(y, scale))
        gains.append([psnr[n] - psnr["bicubic"] for n in ("Lanczos", "model")])
        print(f"{pathlib.Path(file).stem:36} {psnr['bicubic']:7.2f} {gains[-1][0]:+7.2f} {gains[-1][1]:+7.2f}", flush=True)
    gains = np.array(gains)
    print(f"{'mean':36} {'':7} " + " ".join(f"{g:+7.2f}" for g in gains.mean(0)))
    print(f"{'median':36} {'':7} " + " ".join(f"{g:+7.2f}" for g in np.median(gains, 0)))
    print(f"{(gains[:, 1] >= 0.8).sum()} of {len(files)} gain 0.8 dB or more; the least {gains[:, 1].min():+.2f}, the most {gains[:, 1].max():+.2f}\n")
    print(f"{'':12} residual's spectrum: period of 2  period of 4   evenness, median (least)")
    for name, (power, even) in found.items():
        print(f"{name:12} {excess(np.mean(power, 0), 2):+30.2f} dB {excess(np.mean(power, 0), 4):+9.2f} dB {np.median(even):10.2f} ({min(even):.2f})")


def speed(path, other, rounds=7, tile=128):
    """Processor seconds per megapixel of tiles, on one thread, and the median ratio of the rounds."""
    image = np.random.default_rng(0).uniform(0, 255, (1, 3, tile, tile)).astype(np.float32)
    graphs, seconds = [session(p, 1) for p in (path, other)], []
    for round in range(rounds + 1):
        row = []
        for graph in graphs:
            start = time.process_time()
            graph.run(None, {graph.get_inputs()[0].name: image})
            row.append((time.process_time() - start) * 1e6 / tile**2)
        if round > 0:  # the first one allocates
            seconds.append(row)
    seconds = np.array(seconds)
    print(f"\n{seconds[:, 0].min():.2f} s a megapixel, {seconds[:, 1].min():.2f} of {other}: {np.median(seconds[:, 1] / seconds[:, 0]):.2f} times its speed")


def sheet(graph, scale, files, path, side):
    """Crops about the middle of photographs: bicubic, Lanczos, the model and the photograph."""
    label, gap, columns = 14, 6, 2 if len(files) > 4 else 1
    rows = -(-len(files) // columns)
    page = Image.new("RGB", (columns * (4 * side + gap) - gap, rows * (side + label)), "white")
    draw = ImageDraw.Draw(page)
    for i, file in enumerate(files):
        photo = Image.open(file).convert("RGB")
        left, top = (photo.width - side) // 2 // scale * scale, (photo.height - side) // 2 // scale * scale
        photo = photo.crop((0, 0, photo.width // scale * scale, photo.height // scale * scale))
        small = photo.resize((photo.width // scale, photo.height // scale), Image.BICUBIC)
        images = [small.resize(photo.size, Image.BICUBIC), small.resize(photo.size, Image.LANCZOS), enlarge(graph, small), photo]
        x, y = i % columns * (4 * side + gap), i // columns * (side + label)
        for k, (name, image) in enumerate(zip((f"{pathlib.Path(file).stem[:side // 12]}: bicubic", "Lanczos", "model", "photograph"), images)):
            page.paste(image.crop((left, top, left + side, top + side)), (x + k * side, y + label))
            draw.text((x + k * side + 2, y + 1), name, fill="black")
    page.save(path, optimize=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model")
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--speed-of", help="a graph to compare the speed with")
    p.add_argument("--sheet", help="write a page of crops")
    p.add_argument("--side", type=int, default=256, help="of a crop, in pixels")
    a = p.parse_args()
    graph, files = session(a.model), sorted(f for f in a.folder.iterdir() if f.suffix.lower() in (".png", ".jpg", ".jpeg"))
    scale = enlarge(graph, Image.new("RGB", (16, 16))).width // 16
    evaluate(graph, scale, files)
    if a.speed_of:
        speed(a.model, a.speed_of)
    if a.sheet:
        sheet(graph, scale, files, a.sheet, a.side)


if __name__ == "__main__":
    main()
