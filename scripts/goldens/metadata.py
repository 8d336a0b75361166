"""Files with EXIF, XMP, resolutions and texts of all kinds, and what Pillow reads of them.

cases.json: by file, the orientation, texts and dots per inch that Pillow finds.
"""
import json
import pathlib
import struct

from PIL import Image, PngImagePlugin, TiffImagePlugin

from goldens.decode import after_soi, chunk, picture, saved, segment

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" tiff:Orientation="6" exif:PixelXDimension="33">
<exif:PixelYDimension>17</exif:PixelYDimension><xmp:Thumbnails xmlns:xmp="http://ns.adobe.com/xap/1.0/">old picture</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
MAKER = b"maker's notes, which point at offset \x00\x01\x02 of their own"
THUMBNAIL = b"\xff\xd8thumbnail\xff\xd9"
CODES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 7: "B"}


def exif(order="<", orientation=6):
    """A camera's: four directories, makers' notes and a thumbnail."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))

    def directory(entries, following=0):
        rows = b""
        for tag, kind, values in sorted(entries):
            raw = bytes(values) if CODES[kind] == "B" else struct.pack(f"{order}{len(values)}{CODES[kind]}", *values)
            count = len(values) // (2 if kind == 5 else 1)
            if len(raw) > 4:
                at = len(out)
                out.extend(raw + bytes(len(raw) & 1))
                raw = struct.pack(order + "I", at)
            rows += struct.pack(order + "HHI", tag, kind, count) + raw.ljust(4, b"\0")
        at = len(out)
        out.extend(struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "I", following))
        return at

    interop = directory([(1, 2, b"R98\0"), (2, 7, b"0100")])
    camera = directory([
        (33434, 5, [1, 125]), (36867, 2, b"2024:05:06 07:08:09\0"), (37500, 7, MAKER), (37510, 7, b"ASCII\0\0\0a comment"),
        (40962, 4, [33]), (40963, 3, [17]), (40965, 4, [interop])])
    gps = directory([(1, 2, b"N\0"), (2, 5, [48, 1, 8, 1, 1413, 100]), (3, 2, b"E\0"), (4, 5, [11, 1, 34, 1, 3012, 100])])
    at = len(out)
    out.extend(THUMBNAIL + bytes(1))
    second = directory([(259, 3, [6]), (513, 4, [at]), (514, 4, [len(THUMBNAIL)])])
    first = directory([
        (256, 3, [33]), (257, 3, [17]), (270, 2, b"a red disc\0"), (271, 2, b"Maker\0"), (272, 2, b"Model 7\0"), (274, 3, [orientation]),
        (282, 5, [300, 1]), (283, 5, [300, 1]), (296, 3, [2]), (305, 2, b"camera 1.2\0"), (34665, 4, [camera]), (34853, 4, [gps])], second)
    out[4:8] = struct.pack(order + "I", first)
    return bytes(out)


def texts():
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a red disc")
    info.add_text("Author", "Zoë")
    info.add_text("Comment", "long " * 300, zip=True)
    info.add_itxt("Description", "eine rote Scheibe: \u4e03", "de", "Beschreibung")
    info.add_itxt("parameters", "steps: 20, seed: \u4e03 " * 20, zip=True)
    info.add_text("Software", "painter 3")
    info.add_text("ortho:seed", "7")
    return info


def files():
    image = Image.fromarray(picture(33, 17))
    for order, name in (("<", "little"), (">", "big")):
        mark = b"Exif\0\0" + exif(order)
        yield f"{name}.jpg", saved(image, "JPEG", exif=mark, xmp=XMP, dpi=(240, 120), comment="a comment")
        yield f"{name}.png", saved(image, "PNG", exif=mark, dpi=(300, 300), pnginfo=texts())
        yield f"{name}.webp", saved(image, "WEBP", lossless=True, exif=mark, xmp=XMP)
    yield "camera.jpg", after_soi(saved(image, "JPEG")[:2] + saved(image, "JPEG")[20:], segment(0xE1, b"Exif\0\0" + exif(">")))  # no JFIF
    yield "centimetre.jpg", saved(image, "JPEG")[:13] + b"\x02\x00\x76\x00\x76" + saved(image, "JPEG")[18:]
    yield "comment.gif", saved(image, "GIF", comment=b"a comment " * 40)
    yield "ratio.jpg", saved(image, "JPEG")[:13] + b"\x00\x00\x04\x00\x03" + saved(image, "JPEG")[18:]
    yield "old.jpg", after_soi(saved(image, "JPEG"), segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0"))
    plain = saved(image, "PNG")
    yield "xmp.png", plain[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP) + plain[33:]
    hexed = (b"Exif\0\0" + exif()).hex()
    raw = f"\nexif\n{len(hexed) // 2:8}\n" + "\n".join(hexed[i:i + 72] for i in range(0, len(hexed), 72)) + "\n"
    yield "imagemagick.png", plain[:33] + chunk(b"tEXt", b"Raw profile type exif\0" + raw.encode()) + plain[33:]
    yield "after.png", plain[:-12] + chunk(b"tEXt", b"Comment\0behind the pixels") + chunk(b"zTXt", b"Source\0\0broken") + plain[-12:]
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ((270, "a red disc"), (305, "painter 3"), (315, "Zo"), (274, 6), (700, XMP), (282, 118.5), (283, 118.5), (296, 3), (65000, "private")):
        tags[tag] = value
    tags.tagtype[700] = 1
    tags[34665] = {36867: "2024:05:06 07:08:09", 37500: MAKER}
    tags[34853] = {1: "N", 2: (48.0, 8.0, 14.13)}
    for prefix, name in ((b"II", "little"), (b"MM", "big")):
        yield f"{name}.tif", saved(image, "TIFF", tiffinfo=tags, **({"big_tiff": True} if name == "big" else {}))
    try:
        yield "all.avif", saved(image, "AVIF", quality=50, exif=b"Exif\0\0" + exif(), xmp=XMP)
    except (KeyError, OSError):
        print("no AVIF here: all.avif stays")


def main(outdir):
    out, cases = pathlib.Path(outdir), {}
    for name, data in files():
        (out / name).write_bytes(data)
        with Image.open(out / name) as image:
            cases[name] = {"orientation": image.getexif().get(274, 1)}
            image.load()
            if "dpi" in image.info:
                cases[name]["dpi"] = [float(v) for v in image.info["dpi"]]
            if image.format in ("GIF", "JPEG") and "comment" in image.info:
                cases[name]["text"] = {"Comment": image.info["comment"].decode()}
            if getattr(image, "text", None):
                cases[name]["text"] = {str(k): str(v) for k, v in image.text.items()}
    (out / "cases.json").write_text(json.dumps(cases, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
