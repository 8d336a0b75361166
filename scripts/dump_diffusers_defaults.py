"""Writes models/scheduler/defaults.json: the keys of diffusers' schedulers with their defaults."""

import inspect
import json
import math
import pathlib

import diffusers

OUT = pathlib.Path(__file__).resolve().parent.parent / "models" / "scheduler" / "defaults.json"
CLASSES = ("EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "LCMScheduler", "DDIMScheduler",
           "DPMSolverMultistepScheduler", "PNDMScheduler")


def plain(value):
    return str(value).replace("inf", "Infinity") if isinstance(value, float) and math.isinf(value) else value


def main():
    rows = {}
    for name in CLASSES:
        parameters = inspect.signature(getattr(diffusers, name).__init__).parameters
        rows[name] = {k: plain(p.default) for k, p in parameters.items() if k != "self"}
    # Not of its constructor, but its Karras levels heed them where a file states them.
    rows["DPMSolverMultistepScheduler"] |= {"sigma_min": None, "sigma_max": None}
    OUT.write_text("{\n" + ",\n".join(f" {json.dumps(n)}: {json.dumps(r)}" for n, r in rows.items()) + "\n}\n")


if __name__ == "__main__":
    main()
