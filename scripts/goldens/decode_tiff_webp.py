"""TIFFs and WebPs for decode.py."""

import struct

import numpy as np
from PIL import Image

from goldens.decode import alpha, exif, gray_tiff, icc_profile, picture, saved, tiff


def tiffs():
    image = Image.fromarray(picture(33, 17))
    for mode in ("1", "L", "P", "RGB"):
        yield f"{mode.lower()}.tif", saved(image.convert(mode), "TIFF")
    for name in ("lzw", "adobe_deflate"):
        yield f"{name}.tif", saved(image, "TIFF", compression=f"tiff_{name}")
    yield "rgba.tif", saved(Image.fromarray(picture(33, 17, 4)), "TIFF")
    yield "packbits.tif", saved(image, "TIFF", compression="packbits")
    bilevel = saved(image.convert("1"), "TIFF", compression="group4")
    yield "group4.tif", bilevel
    at = bilevel.index(struct.pack("<HHIH", 262, 3, 1, 1)) + 8
    yield "group4-white-is-zero.tif", bilevel[:at] + b"\0" + bilevel[at + 1:]
    yield "group3.tif", saved(image.convert("1"), "TIFF", compression="group3")
    frames = [Image.fromarray(picture(33, 17, seed=i)) for i in range(2)]
    yield "pages.tif", saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    rng = np.random.default_rng(5)
    wide = rng.integers(0, 1 << 16, (17, 33))
    wide[::2] //= 256
    for order, name in (("<", "little"), (">", "big")):
        yield f"gray16-{name}.tif", gray_tiff(33, 17, 16, 1, wide.astype(order + "u2").tobytes(), order)
    yield "gray16-white-is-zero.tif", gray_tiff(33, 17, 16, 0, wide.astype("<u2").tobytes())
    yield "gray8-white-is-zero.tif", gray_tiff(33, 17, 8, 0, picture(33, 17, 1).tobytes())
    yield "gray1-white-is-zero.tif", gray_tiff(33, 17, 1, 0, rng.integers(0, 256, 5 * 17, dtype=np.uint8).tobytes())
    colours = [(320, 3, rng.integers(0, 1 << 16, 768).tolist())]
    yield "palette16.tif", gray_tiff(33, 17, 8, 3, picture(33, 17, 1).tobytes(), more=colours)
    for bits, kind in ((8, "u1"), (16, "<u2")):
        sample = rng.integers(0, 1 << bits, (17, 33, 4))
        sample[::4, ::3, 3] = 0
        for name, extra, n in (("rgb", None, 3), ("rgba", 2, 4), ("premultiplied", 1, 4)):
            tags = [(256, 3, [33]), (257, 3, [17]), (258, 3, [bits] * n), (259, 3, [1]), (262, 3, [2]), (277, 3, [n]), (278, 3, [17])]
            if extra:
                tags.append((338, 3, [extra]))
            yield f"{name}{bits}-samples.tif", tiff(tags, sample[:, :, :n].astype(kind).tobytes())
    yield "gray-alpha.tif", saved(Image.fromarray(picture(33, 17, 2), "LA"), "TIFF")
    yield "icc.tif", saved(image, "TIFF", icc_profile=icc_profile())
    yield "icc-cmyk.tif", saved(image, "TIFF", icc_profile=icc_profile(b"CMYK"))
    for value in (3, 6):
        yield f"exif-{value}.tif", gray_tiff(33, 17, 8, 1, picture(33, 17, 1).tobytes(), more=[(274, 3, [value])])


def webps():
    rgb, clear = Image.fromarray(picture(33, 17)), picture(33, 17, 4)
    clear[::3, ::2, 3] = 0
    rgba = Image.fromarray(clear)
    for width, height in ((33, 17), (1, 1), (2, 3), (16, 16), (47, 50)):
        yield f"lossy-{width}x{height}.webp", saved(Image.fromarray(picture(width, height)), "WEBP", quality=90)
    yield "lossy-low.webp", saved(rgb, "WEBP", quality=5)
    yield "lossy-alpha.webp", saved(rgba, "WEBP", quality=90)
    yield "lossless.webp", saved(rgb, "WEBP", lossless=True)
    yield "lossless-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True)
    frames = [Image.fromarray(picture(33, 17, seed=i)) for i in range(3)]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=90)
    yield "exif-6.webp", saved(rgb, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(6))
    # A frame smaller than its canvas.
    still = saved(Image.fromarray(picture(12, 7)), "WEBP", lossless=True)[12:]
    three = lambda v: struct.pack("<I", v)[:3]
    part = lambda name, body: name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
    frame = three(3) + three(2) + three(11) + three(6) + three(100) + b"\0" + still
    body = b"WEBP" + part(b"VP8X", b"\x02\0\0\0" + three(32) + three(16)) + part(b"ANIM", b"\xff\x80\x40\xff\0\0") + part(b"ANMF", frame) + part(b"ANMF", frame)
    yield "icc.webp", saved(rgb, "WEBP", quality=90, icc_profile=icc_profile())
    yield "icc-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True, icc_profile=icc_profile())
    ramp = np.tile(np.arange(33, dtype=np.uint8) * 7, (17, 1))  # what the alpha filters are for
    yield "alpha-ramp.webp", saved(Image.fromarray(np.dstack([picture(33, 17), ramp])), "WEBP", quality=80)
    clear_frames = [Image.fromarray(picture(33, 17, 4, seed=i)) for i in range(2)]
    yield "animated-alpha.webp", saved(clear_frames[0], "WEBP", save_all=True, append_images=clear_frames[1:], quality=90)
    yield "inside.webp", b"RIFF" + struct.pack("<I", len(body)) + body + b"what follows does not count"
    still = saved(Image.fromarray(picture(12, 7, 4)), "WEBP", lossless=True, exact=True)[12:]
    frame = frame[:16] + still
    body = b"WEBP" + part(b"VP8X", b"\x12\0\0\0" + three(32) + three(16)) + part(b"ANIM", b"\xff\x80\x40\xff\0\0") + part(b"ANMF", frame)
    yield "inside-alpha.webp", b"RIFF" + struct.pack("<I", len(body)) + body
