"""The digits of Debian's fonts: faces found, measured, sifted, split by family, and drawn.

A face is kept where its ten digits are plain: all there, all different, and read by a classifier that has seen none of its family. Faces that draw
the same digits are one face, and their families one family: URW's Nimbus, TeX Gyre and FreeFont are copies of each other.
"""
import dataclasses
import hashlib
import pathlib
import pickle
import subprocess

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
import torch
from torch import nn

PACKAGES = (pathlib.Path(__file__).parent / "packages.txt").read_text().split()
FIELD, SIZES = 28, (20, 21, 22, 23, 24)
LARGE = 160  # pixels of the size at which faces are measured
SAME = 0.012  # mean difference of two faces' digits below which they are one design


@dataclasses.dataclass
class Face:
    package: str
    family: str
    style: str
    serif: bool
    mono: bool
    weight_class: int  # OS/2 usWeightClass, 1-1000
    thickness: float  # stroke width over digit height
    slant: float  # tangent of the angle to the right of upright
    width: float  # width over height of a digit, mean of all but "1"
    height: float  # of a digit, in units of the font's size
    digits: np.ndarray  # uint8 [sizes, 10, 28, 28], ink = 255
    group: int = -1  # families that share designs have one group
    split: str = ""  # train, validation or test


def draw(font, text, field):
    """Ink in the middle of a square field; None where there is no ink or no room."""
    left, top, right, bottom = font.getbbox(text)
    w, h = right - left, bottom - top
    if w < 1 or h < 1 or w > field or h > field:
        return None
    image = Image.new("L", (field, field), 0)
    ImageDraw.Draw(image).text(((field - w) // 2 - left, (field - h) // 2 - top), text, fill=255, font=font)
    return np.asarray(image)


def shear(image):
    """Horizontal shear by second moments: how far ink moves to the right per pixel upwards."""
    image = np.asarray(image, np.float64)
    y, x = np.mgrid[: image.shape[-2], : image.shape[-1]]
    mass = image.sum((-2, -1))
    cy, cx = (image * y).sum((-2, -1)) / mass, (image * x).sum((-2, -1)) / mass
    dy, dx = y - cy[..., None, None], x - cx[..., None, None]
    return -(image * dx * dy).sum((-2, -1)) / (image * dy * dy).sum((-2, -1))


def stroke(ink):
    """Width of the strokes of a bilevel picture: four times the mean distance to the paper (exact for a long straight stroke)."""
    return 4 * ndimage.distance_transform_edt(ink)[ink].mean()


def measure(package, path):
    """The face in a font file, or None where its digits are not all there."""
    try:
        tables = TTFont(path, lazy=True)
        cmap, os2, post, names = tables.getBestCmap(), tables["OS/2"], tables["post"], tables["name"]
        if any(ord(d) not in cmap for d in "0123456789"):
            return None
        large = ImageFont.truetype(path, LARGE, layout_engine=ImageFont.Layout.BASIC)
        pictures = [draw(large, d, 2 * LARGE) for d in "0123456789"]
        small = [[draw(ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC), d, FIELD) for d in "0123456789"] for size in SIZES]
    except (TTLibError, KeyError, OSError, AttributeError, ValueError, AssertionError, TypeError):
        return None  # not an outline font that FreeType and fontTools both read
    if any(p is None for p in pictures) or any(p is None for row in small for p in row):
        return None
    ink = [p > 127 for p in pictures]
    boxes = [ndimage.find_objects(i.astype(int))[0] if i.any() else None for i in ink]
    if None in boxes:
        return None
    heights = np.array([b[0].stop - b[0].start for b in boxes])
    widths = np.array([b[1].stop - b[1].start for b in boxes])
    digits = np.array(small)
    flat = digits[2].reshape(10, -1) / 255
    if min(np.abs(flat[i] - flat[j]).mean() for i in range(10) for j in range(i)) < 0.01 or heights.mean() < LARGE / 4:
        return None  # boxes, dots
    family = names.getBestFamilyName() or names.getDebugName(1) or path.stem
    style = names.getBestSubFamilyName() or ""
    panose = os2.panose
    words = f"{family} {style}".lower()
    text_face = panose.bFamilyType == 2
    serif = 2 <= panose.bSerifStyle <= 10 if text_face and panose.bSerifStyle >= 2 else any(
        w in words for w in ("serif", "roman", "times", "slab", "typewriter", "courier", "didot", "bask", "garamond", "antiqua")) and "sans" not in words
    if "sans" in words:
        serif = False
    mono = bool(post.isFixedPitch) or "mono" in words.replace("monotype", "") or (text_face and panose.bProportion == 9)
    angle = -float(post.italicAngle)
    angle = angle if 0 <= angle < 40 else 0.0
    return Face(package, family, style, bool(serif), mono, int(os2.usWeightClass), float(np.mean([stroke(i) for i in ink]) / heights.mean()),
                float(np.tan(np.radians(angle))), float((widths[[0, *range(2, 10)]] / heights[[0, *range(2, 10)]]).mean()),
                float(heights.mean() / LARGE), digits), shear(np.array([i for i in ink]))


def installed():
    for package in PACKAGES:
        listing = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True).stdout.split("\n")
        for path in sorted(set(listing)):
            if path.lower().endswith((".ttf", ".otf")) and pathlib.Path(path).is_file():
                yield package, pathlib.Path(path)


def groups(faces):
    """One face of each design; faces that share a family or a design, through any chain, share a group."""
    flat = torch.tensor(np.array([f.digits[2] for f in faces]).reshape(len(faces), -1), dtype=torch.float32) / 255
    near = torch.cdist(flat, flat, p=1) / flat.shape[1] < SAME
    parent = list(range(len(faces)))

    def root(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first = {}
    for i, f in enumerate(faces):
        parent[root(i)] = root(first.setdefault(f.family.split(" Condensed")[0].split(" Light")[0], i))
    for i, j in near.nonzero().tolist():
        parent[root(i)] = root(j)
    kept = [i for i in range(len(faces)) if not near[i, :i].any()]
    for i in kept:
        faces[i].group = root(i)
    return [faces[i] for i in kept]


def reader():
    """A small classifier of digits: sifts faces, and judges pictures in training."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 49, 10))


def train_reader(faces, epochs, seed):
    torch.manual_seed(seed)
    x = torch.tensor(np.array([f.digits for f in faces]), dtype=torch.float32).reshape(-1, 1, FIELD, FIELD) / 255
    y = torch.arange(10).repeat(len(x) // 10)
    net = reader()
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(256):
            shift = [int(s) for s in torch.randint(-2, 3, (2,))]
            loss = nn.functional.cross_entropy(net(x[rows].roll(shift, (2, 3))), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def plain(faces):
    """Faces of which at least eight digits in ten are read by a classifier trained on the other half of the groups."""
    half = [int(hashlib.sha256(f"half{f.group}".encode()).hexdigest(), 16) % 2 for f in faces]
    kept = []
    for h in (0, 1):
        net = train_reader([f for f, g in zip(faces, half) if g != h], 3, h)
        for f in (f for f, g in zip(faces, half) if g == h):
            with torch.no_grad():
                read = net(torch.tensor(f.digits[2][:, None] / 255, dtype=torch.float32)).argmax(1)
            if (read == torch.arange(10)).sum() >= 8:
                kept.append(f)
    return kept


def split(faces):
    """Eight groups in ten train, one validates, one tests; the largest always trains."""
    names = {}
    for f in faces:
        names.setdefault(f.group, []).append(f"{f.family} {f.style}")
    largest = max(names, key=lambda g: len(names[g]))
    for f in faces:
        n = int(hashlib.sha256(min(names[f.group]).encode()).hexdigest(), 16) % 10
        f.split = "train" if n < 8 or f.group == largest else "validation" if n == 8 else "test"


def load(cache):
    """All kept faces, from the cache where it is there."""
    if cache.exists():
        return pickle.loads(cache.read_bytes())
    found = [(m, path) for package, path in installed() if (m := measure(package, path))]
    # A digit leans by its shape too ("7"): a face leans as far as its digits lean more than those of upright faces.
    shears = np.array([s for (_, s), _ in found])
    upright = np.median(shears[[f.slant == 0 for (f, _), _ in found]], 0)
    faces = []
    for ((face, _), path), s in zip(found, shears):
        moments = float(np.median(s - upright))
        if abs(moments - face.slant) < 0.12 or face.slant == 0:
            face.slant = moments if face.slant == 0 else (face.slant + moments) / 2
            faces.append(face)
    print(f"{len(found)} faces with ten digits")
    faces = groups(faces)
    print(f"{len(faces)} different designs")
    faces = sorted(plain(faces), key=lambda f: (f.family, f.style, f.package))
    split(faces)
    print({s: (sum(f.split == s for f in faces), len({f.group for f in faces if f.split == s})) for s in ("train", "validation", "test")})
    cache.write_bytes(pickle.dumps(faces))
    return faces
