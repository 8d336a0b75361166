"""Records what pycocotools finds in seeded synthetic truths and results: ties, crowds, empty classes and images.

Needs pycocotools.
"""
import contextlib
import io
import json

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

KINDS = {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}


def polygon(rng, box):
    x, y, w, h = box
    n = rng.integers(3, 9)
    angles = np.sort(rng.random(n)) * 2 * np.pi
    r = 0.3 + 0.7 * rng.random(n)
    return np.stack([x + w / 2 + r * w * np.cos(angles) / 2, y + h / 2 + r * h * np.sin(angles) / 2], 1).round(2).ravel().tolist()


def made(rng, kind, images=24, classes=7):
    """Truths and results; class 5 has no truth, 6 no result, and some images neither."""
    truth, found = [], []
    sizes = {i: (int(rng.integers(90, 260)), int(rng.integers(90, 260))) for i in range(1, images + 1)}
    for image, (height, width) in sizes.items():
        if image % 6 == 0:
            continue  # nothing is there
        for _ in range(rng.integers(0, 9)):
            c = 1 if kind == "keypoints" else int(rng.choice([1, 2, 3, 4, 6, 7]))
            w, h = (rng.choice([8, 20, 32, 60, 96, 130], size=2) * rng.choice([1, 0.9], size=2)).tolist()
            x, y = (rng.random(2) * [max(1, width - w), max(1, height - h)]).round(1).tolist()
            one = {"id": len(truth) + 1, "image_id": image, "category_id": c, "bbox": [x, y, w, h], "area": w * h, "iscrowd": int(rng.random() < 0.12)}
            if kind == "masks":
                parts = [polygon(rng, one["bbox"]) for _ in range(rng.integers(1, 3))]
                rle = masks.merge(masks.frPyObjects(parts, height, width))
                one["area"] = float(masks.area(rle))
                one["segmentation"] = parts
                if one["iscrowd"]:  # as COCO has crowds: runs that are not compressed
                    m = masks.decode(rle).ravel(order="F")
                    edges = np.flatnonzero(np.diff(np.concatenate([[0], m]))).tolist()
                    runs = np.diff([0] + edges + [len(m)]).tolist()
                    one["segmentation"] = {"size": [height, width], "counts": runs}
            if kind == "keypoints":
                points = np.stack([x + w * rng.random(17), y + h * rng.random(17), rng.choice([0, 1, 2], size=17)], 1).round(1)
                if rng.random() < 0.15:
                    points[:] = 0
                one["keypoints"], one["num_keypoints"] = points.ravel().tolist(), int((points[:, 2] > 0).sum())
                one["area"] = round(0.6 * w * h, 2)
            truth.append(one)
    for image, (height, width) in sizes.items():
        mine = [t for t in truth if t["image_id"] == image]
        for _ in range(int(rng.integers(0, 14)) if image % 7 else 0):
            c = 1 if kind == "keypoints" else int(rng.choice([1, 2, 3, 4, 5, 7]))
            like = mine[rng.integers(len(mine))] if mine and rng.random() < 0.75 else None
            if like is not None and like["category_id"] != 6 and rng.random() < 0.9:
                c = like["category_id"]
            base = like["bbox"] if like is not None else [width / 4, height / 4, 40.0, 40.0]
            shift = rng.normal(size=4) * rng.choice([0, 0.02, 0.1, 0.3]) * np.array([base[2], base[3], base[2], base[3]])
            x, y, w, h = np.maximum(np.array(base) + shift, [-9, -9, 1, 1]).round(2).tolist()
            one = {"image_id": image, "category_id": c, "score": round(float(rng.random()), 1)}  # many ties
            if kind == "boxes":
                one["bbox"] = [x, y, w, h]
            elif kind == "masks":
                rle = masks.merge(masks.frPyObjects([polygon(rng, [x, y, w, h])], height, width))
                if like is not None and isinstance(like["segmentation"], list) and rng.random() < 0.5:
                    rle = masks.merge(masks.frPyObjects(like["segmentation"][:1], height, width))
                one["segmentation"] = {"size": [height, width], "counts": rle["counts"].decode()}
            else:
                points = np.array(like["keypoints"]).reshape(17, 3) if like is not None else np.stack([x + w * rng.random(17), y + h * rng.random(17), np.ones(17)], 1)
                points = points + rng.normal(size=points.shape) * rng.choice([0, 1, 3, 9])
                points[:, 2] = 1
                one["keypoints"] = points.round(1).ravel().tolist()
            found.append(one)
    # one image with more than a hundred of a class
    if kind == "boxes":
        for i in range(130):
            found.append({"image_id": 1, "category_id": 1, "score": round(float(rng.random()), 2), "bbox": [float(i), 5.0, 30.0, 30.0]})
    categories = [{"id": i, "name": f"class {i}"} for i in range(1, (1 if kind == "keypoints" else classes) + 1)]
    dataset = {"images": [{"id": i, "file_name": f"{i:06}.jpg", "height": s[0], "width": s[1]} for i, s in sizes.items()], "annotations": truth, "categories": categories}
    return dataset, found


def evaluated(kind, dataset, found, images=None):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(dataset))
        truth.createIndex()
        e = COCOeval(truth, truth.loadRes(json.loads(json.dumps(found))), KINDS[kind])
        if images is not None:
            e.params.imgIds = images
        e.evaluate()
        e.accumulate()
        e.summarize()
    p = e.eval["precision"][:, :, :, 0, -1]
    classes = [float(v[v > -1].mean()) if (v := p[:, :, k]).max() > -1 else None for k in range(p.shape[2])]
    return {"stats": [None if s == -1 else float(s) for s in e.stats], "classes": classes}


def main(out):
    for seed, kind in enumerate(KINDS):
        rng = np.random.default_rng(40 + seed)
        dataset, found = made(rng, kind)
        case = {"kind": kind, "truth": dataset, "found": found, **evaluated(kind, dataset, found)}
        if kind == "masks":
            for t in dataset["annotations"]:  # what polygons are as masks
                size = next([i["height"], i["width"]] for i in dataset["images"] if i["id"] == t["image_id"])
                rle = masks.frPyObjects(t["segmentation"], *size)
                rle = masks.merge(rle) if isinstance(rle, list) else rle
                t["counts"], t["around"] = rle["counts"].decode(), masks.toBbox(rle).tolist()
        (out / f"{kind}.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")
