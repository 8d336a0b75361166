"""What PyTorch's CPU generator draws.

noise.json lists draws after each other by seed: [function, argument, the number of the
values in noise.npz's float32 array "values" (rand, randn), or the value (randint)].
"""
import json

import numpy as np
import torch

SEEDS = [0, 1, 42, 2**32 + 5, 2**63]
SEQUENCES = [[("randn", n)] for n in list(range(1, 41)) + [64, 100, 128, 1000]] + [
    [("rand", 1)], [("rand", 15)], [("rand", 1000)],
    [("randn", 3), ("randn", 100), ("randn", 3), ("rand", 5), ("randn", 1), ("randint", 10), ("randn", 1), ("randn", 16), ("randint", 1000), ("randn", 17), ("randn", 2)],
    [("randint", n) for n in (1, 2, 7, 10, 1000, 2**20, 2**28 - 1)],
]


def main(out):
    values, runs = [], []
    for seed in SEEDS:
        # One seed draws a long one.
        for sequence in SEQUENCES + ([[("randn", 16384 + 3)]] if seed == 42 else []):
            torch.manual_seed(seed)
            draws = []
            for function, argument in sequence:
                if function == "randint":
                    draws.append([function, argument, int(torch.randint(argument, ()))])
                else:
                    drawn = getattr(torch, function)(argument).numpy()
                    values.append(drawn)
                    draws.append([function, argument, len(drawn)])
            runs.append({"seed": str(seed), "draws": draws})
    (out / "noise.json").write_text("[\n" + ",\n".join(map(json.dumps, runs)) + "\n]\n")
    np.savez_compressed(out / "noise.npz", values=np.concatenate(values))
