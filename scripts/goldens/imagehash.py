"""Perceptual hashes of the library imagehash 4.3.2, of photographs in other sizes, cuts, colours and formats, and of plain images.

hashes.json holds [file, phash, dhash]; the files are the photographs themselves, or images written here.
"""
import json
import pathlib

import imagehash
import numpy as np
from PIL import Image, ImageOps

PHOTOS = pathlib.Path(__file__).parent / "../../cmd/ortho/testdata/photos"


def main(out):
    rows, rng = [], np.random.default_rng(5)
    made = {"plain.png": Image.new("RGB", (40, 30), (90, 120, 30)), "black.png": Image.new("L", (8, 8), 0), "noise.png": Image.fromarray(rng.integers(0, 256, (50, 70, 3), np.uint8)),
            "ramp.png": Image.fromarray(np.linspace(0, 255, 64 * 64).astype(np.uint8).reshape(64, 64)), "dot.png": Image.new("RGB", (1, 1), (1, 2, 3)), "line.png": Image.fromarray(rng.integers(0, 256, (1, 90), np.uint8))}
    cat = Image.open(PHOTOS / "chelsea.png").convert("RGB")
    made |= {"half.jpg": cat.resize((225, 150)), "dark.png": cat.resize((120, 80)).point(lambda v: v * 0.6), "gray.png": cat.resize((120, 80)).convert("L"), "cut.png": cat.crop((20, 10, 440, 290)).resize((120, 80)), "mirror.png": ImageOps.mirror(cat.resize((120, 80)))}
    for name, image in made.items():
        image.save(out / name, **({"quality": 60} if name.endswith(".jpg") else {}))
    for path in [*sorted(PHOTOS.glob("*.png")), *sorted(PHOTOS.glob("*.jpg")), *(out / name for name in made)]:
        image = Image.open(path)
        rows.append([path.name, str(imagehash.phash(image)), str(imagehash.dhash(image))])
    (out / "hashes.json").write_text(json.dumps(rows, indent=0))
