"""Images brought to other sizes by diffusers' VaeImageProcessor, cropped ("crop") and squashed ("default")."""
import base64
import json
import pathlib

import numpy as np
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

text = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()


def main(outdir):
    random, processor, cases = np.random.default_rng(4), VaeImageProcessor(), []
    for size, to in [((23, 17), (16, 16)), ((17, 23), (16, 16)), ((20, 12), (32, 16)), ((31, 19), (16, 32)), ((9, 9), (16, 16)), ((40, 10), (16, 8)),
                     ((33, 22), (24, 16)), ((7, 30), (8, 32))]:
        image = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8))
        for fit, mode in (("crop", "crop"), ("squash", "default")):
            made = processor.resize(image, to[1], to[0], resize_mode=mode)
            cases.append({"size": size, "to": to, "fit": fit, "image": text(image), "made": text(made)})
    (pathlib.Path(outdir) / "fit.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
