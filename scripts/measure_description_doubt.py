"""How often doubt_below of models/bundled/imagenet-descriptions withholds an answer: a right one, and one to a text about something else.

usage: python scripts/measure_description_doubt.py WORDNET_DEB      (apt-get download wordnet-base; pip install -r scripts/requirements.txt)

The rule is that of models/classify/text.go. Texts about something else are glosses and examples of WordNet's verbs, adjectives and adverbs, and
descriptions of digits.
"""
import io
import json
import random
import re
import subprocess
import sys
import tarfile

import numpy as np
import onnxruntime

from descriptions import data
from glyphs import text as digits

MODEL = data.ROOT / "models/bundled/imagenet-descriptions"
SHORT = 4


class Reader:
    def __init__(self):
        self.words = {w: i for i, w in enumerate((MODEL / "vocabulary.txt").read_text().splitlines())}
        self.session = onnxruntime.InferenceSession(str(MODEL / "model.onnx"))
        self.below, self.short_below = json.loads((MODEL / "ortho.json").read_text())["doubt_below"]
        source = (data.ROOT / "models/text/meaning.go").read_text()
        self.function = set(re.search(r"wordSet\(`(.*?)`\)", source, re.S).group(1).split())
        self.labels = [name for _, name in data.labels()]

    def answer(self, text):
        """The class, and whether it is withheld."""
        tokens = data.tokens(text)[:160]
        ids = np.array([[self.words.get(t, 1) for t in tokens] or [0]])
        logits = self.session.run(None, {"input_ids": ids})[0][0]
        top = int(logits.argmax())
        carry = [t for t in tokens if t not in self.function]
        known = sum(t in self.words for t in carry)
        if known == 0 or 2 * known < len(carry):
            return top, True
        named = (set(data.tokens(self.labels[top])) - self.function) & set(tokens)
        limit = self.short_below if len(carry) <= SHORT and not named else self.below
        return top, 1 / np.exp(logits - logits.max()).sum() < limit


def foreign(deb):
    """Short texts about anything else."""
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    r = random.Random(1)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for part in ("verb", "adj", "adv"):
            lines = tar.extractfile(f"./usr/share/wordnet/data.{part}").read().decode("latin-1").splitlines()
            glosses = [line.split(" | ", 1)[1] for line in lines if not line.startswith(" ")]
            for kind, all_of in (("glosses", [re.sub(r';?\s*".*', "", g) for g in glosses]), ("examples", [e for g in glosses for e in re.findall(r'"([^"]+)"', g)])):
                yield f"{part} {kind}", r.sample([t for t in all_of if len(t.split()) > 2], 1000)
    rng = np.random.default_rng(0)
    yield "digits", [digits.describe(rng, int(rng.integers(10)), list(rng.choice(list(digits.WORDS), rng.integers(0, 4), replace=False))) for _ in range(1000)]


def main():
    reader, found = Reader(), data.classes(data.read_wordnet(sys.argv[1]))
    indices = [c.index for c in found]
    recorded = json.loads((MODEL.parent / "testdata/imagenet-descriptions/texts.json").read_text())
    for kind, rows in (
        ("recorded descriptions", recorded),
        ("guidelines", list(zip(indices, data.guidelines()))),
        ("guidelines' sentences", [(i, s) for i, g in zip(indices, data.guidelines()) for s in data.sentences(g) if len(s) > 20]),
        ("names", [(c.index, c.names[0]) for c in found]),
        ("a photo of a name", [(c.index, "a photo of a " + c.names[0]) for c in found]),
    ):
        answers = [(top == i, withheld) for i, t in rows for top, withheld in [reader.answer(t)]]
        right = [withheld for ok, withheld in answers if ok]
        wrong = [withheld for ok, withheld in answers if not ok]
        print(f"{kind}: of {len(right)} right answers {sum(right)} withheld ({np.mean(right):.1%}), of {len(wrong)} wrong ones {sum(wrong)} ({np.mean(wrong):.1%})")
    for kind, texts in foreign(sys.argv[1]):
        print(f"{kind}: of {len(texts)} answers withheld {np.mean([reader.answer(t)[1] for t in texts]):.1%}")


if __name__ == "__main__":
    main()
