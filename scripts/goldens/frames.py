"""Animations and pages, and the SHA-256 of each picture as Pillow composes it.

cases.json: by file the pictures' sizes, RGBA pixels and milliseconds. Each is got by opening the file anew: a
frame of an APNG that is drawn over what is below, and then gives way to that, is kept where frames are loaded one
after the other. APNGs with alpha are composed here, by the specification (third edition, 13.16 and annex C.5): where
neither layer is opaque, Pillow's paste makes alpha too low.
"""
import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

from goldens.decode import chunk, exif, picture, saved

WIDTH, HEIGHT = 13, 9


def lzw(indices):
    """Codes of five bits, of a table that is cleared before it grows."""
    codes = []
    for i, v in enumerate(indices):
        codes += [16] * (i % 14 == 0) + [int(v)]
    bits = "".join(f"{c:05b}"[::-1] for c in codes + [17])
    data = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
    return b"\4" + b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255)) + b"\0"


def within(rng, first):
    if first and rng.random() < 0.5:
        return 0, 0, WIDTH, HEIGHT
    x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
    return x, y, int(rng.integers(1, WIDTH - x + 1)), int(rng.integers(1, HEIGHT - y + 1))


def gif(rng, gray, loop):
    def table():
        return bytes(v for i in range(16) for v in (i, i, i)) if gray else rng.integers(0, 256, 48, np.uint8).tobytes()

    out = b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0x83, int(rng.integers(0, 16)), 0) + table()
    if loop is not None:
        out += b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    for i in range(int(rng.integers(3, 6))):
        x, y, w, h = within(rng, i == 0)
        if rng.random() < 0.8:
            flags = int(rng.integers(0, 4)) << 2 | int(rng.random() < 0.6)
            out += b"!\xf9\x04" + struct.pack("<BHBB", flags, int(rng.integers(0, 30)), int(rng.integers(0, 16)), 0)
        local, interlaced = rng.random() < 0.4, rng.random() < 0.3
        out += b"," + struct.pack("<HHHHB", x, y, w, h, 0x83 * local | 0x40 * interlaced) + (table() if local else b"")
        out += lzw(rng.integers(0, 16, w * h))
    return out + b";"


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def apng(rng, colour, key, plays):
    n = SAMPLES[colour]
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, colour, 0, 0, 0))
    frames = int(rng.integers(3, 6))
    out += chunk(b"acTL", struct.pack(">II", frames, plays))
    if colour == 3:
        out += chunk(b"PLTE", rng.integers(0, 256, 48, np.uint8).tobytes())
        out += chunk(b"tRNS", rng.choice([0, 255], 16).astype(np.uint8).tobytes()) if key else b""
    elif key:
        out += chunk(b"tRNS", struct.pack(f">{n}H", *[3] * n))
    number, layers = 0, []
    for i in range(frames):
        x, y, w, h = within(rng, True) if i else (0, 0, WIDTH, HEIGHT)
        control = struct.pack(">IIIIIHHBB", number, w, h, x, y, int(rng.integers(0, 9)), int(rng.integers(0, 40)), int(rng.integers(0, 3)), int(rng.integers(0, 2)))
        samples = rng.integers(0, 16 if colour == 3 else 6 if key else 256, (h, w, n), np.uint8)
        if colour in (4, 6):
            samples[..., -1][rng.random((h, w)) < 0.4] = 0
            samples[..., -1][rng.random((h, w)) < 0.4] = 255
        if colour in (4, 6):
            layers.append((samples, x, y, control[24], control[25]))
        data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))
        out, number = out + chunk(b"fcTL", control), number + 1
        for part in (data[:20], data[20:]):
            if i:
                out, number = out + chunk(b"fdAT", struct.pack(">I", number) + part), number + 1
            else:
                out += chunk(b"IDAT", part)
    out += chunk(b"IEND", b"")
    if layers:
        COMPOSED[out] = composed(layers)
    return out


COMPOSED = {}  # RGBA pictures of files with alpha


def composed(layers):
    canvas, pictures = np.zeros((HEIGHT, WIDTH, 4), np.int64), []
    for i, (samples, x, y, dispose, blend) in enumerate(layers):
        above = samples.astype(np.int64)
        if above.shape[2] == 2:
            above = above[..., [0, 0, 0, 1]]
        part = canvas[y:y + above.shape[0], x:x + above.shape[1]]  # a view
        before = part.copy()
        if blend == 0 or i == 0:
            part[:] = above
        else:
            m, below = above[..., 3:], part[..., 3:].copy()
            u, v = 255 * m, (255 - m) * below
            mixed = part[..., :3] * (255 - m) + above[..., :3] * m + 128
            solid = ((mixed >> 8) + mixed) >> 8
            weighed = (above[..., :3] * u + part[..., :3] * v + (u + v) // 2) // np.maximum(u + v, 1)
            colours = np.where((m == 255) | (below == 0), above[..., :3], np.where(below == 255, solid, weighed))
            alpha = np.where((m == 255) | (below == 0), m, np.where(below == 255, 255, (u + v + 127) // 255))
            part[:] = np.where(m == 0, part, np.concatenate([colours, alpha], -1))
        pictures.append(canvas.astype(np.uint8).tobytes())
        if dispose == 1 or dispose == 2 and i == 0:
            part[:] = 0
        elif dispose == 2:
            part[:] = before
    return pictures


def files():
    rng = np.random.default_rng(18)
    for i in range(24):
        yield f"gif-{i}.gif", gif(rng, i % 6 == 5, [None, 0, 3][i % 3])
    for i in range(24):
        colour = [0, 2, 3, 4, 6, 6][i % 6]
        yield f"apng-{i}.png", apng(rng, colour, colour < 4 and i // 6 % 2 == 1, i % 4)
    clear = [Image.fromarray(picture(33, 17, 4, seed=i)) for i in range(3)]
    solid = [image.convert("RGB") for image in clear]
    yield "lossless.webp", saved(clear[0], "WEBP", save_all=True, append_images=clear[1:], lossless=True, duration=[40, 70, 1000], loop=2, exif=b"Exif\0\0" + exif(6))
    yield "lossy.webp", saved(solid[0], "WEBP", save_all=True, append_images=solid[1:], duration=33)
    try:
        yield "sequence.avif", saved(clear[0], "AVIF", save_all=True, append_images=clear[1:], quality=60, duration=[40, 70, 1000])
        yield "opaque.avif", saved(solid[0], "AVIF", save_all=True, append_images=solid[1:], quality=60, duration=100)
    except (KeyError, OSError):
        print("no AVIF here: those stay")
    small = [picture for image in solid for picture in (image, image.crop((3, 2, 20, 12)).convert("L"))]
    for name, options in (("pages", {}), ("big", {"big_tiff": True}), ("packed", {"compression": "tiff_lzw"})):
        yield f"{name}.tif", saved(small[0], "TIFF", save_all=True, append_images=small[1:], dpi=(100, 100), description=name, **options)


def main(outdir):
    out, cases = pathlib.Path(outdir), {}
    for name, data in files():
        (out / name).write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            frames, info = image.n_frames, image.info
        cases[name] = {"loop": info.get("loop"), "frames": []}
        for i in range(frames):
            with Image.open(io.BytesIO(data)) as image:
                image.seek(i)
                made = ImageOps.exif_transpose(image.convert("RGBA"))
                pixels = COMPOSED[data][i] if data in COMPOSED else made.tobytes()
                cases[name]["frames"].append({"width": made.width, "height": made.height, "sha256": hashlib.sha256(pixels).hexdigest(), "ms": image.info.get("duration", 0)})
    (out / "cases.json").write_text(json.dumps(cases, indent=1, sort_keys=True) + "\n")
