"""Writes the golden files anew from the reference libraries.

usage: python scripts/make_goldens.py [decode|transforms ...]      (pip install -r scripts/requirements.txt)
"""
import importlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

for name in sys.argv[1:] or ["decode", "transforms"]:
    out = ROOT / "preprocess" / "testdata" / name
    out.mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"goldens.{name}").main(out)
    print(f"{out.relative_to(ROOT)}: {sum(f.stat().st_size for f in out.rglob('*') if f.is_file()) / 1e3:.0f} kB")
