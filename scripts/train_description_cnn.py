"""Trains models/bundled/imagenet-descriptions, the text CNN of classify-text.

usage: python scripts/train_description_cnn.py {baseline,validate,train,write,test} --wordnet DEB [--work DIR]
  baseline   TF-IDF's nearest neighbour on the guidelines
  validate   trains on all but a sentence of each class, measures on these, keeps the temperature
  train      trains on all names and descriptions
  write      writes the model's folder
  test       measures the written model on the guidelines: opened once, nothing is chosen by it

DEB is Debian's package wordnet-base 1:3.0-37 (apt-get download wordnet-base).
pip install -r scripts/requirements.txt; about six minutes for each training on two cores.
"""
import argparse
import json
import pathlib

import numpy as np
import onnxruntime
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from descriptions import data, export, texts, train, vectors

OUT = data.ROOT / "models/bundled/imagenet-descriptions"
DIMENSIONS = 256
STEPS = 1500
DOUBT_BELOW = [0.3, 0.9]  # measured by measure_description_doubt.py


def nearest(found, queries):
    """Scores [queries,classes] of TF-IDF over names and descriptions."""
    tfidf = TfidfVectorizer(stop_words="english")
    matrix = tfidf.fit_transform([" ".join([*c.names, *c.sentences]) for c in found])
    return (tfidf.transform(queries) @ matrix.T).toarray()


def tests(found):
    plain = data.guidelines()
    y = torch.arange(len(found))
    return {"guidelines": plain, "guidelines, no names": [data.without_names(t, c.names) for t, c in zip(plain, found)]}, y


def prepare(args):
    wordnet = data.read_wordnet(args.wordnet)
    found = data.classes(wordnet)
    words, known = vectors.vocabulary(found, wordnet)
    cache = args.work / "meaning.npy"
    if not cache.exists():
        np.save(cache, vectors.sentence_vectors(words, DIMENSIONS, args.work / "sentence-model"))
    return found, words, known, np.load(cache)


def fit(found, words, known, meaning, sets):
    torch.manual_seed(0)
    start = train.Start(found, words, known, meaning)
    network, time = start.network(), train.clock()

    def report(step, loss=None):
        print(f"step {step}, loss {loss}, {time()}: " + "; ".join(f"{name} {train.accuracy(train.logits(network, x), y)}" for name, (x, y) in sets(start).items()), flush=True)

    report(0)
    train.train(network, texts.Texts(found, words, start.alike, start.neighbours, 0), STEPS, report)
    return network


def validate(args):
    found, words, known, meaning = prepare(args)
    rest, held = data.split(found)
    kept = {}

    def sets(start):
        kept["sets"] = kept.get("sets") or train.validation(found, rest, held, start)
        return kept["sets"]

    baseline = sets(train.Start(rest, words, known, meaning))
    for name, (x, y) in baseline.items():
        print("TF-IDF,", name, train.accuracy(nearest(rest, [" ".join(words[i] for i in row if i) for row in x.tolist()]), y))
    network = fit(rest, words, known, meaning, sets)
    torch.save(network.state_dict(), args.work / "validated.pt")
    t = train.temperature([(train.logits(network, x), y) for name, (x, y) in baseline.items() if name.startswith("text")])
    print(f"temperature {t:.3f}")
    (args.work / "temperature.json").write_text(json.dumps(t))


def whole(args):
    network = fit(*prepare(args), lambda start: {})
    torch.save(network.state_dict(), args.work / "network.pt")


def write(args):
    found, words, known, meaning = prepare(args)
    network = train.Start(found, words, known, meaning).network()
    network.load_state_dict(torch.load(args.work / "network.pt"))
    OUT.mkdir(exist_ok=True)
    labels = data.labels()
    indices = [c.index for c in found]
    export.write(network, indices, len(labels), json.loads((args.work / "temperature.json").read_text()), OUT / "model.onnx")
    (OUT / "vocabulary.txt").write_text("\n".join(words) + "\n")
    untrained = sorted(set(range(len(labels))) - set(indices))
    sidecar = {"vocabulary": "vocabulary.txt", "text_length": train.LENGTH, "doubt_below": DOUBT_BELOW, "untrained": untrained, "labels": {str(i): label for i, label in enumerate(labels)}}
    lines = json.dumps(sidecar, indent=1).replace("[\n   ", "[").replace(",\n   ", ", ").replace("\n  ]", "]")
    (OUT / "ortho.json").write_text(lines + "\n")


def test(args):
    found = data.classes(data.read_wordnet(args.wordnet))
    ids = {w: i for i, w in enumerate((OUT / "vocabulary.txt").read_text().splitlines())}
    session = onnxruntime.InferenceSession(OUT / "model.onnx")
    sets, y = tests(found)
    y = torch.tensor([found[i].index for i in y])
    for name, some in sets.items():
        x = train.padded([[ids.get(t, 1) for t in data.tokens(text)] for text in some]).numpy()
        print(name, train.accuracy(np.concatenate([session.run(None, {"input_ids": x[i:i + 64]})[0] for i in range(0, len(x), 64)]), y))


def baseline(args):
    found = data.classes(data.read_wordnet(args.wordnet))
    sets, y = tests(found)
    for name, some in sets.items():
        print(name, train.accuracy(nearest(found, some), y))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["baseline", "validate", "train", "write", "test"])
    parser.add_argument("--wordnet", required=True)
    parser.add_argument("--work", type=pathlib.Path, default="/tmp/imagenet-descriptions")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    {"baseline": baseline, "validate": validate, "train": whole, "write": write, "test": test}[args.step](args)
