"""Training texts: a class's sentences in a new order, with what such texts add to them.

A description that settles between classes names the others too ("unlike a ..."). Each
text here may hold such clauses, with the names of classes whose texts are alike and with
parts of these classes' sentences, so that the network learns which words speak of which.
"""
import random
import re

import numpy as np

from descriptions import data

# {x}, {y}: names of other classes; {c}: a part of a sentence about {x}; {n}: the class's own name.
DISTRACTORS = """
unlike {x}
unlike a {x}, which has {c}
unlike {x} or {y}, it differs
do not confuse with {x}
do not confuse it with {x}, {c}
not to be confused with {x} or {y}
not a {x}
not {x} and not {y}
it is not a {x}: {c}
rather than a {x}
rather than {x} or {y}
instead of {x}
as opposed to {x}, {c}
compared with {x}, which shows {c}
compared to the {x}, it is different
in contrast to {x}
distinguish from {x} by its look
distinguish it from {x} and {y}
distinguished from {x}, which has {c}
can be told apart from {x}
differs from {x}, {c}
it may look like a {x} but it is not one
similar to {x} but without {c}
resembles a {x}, though
it resembles {x} and {y}
easily mistaken for {x}
often mistaken for {x} or {y}
do not use for {x}
do not label {x} or {y} as this
exclude {x}
exclude {x}, {y} and the like
excluding {x}, {c}
avoid {x}
avoid choosing it for {x}, {c}
if you see {c}, it is a {x}
if it has {c}, choose {x} instead
{x} has {c}
a {x} instead shows {c}
{x} and {y} belong to other classes
whereas {x} has {c}
while a {x} shows {c}
except {x}
other than {x} or {y}
lacks the {c} of a {x}
without {c} as in {x}
be careful with {x}
""".strip().splitlines()
BEFORE = """
not; never; unlike; than; instead of; rather than; without; no; except; but not; as opposed to; versus; from; with; like; such as; for example; wrong for; similar; related; other
classes such as; this is not; is not; are not; cannot be; must not be; should not be; do not accept; do not include; do not count; skip; ignore; reject; rule out; beware of; separate
from; different from; confused with; confusable; lookalikes; mistaken for; overlaps with; near; close to; may suggest; could be; points to; belongs to; use the class; see; prefer; if; when;
where; though; although; however; while; whereas; because; since; in case of; the similar; the related; some; any; other; another; both; either; neither; nor; and; or; the; a; an
""".replace("\n", " ").strip().split("; ")
BEHIND = """
instead; too; however; is different; are different; differs; is another class; are excluded; should be excluded; is wrong; do not count; is not meant; is separate; has its own class; by comparison;
is larger; is smaller; is thicker; is thinner; is darker; is lighter; usually has; typically shows; tends to have; with; which has; whose; that is; because it has; since it has; can look alike; looks similar;
may appear; in contrast; alone; images; pictures; examples; species; breeds; types; or similar; and others; respectively; instead of this; as well; are easily confused; would show; lacks this
""".replace("\n", " ").strip().split("; ")
# Some hold {s}, a part of the class's own sentence, behind a distractor.
TURNS = """
unlike {x}, {s}
unlike the {x} it has {s}
compared with {x}, {s}
rather than {x}, look for {s}
distinguish from {x} by {s}
differs from {x} and {y} in {s}
to separate it from {x}, look for {s}
not {x} but {s}
{x} has {c}, but this one has {s}
""".strip().splitlines()
OWN = """
{n}
a {n}
the {n}
this is a {n}
a photo of a {n}
choose {n} when it shows
use {n} for
label {n} only if
look for {n} with
{n} is
{n} should have
images of {n}
""".strip().splitlines()
OPENERS = "look for; it has; it shows; key features are; visible features include; usually; typically; the image should show; choose it when there is; confirm; focus on; check for; there is; in the picture; an image of; ; ; ; ".split("; ")


# What a token belongs to, in the bits above its id: the class itself, another one, or neither.
BITS = 20
OWNED, OTHERS, NEITHER = (k << BITS for k in range(3))


class Texts:
    """Makes token ids of texts about classes."""

    def __init__(self, found, words, alike, neighbours, seed):
        """alike: for each class, the others by how alike they are; neighbours: for each
        word, the words that may stand for it."""
        self.ids = {w: i for i, w in enumerate(words)}
        self.random = random.Random(seed)
        self.alike, self.neighbours = alike, neighbours
        self.names = [[self.encode(n) for n in c.names + c.synonyms] for c in found]
        self.first = [self.encode(c.names[0]) for c in found]
        self.sentences = [[self.encode(s) for s in c.sentences] for c in found]
        self.parts = [self.parts_of(c.sentences) for c in found]
        self.glosses = [[p for p in map(self.encode, re.split(r"[;]", c.gloss)) if p] for c in found]
        self.templates = {t: self.template(t) for t in ["{x}", "{c}", "and {y}", "or {y}", *DISTRACTORS, *TURNS, *OWN, *OPENERS, *BEFORE, *BEHIND]}

    def encode(self, text):
        return [self.ids.get(t, 1) for t in data.tokens(text)]

    def parts_of(self, sentences):
        return [p for s in sentences for p in map(self.encode, re.split(r"[,;:—]| and | with ", s)) if p]

    @staticmethod
    def slots(text):
        return re.findall(r"\{[a-z]\}|[^{}]+", text)

    def template(self, text):
        return [s if s.startswith("{") else self.encode(s) for s in self.slots(text)]

    def other(self, i):
        # Mostly one of the most alike, sometimes a farther one.
        return self.alike[i][min(int(self.random.expovariate(1 / 5)), len(self.alike[i]) - 1)]

    def fill(self, template, i, own=None):
        r = self.random
        x, y = self.other(i), self.other(i)
        worn = r.choice([0, 0, .3, .6])
        out = []
        for slot in self.templates[template]:
            whose = OTHERS
            if slot == "{x}":
                slot = self.first[x] if r.random() < .7 else r.choice(self.names[x])
            elif slot == "{y}":
                slot = self.first[y]
            elif slot == "{c}":
                slot = r.choice(self.parts[x])
            elif slot == "{n}":
                slot, whose = own, OWNED
            elif slot == "{s}":
                slot, whose = r.choice(self.parts[i]), OWNED
            else:
                whose = NEITHER
            if whose == NEITHER and worn:
                slot = [t for t in slot if r.random() > worn]
            out += [t + whose for t in slot]
        return out

    def aside(self, i):
        """A clause about other classes in words put together at random."""
        r = self.random
        out = []
        for _ in range(r.choice([1, 1, 2])):
            out += self.fill(r.choice(BEFORE), i)
        out += self.fill("{x}", i)
        if r.random() < .3:
            out += self.fill(r.choice(["and {y}", "or {y}"]), i)
        if r.random() < .6:
            out += self.fill(r.choice(BEHIND), i)
            if r.random() < .6:
                out += self.fill("{c}", i)
        return out

    def vary(self, ids, drop, swap):
        r = self.random
        out = []
        for i in ids:
            u = r.random()
            if u < drop:
                continue
            if u < drop + swap and i in self.neighbours:
                i = r.choice(self.neighbours[i])
            out.append(i)
        return out

    def text(self, i):
        """One text about class i."""
        r = self.random
        drop, swap = r.choice([0, .1, .2, .35]), r.choice([0, .1, .25])
        pool = self.sentences[i] + self.glosses[i]
        if r.random() < .5:
            pool = self.parts[i] + self.glosses[i]
        r.shuffle(pool := list(pool))
        n = max(1, round(len(pool) * r.choice([.25, .4, .6, .8, 1])))
        pieces = []
        for p in pool[:n]:
            p = self.vary(p, drop, swap)
            if r.random() < .3:
                p = self.fill(r.choice(OPENERS), i) + p
            pieces.append(p)
        if r.random() < .5:
            own = self.first[i] if r.random() < .5 else r.choice(self.names[i])
            pieces.insert(0 if r.random() < .6 else r.randrange(len(pieces) + 1), self.fill(r.choice(OWN), i, own))
        if r.random() < .75:
            for _ in range(r.choice([1, 1, 2, 2, 3, 4])):
                kind = TURNS if r.random() < .3 else DISTRACTORS
                p = self.fill(r.choice(kind), i) if r.random() < .5 else self.aside(i)
                pieces.insert(len(pieces) if r.random() < .5 else r.randrange(len(pieces) + 1), p)
        return [t for p in pieces for t in p]

    def batch(self, size, length):
        """Random classes with texts: ids [size,<=length] (a longer text loses its end), what
        each token belongs to (as wide; 2 where it is nothing), and the classes [size]."""
        y = [self.random.randrange(len(self.first)) for _ in range(size)]
        texts = [self.text(i)[:length] or [1] for i in y]
        x = np.full((size, max(map(len, texts))), NEITHER)
        for row, text in zip(x, texts):
            row[:len(text)] = text
        return x & (1 << BITS) - 1, x >> BITS, np.array(y)
