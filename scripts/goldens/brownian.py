"""Increments of the Brownian motions of torchsde, as BrownianTreeNoiseSampler of diffusers asks for them.

brownian.json: "seed", "start", "end", and "increments": "from", "to" and the "values" of each, in the order they were asked for.
"""
import json
import pathlib

import numpy as np
import torch
import torchsde


def main(out):
    cases = []
    for seed, start, end, n in [(0, 0.0, 1.0, 4), (1, 0.03, 14.6, 16), (12345678901, 0.0292, 14.6146, 17), (2**62, 0.002, 80.0, 5), (2**63 - 2, 0.01, 4096.0, 3)]:
        tree = torchsde.BrownianInterval(t0=start, t1=end, size=(n,), dtype=torch.float32, entropy=seed, tol=1e-6, pool_size=24, halfway_tree=True)
        times = np.sort(np.random.default_rng(seed % 1000).uniform(start, end, 5))
        spans = [(start, end), (start, times[2]), (times[2], end), (times[0], times[1]), (times[3], times[4]), (times[0], times[4]), (times[1], times[1] + 1e-6), (start, times[0])]
        cases.append({"seed": str(seed), "start": start, "end": end, "increments": [{"from": a, "to": b, "values": tree(a, b).tolist()} for a, b in spans]})
    (pathlib.Path(out) / "brownian.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
