"""Descriptions of digits: the words, the sentences made of them, and the ids that a graph takes.

A text's tokens are its maximal runs of letters and digits, lower-cased; an id is a token's line in vocabulary.txt.
"""
import re

LENGTH = 16
PAD, UNKNOWN = "<pad>", "<unk>"
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SYNONYMS = [["zero", "0", "nought", "null", "naught", "zeros"], ["one", "1", "ones"], ["two", "2", "twos"], ["three", "3", "threes"], ["four", "4", "fours"],
            ["five", "5", "fives"], ["six", "6", "sixes"], ["seven", "7", "sevens"], ["eight", "8", "eights"], ["nine", "9", "nines"]]

# What a face is called, by what was measured.
WORDS = {
    "bold": ["bold", "bold", "heavy", "thick", "black", "fat", "strong", "dark", "extrabold", "semibold", "chunky", "massive"],
    "medium": ["regular", "normal", "medium", "ordinary"],
    "light": ["light", "light", "thin", "fine", "hairline", "slim", "delicate", "extralight", "faint"],
    "slanted": ["slanted", "italic", "oblique", "leaning", "tilted", "sloped", "slanting", "italics", "inclined", "cursive"],
    "upright": ["upright", "roman", "straight", "vertical", "unslanted"],
    "serif": ["serif", "serifed", "serifs", "antiqua", "bookish", "slab"],
    "sans": ["sans", "sans serif", "grotesque", "gothic", "sansserif", "grotesk", "linear"],
    "mono": ["mono", "monospace", "monospaced", "typewriter", "fixed width", "terminal", "code", "coding"],
    "wide": ["wide", "broad", "extended", "expanded", "stretched"],
    "narrow": ["narrow", "condensed", "compressed", "squeezed", "compact"],
    "large": ["large", "big", "tall", "huge", "giant", "great"],
    "small": ["small", "little", "tiny", "short", "mini"],
}
FILLERS = """a an the in of with and is it this that some any please draw paint write show me give make render print generate create picture image
drawing figure number digit numeral numerals numbers digits character glyph glyphs symbol font fonts face typeface letter letters type style styled set
very really quite rather extra somewhat fairly looks like looking kind sort for on at to from by as my your our we i want would can could you need nice
beautiful pretty elegant modern classic old new clean plain simple crisp white ink paper page text book poster sign clock house door
display sized size weight weighted width strokes stroke lines line looks shape shaped just only single handwritten typed printed drawn written rendered
sketch art photo photograph pixel pixels high quality low resolution best good design designed lettering typographic typography counting countdown label
year price phone address score winner lucky jersey plate license bus train room floor channel example sample test random different another other which
has have having using use uses made out up down left right side center centre middle background foreground color colour gray grey monochrome red blue
green dog cat tree car person house hello world seems be are was were will so but or not no yes when where there here what how""".split()


def tokens(text):
    return re.findall(r"[^\W_]+", text.lower())


def vocabulary():
    words = {t for group in [*SYNONYMS, *WORDS.values(), FILLERS] for phrase in group for t in tokens(phrase)}
    return [PAD, UNKNOWN, *sorted(words)]


def topic():
    """The words that say something of the picture, the plainest first; FILLERS only stand between them."""
    groups = [*SYNONYMS, *WORDS.values()]
    phrases = [g[0] for g in groups] + [p for g in groups for p in g] + ["digit", "digits", "number", "numbers", "numeral", "numerals", "figure"]
    return [w for w in dict.fromkeys(t for p in phrases for t in tokens(p)) if w != "width"]


INDEX = {word: i for i, word in enumerate(vocabulary())}


def encode(text):
    ids = [INDEX.get(t, INDEX[UNKNOWN]) for t in tokens(text)][:LENGTH]
    return ids + [INDEX[PAD]] * (LENGTH - len(ids))


def describe(rng, digit, labels):
    """A sentence that says the digit (None: says none) and some of the labels, which are (place, word group) pairs of WORDS."""
    before, after = [], []
    for group in rng.permutation(labels) if len(labels) else []:
        word = str(rng.choice(WORDS[str(group)]))
        (after if group in ("serif", "sans", "mono") and rng.random() < 0.6 else before).append(word)
    name = "" if digit is None else str(rng.choice(SYNONYMS[digit] if rng.random() < 0.5 else SYNONYMS[digit][:2]))
    noun = ["number", "digit", "numeral", "figure"][rng.integers(4)]
    kind = rng.random()
    if kind < 0.25:  # bare words, in any order
        words = [*before, *after, name]
        rng.shuffle(words)
        text = " ".join(words)
    elif kind < 0.5:
        text = " ".join(["a", *before, name or noun])
    elif kind < 0.75:
        text = f"{['draw', 'write', 'show me', 'please paint', ''][rng.integers(5)]} the {noun} {name} {' and '.join(before)}"
    else:
        text = f"{name} {' '.join(before)}"
    if kind >= 0.25 and after:
        text += f" {['in a', 'with', 'set in'][rng.integers(3)]} {' '.join(after)} {['font', 'typeface', 'type', 'face', ''][rng.integers(5)]}"
    words = text.split()
    for _ in range(rng.integers(0, 4) if rng.random() < 0.5 else 0):
        words.insert(rng.integers(len(words) + 1), str(rng.choice(FILLERS)) if rng.random() < 0.6 else "qqqq")
    return " ".join(words)
