"""Records what scikit-learn, SciPy and torchmetrics say of seeded synthetic answers."""
import json

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax
from scipy.stats import binomtest, norm
from sklearn import metrics
from torchmetrics.functional.classification import multiclass_calibration_error


def answers(rng, items, classes, sharpness):
    """Logits of a model that is right more often than not, and too sure of it where sharpness is above 1."""
    truth = rng.integers(classes - 1, size=items)  # the last class never occurs
    logits = rng.normal(size=(items, classes))
    logits[np.arange(items), truth] += 1.7
    logits[:, 1] += 0.5 * logits[:, 0]  # confused with each other
    return truth, np.round(sharpness * logits, 3).astype(np.float32)


def rate(right, n):
    interval = binomtest(int(right), int(n)).proportion_ci(method="wilson")
    return {"right": int(right), "n": int(n), "rate": right / n, "low": interval.low, "high": interval.high}


def ece(p, truth):
    return float(multiclass_calibration_error(torch.tensor(p), torch.tensor(truth), num_classes=p.shape[1], n_bins=15, norm="l1"))


def fit(logits, truth):
    """The inverse temperature, and its sandwich standard error by finite differences."""
    nlls = lambda b: logsumexp(b * logits, axis=1) - b * logits[np.arange(len(truth)), truth]
    b = minimize_scalar(lambda b: nlls(b).mean(), bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12}).x
    h = 1e-4
    slopes = (nlls(b + h) - nlls(b - h)) / (2 * h)
    curvature = ((nlls(b + h) - 2 * nlls(b) + nlls(b - h)) / h**2).sum()
    return b, np.sqrt((slopes**2).sum()) / curvature


def case(name, truth, values, activation, temperature=1.0):
    classes = values.shape[1]
    wide = values.astype(np.float64)
    p = softmax(wide / temperature, axis=1) if activation == "softmax" else wide / wide.sum(axis=1, keepdims=True)
    logits = wide if activation == "softmax" else np.log(wide)
    predicted = values.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, predicted, labels=range(classes), zero_division=0)
    confidence = p.max(axis=1)
    drawn = np.random.default_rng(3).random((4000, len(truth))) < confidence
    bins = np.ceil(confidence * 15).astype(int)
    chance = np.mean([sum(abs((d - confidence)[bins == b].sum()) for b in np.unique(bins)) for d in drawn]) / len(truth)
    b, deviation = fit(logits, truth)
    halves = [fit(logits[i::2], truth[i::2])[0] for i in (0, 1)]
    crossed = np.empty_like(logits)
    for i in (0, 1):
        crossed[i::2] = logits[i::2] * halves[1 - i]
    z = norm.ppf(0.975)
    return {
        "name": name, "activation": activation, "temperature": temperature, "truth": truth.tolist(),
        "values": [[float(str(v)) for v in row] for row in values],
        "top1": rate((predicted == truth).sum(), len(truth)),
        "top5": rate(round(metrics.top_k_accuracy_score(truth, p, k=5, labels=range(classes), normalize=False)), len(truth)) if classes > 5 else None,
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
        "confusion": metrics.confusion_matrix(truth, predicted, labels=range(classes)).tolist(),
        "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist(),
        "ece": ece(p, truth), "ece_by_chance": float(chance),
        "nll": metrics.log_loss(truth, p, labels=range(classes)),
        "brier": metrics.brier_score_loss(truth, p, labels=range(classes), scale_by_half=False),
        "fitted": {
            "temperature": 1 / b, "low": 1 / (b + z * deviation), "high": 1 / (b - z * deviation), "halves": [1 / h for h in halves],
            "ece": ece(softmax(crossed, axis=1), truth), "nll": metrics.log_loss(truth, softmax(crossed, axis=1), labels=range(classes)),
        },
    }


def main(out):
    rng = np.random.default_rng(20)
    truth, logits = answers(rng, 250, 10, 2.5)
    few, three = answers(rng, 81, 3, 0.6)
    cases = [
        case("overconfident", truth, logits, "softmax"),
        case("divided", truth, logits, "softmax", 1.75),
        case("softmax inside", truth, softmax(logits, axis=1).astype(np.float32), "none"),
        case("three classes", few, three, "softmax"),
    ]
    (out / "scores.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
