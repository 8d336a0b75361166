"""The vocabulary, and the vectors that the training starts from."""
import collections
import pathlib
import zipfile

import numpy as np
import torch

import all_minilm_l6_v2
from transformers import AutoModel, AutoTokenizer

from descriptions import data

PAD, UNKNOWN = "<pad>", "<unk>"
RARE = 5  # how often the glosses must have a word that the classes' texts lack


def vocabulary(found, wordnet):
    """Tokens, those of the classes' texts first, and how many these are."""
    own = collections.Counter()
    for c in found:
        for text in [*c.names, *c.synonyms, *c.sentences, c.gloss]:
            own.update(data.tokens(text))
    other = collections.Counter()
    for words, gloss, _ in wordnet.values():
        other.update(set(data.tokens(gloss)))
    known = [PAD, UNKNOWN] + sorted(own)
    return known + sorted(w for w, n in other.items() if n >= RARE and w not in own), len(known)


def sentence_vectors(words, dimensions, folder):
    """What all-MiniLM-L6-v2 makes of each word alone, by its principal components.

    This is how Model2Vec makes static vectors of a sentence model; unit length on average.
    """
    with zipfile.ZipFile(pathlib.Path(all_minilm_l6_v2.__file__).parent / "model.zip") as z:
        z.extractall(folder)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    vectors = np.zeros((len(words), 384), np.float32)
    order = sorted(range(len(words)), key=lambda i: len(words[i]))
    with torch.inference_mode():
        for i in range(0, len(order), 256):
            some = order[i:i + 256]
            batch = tokenizer([words[j] for j in some], padding=True, truncation=True, max_length=32, return_tensors="pt")
            mask = batch["attention_mask"][..., None]
            hidden = model(**batch).last_hidden_state
            vectors[some] = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()
    vectors -= vectors.mean(0)
    _, _, axes = np.linalg.svd(vectors[:: max(1, len(words) // 20000)], full_matrices=False)
    vectors = vectors @ axes[:dimensions].T
    return vectors / np.linalg.norm(vectors, axis=1).mean()
