"""Texts as tokens: Python's str.lower(), then runs of letters, marks and numbers.

Each row is [text, tokens]. Texts hold only characters that Unicode 14 has.
"""
import json
import random
import unicodedata

TEXTS = [
    "", " ", "a bold slanted seven", "A  Bold, slanted-SEVEN!\n", "don't e.g. U.S.A. 3.14 1,000 a_b",
    "İSTANBUL ısı Iİ", "ΑΣ", "ΑΣ ΣΑΣ Σ", "ΟΔΥΣΣΕΥΣ'Σ ΑΣ.Β ΑΣ. Β", "ΑΣ\u00ad ΑΣ\u0301\u0301Β Α\u0301Σ", "\u02b0Σ A\u02b0Σ ᾼΣ", "Σ\U0001d400", "1Σ ΑΣ1 Α1Σ",
    "e\u0301te\u0301 ÉTÉ \u0301alone", "naïve CAFÉ Straße STRASSE ẞ ß", "ﬁne ﬀ ĳ Ĳ ǅ Ǆ ŉ", "½ ² ₂ Ⅷ ⅷ ① Ⓐ ௧ ٣ 〇", "日本語 テキスト ｶﾞ ＡＢＣ 한국어 中文。漢字", "नमस्ते दुनिया क्‍ष",
    "שָׁלוֹם مَرحَبًا", "👩‍👩‍👧 🇩🇪 1️⃣ ☃ ❤️", "zero\u200bwidth\u200cnon\u200djoiner\ufeffbom\u2060word", "ǈ ᏸᏰ ꭰ Ა ა 𐐀𐐨 𞤀𞤢", "\x00\x1f\x7f\u0085\u00a0\u2028a\u3000b", "<pad> <unk> [CLS] @user #tag",
    "K Å Ω ℓ ℵ ªº", "ȺȾ \u1e9e \u0345 \u2c2f", "x\u20ddy \u093e\u0903 \u0488",
]


def tokens(text):
    found = []
    inside = False
    for c in text.lower():
        if unicodedata.category(c)[0] in "LMN":
            found[-1:] = [found[-1] + c] if inside else (found[-1:] + [c])
            inside = True
        else:
            inside = False
    return found


def main(out):
    r = random.Random(6)
    # What the rule for a final sigma looks at, and letters that change their length.
    odd = list("ΣΣΣσςAaBİı '.:·1½\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a\u00ad\u0301\u0488\u0903\u02b0\u2071\u24b6\u2170^`´\u200d\ufe0f日ﬁǅ👍")
    known = [chr(c) for c in range(0x20, 0x32000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    rows = TEXTS + ["".join(r.choices(odd, k=r.randrange(2, 9))) for _ in range(400)] + ["".join(r.choices(known, k=24)) for _ in range(200)]
    (out / "tokens.json").write_text("[\n" + ",\n".join(json.dumps([t, tokens(t)]) for t in rows) + "\n]\n")
