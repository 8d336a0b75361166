"""Token ids of the library tokenizers, by tokenizer.json files of each kind.

lines.txt.gz holds 10,000 texts, JSON strings, drawn with the seed below: words and sentences of
many scripts, emoji, combining and control characters, white space of all kinds, code, very long
words, special tokens, and characters drawn at random.

NAME.json.gz is a tokenizer: trained here on some of the texts, put together by hand, or, where it
is one of SentencePiece's, trained by it. Those called steps-* have a model that shows where each
piece begins, for the normalizers and pre-tokenizers.

sums.json holds of each, base64 of, 16 bits of the CRC-32 of each line's ids, written in decimal with spaces
between; and ids of the first lines, whole. Of CLIP's, which has no file of its own, the test makes
one from ../clip/testdata/merges.txt.gz as clip() does.

characters.json holds of each [first, last, CRC-32 of their ids in a row] of blocks of characters, and
"differing", [first, last] of those of which the library's tables, some of which are Unicode 8's, say
something else than Unicode 14's, or which came after that: neither texts nor blocks have these.
"""
import base64
import gzip
import json
import os
import random
import struct
import tempfile
import unicodedata
import zlib

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import sentencepiece  # noqa: E402
from sentencepiece import sentencepiece_model_pb2  # noqa: E402
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

from goldens import clip as clip_goldens  # noqa: E402

SEED = 21
LINES = 10_000
WHOLE = 20  # lines whose ids are kept

SPACES = [" ", " ", " ", " ", " ", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "   ", "\u200b", "\n\n"]
BLOCKS = [  # of scripts: first and last letters
    (0x61, 0x7A), (0x41, 0x5A), (0xC0, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x904, 0x939), (0xE01, 0xE2E),
    (0x1100, 0x1112), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFF21, 0xFF5A), (0x1F600, 0x1F64F), (0x1F300, 0x1F5FF),
    (0x10A0, 0x10C5), (0x1E00, 0x1EFF), (0x2150, 0x2188), (0x2460, 0x24FF), (0xF900, 0xFA2D), (0xFB50, 0xFBB1), (0x20000, 0x20100), (0x1D400, 0x1D454),
]
MARKS = [0x300, 0x301, 0x302, 0x308, 0x323, 0x327, 0x5B0, 0x64E, 0x651, 0x93C, 0x94D, 0x3099, 0x309A, 0x20E3, 0xFE0F, 0x200D, 0x1F3FD]
CONTROLS = [0, 1, 7, 8, 0xB, 0xC, 0xE, 0x1B, 0x1F, 0x7F, 0x80, 0x8F, 0x9F, 0xAD, 0x200C, 0x200E, 0x202E, 0x2060, 0xFEFF, 0xFFFD, 0xE000]
SPECIAL = ["<s>", "</s>", "<unk>", "<pad>", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "<mask>", "<|endoftext|>", "<|startoftext|>", "▁", "##", "</w>", "<0x41>", "<cat>", " <cat> ", "sks", "Ünit"]


def differing():
    """The characters that Unicode 14 does not know, or of which the library knows something else."""
    n, p = normalizers, pre_tokenizers
    control = n.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    accent = n.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    digits, signs = p.Digits(individual_digits=True), p.Punctuation("removed")
    found = set(map(chr, range(0xD800, 0xE000)))
    for c in map(chr, (c for c in range(LAST) if not 0xD800 <= c <= 0xDFFF)):
        category = unicodedata.category(c)
        agree = category != "Cn"
        agree = agree and (control.normalize_str("a" + c) == "a") == (c == "\x00" or c == "\ufffd" or category in ("Cc", "Cf", "Co") and c not in "\t\n\r")
        agree = agree and (accent.normalize_str("a" + c) == "a") == (category == "Mn")
        agree = agree and (n.StripAccents().normalize_str("a" + c) == "a") == (category[0] == "M")
        agree = agree and (len(digits.pre_tokenize_str("a" + c + "a")) == 3) == (category[0] == "N")
        agree = agree and (len(signs.pre_tokenize_str("a" + c + "a")) == 2) == (category[0] == "P" or c.isascii() and c.isprintable() and not c.isalnum() and c != " ")
        agree = agree and n.NFKD().normalize_str(c) == unicodedata.normalize("NFKD", c) and n.NFKC().normalize_str(c) == unicodedata.normalize("NFKC", c)
        agree = agree and n.NFD().normalize_str(c) == unicodedata.normalize("NFD", c) and n.Lowercase().normalize_str(c) == c.lower()
        if not agree:
            found.add(c)
    return found


LAST = 0x20000
DIFFERING = differing()


def words():
    found = set()
    for text in clip_goldens.TEXTS + clip_goldens.ADDED:
        found.update(w for w in text.split() if len(w) < 60)
    return sorted(found)


def sentences(rng, known):
    """Yields texts without end."""
    def drawn():
        first, last = rng.choice(BLOCKS)
        return "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 8)))

    def marked():
        return "".join(c + "".join(chr(rng.choice(MARKS)) for _ in range(rng.choice([0, 0, 1, 1, 2, 5]))) for c in drawn())

    def number():
        return rng.choice(["%d", "%d.%d", "%d,%03d", "v%d.%d", "$%d", "%d%%", "#%d", "%dth"]).replace("%d", str(rng.randint(0, 99999)), 1).replace("%d", "7").replace("%03d", "042").replace("%%", "%")

    def code():
        return rng.choice(["if (a[%d] != b) {\n\treturn x->y;\n}", "foo_bar(%d, 'it''s')", "https://example.com/a?b=%d&c=#d", "SELECT * FROM t WHERE id=%d;", "<div class=\"c%d\">", "\\n\\t%d\\u00e9"]) % rng.randint(0, 999)

    def anything():
        while True:
            c = rng.randint(1, 0x1FFFF)
            if chr(c) not in DIFFERING:
                return chr(c)

    kinds = [(lambda: rng.choice(known), 40), (drawn, 12), (marked, 8), (number, 6), (code, 2), (lambda: rng.choice(SPECIAL), 4),
             (lambda: chr(rng.choice(CONTROLS)), 2), (anything, 3), (lambda: rng.choice("!?.,;:-'\"()[]{}/\\|@#~`^&*_+=<>…—–“”‘’。、！？"), 6)]
    while True:
        match rng.random():
            case p if p < 0.004:
                yield rng.choice(["", " ", "\n", "\u3000\u3000", "\u200b", "\x00"])
            case p if p < 0.012:
                yield rng.choice([rng.choice(known), drawn(), chr(rng.choice(MARKS))]) * rng.randint(50, 200)
            case _:
                parts = []
                for _ in range(rng.choice([1, 2, 3, 4, 5, 6, 8, 12, 20])):
                    parts.append(rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0]())
                    parts.append("" if rng.random() < 0.15 else rng.choice(SPACES))
                text = "".join(parts)
                yield text if rng.random() < 0.3 else text.strip(" ")


def lines():
    texts = clip_goldens.TEXTS + clip_goldens.ADDED
    made = sentences(random.Random(SEED), words())
    texts = [t for t in texts if len(t) < 400 and DIFFERING.isdisjoint(t)]
    while len(texts) < LINES:
        if DIFFERING.isdisjoint(text := next(made)):
            texts.append(text)
    return texts


def corpus(texts):
    return [t for t in texts if 5 < len(t) < 300]


ADDED = [AddedToken("<cat>", lstrip=True, rstrip=True, normalized=False), AddedToken("sks", single_word=True, normalized=True), AddedToken("Ünit", normalized=True),
         AddedToken("ab", normalized=False, single_word=True), AddedToken("aba", normalized=True, rstrip=True)]


def trained(texts):
    """Yields name, tokenizer."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(corpus(texts), trainers.BpeTrainer(vocab_size=1500, special_tokens=["<s>", "</s>", "<pad>", "<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    yield "bpe-bytes", t

    t = Tokenizer(models.BPE(ignore_merges=True))
    t.normalizer = normalizers.NFC()
    cut = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(cut), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.train_from_iterator(corpus(texts), trainers.BpeTrainer(vocab_size=1200, special_tokens=["<s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", t.token_to_id("<s>"))])])
    t.add_tokens(ADDED)
    yield "bpe-split", t

    # As Gemma's, of which SigLIP 2 is.
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_previous")
    alphabet = [f"<0x{b:02X}>" for b in range(256)]
    t.train_from_iterator([c for c in corpus(texts) if c.isascii()], trainers.BpeTrainer(vocab_size=1200, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", *alphabet], show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="$A <eos>", pair="$A <eos> $B <eos>", special_tokens=[("<eos>", 1)])
    t.enable_padding(length=64, pad_id=0, pad_token="<pad>")
    t.enable_truncation(64)
    yield "bpe-fallback", t

    t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator([c for c in corpus(texts) if c.isascii()], trainers.BpeTrainer(vocab_size=900, special_tokens=["<unk>"], continuing_subword_prefix="##", end_of_word_suffix="</w>", show_progress=False))
    t.enable_padding(direction="left", pad_to_multiple_of=8, pad_id=0, pad_token="<unk>")
    t.enable_truncation(20, direction="left")
    yield "bpe-words", t

    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(corpus(texts), trainers.WordPieceTrainer(vocab_size=3000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.add_tokens(ADDED)
    yield "wordpiece", t

    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    t.train_from_iterator(corpus(texts), trainers.WordLevelTrainer(vocab_size=1500, special_tokens=["<unk>", "<pad>"], show_progress=False))
    yield "wordlevel", t

    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator([c for c in corpus(texts) if max(map(ord, c)) < 0x500], trainers.UnigramTrainer(vocab_size=1500, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    yield "unigram", t


def pieces_of(texts, **options):
    """A model of SentencePiece, trained here: its normalizer's map, pieces with scores."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/in.txt", "w", encoding="utf-8") as f:
            f.writelines(" ".join(t.split()) + "\n" for t in corpus(texts) if max(map(ord, t)) < 0x500 and "\x00" not in t)
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/in.txt", model_prefix=f"{folder}/m", vocab_size=1000, hard_vocab_limit=False, character_coverage=0.99, minloglevel=2, num_threads=1, **options)
        proto = sentencepiece_model_pb2.ModelProto()
        with open(f"{folder}/m.model", "rb") as f:
            proto.ParseFromString(f.read())
    return proto.normalizer_spec.precompiled_charsmap, [(p.piece, p.score) for p in proto.pieces]


def sentencepieces(texts):
    # As T5's and SigLIP's: transformers' conversion of it.
    charsmap, pieces = pieces_of(texts, model_type="unigram", normalization_rule_name="nmt_nfkc", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    t = Tokenizer(models.Unigram(pieces, 2, False))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    t.enable_padding(length=64, pad_id=1, pad_token="</s>")
    t.enable_truncation(64)
    yield "unigram-nmt_nfkc", t

    t = Tokenizer(models.Unigram(pieces, 2, False))
    t.normalizer = normalizers.Precompiled(charsmap)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)])
    t.add_tokens(ADDED)
    yield "unigram-first", t

    charsmap, pieces = pieces_of(texts, model_type="unigram", normalization_rule_name="identity", byte_fallback=True)
    t = Tokenizer(models.Unigram(pieces, 0, True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    yield "unigram-fallback", t


def probe():
    """A model that shows each byte of each piece, and where it begins."""
    return models.BPE({f"<0x{b:02X}>": b for b in range(256)}, [], byte_fallback=True, continuing_subword_prefix="#", end_of_word_suffix="$")


def steps():
    p, n = pre_tokenizers, normalizers
    for name, normalizer, cut in [
        ("digits", n.NFD(), p.Sequence([p.Digits(individual_digits=False), p.CharDelimiterSplit("a")])),
        ("digit", n.NFKD(), p.Digits(individual_digits=True)),
        ("compatible", n.NFKC(), p.WhitespaceSplit()),
        ("punctuation", n.Nmt(), p.Punctuation("contiguous")),
        ("previous", n.StripAccents(), p.Punctuation("merged_with_previous")),
        ("next", n.Strip(left=True, right=False), p.Punctuation("merged_with_next")),
        ("removed", n.Lowercase(), p.Punctuation("removed")),
        ("invert", n.Replace(Regex(r"\s"), ""), p.Split(Regex(r"\w+"), "merged_with_next", invert=True)),
        ("words", n.Replace(Regex(r"\W\d"), "<>"), p.Split(Regex(r"[\w']+|\S"), "removed", invert=True)),
        ("bert", n.BertNormalizer(lowercase=False, strip_accents=True, handle_chinese_chars=False), p.BertPreTokenizer()),
        ("bert-raw", n.BertNormalizer(clean_text=False, lowercase=True, strip_accents=False), p.WhitespaceSplit()),
        ("prefix", n.ByteLevel(), p.ByteLevel(add_prefix_space=True)),
        ("metaspace", n.Strip(), p.Sequence([p.Split("a", "isolated"), p.Metaspace(replacement="_", prepend_scheme="first")])),
        ("never", n.NFC(), p.Metaspace(prepend_scheme="never")),
        ("fixed", n.NFC(), p.FixedLength(3)),
    ]:
        t = Tokenizer(probe())
        t.normalizer, t.pre_tokenizer = normalizer, cut
        t.add_tokens(ADDED)
        yield "steps-" + name, t


def clip():
    merges = clip_goldens_merges()
    vocab = clip_goldens.vocabulary(merges)
    t = Tokenizer(models.BPE(vocab, [tuple(m.split(" ")) for m in merges], unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix="", fuse_unk=False))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    cut = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(cut), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", 49407), ("<|startoftext|>", 49406), trim_offsets=False, add_prefix_space=False)
    t.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    return t


def clip_goldens_merges():
    here = os.path.join(os.path.dirname(__file__), "../../models/clip/testdata/merges.txt.gz")
    with gzip.open(here, "rt", encoding="utf-8") as f:
        return f.read().rstrip("\n").split("\n")[1:]


def ids_of(t, text):
    return t.encode(text).ids


def crc(ids):
    return zlib.crc32(" ".join(map(str, ids)).encode())


def compressed(path, text):
    with open(path, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(text.encode("utf-8"))


def characters(t):
    rows = []
    for first in range(0, LAST, 0x200):
        together = zlib.crc32(b"")
        known = [c for c in map(chr, range(first, first + 0x200)) if c not in DIFFERING]
        for c in known:
            together = zlib.crc32((" ".join(map(str, ids_of(t, "a" + c + "b"))) + "\n").encode(), together)
        if known:
            rows.append([first, first + 0x1FF, together])
    return rows


def spans(characters):
    found = []
    for c in sorted(map(ord, characters)):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def main(out):
    texts = lines()
    compressed(out / "lines.txt.gz", "".join(json.dumps(t, ensure_ascii=True) + "\n" for t in texts))
    sums, chars = {}, {"differing": spans(DIFFERING)}
    for name, t in [*trained(texts), *sentencepieces(texts), *steps(), ("clip", clip())]:
        if name != "clip":
            compressed(out / f"{name}.json.gz", t.to_str(pretty=False))
        all_ids = [ids_of(t, text) for text in texts]
        sums[name] = {"sums": base64.b64encode(struct.pack(f"<{len(texts)}H", *(crc(ids) & 0xFFFF for ids in all_ids))).decode(), "ids": all_ids[:WHOLE]}
        chars[name] = characters(t)
    with open(out / "sums.json", "w", encoding="utf-8") as f:
        json.dump(sums, f, separators=(",", ":"))
    with open(out / "characters.json", "w", encoding="utf-8") as f:
        json.dump(chars, f, separators=(",", ":"))
