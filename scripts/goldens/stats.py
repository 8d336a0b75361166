"""Records what NumPy and SciPy find in the same numbers: summaries, intervals and tests."""
import json

import numpy as np
from scipy import stats


def summary(x):
    q = {f"p{p}": float(np.percentile(x, p)) for p in (50, 90, 95, 99)}
    return {"samples": x.tolist(), "mean": float(x.mean()), "std": float(x.std()), "min": float(x.min()), "max": float(x.max()), **q}


def interval(x):
    """Student's t of the logarithms, around the geometric mean."""
    low, high = stats.t.interval(0.95, len(x) - 1, np.log(x).mean(), stats.sem(np.log(x)))
    return {"values": x.tolist(), "low": float(np.exp(low)), "high": float(np.exp(high)), "cv": float(x.std(ddof=1) / x.mean())}


def welch(a, b, effect):
    la, lb, m = np.log(a), np.log(b), np.log1p(effect)
    sign = 1 if lb.mean() > la.mean() else -1
    above = stats.ttest_ind(sign * lb - m, sign * la, equal_var=False, alternative="greater")
    below = stats.ttest_ind(-sign * lb - m, -sign * la, equal_var=False, alternative="greater")  # the other side: |difference| + m
    beyond = stats.t.sf((abs(lb.mean() - la.mean()) + m) / np.sqrt(la.var(ddof=1) / len(a) + lb.var(ddof=1) / len(b)), above.df)
    assert below.pvalue >= above.pvalue
    ci = stats.ttest_ind(lb, la, equal_var=False).confidence_interval(0.95)
    return {"first": a.tolist(), "second": b.tolist(), "effect": effect, "ratio": float(np.exp(lb.mean() - la.mean())), "p": float(min(1, above.pvalue + beyond)),
            "low": float(np.exp(ci.low)), "high": float(np.exp(ci.high))}


def paired(a, b, effect):
    d, m = np.log(b) - np.log(a), np.log1p(effect)
    size = abs(d.mean())
    p = stats.t.sf((size - m) / stats.sem(d), len(d) - 1) + stats.t.sf((size + m) / stats.sem(d), len(d) - 1)
    if effect == 0:
        assert np.isclose(p, stats.ttest_rel(np.log(b), np.log(a)).pvalue)
    ci = stats.ttest_rel(np.log(b), np.log(a)).confidence_interval(0.95)
    return {"first": a.tolist(), "second": b.tolist(), "effect": effect, "ratio": float(np.exp(d.mean())), "p": float(min(1, p)), "low": float(np.exp(ci.low)), "high": float(np.exp(ci.high))}


def main(out):
    r = np.random.default_rng(7)
    series = lambda n, sigma, scale=1.0: np.exp(r.normal(0, sigma, n)) * scale
    golden = {
        "summaries": [summary(series(n, 0.3, 5).round(6)) for n in (1, 2, 3, 10, 661, 662, 1000)],
        "intervals": [interval(series(n, s, 170)) for n, s in ((2, 0.01), (3, 0.05), (5, 0.02), (5, 0.2), (19, 0.1))],
        "welch": [welch(series(n1, s1), series(n2, s2, scale), effect) for n1, s1, n2, s2, scale, effect in (
            (5, 0.02, 5, 0.02, 1.2, 0.05), (5, 0.02, 5, 0.05, 1.0, 0.05), (3, 0.01, 8, 0.1, 0.8, 0.05), (2, 0.05, 2, 0.05, 2, 0.1), (5, 0.02, 5, 0.02, 0.97, 0))],
        "paired": [paired(series(n, 0.05), series(n, 0.05, scale), effect) for n, scale, effect in ((5, 1.2, 0.03), (5, 1.0, 0.03), (2, 0.7, 0.03), (12, 0.95, 0))],
    }
    (out / "goldens.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: [\n" + ",\n".join(map(json.dumps, v)) + "\n]" for k, v in golden.items()) + "\n}\n")
