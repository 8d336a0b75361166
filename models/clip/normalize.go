package clip

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// char is a character and the byte of the text at which it, or what it was made of, begins.
type char struct {
	r  rune
	at int32
}

func decode(text string) []char {
	chars := make([]char, 0, len(text))
	for i, r := range text {
		chars = append(chars, char{r, int32(i)})
	}
	return chars
}

// normalize composes a text (NFC), makes one space of all white space in a row, and
// lower-cases each character alone: a sigma at the end of a word is like any other.
func normalize(chars []char) []char {
	chars = compose(chars)
	out := make([]char, 0, len(chars)+1)
	for i, c := range chars {
		switch {
		case unicode.IsSpace(c.r):
			if i == 0 || !unicode.IsSpace(chars[i-1].r) {
				out = append(out, char{' ', c.at})
			}
		case c.r == 'İ': // the one that becomes two
			out = append(out, char{'i', c.at}, char{'\u0307', c.at})
		default:
			out = append(out, char{unicode.ToLower(c.r), c.at})
		}
	}
	return out
}

// mark is a character on its way through compose.
type mark struct {
	char
	class uint8 // Canonical_Combining_Class
	back  bool  // may combine with what is before it
}

// compose is Unicode's Normalization Form C (UAX #15). norm's own functions break up more
// than 30 marks in a row, which the reference doesn't. Marks take the place in the text of
// the character that they stand on.
func compose(chars []char) []char {
	// All below U+0300 is composed, and nothing of it combines with what is before it.
	if !slices.ContainsFunc(chars, func(c char) bool { return c.r >= 0x300 }) {
		return chars
	}
	marks := decompose(chars)
	out := make([]char, 0, len(marks))
	start := -1      // the last character of class 0
	last := uint8(0) // the class of the last one kept behind it; 0 where there is none
	for _, m := range marks {
		blocked := start < 0 || start < len(out)-1 && last >= m.class
		if m.back && !blocked {
			if r, ok := pair(out[start].r, m.r); ok {
				out[start].r = r
				continue
			}
		}
		if m.class == 0 {
			start = len(out)
		} else if len(out) > 0 {
			m.at = out[len(out)-1].at
		}
		out, last = append(out, m.char), m.class
	}
	return out
}

// decompose takes all apart but Hangul's syllables, which compose would put together again,
// and sorts the marks of each character by their class.
func decompose(chars []char) []mark {
	marks := make([]mark, 0, len(chars)+4)
	var buf [utf8.UTFMax]byte
	add := func(r rune, at int32) (parts []byte) {
		p := norm.NFC.Properties(buf[:utf8.EncodeRune(buf[:], r)])
		if parts = p.Decomposition(); parts == nil {
			marks = append(marks, mark{char{r, at}, p.CCC(), !p.BoundaryBefore()})
		}
		return parts
	}
	for _, c := range chars {
		if c.r < 0xc0 { // none has parts
			marks = append(marks, mark{char: c})
			continue
		}
		for _, r := range string(add(c.r, c.at)) {
			add(r, c.at)
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

// pair returns the character that two compose to.
func pair(a, b rune) (rune, bool) {
	var in, out [2 * utf8.UTFMax]byte
	composed := norm.NFC.Append(out[:0], utf8.AppendRune(utf8.AppendRune(in[:0], a), b)...)
	r, n := utf8.DecodeRune(composed)
	return r, n == len(composed)
}
