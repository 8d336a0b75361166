"""Golden files of decoding: small odd images and the pixels Pillow makes of them.

Beside each image FILE stand FILE.ppm (convert("RGB")) and FILE.pgm (convert("L")),
FILE.upright.ppm where the EXIF orientation plays a part (PIL.ImageOps.exif_transpose),
and FILE.draft2.ppm, .draft4.ppm, .draft8.ppm of some JPEGs (Image.draft); FILE.alpha.pgm is the last
channel of convert("RGBA") where not all of it is 255, FILE.upright.alpha.pgm that of the upright image;
FILE.high.pgm is the high byte of 16-bit gray, of a TIFF whose white is 0 (which Pillow leaves so in this mode) 255 minus that.
pictures.json says which files are gray, and the SHA-256 of the colour profiles that fit their files' colours.
bad/ holds what must be refused.
"""

import hashlib
import io
import json
import pathlib
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps


def picture(width, height, channels=3, seed=0):
    """Gradients, edges and some noise: what upsampling and rounding show on."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        p = 128 + 90 * np.sin((x * (c + 2) + y * (5 - c)) / 9 + c) + 30 * ((x // 7 + y // (c + 4)) % 2)
        planes.append(p + rng.normal(0, 6, p.shape))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, color, raw, before=b"", after=b"", interlace=0):
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))
        + before
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + after
        + chunk(b"IEND", b"")
    )


def rows(samples, depth):
    """Unfiltered PNG rows of samples (height, width * channels)."""
    out = b""
    for row in samples:
        if depth == 16:
            out += b"\0" + row.astype(">u2").tobytes()
        elif depth == 8:
            out += b"\0" + row.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:]
            out += b"\0" + np.packbits(bits.ravel()).tobytes()
    return out


def interlaced(samples):
    """Adam7 rows of 8-bit samples (height, width, channels)."""
    out = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = samples[y::dy, x::dx]
        if part.size:
            out += rows(part.reshape(part.shape[0], -1), 8)
    return out


def tiff(tags, data, order="<"):
    """An uncompressed TIFF of one strip; tags are (tag, type, values)."""
    if data:
        tags = tags + [(273, 4, [0]), (279, 4, [len(data)])]
    tags = sorted(tags, key=lambda tag: tag[0])
    at = 8 + 2 + 12 * len(tags) + 4
    code = {1: "B", 3: "H", 4: "I"}
    values = [struct.pack(f"{order}{len(v)}{code[k]}", *v) for t, k, v in tags]
    strip = at + sum(len(v) for v in values if len(v) > 4)
    entries, tail = b"", b""
    for (t, k, v), raw in zip(tags, values):
        if data and t == 273:
            raw = struct.pack(order + "I", strip)
        if len(raw) > 4:
            raw, tail = struct.pack(order + "I", at + len(tail)), tail + raw
        entries += struct.pack(order + "HHI", t, k, len(v)) + raw.ljust(4, b"\0")
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "IH", 8, len(tags)) + entries + b"\0\0\0\0" + tail + data


def gray_tiff(width, height, bits, photometric, data, order="<", more=()):
    return tiff(
        [(256, 3, [width]), (257, 3, [height]), (258, 3, [bits]), (259, 3, [1]), (262, 3, [photometric]),
         (277, 3, [1]), (278, 3, [height]), *more], data, order)


def exif(orientation, order="<"):
    head = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + "H", orientation) + b"\0\0"
    return head + struct.pack(order + "IHHHI", 8, 1, 274, 3, 1) + value + b"\0\0\0\0"


def segment(marker, data):
    return struct.pack(">HH", 0xFF00 | marker, len(data) + 2) + data


def after_soi(jpeg, *segments):
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def declared(jpeg, width, height, sampling):
    """jpeg with another size and another sampling of luma in its frame header."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4:at + 6] + bytes([sampling]) + jpeg[at + 7:]


def icc_profile(colours=b"RGB ", size=0):
    """An ICC profile whose header says so."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data += bytes(i % 251 for i in range(size - len(data)))
    return data[:16] + colours + data[20:24] + bytes(12) + data[36:]  # no date


def icc_segments(data, count, lie=0):
    """APP2 segments, the last one first."""
    size = -(-len(data) // count)
    parts = [data[i * size:(i + 1) * size] for i in range(count)]
    return [segment(0xE2, b"ICC_PROFILE\0" + bytes([i + 1, count + lie]) + p) for i, p in enumerate(parts)][::-1]


def jpegs():
    for width, height in ((33, 17), (16, 16), (1, 1), (2, 3), (5, 4), (47, 50)):
        image = Image.fromarray(picture(width, height))
        for sampling in ("4:4:4", "4:2:2", "4:2:0"):
            data = saved(image, "JPEG", quality=92, subsampling=sampling)
            yield f"{sampling.replace(':', '')}-{width}x{height}.jpg", data
    # Pillow does not write these two; a scan with as many blocks in each MCU and as
    # many MCUs serves, the picture out of order.
    yield "440-19x29.jpg", declared(saved(Image.fromarray(picture(32, 24)), "JPEG", quality=92, subsampling="4:2:2"), 19, 29, 0x12)
    yield "411-50x15.jpg", declared(saved(Image.fromarray(picture(32, 32)), "JPEG", quality=92, subsampling="4:2:0"), 50, 15, 0x41)
    image = Image.fromarray(picture(33, 17))
    yield "progressive.jpg", saved(image, "JPEG", quality=90, progressive=True)
    yield "progressive-444.jpg", saved(image, "JPEG", quality=90, progressive=True, subsampling=0)
    yield "restart.jpg", saved(image, "JPEG", quality=90, restart_marker_blocks=1)
    yield "low-quality.jpg", saved(image, "JPEG", quality=10)
    yield "gray.jpg", saved(image.convert("L"), "JPEG", quality=90)
    yield "gray-progressive.jpg", saved(image.convert("L"), "JPEG", quality=90, progressive=True)
    yield "rgb.jpg", saved(image, "JPEG", quality=90, keep_rgb=True)
    cmyk = Image.fromarray(picture(33, 17, 4), "CMYK")
    data = saved(cmyk, "JPEG", quality=92)
    yield "cmyk.jpg", data
    at = data.index(b"Adobe")
    yield "cmyk-plain.jpg", data[:at - 4] + data[at - 2 + struct.unpack(">H", data[at - 2:at])[0]:]
    yield "ycck.jpg", data[:at + 11] + b"\x02" + data[at + 12:]
    photo = saved(Image.fromarray(picture(24, 13)), "JPEG", quality=90)
    packet = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="%d"/>'
    yield "exif-big-endian.jpg", after_soi(photo, segment(0xE1, b"Exif\0\0" + exif(6, ">")))
    yield "exif-xmp.jpg", after_soi(photo, segment(0xE1, packet % 8))
    yield "exif-over-xmp.jpg", after_soi(photo, segment(0xE1, packet % 8), segment(0xE1, b"Exif\0\0" + exif(1)))
    yield "exif-nonsense.jpg", after_soi(photo, segment(0xE1, b"Exif\0\0" + exif(77)))
    yield "exif-short.jpg", after_soi(photo, segment(0xE1, b"Exif\0\0" + exif(6)[:16]))
    yield "icc.jpg", after_soi(photo, *icc_segments(icc_profile(), 3))
    yield "icc-part.jpg", after_soi(photo, *icc_segments(icc_profile(), 3, lie=1))
    yield "icc-gray.jpg", after_soi(saved(image.convert("L"), "JPEG"), *icc_segments(icc_profile(b"GRAY"), 1))
    yield "icc-cmyk.jpg", after_soi(saved(cmyk, "JPEG"), *icc_segments(icc_profile(b"CMYK"), 1))
    for value in range(1, 9):
        yield f"exif-{value}.jpg", after_soi(photo, segment(0xE1, b"Exif\0\0" + exif(value)))


def pngs():
    width, height = 33, 17
    rng = np.random.default_rng(1)
    rgb, rgba = picture(width, height), picture(width, height, 4)
    rgba[::3, ::2, 3] = 0
    for depth in (1, 2, 4, 8, 16):
        gray = rng.integers(0, 1 << depth, (height, width))
        if depth == 16:
            gray[::2] //= 256
        yield f"gray{depth}.png", png(width, height, depth, 0, rows(gray, depth))
        key = chunk(b"tRNS", struct.pack(">H", int(gray[0, 0])))
        yield f"gray{depth}-trns.png", png(width, height, depth, 0, rows(gray, depth), key)
    for depth in (1, 2, 4, 8):
        index = rng.integers(0, 1 << depth, (height, width))
        plte = chunk(b"PLTE", rng.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())
        yield f"palette{depth}.png", png(width, height, depth, 3, rows(index, depth), plte)
        trns = chunk(b"tRNS", rng.integers(0, 256, 1 << depth, dtype=np.uint8).tobytes())
        yield f"palette{depth}-trns.png", png(width, height, depth, 3, rows(index, depth), plte + trns)
    short = chunk(b"PLTE", bytes(range(10, 70)))
    yield "palette-out-of-range.png", png(width, height, 8, 3, rows(rng.integers(0, 40, (height, width)), 8), short)
    yield "rgb.png", png(width, height, 8, 2, rows(rgb.reshape(height, -1), 8))
    yield "rgb-trns.png", png(width, height, 8, 2, rows(rgb.reshape(height, -1), 8),
                              chunk(b"tRNS", struct.pack(">3H", *map(int, rgb[0, 0]))))
    for name, color, channels in (("gray-alpha", 4, 2), ("rgb", 2, 3), ("rgba", 6, 4)):
        wide = rng.integers(0, 1 << 16, (height, width * channels))
        yield f"{name}16.png", png(width, height, 16, color, rows(wide, 16))
    yield "gray-alpha.png", png(width, height, 8, 4, rows(rgba[:, :, [0, 3]].reshape(height, -1), 8))
    yield "rgba.png", png(width, height, 8, 6, rows(rgba.reshape(height, -1), 8))
    yield "rgba-interlaced.png", png(width, height, 8, 6, interlaced(rgba), interlace=1)
    yield "gray-interlaced.png", png(width, height, 8, 0, interlaced(rgb[:, :, :1]), interlace=1)
    yield "palette-interlaced.png", png(width, height, 8, 3, interlaced(rgb[:, :, :1] // 16), chunk(b"PLTE", bytes(range(48))), interlace=1)
    yield "1x1.png", png(1, 1, 8, 2, b"\0abc")
    yield "1x3000.png", png(1, 3000, 8, 0, rows(rng.integers(0, 256, (3000, 1)) // 64, 8))
    yield "3000x1.png", png(3000, 1, 8, 0, rows(rng.integers(0, 256, (1, 3000)) // 64, 8))
    small = rows(picture(24, 13).reshape(13, -1), 8)
    yield "exif-6.png", png(24, 13, 8, 2, small, before=chunk(b"eXIf", exif(6)))
    yield "exif-late.png", png(24, 13, 8, 2, small, after=chunk(b"eXIf", exif(5, ">")))
    packet = b"XML:com.adobe.xmp\0\0\0\0\0<tiff:Orientation>3</tiff:Orientation>"
    yield "exif-xmp.png", png(24, 13, 8, 2, small, before=chunk(b"iTXt", packet))
    digits = (b"Exif\0\0" + exif(7)).hex()
    profile = f"\nexif\n{len(digits) // 2:8}\n{digits[:40]}\n{digits[40:]}\n".encode()
    name = b"Raw profile type exif\0"
    yield "exif-text.png", png(24, 13, 8, 2, small, before=chunk(b"tEXt", name + profile))
    yield "exif-packed-text.png", png(24, 13, 8, 2, small, before=chunk(b"zTXt", name + b"\0" + zlib.compress(profile)))
    yield "rgba-exif-6.png", png(33, 17, 8, 6, rows(rgba.reshape(height, -1), 8), before=chunk(b"eXIf", exif(6)))
    yield "rgb16-trns.png", png(width, height, 16, 2, rows(wide[:, :3 * width] // 200, 16),
                                chunk(b"tRNS", struct.pack(">3H", *map(int, wide[0, :3] // 200))))
    one = rng.integers(0, 4, (height, width))
    plte = chunk(b"PLTE", bytes(range(30, 42)))
    yield "palette2-one-clear.png", png(width, height, 2, 3, rows(one, 2), plte + chunk(b"tRNS", b"\xff\0"))
    yield "opaque.png", png(width, height, 8, 6, rows(np.dstack([rgb, np.full_like(rgb[:, :, :1], 255)]).reshape(height, -1), 8))
    iccp = lambda data: chunk(b"iCCP", b"name\0\0" + data)
    yield "icc.png", png(24, 13, 8, 2, small, before=iccp(zlib.compress(icc_profile())))
    yield "icc-broken.png", png(24, 13, 8, 2, small, before=iccp(zlib.compress(icc_profile())[:90]))
    yield "icc-cmyk.png", png(24, 13, 8, 2, small, before=iccp(zlib.compress(icc_profile(b"CMYK"))))
    yield "icc-gray.png", png(24, 13, 8, 0, rows(picture(24, 13, 1)[:, :, 0], 8), before=iccp(zlib.compress(icc_profile(b"GRAY"))))
    frames = [Image.fromarray(picture(24, 13, seed=i)) for i in range(3)]
    yield "animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def gif(screen, frame, index, palette, local=None, transparent=None, background=0, interlace=False):
    """One frame; codes of 9 bits, the table cleared before it grows."""
    left, top = frame
    height, width = index.shape
    size = lambda table: len(table).bit_length() - 2
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, (0x80 | size(palette)) if palette else 0, background, 0)
    out += bytes(sum(palette or [], []))
    if transparent is not None:
        out += b"!\xf9\x04" + bytes([1, 0, 0, transparent]) + b"\0"
    flags = ((0x80 | size(local)) if local else 0) | (0x40 if interlace else 0)
    out += b"," + struct.pack("<HHHHB", left, top, width, height, flags) + bytes(sum(local or [], [])) + b"\x08"
    if interlace:
        index = np.concatenate([index[0::8], index[4::8], index[2::4], index[1::2]])
    bits, at = 0, 0
    for n, code in enumerate(index.ravel().tolist()):
        for c in ([256] if n % 200 == 0 else []) + [code]:
            bits |= c << at
            at += 9
    bits |= 257 << at
    data = bits.to_bytes((at + 9 + 7) // 8, "little")
    for i in range(0, len(data), 255):
        out += bytes([len(data[i:i + 255])]) + data[i:i + 255]
    return out + b"\0;"


def gifs():
    rng = np.random.default_rng(2)
    palette, other = rng.integers(0, 256, (2, 16, 3)).tolist()
    index = rng.integers(0, 16, (11, 20))
    full = rng.integers(0, 16, (17, 33))
    yield "plain.gif", gif((33, 17), (0, 0), full, palette)
    yield "interlaced.gif", gif((33, 17), (0, 0), full, palette, interlace=True)
    yield "transparent.gif", gif((33, 17), (0, 0), full, palette, transparent=3)
    yield "local.gif", gif((33, 17), (0, 0), full, palette, local=other)
    yield "inside.gif", gif((33, 17), (7, 5), index, palette, background=4)
    yield "inside-transparent.gif", gif((33, 17), (7, 5), index, palette, transparent=5)
    yield "beyond.gif", gif((16, 8), (7, 5), index, palette)
    yield "out-of-range.gif", gif((20, 11), (0, 0), index * 3, palette)
    yield "no-palette.gif", gif((20, 11), (0, 0), index * 3, None)
    yield "gray-palette.gif", gif((20, 11), (0, 0), index * 3, [[i, i, i] for i in range(16)])
    frames = [Image.fromarray(picture(33, 17, seed=i)) for i in range(3)]
    yield "animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    yield "gray.gif", saved(frames[0].convert("L"), "GIF")


def bmp(width, height, bits, data, palette=b"", compression=0, masks=b"", colours=0, gap=b"", core=False):
    """A BMP with Windows' header of 40 bytes, or OS/2's of 12."""
    if core:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    head += masks + palette + gap
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


def bmps():
    image = Image.fromarray(picture(33, 17))
    for mode in ("1", "L", "P", "RGB"):
        yield f"{mode.lower()}.bmp", saved(image.convert(mode), "BMP")
    yield "rgba.bmp", saved(Image.fromarray(picture(33, 17, 4)), "BMP")
    body = b"".join(r.tobytes() + b"\0" for r in picture(33, 17))
    yield "top-down.bmp", bmp(33, -17, 24, body)
    yield "gap.bmp", bmp(33, 17, 24, body, gap=b"gap!")
    yield "core.bmp", bmp(33, 17, 24, body, core=True)
    rng = np.random.default_rng(4)
    colours = rng.integers(0, 256, 64, dtype=np.uint8).tobytes()
    body = rng.integers(0, 256, (17, 20), dtype=np.uint8).tobytes()
    yield "palette4.bmp", bmp(33, 17, 4, body, colours, colours=16)
    yield "core-palette4.bmp", bmp(33, 17, 4, body, colours[:48], core=True)
    yield "out-of-range.bmp", bmp(33, 17, 4, body, colours[:36], colours=9)
    body = rng.integers(0, 256, (17, 33, 4), dtype=np.uint8).tobytes()
    yield "masks-abgr.bmp", bmp(33, 17, 32, body, compression=3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00))
    sixteen = rng.integers(0, 256, (17, 68), dtype=np.uint8).tobytes()
    yield "555.bmp", bmp(33, 17, 16, sixteen)
    yield "565.bmp", bmp(33, 17, 16, sixteen, compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    yield "masks.bmp", bmp(33, 17, 32, body, compression=3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))
    yield "masks-none.bmp", bmp(33, 17, 32, body, compression=3, masks=bytes(12))
    for name, masks, height in (("bgra", (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 17), ("abgr", (0xFF000000, 0xFF0000, 0xFF00, 0xFF), 17),
                                ("rgba-top-down", (0xFF, 0xFF00, 0xFF0000, 0xFF000000), -17)):
        # A header of 56 bytes has four masks.
        file = bytearray(bmp(33, height, 32, body, compression=3, masks=struct.pack("<IIII", *masks)))
        file[14] = 56
        yield f"header56-{name}.bmp", bytes(file)


def bad():
    photo = saved(Image.fromarray(picture(33, 17)), "JPEG")
    yield "empty", b""
    yield "truncated.jpg", photo[:len(photo) * 2 // 3]
    yield "no-end.jpg", photo[:-2]
    yield "truncated-progressive.jpg", saved(Image.fromarray(picture(33, 17)), "JPEG", progressive=True)[:-20]
    good = png(33, 17, 8, 2, rows(picture(33, 17).reshape(17, -1), 8))
    yield "truncated.png", good[:len(good) // 2]
    yield "huge.png", png(60000, 60000, 8, 2, b"\0")
    yield "text.jpg", b"just words, whatever the file is called\n"
    yield "truncated.webp", saved(Image.fromarray(picture(33, 17)), "WEBP")[:-40]
    yield "truncated.gif", next(gifs())[1][:300]
    yield "huge.gif", b"GIF89a" + struct.pack("<HHBBB", 60000, 60000, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0;"
    yield "truncated.bmp", saved(Image.fromarray(picture(33, 17)), "BMP")[:-40]
    yield "huge.bmp", b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0)
    yield "huge.tif", gray_tiff(60000, 60000, 8, 1, b"\0")
    yield "cfa.tif", gray_tiff(4, 4, 16, 32803, bytes(32))


PHOTOS = "photos.ppm"


def photos(count=400):
    """Evenly spaced pixels of every photograph, one row each; none where they are missing."""
    folder = pathlib.Path(__file__).parents[3] / "shared" / "images"
    samples = []
    for file in sorted(folder.glob("n*.JPEG")):
        pixels = np.asarray(Image.open(file).convert("RGB")).reshape(-1, 3)
        samples.append(pixels[np.arange(count) * len(pixels) // count])
    return samples


DRAFTED = {"420-47x50.jpg", "422-47x50.jpg", "444-47x50.jpg", "440-19x29.jpg", "cmyk.jpg", "gray.jpg", "progressive.jpg"}


def drafts(data):
    """What libjpeg's scaled decoding gives, by its divisor."""
    for by in (2, 4, 8):
        image = Image.open(io.BytesIO(data))
        mode, box = image.draft(None, (image.width // by, image.height // by))
        assert image.size == tuple(-(-v // by) for v in Image.open(io.BytesIO(data)).size), (image.size, by)
        yield by, image.convert("RGB")


def alpha(image):
    """The last channel of RGBA, None where all is opaque."""
    plane = image.convert("RGBA").getchannel("A")
    return None if plane.getextrema() == (255, 255) else plane


GRAY = ("1", "L", "I", "F", "LA", "La", "I;16", "I;16B")


def fitting(image, data):
    """The SHA-256 of the profile, if it is one of the image's colours."""
    icc = image.info.get("icc_profile")
    if image.format == "JPEG2000":
        icc = jp2_profile(data)
    if icc and icc[16:20] == (b"GRAY" if image.mode in GRAY else b"RGB "):
        return hashlib.sha256(icc).hexdigest()


def jp2_profile(data):
    """The profile of a colour specification box (ISO/IEC 15444-1, I.5.3.3), which Pillow does not give."""
    at = data.find(b"colr\2")
    return at > 0 and data[at + 7:at - 4 + int.from_bytes(data[at - 4:at])]


def netpbm(image):
    kind = b"P6" if image.mode == "RGB" else b"P5"
    return kind + b"\n%d %d\n255\n" % image.size + image.tobytes()


def main(outdir):
    out = pathlib.Path(outdir)
    (out / "bad").mkdir(parents=True, exist_ok=True)
    for old in [*out.iterdir(), *(out / "bad").iterdir()]:
        if old.is_file() and old != out / PHOTOS:
            old.unlink()
    pictures = {}
    from goldens import decode_heif_jxl, decode_odd, decode_tiff_webp  # which make their files by what stands here
    decode_odd.check_bad()
    for make in (jpegs, pngs, gifs, bmps, decode_tiff_webp.tiffs, decode_tiff_webp.webps, decode_odd.pngs, decode_odd.gifs, decode_odd.bmps, decode_odd.pnms, decode_odd.tiffs, decode_odd.packed, decode_odd.avifs, decode_odd.webps, decode_odd.jp2s, decode_heif_jxl.heics, decode_heif_jxl.jxls):
        for name, data, *like in make():
            name = f"{'tiff' if make is decode_odd.packed else make.__name__[:-1]}-{name}"
            (out / name).write_bytes(data)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                opened = lambda: Image.open(io.BytesIO(like[0] if like else data))  # like: what has the file's pixels, which Pillow misses
                (out / f"{name}.ppm").write_bytes(netpbm(opened().convert("RGB")))
                from_lab = opened().mode == "LAB"  # which Pillow makes no gray of
                (out / f"{name}.pgm").write_bytes(netpbm((opened().convert("RGB") if from_lab else opened()).convert("L")))
                loaded = opened()
                loaded.load()
                pictures[name] = {"gray": loaded.mode in GRAY, "icc": fitting(Image.open(io.BytesIO(data)), data)}
                if loaded.mode.startswith("I;16") or loaded.mode == "I" and loaded.format == "PPM":  # convert("L") clips, which makes no picture of it
                    high = (np.asarray(loaded) >> 8).astype(np.uint8)
                    if loaded.format == "TIFF" and loaded.tag_v2[262] == 0:
                        high = 255 - high
                    (out / f"{name}.high.pgm").write_bytes(netpbm(Image.fromarray(high)))
                if plane := alpha(opened()):
                    (out / f"{name}.alpha.pgm").write_bytes(netpbm(plane))
                if name.removeprefix("jpeg-") in DRAFTED:
                    for by, image in drafts(data):
                        (out / f"{name}.draft{by}.ppm").write_bytes(netpbm(image))
                if "exif" in name:
                    upright = ImageOps.exif_transpose(opened()).convert("RGB")
                    (out / f"{name}.upright.ppm").write_bytes(netpbm(upright))
                    if plane := alpha(ImageOps.exif_transpose(opened())):
                        (out / f"{name}.upright.alpha.pgm").write_bytes(netpbm(plane))
    (out / "pictures.json").write_text(json.dumps(pictures, indent=1) + "\n")
    for name, data in [*bad(), *decode_odd.bad()]:
        (out / "bad" / name).write_bytes(data)
    if samples := photos():
        (out / PHOTOS).write_bytes(netpbm(Image.fromarray(np.stack(samples))))
