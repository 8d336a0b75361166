"""Writes the golden files anew from the reference libraries.

usage: python scripts/make_goldens.py [decode|frames|metadata|profiles|transforms|filters|processors|classify|equality|stats|evaluate|evaluate_coco|evaluate_maps|evaluate_tags|npz|span|text|clip|tokenizer|dual|imagehash|nearest|noise|samples|images|descriptions|schedulers|brownian|options|control|fit|faces|meaning|heads|quantized|given|detect_ultralytics|detect_yolo|slices|families ...]      (pip install -r scripts/requirements.txt)
"""
import importlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent
OUT = {
    "decode": ROOT / "preprocess/testdata/decode",
    "frames": ROOT / "preprocess/testdata/frames",
    "metadata": ROOT / "preprocess/testdata/metadata",
    "profiles": ROOT / "preprocess/testdata/profiles",
    "transforms": ROOT / "preprocess/testdata/transforms",
    "filters": ROOT / "preprocess/testdata/filters",
    "processors": ROOT / "models/testdata/processors",
    "pictures": ROOT / "preprocess/testdata/pictures",
    "classify": ROOT / "models/classify/testdata",
    "equality": ROOT / "runner/equality/testdata",
    "stats": ROOT / "runner/stats/testdata",
    "evaluate": ROOT / "models/evaluate/testdata",
    "npz": ROOT / "runner/npz/testdata",
    "images": ROOT / "models/generate/testdata/images",
    "text": ROOT / "models/text/testdata",
    "clip": ROOT / "models/clip/testdata",
    "tokenizer": ROOT / "models/tokenizer/testdata",
    "dual": ROOT / "models/dual/testdata",
    "imagehash": ROOT / "preprocess/imagehash/testdata",
    "nearest": ROOT / "models/nearest/testdata",
    "noise": ROOT / "models/noise/testdata",
    "samples": ROOT / "models/generate/testdata/samples",
    "span": ROOT / "models/bundled/testdata/span",
    "descriptions": ROOT / "models/bundled/testdata/imagenet-descriptions",
    "meaning": ROOT / "models/meaning/testdata",
    "heads": ROOT / "models/classify/testdata/heads",
    "quantized": ROOT / "runner/testdata/quantized",
    "families": ROOT / "models/detect/testdata/families",
    "given": ROOT / "models/classify/testdata/given",
    "faces": ROOT / "models/faces/testdata",
    "fit": ROOT / "models/diffusion/testdata/goldens",
    "schedulers": ROOT / "models/scheduler/testdata",
    "brownian": ROOT / "models/noise/testdata",
    "options": ROOT / "models/diffusion/testdata/goldens",
    "control": ROOT / "models/diffusion/testdata/goldens",
}
# By name alone: their scripts say which libraries they need, which requirements.txt has not.
OTHERS = {
    "evaluate_coco": ROOT / "models/evaluate/coco/testdata",
    "evaluate_maps": ROOT / "models/evaluate/maps/testdata",
    "evaluate_tags": ROOT / "models/evaluate/tags/testdata",
    "detect_ultralytics": ROOT / "models/detect/testdata/ultralytics",
    "slices": ROOT / "models/detect/testdata",
    "detect_yolo": ROOT / "models/detect/testdata/yolo",
}
sys.path.insert(0, str(ROOT / "scripts"))

for name in sys.argv[1:] or OUT:
    out = {**OUT, **OTHERS}[name]
    out.mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"goldens.{name}").main(out)
    print(f"{out.relative_to(ROOT)}: {sum(f.stat().st_size for f in out.rglob('*') if f.is_file()) / 1e3:.0f} kB")
