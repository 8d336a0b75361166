"""Makes the photographs of `make demo`, docs/photos, out of packages that have them under CC0.

usage: apt-get download budgie-backgrounds      (3.0, of Debian 13)
       python scripts/make_demo_photos.py budgie-backgrounds_3.0-1_all.deb      (pip install -r scripts/requirements.txt)
"""
import io
import pathlib
import subprocess
import sys
import tarfile

import skimage.data
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parent.parent / "docs/photos"


def of_skimage(name):
    return Image.open(pathlib.Path(skimage.data.__file__).parent / name)


def of_budgie(deb, name):
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return Image.open(io.BytesIO(tar.extractfile(f"./usr/share/backgrounds/budgie/{name}").read())).convert("RGB")


def main(deb):
    for name, photo, size in [
        ("cat", of_skimage("chelsea.png"), (451, 300)),  # as it is
        ("coffee", of_skimage("coffee.png"), (450, 300)),
        ("otters", of_budgie(deb, "oakland-zoo-otters.jpg"), (450, 300)),
        ("photographer", of_skimage("camera.png"), (300, 300)),
    ]:
        small = ImageOps.fit(photo, size, Image.Resampling.LANCZOS)
        small.save(OUT / f"{name}.jpg", quality=92, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
