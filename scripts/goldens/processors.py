"""Records the tensors that transformers' image processors and timm's transforms make of one small picture, by the files that state them.

processors.json holds the picture (RGB) and the tensors (float32, [channels, height, width]) in base64, and the texts of the files.
"""
import base64
import json

import numpy as np
import timm.data
import transformers
from PIL import Image

WIDTH, HEIGHT = 43, 29
BOX, EDGE = {"height": 16, "width": 16}, {"shortest_edge": 16}


def picture():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rng = np.random.default_rng(7)
    planes = [127 + 100 * np.sin(x / (3 + c) + y / (5 - c)) + rng.integers(-27, 28, (HEIGHT, WIDTH)) for c in range(3)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


# The rows of torchvision's backend resize in other arithmetic than Pillow: they may be a level of 255 away.
PROCESSORS = [
    ("ViT", {"size": {"height": 24, "width": 8}}),
    ("ViT", {"size": {"height": 13, "width": 21}, "do_center_crop": True, "crop_size": {"height": 11, "width": 18}}),
    ("ViT", {"size": BOX, "do_flip_channel_order": True, "crop_pct": 0.8}),
    ("ViT", {"size": BOX, "do_pad": True}),
    ("ViT", {"size": BOX, "do_pad": True, "pad_size": {"height": 19, "width": 22}}),
    ("ViT", {"size": {"max_height": 18, "max_width": 20}, "do_pad": True, "pad_size": {"height": 20, "width": 20}}),
    ("Siglip", {"size": {"shortest_edge": 12, "longest_edge": 16}, "do_pad": True, "pad_size": BOX}),
    ("CLIP", {"size": {"shortest_edge": 16, "longest_edge": 20}, "crop_size": BOX}),
    ("CLIP", {"size": {"shortest_edge": 16, "longest_edge": 200}, "crop_size": BOX}),
    ("CLIP", {"size": EDGE, "crop_size": {"height": 12, "width": 20}}),
    ("ChineseCLIP", {"size": {"height": 17, "width": 18}, "crop_size": BOX}),
    ("Flava", {"size": BOX, "crop_size": {"height": 12, "width": 12}}),
    ("TextNet", {"size": EDGE, "size_divisor": 7, "do_center_crop": True, "crop_size": BOX}),
    ("Beit", {"size": {"height": 19, "width": 17}, "do_center_crop": True, "crop_size": BOX, "do_reduce_labels": True, "do_pad": True}),
    ("Segformer", {"size": BOX, "do_center_crop": True, "crop_size": {"height": 8, "width": 8}}),
    ("Pvt", {"size": BOX, "resample": 1}),
    ("PoolFormer", {"size": EDGE, "crop_size": BOX}),
    ("MobileNetV1", {"size": EDGE, "crop_size": BOX}),
    ("Perceiver", {"size": BOX, "crop_size": {"height": 20, "width": 24}}),
    ("Blip", {"size": BOX}),
    ("OwlViT", {"size": BOX}),
    ("PPLCNet", {"resize_short": 20, "crop_size": BOX}),
    ("PPLCNet", {"resize_short": 19, "size_divisor": 8, "crop_size": BOX, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}),
    ("DINOv3ViT", {"size": BOX}),
]
TIMM = [{"input_size": [3, 12, 20], "crop_mode": mode, "crop_pct": pct, "interpolation": name, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
        for mode in ("center", "border", "squash") for pct, name in ((0.875, "bicubic"), (0.7, "bilinear"))]


def encoded(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main(out):
    pixels = picture()
    image = Image.fromarray(pixels)
    cases = []
    for family, config in PROCESSORS:
        name = family + "ImageProcessor"
        pillow = getattr(transformers, name + "Pil", None)
        processor = (pillow or getattr(transformers, name))(**config)
        tensor = np.asarray(processor(image, return_tensors="np" if pillow else "pt")["pixel_values"][0], np.float32)
        cases.append({"files": {"preprocessor_config.json": {"image_processor_type": name, **config}}, "shape": tensor.shape, "tensor": encoded(tensor),
                      "levels": 0 if pillow else 1})
    for config in TIMM:
        tensor = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=config), is_training=False)(image).numpy()
        files = {"config.json": {"architecture": "a", "num_classes": 10, "pretrained_cfg": config}}
        cases.append({"files": files, "shape": tensor.shape, "tensor": encoded(tensor), "levels": 0})
    lines = [json.dumps(c) for c in cases]
    (out / "processors.json").write_text(f'{{"width": {WIDTH}, "height": {HEIGHT}, "pixels": "{encoded(pixels)}",\n "cases": [\n' + ",\n".join(lines) + "]}\n")
