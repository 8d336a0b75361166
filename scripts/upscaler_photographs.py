"""Fetches the photographs that evaluate_upscaler.py takes, out of packages of Debian and PyPI.

usage: python scripts/upscaler_photographs.py FOLDER      (pip install -r scripts/requirements.txt; apt-get)

What is 2048 pixels wide or high or more is reduced to 1024, what is 1200 to half (Lanczos), as super-resolution
has it: grain and the marks of JPEG vanish, and there is detail to give back. The list was made by looking at
the packages' pictures, before anything was measured: photographs, not drawings, with something in focus.
Their licences allow use; none of them is in this repository, but for what is in cmd/ortho/testdata/photos.
"""
import pathlib
import subprocess
import sys
import tempfile

import skimage
import sklearn
from PIL import Image

WALLPAPERS = "usr/share/wallpapers/{}/contents/images/2560x1600.jpg"
BACKGROUNDS = "usr/share/backgrounds/{}.jpg"

# Package of Debian 12, path in it, photographs. Licences stand in the packages (usr/share/doc/*/copyright, metadata.json).
DEBIAN = [
    ("plasma-workspace-wallpapers", WALLPAPERS,  # LGPL-3
     "BytheWater ColdRipple ColorfulCups EveningGlow FallenLeaf Grey OneStandsOut Path"),
    ("lomiri-wallpapers-16.04", BACKGROUNDS,  # CC-BY-4.0, CC-BY-SA-4.0, CC0-1.0
     "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Picture_0B_by_freespace Picture_1A_by_freespace Wine_by_Jakkub_Mede "
     "aitzgorri_by_Aitzol_Berasategi friends_by_Aitzol_Berasategi greentock_by_Peter_Nerlich life_by_Aitzol_Berasategi "
     "picosdeeuropa_by_Aitzol_Berasategi seeding_by_Clements_Engelhardt sunset_by_Aitzol_Berasategi"),
    ("lomiri-wallpapers-20.04", BACKGROUNDS, "Kleiber_by_Lukas_Baubkus"),  # CC-BY-SA-3.0
    ("mate-backgrounds", BACKGROUNDS.replace("{}", "mate/nature/{}"),  # GPL-2+
     "Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops TwoWings Wood YellowFlower"),
]
# CC0, CC-BY-2.0 and the public domain.
PYPI = [(skimage, "data", "astronaut.png chelsea.png coffee.png rocket.jpg"), (sklearn, "datasets/images", "china.jpg flower.jpg")]


def write(source, folder, name):
    image = Image.open(source).convert("RGB")
    longest = max(image.size)
    shrink = 1024 / longest if longest >= 2048 else 0.5 if longest >= 1200 else 1
    if shrink < 1:
        image = image.resize([round(side * shrink) for side in image.size], Image.LANCZOS)
    image.save(folder / f"{name}.png")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for package, path, names in DEBIAN:
        with tempfile.TemporaryDirectory() as temporary:
            pathlib.Path(temporary).chmod(0o777)  # apt downloads as a user of its own
            subprocess.run(["apt-get", "download", "-qq", package], cwd=temporary, check=True)
            (archive,) = pathlib.Path(temporary).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", archive, f"{temporary}/files"], check=True)
            for name in names.split():
                write(f"{temporary}/files/{path.format(name)}", folder, name)
    for module, path, names in PYPI:
        for name in names.split():
            write(pathlib.Path(module.__file__).parent / path / name, folder, pathlib.Path(name).stem)
    print(f"{len(list(folder.iterdir()))} photographs")


if __name__ == "__main__":
    main(*sys.argv[1:])
