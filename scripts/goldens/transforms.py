"""Records what Pillow's resize and the exporters' transforms give: torchvision on PIL images, timm's factory, transformers' PIL-backed processors.

Every array is raw bytes in one gzip; cases.json says where each begins.
"""
import gzip
import json

import numpy as np
import timm.data
import torchvision.transforms as T
from PIL import Image
from torchvision.transforms import InterpolationMode
import transformers

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
SIZES = [(97, 61), (61, 97), (64, 64), (1, 1), (1, 300), (300, 1), (33, 30)]


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
    modes = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
    for size, edge, name in [(48, 55, "bilinear"), (48, 49, "bicubic"), (47, 64, "bilinear"), (64, 40, "bicubic"), (48, 45, "bilinear")]:
        transform = T.Compose([T.Resize(edge, modes[name]), T.CenterCrop(size), T.ToTensor(), T.Normalize(*IMAGENET)])
        yield "torchvision", {"resize_size": edge, "crop_size": size, "interpolation": name}, spec(size, ["short", edge], name, *IMAGENET), transform


def timm_cases():
    for mode, pct, name in [("center", 0.875, "bicubic"), ("center", 0.95, "bilinear"), ("squash", 0.9, "bicubic"), ("border", 0.9, "bicubic"), ("center", 1.0, "bicubic"), ("squash", 1.0, "bilinear")]:
        size = 48
        config = {"input_size": [3, size, size], "interpolation": name, "crop_pct": pct, "crop_mode": mode, "mean": IMAGENET[0], "std": IMAGENET[1]}
        transform = timm.data.create_transform(**{**config, "input_size": (3, size, size)}, is_training=False)
        edge = int(np.floor(size / pct))
        resize = {"center": ["short", edge], "squash": ["exact", edge, edge], "border": ["long", edge]}[mode]
        fill = tuple(round(255 * v) for v in IMAGENET[0]) if mode == "border" else (0, 0, 0)
        yield "timm", config, spec(size, resize, name, *IMAGENET, fill=fill), transform


def huggingface_cases():
    half = ([0.5] * 3, [0.5] * 3)
    for config, expected in [
        ({"image_processor_type": "ViTImageProcessor", "size": {"height": 48, "width": 48}}, spec(48, ["exact", 48, 48], "bilinear", *half)),
        ({"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 48}, "crop_size": {"height": 48, "width": 48}},
         spec(48, ["short", 48], "bicubic", *CLIP, crop="floor")),
        ({"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 55}, "crop_size": {"height": 48, "width": 48}},
         spec(48, ["short", 55], "bicubic", *CLIP, crop="floor")),
        ({"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 45}, "crop_size": {"height": 48, "width": 48}},
         spec(48, ["short", 45], "bicubic", *CLIP, crop="floor")),
        ({"image_processor_type": "DeiTImageProcessor", "size": {"height": 64, "width": 64}, "crop_size": {"height": 48, "width": 48}},
         spec(48, ["exact", 64, 64], "bicubic", *half, crop="floor")),
        ({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 48}, "crop_pct": 0.875, "resample": 3},
         spec(48, ["short", 54], "bicubic", *half, crop="floor")),
    ]:
        name = config["image_processor_type"]
        cls = getattr(transformers, name + "Pil", None) or getattr(transformers, name)
        processor = cls(**{k: v for k, v in config.items() if k != "image_processor_type"})

        def transform(image, processor=processor):
            return processor(image, return_tensors="np")["pixel_values"][0]

        yield "transformers", config, expected, transform


def main(out):
    rng = np.random.default_rng(7)
    store, resizes, cases = Store(), [], []
    for channels in (1, 3):
        for w, h in SIZES:
            pixels = picture(rng, w, h, channels)
            image = Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels)
            source = store.put(pixels)
            for ow, oh in [(16, 16), (50, 31), (97, 61), (7, 90), (1, 1), (64, 20)]:
                for name, number in FILTERS.items():
                    resized = np.asarray(image.resize((ow, oh), number)).reshape(oh, ow, channels)
                    resizes.append({"input": [w, h, channels, source], "filter": name, "output": [ow, oh, store.put(resized)]})
    images = []
    for w, h in SIZES:
        pixels = picture(rng, w, h)
        images.append((w, h, store.put(pixels), Image.fromarray(pixels)))
    for generator in (torchvision_cases, timm_cases, huggingface_cases):
        for library, config, expected, transform in generator():
            tensors = []
            for w, h, source, image in images:
                try:
                    tensor = np.asarray(transform(image), np.float32)
                except ValueError as error:  # some libraries refuse the most extreme ratios
                    print(f"{library} {config}: {w}x{h}: {error}")
                    continue
                assert tensor.shape == (3, expected["height"], expected["width"]), tensor.shape
                tensors.append({"input": [w, h, 3, source], "tensor": store.put(tensor)})
            cases.append({"library": library, "config": config, "spec": expected, "tensors": tensors})
    with open(out / "cases.json", "w") as f:
        json.dump({"resizes": resizes, "cases": cases}, f, separators=(",", ":"))
        f.write("\n")
    (out / "arrays.bin.gz").write_bytes(gzip.compress(bytes(store.data), 9, mtime=0))
