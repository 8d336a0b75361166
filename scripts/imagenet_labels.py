"""Names the ImageNet classes in the bundled models: short, unique, without glosses.

A name is open_clip's (IMAGENET_CLASSNAMES, MIT), with the capitals that torchvision gives it
(_IMAGENET_CATEGORIES, BSD-3-Clause) where the two differ in nothing else.
NAMES stand before both: for WordNet's sense where open_clip's name has another one, for one of
several names, and for what a name has to be here (see check). What a class is in a sentence is its
gloss: WordNet 3.0's, as timm has it, under "label_glosses" of config.json.

usage: python scripts/imagenet_labels.py      (pip install -r scripts/requirements.txt)
"""
import hashlib
import json
import pathlib
import re

BUNDLED = pathlib.Path(__file__).parent.parent / "models/bundled"
IMAGE_MODELS = ["efficientnet-lite0", "efficientnet-lite0-int8"]
TEXT_MODEL = "imagenet-descriptions"

NAMES = {
    # Birds, reptiles, spiders, fish and other animals
    21: "kite", 24: "great gray owl", 27: "eft", 41: "whiptail lizard", 43: "frilled lizard",
    47: "African chameleon", 54: "hognose snake", 55: "green snake", 62: "rock python", 66: "horned viper",
    67: "diamondback rattlesnake", 68: "sidewinder", 75: "black widow", 83: "prairie chicken", 84: "peacock",
    87: "African grey parrot", 97: "drake", 121: "king crab", 133: "bittern", 134: "crane",
    136: "European gallinule", 141: "redshank", 147: "gray whale", 269: "gray wolf", 270: "Arctic wolf",
    271: "red wolf", 280: "gray fox", 312: "cricket", 321: "admiral butterfly", 324: "cabbage butterfly",
    325: "sulfur butterfly", 326: "lycaenid butterfly", 339: "sorrel horse", 348: "ram", 350: "ibex", 352: "impala",
    358: "polecat", 375: "colobus monkey", 378: "capuchin monkey", 381: "spider monkey", 382: "squirrel monkey",
    386: "African elephant", 389: "snoek", 391: "coho salmon", 395: "gar",
    # Dogs: a breed's own name has capitals, what kind of dog it is has none
    152: "Japanese chin", 153: "Maltese dog", 156: "Blenheim spaniel", 161: "basset hound",
    164: "bluetick coonhound", 165: "black-and-tan coonhound", 166: "Walker hound",
    168: "redbone coonhound", 179: "Staffordshire bull terrier",
    188: "wire fox terrier", 191: "Airedale terrier", 192: "cairn terrier", 194: "Dandie Dinmont terrier",
    195: "Boston terrier", 199: "Scottish terrier", 201: "silky terrier", 204: "Lhasa apso",
    210: "German shorthaired pointer", 215: "Brittany spaniel", 216: "Clumber spaniel", 217: "English springer spaniel",
    224: "Groenendael",
    225: "Malinois", 227: "kelpie", 233: "Bouvier des Flandres", 235: "German shepherd", 236: "Doberman",
    238: "Greater Swiss mountain dog", 240: "Appenzeller", 241: "Entlebucher", 243: "bullmastiff",
    247: "Saint Bernard", 249: "Alaskan malamute", 257: "Great Pyrenees", 260: "chow chow",
    262: "Brabancon griffon", 263: "Pembroke Welsh corgi", 264: "Cardigan Welsh corgi", 268: "Mexican hairless dog",
    # Things
    421: "banister", 439: "bearskin hat", 442: "bell cote", 450: "bobsled", 452: "bonnet",
    458: "brass plaque", 478: "cardboard box", 480: "cash machine", 494: "chime", 502: "clog", 505: "coffeepot",
    506: "coil", 520: "crib", 528: "dial telephone", 540: "drilling platform", 570: "gas mask", 592: "hard disk",
    602: "horizontal bar", 603: "horse cart", 607: "jack-o'-lantern", 630: "loafer", 632: "loudspeaker",
    633: "loupe", 636: "mailbag", 638: "maillot", 661: "Model T", 667: "mortarboard", 670: "motor scooter",
    672: "mountain tent", 677: "nail", 680: "pacifier", 690: "oxcart", 692: "packet", 725: "pitcher",
    726: "carpenter's plane", 730: "plow", 738: "flowerpot", 744: "projectile", 758: "fishing reel", 769: "ruler",
    770: "running shoe", 782: "CRT screen", 789: "shoji", 796: "ski mask", 807: "solar dish", 810: "space bar",
    814: "speedboat", 821: "steel arch bridge", 824: "stole", 829: "streetcar", 831: "studio couch",
    836: "sunglass", 842: "swimming trunks", 844: "electric switch", 854: "theater curtain", 867: "trailer truck",
    876: "tub", 884: "vaulted ceiling", 885: "velvet", 895: "warplane", 896: "washbasin", 903: "wig", 914: "yawl",
    919: "street sign",
    # Food, land, people and plants
    935: "mashed potato", 956: "custard apple", 960: "chocolate sauce", 978: "seashore", 990: "horse chestnut",
    994: "stinkhorn", 995: "earthstar", 996: "hen-of-the-woods", 998: "ear of corn",
}


def names():
    """The 1000 names, by index."""
    from open_clip import IMAGENET_CLASSNAMES
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    pairs = zip(IMAGENET_CLASSNAMES, _IMAGENET_CATEGORIES, strict=True)
    found = [theirs if theirs.lower() == name.lower() else name for name, theirs in pairs]
    idle = [(index, name) for index, name in NAMES.items() if found[index] == name]
    assert not idle, f"have these names already: {idle}"
    for index, name in NAMES.items():
        found[index] = name
    return found


def glosses(wnids):
    """WordNet's glosses, by id."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    synonyms, both = ({w: info.label_name_to_description(w, detailed=d) for w in wnids} for d in (False, True))
    return {w: both[w].removeprefix(synonyms[w] + ": ") for w in wnids}


def check(found):
    """What models/bundled/labels_test.go holds of the files."""
    assert len(found) == len({name.lower() for name in found}) == 1000
    for name in found:
        assert name == name.strip() and 0 < len(name) <= 30 and not re.search(r"[/,()]|^(an?|the)\b", name), name


def write(path, text):
    """Writes a settings file, and its digest."""
    path.write_text(text)
    sums = path.parent / "SHA256SUMS"
    files = [line.split("  ")[1] for line in sums.read_text().splitlines()]
    digests = [hashlib.sha256((path.parent / file).read_bytes()).hexdigest() for file in files]
    sums.write_text("".join(f"{digest}  {file}\n" for digest, file in zip(digests, files)))


def main():
    found = names()
    check(found)
    for model in IMAGE_MODELS:
        path = BUNDLED / model / "config.json"
        config = json.loads(path.read_text())
        wnids = config["label_names"]
        config["label_descriptions"] = dict(zip(wnids, found, strict=True))
        config["label_glosses"] = glosses(wnids)
        write(path, json.dumps(config, indent=1, ensure_ascii=False) + "\n")
    path = BUNDLED / TEXT_MODEL / "ortho.json"
    text = path.read_text()
    before = json.loads(text)
    for index, (wnid, name) in enumerate(zip(wnids, found)):
        old = f'"{index}": {json.dumps([wnid, before["labels"][str(index)][1]], ensure_ascii=False)}'
        assert text.count(old) == 1, old
        text = text.replace(old, f'"{index}": {json.dumps([wnid, name], ensure_ascii=False)}')
    write(path, text)


if __name__ == "__main__":
    main()
