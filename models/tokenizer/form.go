package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// form brings a text into one of Unicode's normalization forms (UAX #15). norm's own functions
// break up more than 30 marks in a row, which the library doesn't.
func form(f norm.Form, text string) string {
	if !slices.ContainsFunc([]byte(text), func(b byte) bool { return b >= utf8.RuneSelf }) {
		return text
	}
	marks := decompose(f, text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/2)
	if f == norm.NFC || f == norm.NFKC {
		marks = compose(marks)
	}
	for _, m := range marks {
		b.WriteRune(m.r)
	}
	return b.String()
}

// mark is a character with its Canonical_Combining_Class.
type mark struct {
	r     rune
	class uint8
}

// decompose takes all characters apart, and sorts the marks behind each by their class.
func decompose(f norm.Form, text string) []mark {
	full := norm.NFD
	if f == norm.NFKC || f == norm.NFKD {
		full = norm.NFKD
	}
	marks := make([]mark, 0, len(text))
	var buf [utf8.UTFMax]byte
	add := func(r rune) {
		marks = append(marks, mark{r, norm.NFD.Properties(buf[:utf8.EncodeRune(buf[:], r)]).CCC()})
	}
	var parts []byte
	for _, r := range text {
		if r < 0xa0 {
			marks = append(marks, mark{r: r})
			continue
		}
		parts = full.Append(parts[:0], buf[:utf8.EncodeRune(buf[:], r)]...) // one character has fewer than 30 marks
		for _, part := range string(parts) {
			add(part)
		}
	}
	for i := 0; i < len(marks); i++ {
		if marks[i].class == 0 {
			continue
		}
		j := i + 1
		for j < len(marks) && marks[j].class != 0 {
			j++
		}
		slices.SortStableFunc(marks[i:j], func(a, b mark) int { return int(a.class) - int(b.class) })
		i = j
	}
	return marks
}

// compose puts together what combines with the last character of class 0 before it.
func compose(marks []mark) []mark {
	out := make([]mark, 0, len(marks))
	start := -1      // the last character of class 0
	last := uint8(0) // the class of the last one kept behind it; 0 where there is none
	for _, m := range marks {
		if start >= 0 && (start == len(out)-1 || last < m.class) {
			if r, ok := pair(out[start].r, m.r); ok {
				out[start].r = r
				continue
			}
		}
		if m.class == 0 {
			start = len(out)
		}
		out, last = append(out, m), m.class
	}
	return out
}

// pair returns the character that two compose to.
func pair(a, b rune) (rune, bool) {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return 0, false
	}
	var in, out [2 * utf8.UTFMax]byte
	composed := norm.NFC.Append(out[:0], utf8.AppendRune(utf8.AppendRune(in[:0], a), b)...)
	r, n := utf8.DecodeRune(composed)
	return r, n == len(composed)
}
