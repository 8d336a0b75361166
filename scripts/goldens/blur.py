"""Records what Pillow's GaussianBlur makes of noise, for preprocess/blur_test.go.

usage: python scripts/goldens/blur.py      (pip install -r scripts/requirements.txt)
"""

import hashlib
import json
import pathlib

import numpy as np
from PIL import Image, ImageFilter

OUT = pathlib.Path(__file__).parent.parent.parent / "preprocess/testdata/blur.json"


def noise(width, height, channels):
    """A generator of 32 bits, which the test has, too."""
    state, out = 1, bytearray()
    for _ in range(width * height * channels):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state >> 24)
    return np.frombuffer(bytes(out), np.uint8).reshape(height, width, channels)


cases = []
for width, height, channels in [(33, 21, 3), (7, 50, 1), (1, 1, 1), (64, 2, 3)]:
    pixels = noise(width, height, channels)
    for radius in [0.3, 1, 2.5, 7, 40]:
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        made = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))
        cases.append({"width": width, "height": height, "channels": channels, "radius": radius, "sha256": hashlib.sha256(made.tobytes()).hexdigest()})
OUT.write_text(json.dumps(cases, indent=1) + "\n")
