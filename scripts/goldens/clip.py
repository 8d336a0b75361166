"""CLIP's tokens: transformers' CLIPTokenizer with padding="max_length", truncation=True.

merges.txt.gz is what CLIP keeps of the merges that open_clip_torch carries. A vocabulary is
made from the first N of them as CLIP's was: 256 bytes, these with "</w>", a token of each
merge, <|startoftext|>, <|endoftext|>.

clip.json holds cases: the vocabulary ("count" merges, or "merges" themselves, less the tokens in
"without"), further files as they lie in the folder, what the tokenizer says of itself, and
rows of [text, ids up to the padding]. A text may be [unit, times]. A case with a "folder"
is that of save_pretrained in testdata.

characters.json holds [first, last, a digest of the ids] of characters that Python's Unicode
has: of a text on each of them.
"""
import gzip
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import tempfile
import unicodedata

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import normalizers  # noqa: E402
from transformers import CLIPTokenizer  # noqa: E402

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
ALL = 49152 - 256 - 2

TEXTS = [
    "", " ", "\n\t \u3000", "a", "a photo of a cat", "a red fox in snow", "A Photograph of an Astronaut riding a horse, 8k, trending on ArtStation!!!",
    "masterpiece, best quality, (detailed face:1.2), [bokeh|sharp], <lora:foo:0.8> --ar 16:9", "hello!", "!", "!!", "! !", "wow!!! a!b !c",
    "don't can't we're I've I'm she'll he'd it's", "DON'T CAN'T WE'RE I'VE I'M SHE'LL HE'D IT'S", "'s 't 're 've 'm 'll 'd 'S 'LL", "''s '''ll 'x 'rex 'lle 'v 'l don''t s's",
    "it\u2019s \u2018quoted\u2019 \u201cdouble\u201d", "'\u017f 'k\u212a", "1234567890", "3.14 1,000 2024-05-01 10th 4k 8K", "½ ² ₂ Ⅷ ⅷ ① Ⓐ ௧ ٣ 〇 𝟘 ๓", "a1b2c3 x² H₂O",
    "don't_stop snake_case camelCase kebab-case foo.bar@example.com https://example.com/a?b=c#d", "#tag @user $5 50% A&B a+b=c <b>bold</b> \\n {x} ~`^",
    "e\u0301te\u0301 ÉTÉ \u0301alone naïve CAFÉ", "a\u0323\u0301 a\u0301\u0323 é\u0323 s\u0323\u0307 s\u0307\u0323 \u1e9b\u0323", "e" + "\u0301\u0323" * 40, "\u0301" * 35 + "a\u0327\u0302", "Straße STRASSE ẞ ß", "ﬁne ﬀ ĳ Ĳ ǅ Ǆ ŉ",
    "İSTANBUL ısı Iİ i\u0307", "ΑΣ ΣΑΣ Σ ΟΔΥΣΣΕΥΣ ΑΣ. Σς", "Ωμέγα ὈΔΥΣΣΕΎΣ ᾼ ᾳ \u1fbe \u0345", "K Å Ω ℓ ℵ ªº \u212b\u2126", "съешь ещё этих МЯГКИХ французских булок й и\u0306 Ё Е\u0308",
    "日本語 テキスト ｶﾞ ＡＢＣ が か\u3099 한국어 中文。漢字", "\u1100\u1161\u11a8 \uac00\u11a8 \u1112\u1161\u11ab\u1100\u1173\u11af 각 가\u11a7", "一隻狐狸在雪地裡，油畫", "キツネが雪の中にいる", "눈 속의 여우", "ﾊﾝｶｸ ｶﾀｶﾅ",
    "नमस्ते दुनिया क्‍ष क\u093c \u0958", "שָׁלוֹם עולם \ufb2a", "مَرحَبًا بالعالم ١٢٣ \u0622 \u0627\u0653", "สวัสดีชาวโลก น้ำ", "Xin chào thế giới Tiếng Việt ệ e\u0323\u0302", "გამარჯობა ᲒᲐᲛᲐᲠᲯᲝᲑᲐ", "Բարեւ ԲԱՐԵՒ և", "ᏸᏰ ꭰ Ა ა 𐐀𐐨 𞤀𞤢 Ꮿ",
    "தமிழ் ொ கொ", "ಕನ್ನಡ ೊ", "ລາວ ខ្មែរ မြန်မာ བོད \u0f43 \u0f73", "ᠮᠣᠩᠭᠣᠯ ⴰⵣⵓⵍ", "ÆØÅ æøå Þþ Ðð Łł Œœ Ğğ Şş",
    "👩‍👩‍👧 🇩🇪 1️⃣ ☃ ❤️", "👍🏽👍🏿 🏳️‍🌈 🧑‍🚀 🐈‍⬛ 🦊❄️", "😀😃😄😁😆😅😂🤣", "a😀b 😀 😀😀", "♥★☆♪♫→←↑↓∞≈≠≤≥", "¯\\_(ツ)_/¯ ಠ_ಠ", "™®© €£¥ …—–", "a…b—c–d·e•f",
    "\u2764\ufe0f\u200d\U0001f525", "\x00\x01\x1f\x7f\u0080\u0085\u009f", "a\x00b\x1fc\u0085d\u00a0e\u2028f\u3000g\u180eh\u200bi\u2060j\ufeffk\u1680l\u205fm\u202fn", "zero\u200bwidth\u200cnon\u200djoiner\u00adsoft", "\ufffd \ufffe \uffff \U0010ffff \ue000 \U000f0000",
    "tab\tnew\nline\r\ncarriage\rreturn\vvertical\fform", "   leading and trailing   ", "a  b   c\t\td", "\u0958\u0929 \u2adc \U0001d15e \U0001d15f \uf900 \u2f81a \u2f800",
    "<|startoftext|>", "<|endoftext|>", "a <|endoftext|> b", "a<|endoftext|>b<|startoftext|><|endoftext|>", "<|ENDOFTEXT|>", "a <|EndOfText|>!! b", "!!<|STARTOFTEXT|>'s x", "<|startoftext|>'s<|StartOfText|>'s", "<|endoftext", "<|endoftext|<|endoftext|>>", "<|startoftext|", "<| endoftext |>", "<end_of_text> <pad> <unk> </w> a</w>", "Ġ Ċ Ã© â\u0122\u0125",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "supercalifragilisticexpialidocious", "llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "lolololololololololol hahahahaha", "ababababababab abcabcabcabc", "zzzzzzzzzzzz qqqq xyzzy",
    "the quick brown fox jumps over the lazy dog " * 4, "portrait of a woman, " * 20, "word " * 74, "word " * 75, "word " * 76, "word " * 77, "word " * 74 + "antidisestablishmentarianism", "word " * 74 + "🧑‍🚀 rest", "word " * 74 + "<|endoftext|> <|startoftext|> end", "! " * 90, "🦊" * 60, "漢字" * 60, "é" * 200, "1" * 100, "'" * 300, "x" * 3000,
]
LONG = [["a", 200_000], ["ab", 100_000], ["the ", 50_000], ["🦊", 50_000], ["é!1 ", 40_000], ["\u0301", 100_000], ["lol ", 30], ["<|", 100_000], [" ", 900_000]]

# Of these an added token may be part.
ADDED = [
    "a photo of <my-Cat>", "<my-cat> <MY-CAT>!", "<my-cat>_1 <my-cat>_2<my-cat>", "sks dog, asks sksx xsks SKS sks", "a  SKS\u00a0dog", "style of <a\u0301rt> <árt> <ÁRT> <a\u0323\u0301rt>", "<|endoftext|> <|ENDOFTEXT|> <|StartOfText|>!!", "hello!world! !", "new  york new york New\tYork newyork new yorker",
    "(sks) _sks sks_ sks1 1sks é sks\u0301 sks-sks", "x<my-cat>x", "<my-cat", "<<my-cat>>", "İx i\u0307x İX", "ab abc abcd ABCD abx xyz xyzz", "", "   ", "!<my-cat>!", "日sks本", "<my-cat> " * 50,
]


def symbols():
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(0x100 + i) for i in range(len(hidden))]


def vocabulary(merges, without=()):
    tokens = [*symbols(), *(s + "</w>" for s in symbols()), *("".join(m.split()) for m in merges), BOS, EOS]
    return {t: i for i, t in enumerate(t for t in tokens if t not in without)}


def tokenizer(merges, files, without=()):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "vocab.json").write_text(json.dumps(vocabulary(merges, without)))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content))
        return CLIPTokenizer.from_pretrained(folder)


def encode(t, text):
    length = t.model_max_length if t.model_max_length < 1e9 else 77
    e = t(text if isinstance(text, str) else text[0] * text[1], padding="max_length", truncation=True, max_length=length)
    count = sum(e.attention_mask)
    assert len(e.input_ids) == length and e.input_ids[count:] == [t.pad_token_id] * (length - count)
    return e.input_ids[:count]


def known(c):
    """The two libraries' tables of Unicode differ beyond these; Python's lie between."""
    return unicodedata.category(c) not in ("Cn", "Cs")


def random_texts():
    r = random.Random(8)
    nfc = normalizers.NFC()
    anything = [chr(c) for c in range(1, 0x32000) if known(chr(c)) and unicodedata.category(chr(c)) != "Co"]
    marks = [c for c in anything if unicodedata.combining(c)]
    odd = list("aeiouAEIOU  '!1\n") + ["'s", "'LL", "é", "İ", "Σ", "<|", "|>", "endoftext", "\u200d", "\ufe0f", "👍", "日", "\u0301", "\u0323", "\u0327", "\u1161", "\u11a8", "\u1100", "\uac00", "\u093c", "\u0915", "</w>", "\u00a0"]
    words = "the a of photo cat dog painting by in style oil on canvas highly detailed cinematic lighting portrait 4k hdr unreal engine".split()
    texts = ["".join(r.choices(odd, k=r.randrange(1, 16))) for _ in range(120)]
    texts += ["".join(r.choices(anything, k=r.randrange(1, 16))) for _ in range(80)]
    texts += ["".join(r.choice("aeσ한ก") + "".join(r.choices(marks, k=r.randrange(4))) for _ in range(6)) for _ in range(80)]
    texts += [" ".join(r.choices(words, k=r.randrange(4, 100))) + r.choice(["", "!", ".", " --v 5"]) for _ in range(40)]
    # tokenizers' NFC knows no marks that came after Unicode 9.
    return [t for t in texts if nfc.normalize_str(t) == unicodedata.normalize("NFC", t)]


def characters(t):
    runs = []
    for c in range(0x110000):
        if known(chr(c)) and unicodedata.category(chr(c)) != "Co":
            if not runs or runs[-1][1] != c - 1 or c % 4096 == 0:
                runs.append([c, c])
            runs[-1][1] = c
    for run in runs:
        texts = [f"a{c}1{c}!{c}" for c in map(chr, range(run[0], run[1] + 1))]
        ids = t(texts, padding="max_length", truncation=True)["input_ids"]
        run.append(hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest()[:8])
    return runs


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, **flags}


def main(out):
    package = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    lines = gzip.open(pathlib.Path(package) / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")
    merges = lines[1 : 1 + ALL]
    (out / "merges.txt.gz").write_bytes(gzip.compress(("#version: 0.2\n" + "\n".join(merges) + "\n").encode(), 9, mtime=0))

    special = {"bos_token": token(BOS), "eos_token": token(EOS), "unk_token": token(EOS)}
    plain = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
    texts = TEXTS + random_texts()
    bang = [x for x in texts if "!" in x] + [x for x in TEXTS if "text|>" in x.lower()]
    shuffled = merges[:400]
    random.Random(3).shuffle(shuffled)
    few = [m for m in merges[:200] if not set(m) & set("zqðŁ")]

    def decoder(n, *more):
        added = {str(n + 512): {**token(BOS), "special": True}, str(n + 513): {**token(EOS), "special": True}}
        return added | {str(i): t for i, t in more}

    def case(name, texts, config=None, count=ALL, merges_=None, without=(), **files):
        used = merges_ or merges[:count]
        files = {f"{k}.json": v for k, v in {"tokenizer_config": config, **files}.items() if v is not None}
        t = tokenizer(used, files, without)
        c = {"name": name, "count": count if merges_ is None else 0, "merges": merges_ or [], "without": list(without), "files": files}
        return c | {"length": min(t.model_max_length, 77), "size": max(t.get_vocab().values()) + 1, "pad": t.pad_token_id, "rows": [[x, encode(t, x)] for x in texts]}

    more = [
        (812, token("<my-Cat>", special=False)), (813, token("<my-cat>_1", special=False, normalized=False)), (814, token("sks", special=False, single_word=True)),
        (815, token("<a\u0301rt>", special=False)), (816, token("New  York", special=False)), (817, token("İx", special=False)), (818, token("abc", special=False)), (819, token("ABCD", special=False)), (820, token("xyz", special=False, single_word=True)),
    ]
    cases = [
        case("all", texts + LONG, plain | {"pad_token": EOS}),
        case("no configuration", TEXTS[:20]),
        case("Stable Diffusion 1", bang, plain | {"add_prefix_space": False, "do_lower_case": True, "errors": "replace", "pad_token": EOS} | {k: {"__type": "AddedToken", **v} for k, v in special.items()}, special_tokens_map=special | {"pad_token": EOS}),
        case("Stable Diffusion 2", bang, plain | {"pad_token": EOS}, special_tokens_map=special | {"pad_token": "!"}),
        case("Stable Diffusion XL", bang, plain | {"pad_token": "!", "added_tokens_decoder": {"0": {**token("!", normalized=False), "special": True}} | decoder(ALL)}, special_tokens_map={"pad_token": "ignored"}),
        case("added_tokens.json", ADDED, plain | {"pad_token": EOS}, 298, added_tokens={"<my-Cat>": 812, "sks": 813, "<a\u0301rt>": 814}, special_tokens_map={"additional_special_tokens": ["sks", "<unused>"]}),
        case("added_tokens_decoder", ADDED, plain | {"pad_token": "!", "added_tokens_decoder": decoder(298, *more), "extra_special_tokens": ["new", token("sks", __type="AddedToken"), token("<New>", __type="AddedToken", special=True)]}, 298, added_tokens={"ignored": 5}),
        case("other special tokens", ADDED + TEXTS[:30], {"bos_token": "<s>", "eos_token": token("</S>", __type="AddedToken"), "unk_token": "a", "pad_token": "<pad>", "mask_token": "cat", "model_max_length": 8, "extra_special_tokens": {"b": "photo", "a": "<x>"}}, 298),
        case("no length", TEXTS[80:100], {"model_max_length": 1e30}, 298),
        case("unknown symbols", TEXTS, plain | {"pad_token": EOS}, merges_=few, without=["z", "z</w>", "ð", "Ł</w>", "q</w>"]),
        case("merges in no order", texts[:150], plain | {"pad_token": EOS}, merges_=shuffled),
    ]
    # As save_pretrained writes a folder; the merges are the first 200.
    saved = CLIPTokenizer(vocab=vocabulary(merges[:200]), merges=[tuple(m.split()) for m in merges[:200]], model_max_length=77, pad_token="!")
    saved.add_tokens(["<my-Cat>"])
    saved.save_pretrained(out / "saved")
    saved = CLIPTokenizer.from_pretrained(out / "saved")
    cases.append({"name": "tokenizer.json", "folder": "saved", "length": 77, "size": len(saved), "pad": 0, "rows": [[x, encode(saved, x)] for x in TEXTS + ADDED]})

    def lines_of(c):
        rows = ",\n".join("   " + json.dumps(r, separators=(",", ":")) for r in c.pop("rows"))
        return json.dumps(c)[:-1] + ', "rows": [\n' + rows + "\n]}"

    (out / "clip.json").write_text("[\n" + ",\n".join(map(lines_of, cases)) + "\n]\n")
    runs = characters(tokenizer(merges, {"tokenizer_config.json": plain}))
    (out / "characters.json").write_text("[\n" + ",\n".join(map(json.dumps, runs)) + "\n]\n")
