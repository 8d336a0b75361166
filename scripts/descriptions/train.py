"""Starting values, training, and what is measured on the way."""
import math
import random
import time
from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F

from descriptions import data, texts
from descriptions.network import DescriptionCNN

LENGTH = 160
IDENTITY = 256, 1.2  # dimensions and length of the random vectors that tell words apart
POWER = 1.5  # of the inverse document frequency, in a word's weight
UNSEEN = 4  # the inverse document frequency of a word that no class's text has

# Clauses of the validation texts. They share no template with those of the training.
CLAUSES = """
images where the {x} is seen are another matter
mistakes happen with {x} since that one is known for {c}
{x} would be wrong here
should {c} be present the answer is {x}
watch out for {x} and {y}
people mix it up with {x}
the {x} belongs elsewhere because of {c}
if the thing shows {c}, think of {x}
""".strip().splitlines()


class Start:
    """What is known before the training: word vectors, weights, and the classes' centroids."""

    def __init__(self, found, words, known, meaning, seed=0):
        """known: how many of the words, the first ones, stand in the classes' texts."""
        self.words, self.meaning = words, meaning.copy()
        self.meaning[0] = 0
        dimensions, length = IDENTITY
        self.place = np.random.default_rng(seed).standard_normal((known, dimensions)).astype(np.float32) * length / dimensions ** .5
        self.place[0] = 0
        ids = {w: i for i, w in enumerate(words)}
        tokens = [[ids.get(t, 1) for s in [*c.names, *c.synonyms, *c.sentences, c.gloss] for t in data.tokens(s)] for c in found]
        frequency = Counter(t for some in tokens for t in set(some))
        self.idf = np.array([math.log(len(found) / (1 + frequency[i])) if frequency[i] else UNSEEN for i in range(len(words))], np.float32)
        self.idf[0] = 0
        everything = np.concatenate([self.meaning, np.concatenate([self.place, np.zeros((len(words) - known, dimensions), np.float32)])], 1)
        centroids = []
        for some in tokens:
            some, counts = np.unique(some, return_counts=True)
            weight = (1 + np.log(counts)) * self.idf[some] ** POWER
            centroids.append(weight @ everything[some])
        centroids = unit(np.stack(centroids))
        self.middle = centroids.mean(0)
        self.centroids = unit(centroids - self.middle).astype(np.float32)
        order = np.argsort(-self.centroids @ self.centroids.T, 1)
        self.alike = [[int(j) for j in row if j != i][:40] for i, row in enumerate(order)]
        near = unit(self.meaning[:known] + 1e-9)
        near = near @ near.T
        self.neighbours = {}
        for i in range(2, known):
            some = [int(j) for j in np.argsort(-near[i])[1:6] if near[i, j] > .55 and j > 1]
            if some and self.idf[i] > 2:
                self.neighbours[i] = some

    def network(self):
        network = DescriptionCNN(torch.tensor(self.meaning), torch.tensor(self.place), len(self.centroids))
        with torch.no_grad():
            network.mean_head.weight.copy_(torch.tensor(self.centroids))
            network.mean_head.bias.copy_(torch.tensor(-self.centroids @ self.middle))
            network.prior.weight[:, 0] = torch.logit(torch.tensor((self.idf / 8) ** POWER).clamp(.001, .95))
            network.gate_context.weight.mul_(.1)
            network.gate_context.bias.fill_(3)
        return network


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def train(network, source, steps, report=lambda step, loss: None, size=64, rate=2e-3, smoothing=.05):
    """Trains on random texts: the class, and (to speed it up) whose each token is.

    What starts from good values goes slowly, so that it does not learn the texts by heart.
    """
    slow = {"mean_head": .3, "max_head": .1, "prior": .3, "scale": 10}
    groups = [{"params": [p], "lr": rate * slow.get(n.split(".")[0], 1)} for n, p in network.named_parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(groups, betas=(.9, .98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / 50) * (1 - s / steps) + .01)
    for step in range(1, steps + 1):
        network.train()
        ids, owners, y = map(torch.tensor, source.batch(size, 120))
        logits, scope = network(ids)
        told = owners < 2
        loss = F.cross_entropy(logits, y, label_smoothing=smoothing) + F.binary_cross_entropy_with_logits(scope[told], (owners[told] == 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 300 == 0 or step == steps:
            report(step, loss.item())


def padded(rows, length=LENGTH):
    ids = np.zeros((len(rows), length), np.int64)
    for row, tokens in zip(ids, rows):
        row[:len(tokens[:length])] = tokens[:length]
    return torch.tensor(ids)


def validation(whole, rest, held, start, seed=9):
    """The held-out sentences as sets of (ids, classes): alone and without the class's names;
    and among words of the class's other sentences, of which half are lost, with clauses that
    name other classes, with the class's name and without."""
    r = random.Random(seed)
    some = [i for i, s in enumerate(held) if s]
    source = texts.Texts(rest, start.words, start.alike, start.neighbours, seed)
    source.parts = [source.parts_of([s]) if s else p for s, p in zip(held, source.parts)]
    source.templates.update({t: source.template(t) for t in CLAUSES})
    sets = {"sentence": [], "sentence, no names": [], "text": [], "text, no names": []}
    for i in some:
        sets["sentence"].append(source.encode(held[i]))
        bare = source.encode(data.without_names(held[i], whole[i].names))
        sets["sentence, no names"].append(bare)
        more = source.vary(r.choice(source.sentences[i] or source.glosses[i]), .5, 0)
        parts = [source.encode(held[i]), more]
        r.shuffle(parts)
        clauses = [source.fill(r.choice(CLAUSES), i) for _ in range(2)]
        parts = parts + clauses if r.random() < .6 else clauses[:1] + parts + clauses[1:]
        text = [t & (1 << texts.BITS) - 1 for p in parts for t in p]
        sets["text"].append(source.first[i] + text)
        sets["text, no names"].append(lacking(text, source.names[i]))
    y = torch.tensor(some)
    return {name: (padded(rows), y) for name, rows in sets.items()}


def lacking(ids, names):
    for name in sorted(names, key=len, reverse=True):
        i = 0
        while i + len(name) <= len(ids):
            if ids[i:i + len(name)] == name:
                ids = ids[:i] + ids[i + len(name):]
            else:
                i += 1
    return ids


def logits(network, ids):
    network.eval()
    with torch.no_grad():
        return torch.cat([network(some) for some in ids.split(128)])


def accuracy(scores, y):
    """Top-1 and top-5 in percent."""
    ranks = torch.as_tensor(scores).topk(5).indices == y[:, None]
    return round(100 * ranks[:, 0].float().mean().item(), 1), round(100 * ranks.any(1).float().mean().item(), 1)


def temperature(sets):
    """The temperature with the least cross-entropy over (scores, y)."""
    return min((float(t) for t in np.geomspace(.3, 4, 53)), key=lambda t: sum(F.cross_entropy(s / t, y).item() for s, y in sets))


def clock():
    begin = time.time()
    return lambda: f"{time.time() - begin:.0f} s"
