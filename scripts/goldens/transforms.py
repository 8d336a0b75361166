"""Records what Pillow's resize and the exporters' transforms give: torchvision on PIL images, timm's factory, transformers' PIL-backed processors.

arrays.bin.gz holds every array's bytes, one after the other; cases.json says where each begins. Of a transform: the cropped uint8 pixels (of large ones
their SHA-256) and every STEP-th element of the float32 tensor.
"""
import gzip
import hashlib
import json
import math
import sys

import numpy as np
import timm.data
import torchvision.transforms as T
import transformers
from PIL import Image
from torchvision.transforms import InterpolationMode

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALF = ([0.5] * 3, [0.5] * 3)
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
PLAIN = ([0] * 3, [1] * 3)
SIZES = [(97, 61), (33, 30), (61, 97), (64, 64), (1, 1), (1, 3000), (3000, 1)]
STEP = 37
LARGE = 64  # edge above which pixels are stored as a digest


class Store:
    """Arrays, one after the other."""

    def __init__(self):
        self.data = bytearray()

    def put(self, array):
        offset = len(self.data)
        self.data += np.ascontiguousarray(array).tobytes()
        return offset


def picture(rng, width, height, channels=3):
    """Smooth shapes and noise: resampling shows in both."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 100 * np.sin(x / (3 + c) + y / (5 - c)) + rng.integers(-27, 28, (height, width)) for c in range(channels)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def spec(size, resize, interpolation, mean, std, rng=(0, 1), crop="round", fill=(0, 0, 0), order="rgb"):
    h, w = (size, size) if isinstance(size, int) else size
    return {"height": h, "width": w, "resize": resize, "interpolation": interpolation, "mean": mean, "std": std,
            "range": rng, "crop_offset": crop, "fill": fill, "color_order": order}


def torchvision_cases():
    """Yields library, config, Spec, image -> uint8 HWC crop, image -> float CHW tensor; so do the others."""
    for size, edge, name in [(224, 256, "bilinear"), (224, 232, "bilinear"), (384, 384, "bicubic"), (600, 600, "bicubic"),  # presets
                             (48, 55, "bilinear"), (48, 49, "bicubic"), (47, 64, "bilinear"), (31, 42, "nearest"),
                             (64, 40, "bicubic"), (48, 45, "bilinear"), (33, 30, "bicubic")]:  # the last three pad
        crop = T.Compose([T.Resize(edge, InterpolationMode(name)), T.CenterCrop(size)])
        yield ("torchvision", {"resize_size": edge, "crop_size": size, "interpolation": name}, spec(size, ["short", edge], name, *IMAGENET),
               crop, T.Compose([crop, T.ToTensor(), T.Normalize(*IMAGENET)]))


def timm_cases():
    for mode, pct, name, size in [("center", 0.875, "bicubic", 48), ("center", 0.95, "bilinear", 47), ("center", 1.0, "bicubic", 48), ("center", None, "lanczos", 40),
                                  ("center", 0.9, "nearest", 33), ("squash", 0.9, "bicubic", 48), ("squash", 1.0, "bilinear", 48), ("squash", 1.0, "hamming", (32, 44)),
                                  ("border", 0.9, "bicubic", 48), ("border", 1.0, "bilinear", 45), ("border", 0.8, "box", 40),
                                  ("center", 0.9, "bicubic", (36, 50)), ("center", 0.95, "bilinear", (47, 31)), ("border", 0.9, "bicubic", (36, 50))]:
        h, w = (size, size) if isinstance(size, int) else size
        config = {"input_size": [3, h, w], "interpolation": name, "crop_pct": pct, "crop_mode": mode, "mean": IMAGENET[0], "std": IMAGENET[1]}
        if pct is None:
            del config["crop_pct"], config["crop_mode"]
        transform = timm.data.create_transform(**{**config, "input_size": (3, h, w)}, is_training=False)
        crop = T.Compose(transform.transforms[:-2])
        eh, ew = (math.floor(v / (pct or 0.875)) for v in (h, w))
        square = {"center": ["short", eh], "squash": ["exact", eh, ew], "border": ["long", eh]}
        oblong = {"center": ["cover", eh, ew], "squash": ["exact", eh, ew], "border": ["fit", eh, ew]}
        fill = tuple(round(255 * v) for v in IMAGENET[0]) if mode == "border" else (0, 0, 0)
        yield "timm", config, spec((h, w), (square if eh == ew else oblong)[mode], name, *IMAGENET, fill=fill), crop, transform


def huggingface_cases():
    def box(h, w=None):
        return {"height": h, "width": w or h}

    def edge(n):
        return {"shortest_edge": n}

    cases = [
        ("ViT", {"size": box(48)}, spec(48, ["exact", 48, 48], "bilinear", *HALF)),
        ("ViT", {"size": box(40, 52), "resample": 3, "image_mean": IMAGENET[0], "image_std": IMAGENET[1]}, spec((40, 52), ["exact", 40, 52], "bicubic", *IMAGENET)),
        ("ViT", {"size": box(32), "resample": 0, "do_normalize": False}, spec(32, ["exact", 32, 32], "nearest", *PLAIN)),
        ("ViT", {"size": box(32), "resample": 1, "do_rescale": False}, spec(32, ["exact", 32, 32], "lanczos", *HALF, rng=(0, 255))),
        ("ViT", {"size": box(32), "resample": 4, "do_rescale": False, "do_normalize": False}, spec(32, ["exact", 32, 32], "box", *PLAIN, rng=(0, 255))),
        ("ViT", {"size": box(32), "resample": 5, "rescale_factor": 1 / 127.5, "image_mean": [1.0] * 3, "image_std": [1.0] * 3},
         spec(32, ["exact", 32, 32], "hamming", [1.0] * 3, [1.0] * 3, rng=(0, 2))),
        ("CLIP", {"size": edge(48), "crop_size": box(48)}, spec(48, ["short", 48], "bicubic", *CLIP, crop="floor")),
        ("CLIP", {"size": edge(55), "crop_size": box(48)}, spec(48, ["short", 55], "bicubic", *CLIP, crop="floor")),
        ("CLIP", {"size": edge(45), "crop_size": box(48)}, spec(48, ["short", 45], "bicubic", *CLIP, crop="floor")),  # pads by 2 and 1
        ("CLIP", {"size": edge(40), "crop_size": box(47, 62)}, spec((47, 62), ["short", 40], "bicubic", *CLIP, crop="floor")),
        ("CLIP", {"do_resize": False, "crop_size": box(40)}, spec(40, ["none"], "nearest", *CLIP, crop="floor")),
        ("ConvNext", {"size": edge(48), "crop_pct": 0.875, "resample": 3}, spec(48, ["short", 54], "bicubic", *HALF, crop="floor")),
        ("ConvNext", {"size": edge(48)}, spec(48, ["short", 54], "bicubic", *HALF, crop="floor")),
        ("ConvNext", {"size": edge(44), "crop_pct": 0.95, "resample": 2, "image_mean": IMAGENET[0], "image_std": IMAGENET[1]},
         spec(44, ["short", 46], "bilinear", *IMAGENET, crop="floor")),
        ("ConvNext", {"size": edge(384), "crop_pct": 1.0}, spec(384, ["exact", 384, 384], "bicubic", *HALF)),
        ("ConvNext", {}, spec(384, ["exact", 384, 384], "bicubic", *HALF)),
        ("DeiT", {"size": box(64), "crop_size": box(48)}, spec(48, ["exact", 64, 64], "bicubic", *HALF, crop="floor")),
        ("DeiT", {"size": box(51), "crop_size": box(44), "do_center_crop": False}, spec(51, ["exact", 51, 51], "bicubic", *HALF)),
        ("EfficientNet", {"size": box(46), "include_top": False, "resample": 0}, spec(46, ["exact", 46, 46], "nearest", *HALF)),
        ("EfficientNet", {"size": box(46), "include_top": True, "image_mean": IMAGENET[0], "image_std": IMAGENET[1]},
         spec(46, ["exact", 46, 46], "bicubic", IMAGENET[0], [v * v for v in IMAGENET[1]])),
        ("EfficientNet", {"size": box(46), "rescale_offset": True, "rescale_factor": 1 / 127.5, "include_top": False, "do_normalize": False},
         spec(46, ["exact", 46, 46], "bicubic", *PLAIN, rng=(-1, 1))),
        ("EfficientNet", {"size": box(46), "rescale_offset": True, "rescale_factor": 1 / 127.5, "do_center_crop": True, "crop_size": box(39)},
         spec(39, ["exact", 46, 46], "bicubic", HALF[0], [0.25] * 3, rng=(-1, 1), crop="floor")),
        ("Levit", {"size": edge(42), "crop_size": box(42)}, spec(42, ["short", 48], "bicubic", *IMAGENET, crop="floor")),
        ("MobileViT", {"size": edge(48), "crop_size": box(41), "do_flip_channel_order": True}, spec(41, ["short", 48], "bicubic", *PLAIN, crop="floor", order="bgr")),
        ("MobileViT", {"size": edge(40), "crop_size": box(45), "do_flip_channel_order": False, "resample": 2},
         spec(45, ["short", 40], "bilinear", *PLAIN, crop="floor")),
        ("Bit", {"size": edge(56), "crop_size": box(49), "resample": 2}, spec(49, ["short", 56], "bilinear", *CLIP, crop="floor")),
        ("PoolFormer", {"size": edge(45), "crop_pct": 0.9, "crop_size": box(45)}, spec(45, ["short", 50], "bicubic", *IMAGENET, crop="floor")),
        ("MobileNetV2", {"size": edge(51), "crop_size": box(44)}, spec(44, ["short", 51], "bilinear", *HALF, crop="floor")),
        ("Siglip", {"size": box(48)}, spec(48, ["exact", 48, 48], "bicubic", *HALF)),
    ]
    for family, config, expected in cases:
        processor = getattr(transformers, family + "ImageProcessorPil")(**config)
        off = {"do_rescale": False, "do_normalize": False}
        off |= {k: False for k in ("include_top", "rescale_offset", "do_flip_channel_order") if hasattr(processor, k)}

        def crop(image, processor=processor, off=off):
            return np.moveaxis(processor(image, return_tensors="np", **off)["pixel_values"][0], 0, -1)

        def transform(image, processor=processor):
            return processor(image, return_tensors="np")["pixel_values"][0]

        yield "transformers", {"image_processor_type": family + "ImageProcessor", **config}, expected, crop, transform


def resize_cases(rng, store):
    inputs = [(*size, 3) for size in SIZES if size != (61, 97)] + [(97, 61, 1), (1, 3000, 1), (1, 1, 1)]
    for w, h, channels in inputs:
        pixels = picture(rng, w, h, channels)
        image = Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels)
        source = store.put(pixels)
        for ow, oh in [(16, 16), (97, 20), (50, 61), (7, 90), (1, 1), (75, 70)]:
            for name, number in FILTERS.items():
                yield {"input": [w, h, channels, source], "filter": name, "output": [ow, oh, store.put(np.asarray(image.resize((ow, oh), number)))]}


def main(out):
    rng = np.random.default_rng(7)
    store, cases = Store(), []
    resizes = list(resize_cases(rng, store))
    images = []
    for w, h in SIZES:
        pixels = picture(rng, w, h)
        images.append((w, h, store.put(pixels), Image.fromarray(pixels)))
    for generator in (torchvision_cases, timm_cases, huggingface_cases):
        for library, config, expected, crop, transform in generator():
            height, width = expected["height"], expected["width"]
            large = max(height, width) > LARGE
            # two ordinary images for each, the others in turn
            turn = 2 + len(cases) % 5
            chosen = images[:1] if large else images[:2] + [images[turn], images[2 + (turn + 1) % 5]]
            tensors = []
            for w, h, source, image in chosen:
                try:
                    tensor = np.asarray(transform(image), np.float32)
                except ValueError as error:  # timm's border gives the most extreme ratios no height
                    print(f"{library} {config}: {w}x{h}: {error}", file=sys.stderr)
                    continue
                pixels = np.asarray(crop(image))
                assert tensor.shape == (3, height, width) and pixels.shape == (height, width, 3) and pixels.dtype == np.uint8, (config, tensor.shape, pixels.shape)
                entry = {"input": [w, h, 3, source], "step": STEP * (20 if large else 1)}
                if large:
                    entry["sha256"] = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
                else:
                    entry["pixels"] = store.put(pixels)
                entry["sample"] = store.put(tensor.ravel()[::entry["step"]])
                tensors.append(entry)
            cases.append({"library": library, "config": config, "spec": expected, "tensors": tensors})
    # What the libraries do, and no config is resolved to yet: models reads "cases".
    more = [c for c in cases if c["spec"]["resize"][0] in ("fit", "cover")]
    cases = [c for c in cases if c not in more]
    with open(out / "cases.json", "w") as f:
        json.dump({"resizes": resizes, "cases": cases, "more": more}, f, separators=(",", ":"))
        f.write("\n")
    (out / "arrays.bin.gz").write_bytes(gzip.compress(bytes(store.data), 9, mtime=0))
