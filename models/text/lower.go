package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lower is Python's str.lower(): Unicode's full lower-casing without a language's own
// rules. Two rules of SpecialCasing.txt are not in [unicode.ToLower], which maps rune by
// rune: that of U+0130, and that of a sigma which ends a word.
func lower(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for i, r := range text {
		switch {
		case r == 'İ':
			b.WriteString("i\u0307") // the dot stays, as a mark
		case r == 'Σ' && final(text[:i], text[i+utf8.RuneLen(r):]):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// final is the Unicode Standard's Final_Sigma (section 3.13, table 3-17): a cased
// letter before it and none behind it, whatever is case-ignorable between them. As in
// CPython's handle_capital_sigma, what is both cased and case-ignorable is passed over.
func final(before, after string) bool {
	for before != "" {
		r, n := utf8.DecodeLastRuneInString(before)
		if !ignorable(r) {
			break
		}
		before = before[:len(before)-n]
	}
	r, _ := utf8.DecodeLastRuneInString(before)
	if !cased(r) {
		return false
	}
	after = strings.TrimLeftFunc(after, ignorable)
	r, _ = utf8.DecodeRuneInString(after)
	return !cased(r)
}

// cased is the derived property Cased.
func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Uppercase, unicode.Other_Lowercase)
}

// ignorable is the derived property Case_Ignorable. The runes by name are those whose
// Word_Break is MidLetter, MidNumLet or Single_Quote.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:·\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r)
}
