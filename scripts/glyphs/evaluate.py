"""The figures of a generator of digits, against the digits of fonts that it has never seen."""
import json

import numpy as np
import onnxruntime
from PIL import Image

from glyphs import fonts, text

DRAWN = 1000
PAIRS = 50  # of each digit
TEXTS = ["a bold slanted seven", "seven", "7", "", "a thin upright nine in a serif font", "draw the number three, HEAVY!", "narrow typewriter zero",
         "small light italic 4", "une image of qwerty eight", "big wide sans two"]


class Generator:
    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.latents = self.session.get_inputs()[1].shape[1]

    def __call__(self, texts, z):
        """Pictures [N,28,28] in 0..1."""
        return self.session.run(None, {"input_ids": np.array([text.encode(t) for t in texts], np.int64), "z": z})[0][:, 0]

    def noise(self, rng, n):
        return rng.standard_normal((n, self.latents)).astype(np.float32)


class Judge:
    """Someone else's classifier of handwritten digits; takes pictures of 0..255 one by one."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, images):
        rounded = np.rint(images * 255).astype(np.float32)  # as they are written to a file
        return np.array([self.session.run(None, {"Input3": i[None, None]})[0].argmax() for i in rounded])


def figures(generator, faces, judge, seed):
    rng = np.random.default_rng(seed)
    judge = Judge(judge)
    # 1: real digits, each face of the split alike, and generated ones from texts that describe them.
    face, size, digit = rng.integers(len(faces.share), size=DRAWN), rng.integers(len(fonts.SIZES), size=DRAWN), np.arange(DRAWN) % 10
    real = faces.images[face, size, digit] / 255
    texts = [faces.describe(rng, f, s, d) for f, s, d in zip(face, size, digit)]
    made = generator(texts, generator.noise(rng, DRAWN))
    read_real, read_made = judge(real) == digit, judge(made) == digit
    # 2: pairs of pictures that differ in one word.
    ratio = {}
    for name, words, measure in [("bold_inkier_than_light", ("bold", "light"), lambda i: i.sum((-2, -1))),
                                 ("slanted_sheared_more_than_upright", ("slanted", "upright"), fonts.shear)]:
        z = generator.noise(rng, 10 * PAIRS)
        first, second = (generator([f"a {word} {text.DIGITS[i // PAIRS]}" for i in range(10 * PAIRS)], z) for word in words)
        ratio[name] = float((measure(first) > measure(second)).mean())
    # 3: variance of each pixel between seeds, and between fonts; summed over the picture.
    variance_real, variance_made = [], []
    for d in range(10):
        sizes = rng.integers(len(fonts.SIZES), size=len(faces.share))
        variance_real.append(float((faces.images[np.arange(len(sizes)), sizes, d] / 255).var(0).sum()))
        variance_made.append(float(generator([text.DIGITS[d]] * 500, generator.noise(rng, 500)).var(0).sum()))
    return {
        "fonts": len(faces.share), "seed": seed, "drawn": DRAWN, "read_of_real": float(read_real.mean()), "read_of_generated": float(read_made.mean()),
        "read_by_digit": {text.DIGITS[d]: [round(float(read[digit == d].mean()), 3) for read in (read_real, read_made)] for d in range(10)},
        "pairs": 10 * PAIRS, **ratio,
        "variance_between_fonts": variance_real, "variance_between_seeds": variance_made,
        "variance_ratio": [m / r for m, r in zip(variance_made, variance_real)],
        "variance_ratio_mean": float(np.mean(np.divide(variance_made, variance_real))),
    }


def goldens(generator, faces, measured, out):
    """What the Go tests compare: the pictures of TEXTS, and the texts and reference figures of 1000 digits."""
    out.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    z = generator.noise(rng, len(TEXTS))
    cases = [{"text": t, "input_ids": text.encode(t), "z": [float(v) for v in row], "image": [round(float(v), 6) for v in image.ravel()]}
             for t, row, image in zip(TEXTS, z, generator(TEXTS, z))]
    (out / "glyphs.json").write_text(json.dumps(cases) + "\n")
    rng = np.random.default_rng(measured["seed"] + 1)
    digits = np.arange(DRAWN) % 10
    texts = [faces.describe(rng, rng.integers(len(faces.share)), rng.integers(len(fonts.SIZES)), d) for d in digits]
    reference = {k: measured[k] for k in ("read_of_real", "variance_between_fonts")}
    (out / "glyphs_reference.json").write_text(json.dumps({**reference, "texts": texts}, indent=0) + "\n")


SHEET = ["", "", "{}", "{}", "{}", "a bold {}", "a light {}", "a bold slanted {}", "thin upright {} in a serif font", "a {} set in typewriter type", "sans {}", "wide {}",
         "narrow {}", "small {}", "big heavy italic serif {}"]


def sheet(generator, path):
    """One row a sentence, twice the ten digits."""
    rng = np.random.default_rng(5)
    rows = [np.concatenate(list(generator([s.format(text.DIGITS[i % 10]) for i in range(20)], generator.noise(rng, 20))), 1) for s in SHEET]
    picture = Image.fromarray(np.rint(np.concatenate(rows) * 255).astype(np.uint8))
    picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST).save(path)
