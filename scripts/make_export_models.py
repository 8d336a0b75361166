"""Writes models/testdata/exports: what exporters write of image classifiers, and what Python says with them.

usage: python scripts/make_export_models.py optimum|torch|sklearn|keras|goldens ...

Each in the environment that it needs: optimum, torch and sklearn in scripts/exports/requirements.txt, keras in
scripts/exports/requirements-keras.txt, goldens in scripts/requirements.txt. Weights are random, from fixed seeds;
on another machine they may differ in their last bits, so make graphs and goldens together.
"""
import pathlib
import shutil
import sys
import warnings

warnings.filterwarnings("ignore")

OUT = pathlib.Path(__file__).resolve().parent.parent / "models/testdata/exports"


def cases(kind):
    from exports import frameworks

    if kind == "keras":
        return frameworks.keras_cases()
    if kind == "sklearn":
        return frameworks.sklearn_cases()
    import torch
    torch.set_num_threads(1)
    if kind == "torch":
        return frameworks.torch_cases() | frameworks.timm_cases()
    from exports import families
    return {f"optimum-{name}": lambda out, name=name: families.build(name, out) for name in families.FAMILIES}


def make(kind):
    from exports import frameworks

    for name, export in cases(kind).items():
        out = OUT / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        export(out)
        frameworks.without_traces(out / "model.onnx")
        if (out / "config.json").exists():
            frameworks.tidied(out / "config.json")
        print(name, {f.name: f.stat().st_size for f in sorted(out.iterdir())})


for kind in sys.argv[1:] or sys.exit(__doc__):
    if kind == "goldens":
        from exports import goldens
        goldens.main(OUT)
    else:
        make(kind)
