"""Files that Pillow opens though they are not as their formats' specifications have them, and formats of few lines, for decode.py."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image

from goldens import decode


def parts(data):
    """A PNG's chunks: name and body."""
    at = 8
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        yield data[at + 4:at + 8], data[at + 8:at + 8 + n]
        at += 12 + n


def pngs():
    samples = decode.picture(13, 9)
    raw = decode.rows(samples.reshape(9, -1), 8)
    plain = decode.png(13, 9, 8, 2, raw)
    whole = zlib.compress(raw, 9)
    head = plain[:33]
    idat = lambda *bodies: head + b"".join(decode.chunk(b"IDAT", b) for b in bodies) + decode.chunk(b"IEND", b"")
    yield "odd-surplus-rows.png", decode.png(13, 9, 8, 2, raw + raw[:80])
    yield "odd-surplus-byte.png", idat(whole + b"\1")
    yield "odd-three-idats.png", idat(whole[:7], b"", whole[7:])
    yield "odd-no-iend.png", plain[:-12]
    yield "odd-no-checksum-of-pixels.png", idat(whole[:-4])
    yield "odd-rows-end-early.png", idat(zlib.compress(raw[:5 * 40], 9))
    at = plain.index(b"IDAT") + 4 + len(whole)
    yield "odd-wrong-crc-of-idat.png", plain[:at] + b"\0\1\2\3" + plain[at + 4:]
    yield "odd-text-behind.png", plain[:-12] + struct.pack(">I", 3) + b"tEXta\0bWRNG" + plain[-12:]
    palette = bytes(range(48))
    index = decode.rows(np.arange(13 * 9).reshape(9, 13) % 16, 8)
    yield "odd-trns-first.png", decode.png(13, 9, 8, 3, index, decode.chunk(b"tRNS", bytes(range(0, 160, 10))) + decode.chunk(b"PLTE", palette))
    yield "odd-palette-short.png", decode.png(13, 9, 8, 3, index, decode.chunk(b"PLTE", palette[:30]))
    yield "odd-palette-long.png", decode.png(13, 9, 4, 3, decode.rows(np.arange(13 * 9).reshape(9, 13) % 16, 4), decode.chunk(b"PLTE", bytes(range(3 * 20))))
    yield "odd-palette-of-rgb.png", decode.png(13, 9, 8, 2, raw, decode.chunk(b"PLTE", palette))
    rgba = decode.picture(13, 9, 4)
    yield "odd-trns-of-rgba.png", decode.png(13, 9, 8, 6, decode.rows(rgba.reshape(9, -1), 8), decode.chunk(b"tRNS", b"\0\1\0\2\0\3"))
    yield "odd-trns-of-gray2.png", decode.png(13, 9, 2, 0, decode.rows(np.arange(13 * 9).reshape(9, 13) % 4, 2), decode.chunk(b"tRNS", b"\0\1"))
    yield "odd-gama-behind.png", plain[:-12] + decode.chunk(b"gAMA", struct.pack(">I", 45455)) + plain[-12:]
    yield "odd-animated.png", decode.png(13, 9, 8, 2, raw, decode.chunk(b"acTL", struct.pack(">II", 2, 0)) + decode.chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 13, 9, 0, 0, 1, 10, 0, 0)),
                                         decode.chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 13, 9, 0, 0, 1, 10, 0, 0)) + decode.chunk(b"fdAT", struct.pack(">I", 2) + whole))


def gifs():
    palette = [[i * 10, 255 - i * 9, i * 7] for i in range(16)]
    index = np.arange(13 * 9).reshape(9, 13) % 16
    data = decode.gif((13, 9), (0, 0), index, palette)
    yield "odd-surplus.gif", data[:-2] + bytes([9]) + bytes(range(9)) + data[-2:]


def bmps():
    palette = b"".join(struct.pack("<BBBB", i * 9 % 256, i * 5 % 256, 255 - i, 0) for i in range(256))
    runs = b"".join(bytes([5, y + 1, 0, 4, 1, 2, 3, 4, 4, 200 - y, 0, 0]) for y in range(6)) + b"\x03\x07\x00\x02\x02\x01\x05\x09\0\0" + b"\x0d\x21\0\0" * 2 + b"\0\1"
    yield "odd-rle8.bmp", decode.bmp(13, 9, 8, runs, palette, compression=1)
    runs = b"".join(bytes([6, 16 * y + 3, 0, 5, 0x12, 0x34, 0x50, 0, 2, 0x77, 0, 0]) for y in range(9)) + b"\0\1"
    yield "odd-rle4.bmp", decode.bmp(13, 9, 4, runs, palette[:64], compression=2)
    rows = decode.picture(13, 9)
    data = b"".join(r[:, ::-1].tobytes() + b"\0" for r in rows[::-1])
    yield "odd-short-last-row.bmp", decode.bmp(13, 9, 24, data[:-1])
    yield "odd-no-file-header.bmp", decode.bmp(13, 9, 24, data)[14:]


def tiffs():
    image = Image.fromarray(decode.picture(33, 17))
    # CVE-2023-36308: index 200 of a palette of two.
    yield "odd-palette-out-of-range.tif", decode.gray_tiff(4, 4, 8, 3, b"\xc8" * 16, more=[(320, 3, [0, 65535] * 3)])
    yield "odd-cmyk.tif", decode.saved(image.convert("CMYK"), "TIFF")
    yield "odd-ycbcr-raw.tif", decode.saved(image.convert("YCbCr"), "TIFF")
    yield "odd-big.tif", decode.saved(image, "TIFF", big_tiff=True)
    yield "odd-float.tif", decode.saved(Image.fromarray(decode.picture(33, 17, 1)[..., 0].astype(np.float32) * 1.5 - 60), "TIFF")
    yield "odd-int32.tif", decode.saved(Image.fromarray(decode.picture(33, 17, 1)[..., 0].astype(np.int32) * 2 - 90), "TIFF")
    samples = decode.picture(33, 17)
    tags = [(256, 3, [33]), (257, 3, [17]), (258, 3, [8] * 3), (262, 3, [2]), (277, 3, [3]), (278, 3, [17]), (284, 3, [2])]
    yield "odd-planes.tif", strips(tags, [p.tobytes() for p in samples.transpose(2, 0, 1)])
    y, x = np.mgrid[:9, :13]
    lab = np.stack([x * 19, x * 17 - 100, y * 25 - 100], -1).astype(np.int16).astype(np.uint8)
    yield "odd-lab.tif", strips([(256, 3, [13]), (257, 3, [9]), (258, 3, [8] * 3), (262, 3, [8]), (277, 3, [3])], [lab.tobytes()])
    five = np.concatenate([samples, decode.picture(33, 17, 2, seed=3)], -1)
    for name, extra in (("rgbxx", [0, 0]), ("rgbax", [2, 0])):
        yield f"odd-{name}.tif", decode.tiff([(256, 3, [33]), (257, 3, [17]), (258, 3, [8] * 5), (259, 3, [1]), (262, 3, [2]), (277, 3, [5]), (278, 3, [17]), (338, 3, extra)], five.tobytes())
    for bits in (2, 4, 8):
        yield f"odd-reversed-gray{bits}.tif", decode.gray_tiff(33, 17, bits, 1, np.random.default_rng(bits).integers(0, 256, (33 * bits + 7) // 8 * 17, np.uint8).tobytes(), more=[(266, 3, [2])])


    small = decode.picture(11, 7, 4)
    size = [(256, 3, [11]), (257, 3, [7]), (258, 3, [8])]
    inks = [*size, (262, 3, [5]), (277, 3, [4])]
    yield "odd-planes-one-strip.tif", strips([*size, (262, 3, [2]), (277, 3, [3]), (284, 3, [2])], [small[..., 0].tobytes()])
    yield "odd-strips-wanting.tif", strips([*inks, (278, 3, [3])], [small[:3].tobytes(), small[3:6].tobytes()])
    yield "odd-strips-too-many.tif", strips([*inks, (278, 3, [4])], [small[:4].tobytes(), small[4:].tobytes(), small[3:].tobytes()])
    for name, planes in (("", small[None]), ("-planes", small.transpose(2, 0, 1)[..., None])):
        tiles = [np.pad(p, ((0, 9), (0, 21), (0, 0)))[:, x:x + 16].tobytes() for p in planes for x in (0, 16)]
        wide = [(256, 3, [20]), *size[1:], (262, 3, [2]), (277, 3, [4]), (284, 3, [2 if name else 1]), (322, 3, [16]), (323, 3, [16]), (338, 3, [2])]
        yield f"odd-tiles{name}.tif", strips(wide, tiles)
    gray = [*size, (262, 3, [1])]
    yield "odd-tag-twice.tif", strips([*gray, (262, 3, [0])], [small[..., 0].tobytes()])
    yield "odd-photometric-twice.tif", strips([*size, (262, 3, [1, 1])], [small[..., 0].tobytes()])
    yield "odd-exif-xmp-6.tif", strips([*gray, (700, 1, b'<x tiff:Orientation="6"/>')], [small[..., 0].tobytes()])
    swapped = strips(gray, [small[..., 0].tobytes()])
    yield "odd-swapped-header.tif", swapped[:2] + b"\0*" + swapped[4:]
    yield "odd-plane-white-is-zero.tif", strips([*size, (262, 3, [0]), (284, 3, [2])], [small[..., 0].tobytes()])


def strips(tags, strips, compression=1, order="<"):
    """A TIFF of strips, or of tiles where their size is among the tags."""
    where, length = (324, 325) if any(t == 322 for t, _, _ in tags) else (273, 279)
    n = len(strips)
    offsets = [0] * n
    for _ in range(2):
        data = decode.tiff([*tags, (259, 3, [compression]), (where, 4, offsets), (length, 4, [len(s) for s in strips])], b"", order)
        offsets = [len(data) + sum(map(len, strips[:i])) for i in range(n)]
    return data + b"".join(strips)


def packed():
    """TIFFs that libtiff unpacks."""
    small = decode.picture(11, 7, 4)
    size = [(256, 3, [11]), (257, 3, [7]), (258, 3, [8])]
    planes = [zlib.compress(p.tobytes()) for y in (slice(0, 4), slice(4, 7)) for p in small[y].transpose(2, 0, 1)]
    planes = planes[::4] + planes[1::4] + planes[2::4] + planes[3::4]
    for name, extra in (("", []), ("-alpha", [(338, 3, [2])]), ("-premultiplied", [(338, 3, [1])])):
        yield f"packed-planes{name}.tif", strips([*size, (262, 3, [2]), (277, 3, [4]), (278, 3, [4]), (284, 3, [2]), *extra], planes, 8)
    yield "packed-planes-gray-alpha.tif", strips([*size, (262, 3, [1]), (277, 3, [2]), (278, 3, [4]), (284, 3, [2]), (338, 3, [2])], planes[:4], 8)
    wide = np.pad(small, ((0, 9), (0, 21), (0, 0)))
    yield "packed-tiles-big-endian.tif", strips([(256, 3, [20]), (257, 3, [7]), (258, 3, [16]), (262, 3, [1]), (322, 3, [16]), (323, 3, [16])],
                                                [zlib.compress((wide[:, x:x + 16, 0].astype(np.uint16) * 2).astype(">u2").tobytes()) for x in (0, 16)], 8, ">")
    floats = (small[..., 0].astype(np.float32) * 1.5 - 60)
    split = floats.astype(">f4").view(np.uint8).reshape(7, 11, 4).transpose(0, 2, 1).reshape(7, 44)
    split = np.diff(split, axis=1, prepend=np.zeros((7, 1), np.uint8))
    yield "packed-float-predictor.tif", strips([(256, 3, [11]), (257, 3, [7]), (258, 3, [32]), (262, 3, [1]), (317, 3, [3]), (339, 3, [3])], [zlib.compress(split.tobytes())], 8)
    ycbcr = Image.fromarray(decode.picture(33, 17)).convert("YCbCr")
    yield "packed-jpeg-ycbcr.tif", decode.saved(ycbcr, "TIFF", compression="jpeg", quality=90)
    # 2 by 2 pixels have four of Y, one of Cb and one of Cr (TIFF 6.0, section 21); libtiff turns none of them, Pillow does.
    y, cb, cr = (np.asarray(ycbcr)[:16, :32, c] for c in range(3))
    units = np.concatenate([y.reshape(8, 2, 16, 2).transpose(0, 2, 1, 3).reshape(8, 16, 4), cb[::2, ::2, None], cr[::2, ::2, None]], -1)
    yield "packed-exif-ycbcr-3.tif", strips([(256, 3, [32]), (257, 3, [16]), (258, 3, [8] * 3), (262, 3, [6]), (274, 3, [3]), (277, 3, [3]), (278, 3, [16]), (530, 3, [2, 2])],
                                            [zlib.compress(units.astype(np.uint8).tobytes())], 8)
    image = Image.fromarray(decode.picture(33, 17))
    yield "packed-jpeg.tif", decode.saved(image, "TIFF", compression="jpeg", quality=90)
    yield "packed-jpeg-gray.tif", decode.saved(image.convert("L"), "TIFF", compression="jpeg", quality=90)
    yield "packed-zstd.tif", decode.saved(image, "TIFF", compression="zstd")
    yield "packed-lzma.tif", decode.saved(image, "TIFF", compression="lzma")
    yield "packed-huffman.tif", decode.saved(image.convert("1"), "TIFF", compression="tiff_ccitt")
    yield "packed-cmyk-lzw.tif", decode.saved(image.convert("CMYK"), "TIFF", compression="tiff_lzw")
    yield "packed-predictor.tif", decode.saved(image, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield "packed-ycbcr-lzw.tif", decode.saved(image.convert("YCbCr"), "TIFF", compression="tiff_lzw")


def avifs():
    image = Image.fromarray(decode.picture(33, 17))
    yield "rgb.avif", decode.saved(image, "AVIF", quality=80)
    yield "444.avif", decode.saved(image, "AVIF", quality=90, subsampling="4:4:4")
    yield "gray.avif", decode.saved(image.convert("L"), "AVIF", quality=80)
    yield "alpha.avif", decode.saved(Image.fromarray(decode.picture(33, 17, 4)), "AVIF", quality=80)
    for value in (3, 6, 7):
        exif = Image.Exif()
        exif[274] = value
        yield f"exif-{value}.avif", decode.saved(image, "AVIF", quality=80, exif=exif)
    yield "exif-xmp.avif", decode.saved(image, "AVIF", quality=80, xmp=b'<x tiff:Orientation="6"/>')
    yield "animated.avif", decode.saved(image, "AVIF", quality=60, save_all=True, append_images=[Image.fromarray(decode.picture(33, 17, seed=3))])
    yield "icc.avif", decode.saved(image, "AVIF", quality=60, icc_profile=decode.icc_profile())


def webps():
    frames = [decode.picture(33, 17, 4, seed=i) for i in range(2)]
    data = decode.saved(Image.fromarray(frames[0]), "WEBP", save_all=True, append_images=[Image.fromarray(frames[1])], lossless=True)
    at = data.index(b"VP8X") + 8
    # Frames with alpha in a file that says it has none.
    yield "odd-alpha-unsaid.webp", data[:at] + bytes([data[at] & ~0x10]) + data[at + 1:]
    yield "odd-surplus.webp", decode.saved(Image.fromarray(frames[0][..., :3]), "WEBP") + b"surplus"


# By OpenJPEG's opj_compress, of what Pillow does not write: -F 19,13,3,8,u@1x1:2x2:2x2, the same with alpha, and 12 bits with a sign, all with -n 3 -I -r 8.
SUBSAMPLED = "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAADQAAABMAAwcHAAAAAAAPY29scgEAAAAAABIAAACxanAyY/9P/1EALwAAAAAAEwAAAA0AAAAAAAAAAAAAABMAAAANAAAAAAAAAAAAAwcBAQcCAgcCAv9SAAwAAAABAAIEBAAA/1wAEUJfUlAFUAVQR1fTV9NXYv9kACUAAUNyZWF0ZWQgYnkgT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAACwAAf+TxxANfrs+Ray1WsMMADGvgICmGBBOz6cGBvdzgICA/9k="
SUBSAMPLED_ALPHA = "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAADQAAABMABAcHAAAAAAAPY29scgEAAAAAABIAAACxanAyY/9P/1EAMgAAAAAAEwAAAA0AAAAAAAAAAAAAABMAAAANAAAAAAAAAAAABAcBAQcCAgcCAgcBAf9SAAwAAAABAAIEBAAA/1wAEUJfUlAFUAVQR1fTV9NXYv9kACUAAUNyZWF0ZWQgYnkgT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAACkAAf+TxjgNfrs+Ray1gIDEwAx5F8nZVYCAgICAgICA/9k="
SIGNED12 = "/0//UQApAAAAAAATAAAADQAAAAAAAAAAAAAAEwAAAA0AAAAAAAAAAAABiwEB/1IADAAAAAEAAgQEAAD/XAARQn9ScAVwBXBHd9N303di/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS4w/5AACgAAAAAAKgAB/5PPmIATfNk/rS7eKURaclESu25EoYwORK6aqkKA/9k="


def jp2s():
    image, rgba = Image.fromarray(decode.picture(33, 17)), Image.fromarray(decode.picture(33, 17, 4))
    gray = Image.fromarray(decode.picture(33, 17, 1)[..., 0])
    save = lambda image, **options: decode.saved(image, "JPEG2000", **options)
    yield "rgb.jp2", save(image)
    yield "rgb.j2k", save(image, no_jp2=True)
    yield "lossy.jp2", save(image, irreversible=True, mct=1, quality_layers=[20, 8], quality_mode="rates")
    yield "tiles.jp2", save(image, tile_size=(16, 8), num_resolutions=2, progression="RPCL", codeblock_size=(4, 4))
    yield "precincts.j2k", save(image, precinct_size=(8, 8), num_resolutions=2, no_jp2=True, comment="a comment")
    yield "offset.jp2", save(image, offset=(5, 3), tile_offset=(2, 1), tile_size=(20, 12), num_resolutions=2)
    yield "gray.jp2", save(gray)
    yield "signed.jp2", save(gray, signed=True)
    yield "gray-alpha.jp2", save(rgba.convert("LA"))
    yield "rgba.jp2", save(rgba)
    yield "cmyk.jp2", save(image.convert("CMYK"))
    yield "cmyk-unsaid.j2k", save(image.convert("CMYK"), no_jp2=True)
    yield "ycc.jp2", save(image.convert("YCbCr"))
    yield "gray16.jp2", save(Image.fromarray(np.asarray(gray).astype(np.uint16) * 9))
    yield "subsampled.jp2", base64.b64decode(SUBSAMPLED)
    yield "subsampled-alpha.jp2", base64.b64decode(SUBSAMPLED_ALPHA)
    yield "signed12.j2k", base64.b64decode(SIGNED12)
    box = lambda name, body: struct.pack(">I", len(body) + 8) + name + body
    jp2 = lambda header, codestream: box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", header) + box(b"jp2c", codestream)
    head = lambda components: box(b"ihdr", struct.pack(">IIHBBBB", 17, 33, components, 7, 7, 0, 0)) + box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16))
    for channels in (3, 4):
        colours = bytes(i * 37 % 256 for i in range(channels * 40)) + bytes(channels * 5)  # of the last ones, four come again
        palette = box(b"pclr", struct.pack(">HB", 45, channels) + b"\7" * channels + colours)
        mapped = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, i) for i in range(channels)))
        yield f"palette{channels}.jp2", jp2(head(1) + palette + mapped, save(gray.point(lambda v: v // 4), no_jp2=True))
    profile = box(b"colr", b"\2\0\0" + decode.icc_profile())
    yield "icc.jp2", jp2(box(b"ihdr", struct.pack(">IIHBBBB", 17, 33, 3, 7, 7, 0, 0)) + profile, save(image, no_jp2=True))


def pnms():
    rgb, gray = decode.picture(13, 9), decode.picture(13, 9, 1)[..., 0]
    bits = np.packbits(gray > 120, axis=1).tobytes()
    text = lambda a: "\n".join(" ".join(map(str, row)) for row in a.reshape(9, -1)).encode()
    yield "ascii-bits.pnm", b"P1 13 9\n" + text((gray > 120).astype(int)).replace(b" ", b"") + b"\n"
    yield "ascii-gray.pnm", b"P2\n# a comment\n13 9 # another\n200\n" + text(gray.astype(int) * 200 // 255) + b"\n"
    yield "ascii-rgb.pnm", b"P3 13 9 255\n" + text(rgb) + b" # end"
    yield "bits.pnm", b"P4 13 9\n" + bits
    yield "gray.pnm", b"P5 13 9 255\n" + gray.tobytes()
    yield "gray-of-100.pnm", b"P5 13 9 100\n" + gray.tobytes()
    yield "gray16.pnm", b"P5 13 9 65535\n" + (gray.astype(">u2") * 5).tobytes()
    yield "gray-of-1000.pnm", b"P5 13 9 1000\n" + (gray.astype(">u2") * 3).tobytes()
    yield "rgb.pnm", b"P6\n13\n9\n255\n" + rgb.tobytes() + b"surplus"
    yield "rgb-of-1000.pnm", b"P6 13 9 1000\n" + (rgb.astype(">u2") * 3).tobytes()
    floats = gray.astype("<f4") * 1.5 - 60
    yield "float.pnm", b"Pf\n13 9\n-1.0\n" + floats.tobytes()
    yield "float-big-endian.pnm", b"Pf\n13 9\n2.5\n" + floats.astype(">f4").tobytes()


def bad():
    """What Pillow refuses."""
    raw = decode.rows(decode.picture(13, 9).reshape(9, -1), 8)
    whole = zlib.compress(raw, 9)
    head = decode.png(13, 9, 8, 2, raw)[:33]
    yield "png-wrong-adler.png", head + decode.chunk(b"IDAT", whole[:-4] + b"\0\0\0\1") + decode.chunk(b"IEND", b"")
    yield "png-wrong-crc-of-text.png", head + struct.pack(">I", 3) + b"tEXta\0bWRNG" + decode.chunk(b"IDAT", whole)
    yield "png-short-gama-behind.png", head + decode.chunk(b"IDAT", whole) + decode.chunk(b"gAMA", b"\0")
    yield "png-cut-within-a-row.png", head + decode.chunk(b"IDAT", zlib.compress(raw[:190], 9)) + decode.chunk(b"IEND", b"")
    yield "png-unknown-filter.png", decode.png(13, 9, 8, 2, b"\7" + raw[1:])
    palette = [[i * 10, 255 - i * 9, i * 7] for i in range(16)]
    data = decode.gif((13, 9), (0, 0), np.arange(13 * 9).reshape(9, 13) % 16, palette)
    yield "gif-cut.gif", data[:-30]
    yield "bmp-rle-too-short.bmp", decode.bmp(13, 9, 8, b"\5\1\0\1", bytes(range(256)) * 4, compression=1)
    yield "bmp-jpeg-inside.bmp", decode.bmp(13, 9, 24, bytes(400), compression=4)
    yield "pnm-too-short.pnm", b"P6 13 9 255\n" + bytes(300)
    yield "pnm-too-large-sample.pnm", b"P2 2 1 10\n3 11\n"
    yield "pnm-no-number.pnm", b"P5 13 x 255\n" + bytes(200)
    yield "pnm-maximum.pnm", b"P5 2 1 65536\n" + bytes(200)


def check_bad():
    for name, data in bad():
        try:
            Image.open(io.BytesIO(data)).convert("RGB")
        except Exception:
            continue
        raise AssertionError(f"Pillow reads {name}")
