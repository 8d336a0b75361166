"""Records measures of seeded maps: scikit-learn's Jaccard score, F1 and recall of pixels, and panoptic quality.

panopticapi is in no package index. Panoptic quality is computed here from the definition of Kirillov et al. (2019),
equations 1 and 2 with the rules of section 4.1 for void and groups, over boolean masks, which is another way than
models/evaluate/maps goes. hotcoco (PyPI), another program, whose authors hold it against panopticapi, has to say the same.
"""
import json
import pathlib
import tempfile

import numpy as np
from hotcoco.panoptic import PanopticEval
from PIL import Image
from sklearn import metrics

IGNORED = 65535


def semantic(rng):
    classes, images = 6, 8
    truth, found = [], []
    for i in range(images):
        h, w = int(rng.integers(5, 12)), int(rng.integers(5, 12))
        t = rng.integers(0, 4, size=(h, w))
        f = np.where(rng.random((h, w)) < 0.6, t, rng.integers(0, 5, size=(h, w)))
        t[rng.random((h, w)) < 0.1] = IGNORED
        truth.append(t.ravel().tolist())
        found.append(f.ravel().tolist())
    t, f = np.concatenate(truth), np.concatenate(found)
    t, f = t[t != IGNORED], f[t != IGNORED]
    seen = np.union1d(t, f)
    iou = metrics.jaccard_score(t, f, labels=seen, average=None)
    recall = metrics.recall_score(t, f, labels=np.unique(t), average=None)
    by = dict(zip(seen.tolist(), iou.tolist()))
    return {
        "classes": classes, "truth": truth, "found": found,
        "figures": [float(iou.mean()), float(metrics.f1_score(t, f, labels=seen, average="macro")), float(recall.mean()), float((t == f).mean())] + [by.get(k) for k in range(classes)],
    }


def blobs(rng, n, h, w, first):
    m = np.zeros((h, w), dtype=int)
    for i in range(n):
        y, x = rng.integers(0, h - 3), rng.integers(0, w - 3)
        m[y : y + rng.integers(3, 9), x : x + rng.integers(3, 9)] = first + i
    return m


def panoptic(rng, crowds):
    classes, images = 5, 12
    things = [True, True, True, False, False]
    cases = []
    for _ in range(images):
        h, w = int(rng.integers(12, 30)), int(rng.integers(12, 30))
        truth = blobs(rng, int(rng.integers(1, 8)), h, w, 11)
        there = [{"id": int(i), "class": int(rng.integers(0, 4)), "crowd": bool(crowds and rng.random() < 0.25)} for i in np.unique(truth) if i]
        shift = rng.integers(-1, 2, size=2)
        found = np.roll(truth, shift, axis=(0, 1))
        if rng.random() < 0.5:
            extra = blobs(rng, 2, h, w, 50)
            found = np.where(extra > 0, extra, found)
        known = {s["id"]: s["class"] for s in there}
        seen = [{"id": int(i), "class": known[i] if i in known and rng.random() < 0.8 else int(rng.integers(0, 4))} for i in np.unique(found) if i]
        cases.append({"truth": truth.ravel().tolist(), "found": found.ravel().tolist(), "there": there, "seen": seen, "height": h, "width": w})
    return {"classes": classes, "things": things, "images": cases, "figures": quality(classes, things, cases)}


def quality(classes, things, cases):
    """PQ by its definition."""
    tp, fp, fn, overlap = (np.zeros(classes) for _ in range(4))
    for c in cases:
        truth, found = np.array(c["truth"]), np.array(c["found"])
        void = truth == 0
        hit = set()
        for s in c["seen"]:
            mask = found == s["id"]
            best = None
            for t in c["there"]:
                if t["crowd"] or t["class"] != s["class"]:
                    continue
                real = truth == t["id"]
                iou = (mask & real).sum() / ((mask & ~void) | real).sum()
                if iou > 0.5:
                    best = (t["id"], iou)
            if best:
                tp[s["class"]] += 1
                overlap[s["class"]] += best[1]
                hit.add(best[0])
                continue
            groups = [t["id"] for t in c["there"] if t["crowd"] and t["class"] == s["class"]]
            passed = void | (truth == groups[-1]) if groups else void
            if (mask & passed).sum() / mask.sum() <= 0.5:
                fp[s["class"]] += 1
        for t in c["there"]:
            if not t["crowd"] and t["id"] not in hit:
                fn[t["class"]] += 1
    all_ = tp + fp / 2 + fn / 2
    some = all_ > 0
    safe = np.where(some, all_, 1)
    pq, rq = overlap / safe, tp / safe
    sq = np.where(tp > 0, overlap / np.where(tp > 0, tp, 1), 0)
    mean = lambda v, where: float(v[where].mean())
    things = np.array(things)
    return [mean(pq, some), mean(sq, some), mean(rq, some), mean(pq, some & things), mean(pq, some & ~things)] + [float(p) if s else None for p, s in zip(pq, some)]


def check(case):
    """Compares with hotcoco, by files as COCO has them."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, segments in (("truth", "there"), ("found", "seen")):
            (folder / name).mkdir()
            annotations = []
            for i, c in enumerate(case["images"]):
                ids = np.array(c[name]).reshape(c["height"], c["width"])
                Image.fromarray(np.stack([ids % 256, ids // 256, 0 * ids], axis=2).astype(np.uint8)).save(folder / name / f"{i}.png")
                infos = [{"id": s["id"], "category_id": s["class"] + 1, "iscrowd": int(s.get("crowd", False)), "area": int((ids == s["id"]).sum()), "bbox": [0, 0, 1, 1]} for s in c[segments]]
                annotations.append({"image_id": i + 1, "file_name": f"{i}.png", "segments_info": infos})
            (folder / f"{name}.json").write_text(json.dumps({
                "images": [{"id": i + 1, "file_name": f"{i}.jpg", "height": c["height"], "width": c["width"]} for i, c in enumerate(case["images"])],
                "annotations": annotations,
                "categories": [{"id": k + 1, "name": str(k), "isthing": int(t)} for k, t in enumerate(case["things"])],
            }))
        e = PanopticEval(folder / "truth.json", folder / "found.json")
        e.evaluate()
        r = e.results()
    got = [r["All"][k] for k in ("pq", "sq", "rq")] + [r["Things"]["pq"], r["Stuff"]["pq"]]
    np.testing.assert_allclose(got, case["figures"][:5], atol=1e-12)
    for k, want in enumerate(case["figures"][5:]):
        assert want is None or abs(r["per_class"][k + 1]["pq"] - want) < 1e-12, (k, want)


def main(out):
    rng = np.random.default_rng(60)
    cases = [panoptic(rng, False), panoptic(rng, True)]
    for c in cases:
        check(c)
    (out / "semantic.json").write_text(json.dumps(semantic(rng), separators=(",", ":")) + "\n")
    (out / "panoptic.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
