"""Writes models/config/transformers.json, what transformers' image processors are:

classes  the defaults of each, under "torchvision" true where it has no Pillow backend, and under "reads" the keys that its own code looks at where that is not all of them. A class whose own code does more than the
         common steps, and that models/config has no rule for, is null: its preprocessing can't be read off the keys.
keys     all keys that any class takes
models   the class by config.json's model_type, for files that name none
"""

import importlib
import inspect
import json
import pathlib
import re

import transformers
from transformers.image_processing_backends import PilBackend, TorchvisionBackend
from transformers.image_processing_utils import BaseImageProcessor
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.processing_utils import ImagesKwargs

OUT = pathlib.Path(__file__).resolve().parent.parent / "models" / "config" / "transformers.json"
KEYS = ("default_to_square", "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
        "do_normalize", "image_mean", "image_std", "crop_pct", "do_flip_channel_order", "rescale_offset", "include_top", "do_pad", "pad_size", "do_convert_rgb",
        "resize_short", "size_divisor", "max_size", "keep_aspect_ratio", "ensure_multiple_of")
# Own code that comes to the common steps for a single image, or that models/config has a rule for.
READ = {"Beit", "MobileNetV2", "Segformer", "ConvNext", "PoolFormer", "EfficientNet", "Levit", "MobileViT", "Perceiver",
        "PPLCNet", "DINOv3ViT", "TextNet", "Flava",
        "Detr", "ConditionalDetr", "DeformableDetr", "Yolos", "RTDetr", "RfDetr",
        "MaskFormer", "Mask2Former", "DPT", "GLPN"}
STEPS = ("preprocess", "_preprocess", "resize", "center_crop", "rescale", "normalize", "process_image", "_preprocess_image_like_inputs")


def classes():
    """Yields the name and the class of each processor; that of Pillow where there are two."""
    for path in sorted(pathlib.Path(transformers.__file__).parent.glob("models/*/image_processing_*.py")):
        pillow = path.with_name(path.name.replace("image_processing_", "image_processing_pil_"))
        if path.parent.name == "auto" or pillow.exists() and "_pil_" not in path.name:
            continue
        module = importlib.import_module(f"transformers.models.{path.parent.name}.{path.stem}")
        for name in getattr(module, "__all__", []):
            cls = getattr(module, name)
            if isinstance(cls, type) and issubclass(cls, BaseImageProcessor):
                yield name.removesuffix("Pil"), cls


def row(name, cls):
    backend = next((b for b in (PilBackend, TorchvisionBackend) if issubclass(cls, b)), None)
    own = backend and [s for s in STEPS if getattr(cls, s, None) is not getattr(backend, s, None)]
    if backend is None or own and name.removesuffix("ImageProcessor") not in READ:
        return None
    values = {k: getattr(cls, k, None) for k in KEYS}
    values = {k: int(v) if k == "resample" else v for k, v in values.items() if v is not None}
    for flag in ("do_resize", "do_center_crop", "do_rescale", "do_normalize"):
        values.setdefault(flag, False)
    if backend is TorchvisionBackend:
        values["torchvision"] = True
    if "_preprocess" in own:
        source = inspect.getsource(cls._preprocess)
        values["reads"] = [k for k in inspect.signature(cls._preprocess).parameters
                           if k in cls.valid_kwargs.__annotations__ and len(re.findall(rf"\b{k}\b", source)) > 1]
    return values


def main():
    rows, keys = {}, set(ImagesKwargs.__annotations__)
    for name, cls in classes():
        rows[name] = row(name, cls)
        keys |= set(getattr(cls, "valid_kwargs", ImagesKwargs).__annotations__)
    models = {m: (c.get("torchvision") or c["pil"]).removesuffix("Pil") for m, c in IMAGE_PROCESSOR_MAPPING_NAMES.items()}
    lines = [f"  {json.dumps(n)}: {json.dumps(r)}" for n, r in sorted(rows.items())]
    OUT.write_text('{\n "classes": {\n' + ",\n".join(lines) + '\n },\n "keys": ' + json.dumps(sorted(keys)) +
                   ',\n "models": ' + json.dumps(dict(sorted(models.items()))) + "\n}\n")


if __name__ == "__main__":
    main()
