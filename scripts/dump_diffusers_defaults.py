"""Writes models/scheduler/defaults.json: the keys of diffusers' schedulers with their defaults."""

import inspect
import json
import math
import pathlib

import diffusers

OUT = pathlib.Path(__file__).resolve().parent.parent / "models" / "scheduler" / "defaults.json"
CLASSES = ("EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "LCMScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler", "PNDMScheduler",
           "UniPCMultistepScheduler", "DEISMultistepScheduler", "HeunDiscreteScheduler", "DDPMScheduler", "LMSDiscreteScheduler",
           "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DPMSolverSDEScheduler", "DPMSolverSinglestepScheduler",
           "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler", "FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler", "TCDScheduler")


def plain(value):
    return str(value).replace("inf", "Infinity") if isinstance(value, float) and math.isinf(value) else value


def main():
    rows = {}
    for name in CLASSES:
        parameters = inspect.signature(getattr(diffusers, name).__init__).parameters
        rows[name] = {k: plain(p.default) for k, p in parameters.items() if k != "self"}
    # Not of their constructors, but their levels heed them where a file states them.
    for row in rows.values():
        if "use_karras_sigmas" in row:
            row |= {"sigma_min": row.get("sigma_min"), "sigma_max": row.get("sigma_max")}
    OUT.write_text("{\n" + ",\n".join(f" {json.dumps(n)}: {json.dumps(r)}" for n, r in rows.items()) + "\n}\n")


if __name__ == "__main__":
    main()
