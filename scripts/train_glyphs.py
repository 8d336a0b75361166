"""Trains and measures the bundled model that draws digits from their descriptions: models/bundled/glyphs.

The pictures are the digits of Debian's font packages (scripts/glyphs/packages.txt; apt-get install them first), drawn by Pillow at 20-24 pixels in a
field of 28x28, split by family into fonts that train, validate and test. Fonts, measures and splits are kept in CACHE; the fonts' and packages'
versions decide the result, so a repeat elsewhere gives another model with figures alike, and --evaluate gives the same figures everywhere.

usage: python scripts/train_glyphs.py [--cache FILE] [--minutes 13] [--evaluate] [--sheet FILE]     (pip install -r scripts/requirements.txt)
--evaluate measures the bundled graph and writes figures.json, ortho.json and the goldens, without training
--sheet writes a contact sheet of generated digits
"""
import argparse
import hashlib
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch

from glyphs import evaluate, fonts, network, text, train

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "models/bundled/glyphs"
SIDECAR = {"output_range": [0, 1], "vocabulary": "vocabulary.txt", "text_length": text.LENGTH, "topic_words": " ".join(text.topic()),
           "latent_distribution": "normal", "labels": text.DIGITS}
SEED = 7


def fit(faces, seconds):
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    training = [f for f in faces if f.split == "train"]
    data = train.Faces(training, training)
    glyphs = network.Glyphs()
    train.text_encoder(glyphs.text, data, rng)
    judge = fonts.train_reader(training, 4, SEED)
    encoder = train.decoder(glyphs.decoder, data, judge, rng, seconds)
    train.styles(glyphs, encoder, data, rng)
    return glyphs.eval()


def export(glyphs, path):
    ids, z = torch.tensor([text.encode("a bold slanted seven"), text.encode("")]), torch.randn(2, network.LATENTS)
    torch.onnx.export(
        glyphs, (ids, z), str(path), input_names=["input_ids", "z"], output_names=["image"], opset_version=17, dynamo=False,
        dynamic_axes={n: {0: "batch"} for n in ("input_ids", "z", "image")})
    state_size(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        want = glyphs(ids, z).numpy()
    difference = np.abs(session.run(None, {"input_ids": ids.numpy(), "z": z.numpy()})[0] - want).max()
    assert difference < 1e-4, difference


def state_size(path):
    """The exporter leaves the height and width open, which Reshape fixes."""
    model = onnx.load(path)
    for axis in (2, 3):
        model.graph.output[0].type.tensor_type.shape.dim[axis].dim_value = fonts.FIELD
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(model, strict_mode=True), full_check=True)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("glyphs-faces.pickle"))
    parser.add_argument("--minutes", type=float, default=13)
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--validate", action="store_true", help="measure against the validation fonts, with other seeds; writes nothing")
    parser.add_argument("--sheet", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    faces = fonts.load(args.cache)
    if not args.evaluate and not args.validate and not args.sheet:
        OUT.mkdir(parents=True, exist_ok=True)
        glyphs = fit(faces, args.minutes * 60)
        export(glyphs, OUT / "model.onnx")
        (OUT / "vocabulary.txt").write_text("\n".join(text.vocabulary()) + "\n")
        (OUT / "FONTS.md").write_text(f"# The fonts of glyphs\n\nDebian packages; faces after those of the same design were left out.\n\n{fonts.credits(faces)}")
        args.evaluate = True
    generator = evaluate.Generator(OUT / "model.onnx")
    training = [f for f in faces if f.split == "train"]
    if args.sheet:
        evaluate.sheet(generator, args.sheet)
    if args.validate or args.evaluate:
        kind, seed = ("validation", 1) if args.validate else ("test", 4099)
        chosen = train.Faces([f for f in faces if f.split == kind], training)
        figures = evaluate.figures(generator, chosen, ROOT / "../shared/models/mnist.onnx", seed)
        print(json.dumps(figures, indent=1))
    if args.evaluate:
        (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
        (OUT / "ortho.json").write_text(json.dumps(SIDECAR, indent=1) + "\n")
        sums = [f"{hashlib.sha256((OUT / n).read_bytes()).hexdigest()}  {n}" for n in ("model.onnx", "ortho.json", "vocabulary.txt")]
        (OUT / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        evaluate.goldens(generator, chosen, figures, OUT.parent / "testdata")


if __name__ == "__main__":
    main()
