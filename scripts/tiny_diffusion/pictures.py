"""The pictures that the pipelines start from."""
import numpy as np
from PIL import Image


def scene(width, height):
    y, x = np.mgrid[0:height, 0:width] / np.array([height - 1, width - 1]).reshape(2, 1, 1)
    ball = np.hypot((x - 0.6) * width / height, y - 0.45) < 0.28
    rgb = np.stack([0.2 + 0.7 * x, 0.3 + 0.5 * y, 0.9 - 0.6 * x * y], -1)
    rgb[ball] = np.stack([0.9 - 0.5 * y, 0.3 * x, 0.2 + 0 * x], -1)[ball]
    rgb[(y > 0.8) & ((x * 10).astype(int) % 2 == 0)] = 0.95
    return (rgb * 255).round().astype(np.uint8)


def mask(width, height):
    y, x = np.mgrid[0:height, 0:width] / np.array([height - 1, width - 1]).reshape(2, 1, 1)
    return (np.clip((0.42 - np.hypot(x - 0.45, y - 0.55)) * 8, 0, 1) * 255).round().astype(np.uint8)


def main(out):
    Image.fromarray(scene(64, 64)).save(out / "picture.png")
    Image.fromarray(scene(83, 70)).save(out / "odd.png")  # diffusers makes 80x64 of it
    Image.fromarray(mask(64, 64)).save(out / "mask.png")  # gray at its edge
    Image.fromarray(mask(50, 44)).save(out / "small_mask.png")
