"""Writes models/diffusion/testdata: tiny pipelines, and what diffusers makes with them.

usage: python scripts/make_tiny_diffusion.py [sd|sdxl|lcm|inpaint|sd-fp16|old|goldens ...]      (pip install -r scripts/tiny_diffusion/requirements.txt)

The folders are exported by Optimum itself, optimum-onnx 0.1.0 (old: by torch.onnx, as older
diffusers did; see scripts/tiny_diffusion/pipelines.py). On one machine every run writes the same
bytes, in about a minute. On another, weights may differ in their last bit and latents with them:
make the folders and the goldens together.
"""
import json
import pathlib
import sys
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

from tiny_diffusion import cases, pictures, pipelines, record

OUT = pathlib.Path(__file__).resolve().parent.parent / "models/diffusion/testdata"
FOLDERS = ("sd", "sdxl", "lcm", "inpaint", "sd-fp16", "old")


def goldens():
    out = OUT / "goldens"
    out.mkdir(exist_ok=True)
    pictures.main(out)
    recorder, manifest, files = record.Recorder(OUT), [], {}
    for case in cases.all_cases():
        arrays = files.setdefault(case["pipeline"], record.Arrays())
        try:
            result, latents, pixels = recorder.run(case, arrays)
            spread = np.abs(latents.astype(np.float32)).max((1, 2, 3))
            print(f"{case['pipeline']:8} {case['name']:40} latents up to {spread.max():5.1f}, last {spread[-1]:5.1f}; "
                  f"image {pixels.mean():5.1f} ± {pixels.std():4.1f}, {np.mean((pixels == 0) | (pixels == 255)):.0%} clipped")
        except (ValueError, NotImplementedError, IndexError) as error:
            result = {"refused": str(error)}
            print(f"{case['pipeline']:8} {case['name']:40} refused: {error}")
        case.pop("no_result", None)
        manifest.append(case | result)
    for name, arrays in files.items():
        np.savez_compressed(out / f"{name}.npz", **arrays.named)
    (out / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in manifest) + "\n]\n")


for name in sys.argv[1:] or [*FOLDERS, "goldens"]:
    start = time.time()
    goldens() if name == "goldens" else pipelines.build(name, OUT / name)
    size = sum(f.stat().st_size for f in (OUT / name).rglob("*") if f.is_file())
    print(f"{name}: {size / 1e3:.0f} kB, {time.time() - start:.0f} s")
