"""Records what scikit-learn says of seeded labels: average precision with ties, F1; some labels never occur."""
import json

import numpy as np
from sklearn import metrics


def main(out):
    rng = np.random.default_rng(50)
    images, labels = 60, 9
    truth = (rng.random((images, labels)) < np.array([0.5, 0.3, 0.1, 0.02, 0.8, 0.3, 0, 0.2, 0])).astype(int)
    truth[3] = 0
    values = np.round(np.clip(0.35 * truth + rng.random((images, labels)) * 0.8, 0, 1), 1).astype(np.float32)  # many ties
    values[:, 8] = 0.1  # neither there nor picked
    picked = (values > 0.5).astype(int)
    occur = truth.any(axis=0)
    ap = [float(metrics.average_precision_score(truth[:, k], values[:, k])) if occur[k] else None for k in range(labels)]
    case = {
        "values": [[float(str(v)) for v in row] for row in values],
        "truth": [np.flatnonzero(r).tolist() for r in truth], "picked": [np.flatnonzero(r).tolist() for r in picked],
        "figures": [
            float(metrics.average_precision_score(truth[:, occur], values[:, occur], average="macro")),
            metrics.f1_score(truth, picked, average="micro"),
            metrics.f1_score(truth, picked, average="macro", zero_division=np.nan),
            metrics.precision_score(truth, picked, average="micro"),
            metrics.recall_score(truth, picked, average="micro"),
        ] + ap,
    }
    (out / "tags.json").write_text(json.dumps(case) + "\n")
