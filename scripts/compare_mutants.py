"""Holds ortho's decoders against Pillow's on damaged files: mutants of the golden files of a format, and of others that Pillow writes.

usage: python scripts/compare_mutants.py [--count N] [--seed N] [--keep DIR] FORMAT ...      (png gif bmp ppm jpeg tiff webp avif jp2 heic jxl)
Prints how many both read alike or refuse, and the rest by cause. Needs Go, and Pillow and its plugins as scripts/requirements.txt pins them. For heic and jxl
ORTHO_CODECS must name a folder with the libheif and libjxl that the plugins have.
"""
import argparse
import collections
import hashlib
import io
import json
import pathlib
import random
import re
import struct
import subprocess
import tempfile
import warnings
import zlib

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "preprocess/testdata/decode"
ENDINGS = {"png": ["png"], "gif": ["gif"], "bmp": ["bmp"], "ppm": ["pnm"], "jpeg": ["jpg"], "tiff": ["tif", "tiff"], "webp": ["webp"], "avif": ["avif"],
           "jp2": ["jp2", "j2k"], "heic": ["heic"], "jxl": ["jxl"]}
PREFIX = {"ppm": "pnm"}
LIMIT = 4 << 20  # pixels, as cmd/decodeall has it


def written(name):
    """Files that Pillow writes of that format."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:23, :37]
    colours = np.stack([x * 6, y * 10, (x * y) % 256], -1).astype(np.uint8) // 2 + rng.integers(0, 60, (23, 37, 3), np.uint8)
    image = Image.fromarray(colours)
    for mode in ("RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "I;16"):
        for options in {"jpeg": [{}, {"progressive": True}, {"subsampling": 0}], "tiff": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {"compression": "packbits"}],
                        "webp": [{}, {"lossless": True}], "gif": [{}, {"interlace": 0}]}.get(name, [{}]):
            b = io.BytesIO()
            try:
                (image.convert("I;16") if mode == "I;16" else image.convert(mode)).save(b, {"ppm": "PPM", "jp2": "JPEG2000", "heic": "HEIF"}.get(name, name.upper()), **options)
            except (OSError, KeyError, ValueError, NotImplementedError):
                continue
            yield b.getvalue()


def mutant(rng, data, png):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        if not data:
            break
        kind, at = rng.randrange(9), rng.randrange(len(data))
        if rng.random() < 0.4:
            at = rng.randrange(min(len(data), 100))  # headers
        if kind <= 2:
            data[at] = rng.randrange(256)
        elif kind == 3:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 4:
            del data[at:at + rng.randrange(1, 1 + max(1, len(data) // 8))]
        elif kind == 5:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        elif kind == 6:
            del data[max(8, at):]
        elif kind == 7:
            data[at:at] = data[at:at + rng.randrange(1, 40)]
        elif at + 4 <= len(data):
            data[at:at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice([0, 1, 2, 3, 7, 16, 255, 256, 65535, 1 << 31, rng.randrange(1 << 16)]))
    return mended(bytes(data)) if png and rng.random() < 0.7 else bytes(data)


def mended(data):
    """A PNG with right checksums: with wrong ones nothing else is looked at."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        if at + 12 + n > len(data):
            break
        body = data[at + 4:at + 8 + n]
        out += data[at:at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + n
    return out + data[at:]


def pillow(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > LIMIT:
                return {"error": "too large"}
            answer = {}
            for mode in ("RGB", "L"):
                with Image.open(io.BytesIO(data)) as image:
                    pixels = image.convert(mode)
                    answer |= {"width": pixels.width, "height": pixels.height, mode.lower(): hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}
                    answer["format"] = image.format
            return answer
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"}


def cause(text):
    return re.sub(r"\d+", "N", text)[:110]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="+", choices=ENDINGS)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="where files that differ are written to")
    args = parser.parse_args()
    if "heic" in args.formats:
        __import__("pillow_heif").register_heif_opener()
    if "jxl" in args.formats:
        __import__("pillow_jxl")
    with tempfile.TemporaryDirectory() as temp:
        tool = pathlib.Path(temp) / "decodeall"
        subprocess.run(["go", "build", "-o", tool, "./cmd/decodeall"], cwd=ROOT, check=True)
        for name in args.formats:
            compare(name, args, pathlib.Path(temp), tool)


def compare(name, args, temp, tool):
    rng = random.Random(args.seed)
    seeds = [f.read_bytes() for e in ENDINGS[name] for f in sorted(GOLDEN.glob(f"{PREFIX.get(name, name)}-*.{e}"))] + list(written(name))
    seeds = [s for s in seeds if len(s) < 60000]
    cases = seeds + [mutant(rng, rng.choice(seeds), name == "png") for _ in range(args.count)]
    files = []
    for i, data in enumerate(cases):
        files.append(temp / f"{name}-{i}.{ENDINGS[name][0]}")
        files[-1].write_bytes(data)
    answers = subprocess.run([tool], input="\n".join(map(str, files)), capture_output=True, text=True, check=True).stdout.splitlines()
    count, causes, examples = collections.Counter(), collections.Counter(), {}
    for i, (file, data, line) in enumerate(zip(files, cases, answers, strict=True)):
        ours, theirs = json.loads(line), pillow(data)
        theirs_format = theirs.pop("format", None)
        if "error" in ours and "error" in theirs:
            count["both refuse"] += 1
        elif "error" in ours:
            count["only Pillow reads"] += 1
            why = f"only Pillow reads ({theirs_format}): {cause(ours['error'])}"
        elif "error" in theirs:
            count["only ortho reads"] += 1
            why = f"only ortho reads: {cause(theirs['error'])}"
        elif ours == theirs:
            count["equal"] += 1
        else:
            count["other pixels"] += 1
            why = "other pixels" + (" in gray alone" if ours["rgb"] == theirs["rgb"] else "") + ("" if ours["width"] == theirs["width"] and ours["height"] == theirs["height"] else ", of another size")
        if ours != theirs and not ("error" in ours and "error" in theirs):
            causes[why] += 1
            examples.setdefault(why, file.name)
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / file.name).write_bytes(data)
        file.unlink()
    print(f"{name}: {len(seeds)} files and {args.count} mutants: " + ", ".join(f"{n} {k}" for k, n in count.most_common()))
    for why, n in causes.most_common():
        print(f"  {n:4} {why} ({examples[why]})")


if __name__ == "__main__":
    main()
