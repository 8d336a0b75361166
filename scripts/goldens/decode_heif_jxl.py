"""HEIC and JPEG XL files for decode.py, with the pixels of Pillow's plugins pillow-heif and pillow-jxl-plugin."""

import io
import pathlib
import tempfile

import imagecodecs
import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401, which registers itself
from PIL import Image

from goldens import decode

pillow_heif.register_heif_opener()


def oriented(value):
    exif = Image.Exif()
    exif[274] = value
    return exif.tobytes()


def heif(mode, samples, **options):
    out = io.BytesIO()
    height, width = samples.shape[:2]
    pillow_heif.encode(mode, (width, height), samples.tobytes(), out, **options)
    return out.getvalue()


def heics():
    image, rgba = Image.fromarray(decode.picture(33, 17)), Image.fromarray(decode.picture(33, 17, 4))
    save = lambda image, **options: decode.saved(image, "HEIF", **{"quality": 70, **options})
    yield "rgb.heic", save(image)
    yield "even.heic", save(Image.fromarray(decode.picture(32, 16)))
    yield "tiny.heic", save(Image.fromarray(decode.picture(5, 3)))
    yield "422.heic", save(image, chroma=422)
    yield "444.heic", save(image, chroma=444)
    yield "lossless.heic", save(image, quality=-1, chroma=444, matrix_coefficients=0)
    yield "bt709-limited.heic", save(image, matrix_coefficients=1, full_range_flag=0)
    yield "gray.heic", save(image.convert("L"))
    yield "alpha.heic", save(rgba)
    yield "gray-alpha.heic", save(rgba.convert("LA"))
    premultiplied = np.asarray(rgba.convert("RGBa"))
    yield "premultiplied.heic", heif("RGBa", premultiplied, quality=90, chroma=444)
    wide = decode.picture(33, 17).astype(np.uint16) * 257
    yield "10-bit.heic", heif("RGB;16", wide, quality=70)
    yield "10-bit-alpha.heic", heif("RGBA;16", decode.picture(33, 17, 4).astype(np.uint16) * 257, quality=70)
    yield "10-bit-gray.heic", heif("L;16", np.ascontiguousarray(wide[..., 0]), quality=70)
    # Tiles that stand out over the edges, and a picture that is turned.
    yield "grid.heic", save(Image.fromarray(decode.picture(150, 90)), tile_size=64, quality=30)
    yield "exif-grid-6.heic", save(Image.fromarray(decode.picture(100, 70)), tile_size=64, quality=30, exif=oriented(6))
    for value in range(2, 9):
        yield f"exif-{value}.heic", save(image, exif=oriented(value))
    yield "exif-xmp.heic", save(image, xmp=b'<x tiff:Orientation="6"/>')
    yield "exif-alpha-7.heic", save(rgba, exif=oriented(7))
    # An orientation that the boxes do not have: the plugin takes no notice of it.
    exif = oriented(1)
    at = save(image, exif=exif).index(exif) + exif.index(b"\x01\x12") + 9
    data = bytearray(save(image, exif=exif))
    data[at] = 6
    yield "exif-alone.heic", bytes(data)
    several = [Image.fromarray(decode.picture(33, 17, seed=i)) for i in range(3)]
    yield "several.heic", save(several[0], save_all=True, append_images=several[1:])
    yield "primary-last.heic", save(several[0], save_all=True, append_images=several[1:], primary_index=2)
    yield "thumbnail.heic", save(Image.fromarray(decode.picture(80, 50)), thumbnails=[32], quality=30)
    yield "icc.heic", save(image, icc_profile=decode.icc_profile())


def still(samples):
    """What a file has, for pixels that the plugin gets otherwise."""
    return decode.saved(Image.fromarray(samples), "PNG")


def container(data, *boxes):
    """A bare codestream with boxes before it."""
    box = lambda kind, body: (8 + len(body)).to_bytes(4, "big") + kind + body
    return b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ") + b"".join(box(*b) for b in boxes) + box(b"jxlc", data)


def jxls():
    image, rgba = Image.fromarray(decode.picture(33, 17)), Image.fromarray(decode.picture(33, 17, 4))
    save = lambda image, **options: decode.saved(image, "JXL", **options)
    encode = lambda samples, **options: imagecodecs.jpegxl_encode(samples, **{"level": 90, **options})
    yield "rgb.jxl", save(image)
    yield "low.jxl", save(Image.fromarray(decode.picture(64, 48)), quality=20)
    yield "lossless.jxl", save(image, lossless=True)
    yield "container.jxl", save(image, use_container=True)
    yield "tiny.jxl", save(Image.fromarray(decode.picture(3, 2)))
    yield "groups.jxl", save(Image.fromarray(decode.picture(300, 20)), quality=30)
    yield "gray.jxl", save(image.convert("L"))
    yield "gray-alpha.jxl", save(rgba.convert("LA"))
    yield "alpha.jxl", save(rgba)
    yield "alpha-lossless.jxl", save(rgba, lossless=True)
    wide = decode.picture(33, 17).astype(np.uint16) * 257 + 7
    yield "16-bit.jxl", encode(wide, lossless=True)
    yield "16-bit-alpha.jxl", encode(decode.picture(33, 17, 4).astype(np.uint16) * 200, lossless=True)
    yield "12-bit.jxl", encode(wide >> 4, lossless=True, bitspersample=12)
    yield "16-bit-gray.jxl", save(Image.fromarray(np.ascontiguousarray(wide[..., 0]) >> 7), lossless=True)
    yield "float.jxl", encode((decode.picture(33, 17) / np.float32(200) - np.float32(0.1)).astype(np.float32), lossless=True)
    for value in (3, 6, 7):
        yield f"exif-{value}.jxl", save(image, exif=oriented(value), use_container=True)
    exif = b"\0\0\0\0" + oriented(8)[6:]
    yield "exif-text.jxl", container(save(image), (b"xml ", b'<x tiff:Orientation="6"/>'), (b"Exif", exif))
    # JPEG files, to the bit: what Pillow reads is those.
    for name, options in (("jpeg", {}), ("exif-jpeg-6", {"exif": oriented(6), "icc_profile": decode.icc_profile()}), ("jpeg-gray", {})):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "a.jpg"
            (image.convert("L") if name == "jpeg-gray" else image).save(file, quality=85, **options)
            with Image.open(file) as jpeg:
                yield f"{name}.jxl", save(jpeg)
            if name == "exif-jpeg-6":
                # Without what makes it the JPEG again libjxl turns the picture, and the EXIF data say that it is to be turned.
                data = save(Image.open(file)).replace(b"jbrd", b"skip")
                with Image.open(io.BytesIO(data)) as turned:
                    yield "exif-turned.jxl", data, still(np.asarray(turned))
    # The plugin takes the last picture, every second byte, and nothing of floats.
    frames = np.stack([decode.picture(33, 17, seed=i) for i in range(3)])
    yield "animated.jxl", encode(frames, lossless=True), still(frames[0])
    gray = np.ascontiguousarray(decode.picture(33, 17, 2))
    yield "16-bit-gray-alpha.jxl", encode(gray.astype(np.uint16) * 257, lossless=True), decode.saved(Image.fromarray(gray, "LA"), "PNG")
    yield "float-gray.jxl", save(Image.fromarray(gray[..., 0] / np.float32(255)), lossless=True), still(gray[..., 0])
