"""Writes models/config/transformers.json: the defaults of transformers' image processors.

A class whose own code does more than the common steps, and that models/config/huggingface.go
has no rule for, is written as null: its preprocessing can't be read off the keys.
"""

import importlib
import json
import pathlib

import transformers
from transformers.image_processing_backends import PilBackend

OUT = pathlib.Path(__file__).resolve().parent.parent / "models" / "config" / "transformers.json"
KEYS = ("default_to_square", "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
        "do_normalize", "image_mean", "image_std", "crop_pct", "do_flip_channel_order", "rescale_offset", "include_top")
# Own code that comes to the common steps for a single image, or that huggingface.go has a rule for.
READ = {"Beit", "MobileNetV2", "Segformer", "ConvNext", "PoolFormer", "EfficientNet", "Levit", "MobileViT", "Perceiver"}
STEPS = ("preprocess", "_preprocess", "resize", "center_crop", "rescale", "normalize", "process_image", "_preprocess_image_like_inputs")


def main():
    rows = {}
    for path in sorted(pathlib.Path(transformers.__file__).parent.glob("models/*/image_processing_pil_*.py")):
        module = importlib.import_module(f"transformers.models.{path.parent.name}.{path.stem}")
        for name in module.__all__:
            cls = getattr(module, name)
            if not (isinstance(cls, type) and issubclass(cls, PilBackend)):
                continue
            name = name.removesuffix("Pil")
            own = [s for s in STEPS if getattr(cls, s) is not getattr(PilBackend, s)]
            if own and name.removesuffix("ImageProcessor") not in READ:
                rows[name] = None
                continue
            row = {k: getattr(cls, k, None) for k in KEYS}
            rows[name] = {k: int(v) if k == "resample" else v for k, v in row.items() if v is not None}
            for flag in ("do_resize", "do_center_crop", "do_rescale", "do_normalize"):
                rows[name].setdefault(flag, False)
    lines = [f" {json.dumps(n)}: {json.dumps(r)}" for n, r in sorted(rows.items())]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
