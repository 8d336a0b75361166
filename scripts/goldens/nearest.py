"""Searches by NumPy: the nearest of 2000 vectors of 64 numbers to 20 queries.

The vectors are not kept: number k of the sequence is ((k * 2654435761) mod 2^32) / 2^31 - 1 as float32, vectors first, then queries.
nearest.json holds of each query the places of the ten nearest and their cosines.
"""
import json

import numpy as np

COUNT, WIDTH, QUERIES, TOP = 2000, 64, 20, 10


def main(out):
    k = np.arange((COUNT + QUERIES) * WIDTH, dtype=np.uint64)
    values = (((k * np.uint64(2654435761)) % np.uint64(2**32)).astype(np.float64) / 2**31 - 1).astype(np.float32).reshape(-1, WIDTH)
    values = values ** 3
    values /= np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True).astype(np.float32)
    cosines = values[COUNT:] @ values[:COUNT].T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :TOP]
    rows = [[o.tolist(), [float(f"{c:.7g}") for c in row[o]]] for o, row in zip(order, cosines)]
    (out / "nearest.json").write_text(json.dumps(rows))
