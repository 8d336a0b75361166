"""Golden files of colour profiles that say what a picture's own colours are: images, and beside each the sRGB that Pillow's ImageCms makes of them by
Little CMS, as FILE.ppm."""

import io
import pathlib
import struct

from PIL import Image, ImageCms

from goldens import decode


def profile(space, pcs, kind, tags):
    """An ICC profile of version 2.4 (ICC.1:2001-04, 6)."""
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    head = struct.pack(">I", at + len(body)) + bytes(4) + b"\x02\x40\0\0" + kind + space + pcs + bytes(12) + b"acsp" + bytes(28) + struct.pack(">III", 0xf6d6, 0x10000, 0xd32d)
    return head.ljust(128, b"\0") + table + body


def xyz(*values):
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(v * 65536) for v in values))


WHITE = (b"wtpt", xyz(.9642, 1, .8249))


def gray(gamma):
    return profile(b"GRAY", b"XYZ ", b"mntr", [WHITE, (b"kTRC", b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)))])


def cmyk():
    """Inks by a table of their 16 corners."""
    lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    corners = b""
    for i in range(16):
        c, m, y, k = (i >> b & 1 for b in (3, 2, 1, 0))
        colour = tuple(round(255 * (1 - .9 * ink) * (1 - .93 * k)) for ink in (c, m, y))
        corners += ImageCms.applyTransform(Image.new("RGB", (1, 1), colour), lab).tobytes()
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536) + bytes(range(256)) * 4 + corners + bytes(range(256)) * 3
    return profile(b"CMYK", b"Lab ", b"prtr", [WHITE, (b"A2B0", table)])


def files():
    luma, inks = Image.fromarray(decode.picture(33, 17, 1)[..., 0]), Image.fromarray(decode.picture(33, 17, 4), "CMYK")
    for gamma in (1, 2.2):
        yield f"gray-{gamma}.png", decode.saved(luma, "PNG", icc_profile=gray(gamma))
    yield "gray-1.jpg", decode.saved(luma, "JPEG", quality=90, icc_profile=gray(1))
    yield "gray-1.tif", decode.saved(luma, "TIFF", icc_profile=gray(1))
    yield "cmyk.jpg", decode.saved(inks, "JPEG", quality=90, icc_profile=cmyk())
    yield "cmyk.tif", decode.saved(inks, "TIFF", icc_profile=cmyk())


def main(outdir):
    out = pathlib.Path(outdir)
    srgb = ImageCms.createProfile("sRGB")
    for name, data in files():
        (out / name).write_bytes(data)
        image = Image.open(io.BytesIO(data))
        made = ImageCms.profileToProfile(image, io.BytesIO(image.info["icc_profile"]), srgb, outputMode="RGB")
        (out / f"{name}.ppm").write_bytes(decode.netpbm(made))
