package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Acts reports whether a character acts on a terminal rather than shows: control characters,
// line and paragraph separators, and those that change the direction of what follows.
func Acts(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// deceives reports whether a character, behind another, makes a text look like one that it is not:
// those that act, and those that take no place. What joins emoji and the letters of some scripts,
// or chooses one of a character's forms, is part of what people write, and shows by the character
// before it; behind one of ASCII it does nothing.
func deceives(before, r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case unicode.In(r, unicode.Join_Control, unicode.Variation_Selector):
		return before < utf8.RuneSelf
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // a format character that shows
		return false
	}
	return Acts(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
}

// escaped appends a text in which characters that deceive, but those that keep has, and bytes that
// are not UTF-8 are escapes. It returns the last character, for the text that follows.
func escaped(to []byte, before rune, text []byte, keep string) ([]byte, rune) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			to = fmt.Appendf(to, `\x%02x`, text[0])
		case !deceives(before, r) || strings.ContainsRune(keep, r):
			to = append(to, text[:size]...)
			before, text = r, text[size:]
			continue
		case r < utf8.RuneSelf:
			to = fmt.Appendf(to, `\x%02x`, r)
		case r < 0x10000:
			to = fmt.Appendf(to, `\u%04x`, r)
		default:
			to = fmt.Appendf(to, `\U%08x`, r)
		}
		before, text = '\\', text[size:] // an escape is of ASCII, whatever it stands for
	}
	return to, before
}

// Clean makes text from outside safe to show, in one line: characters that act on a terminal or
// can't be seen, and bytes that are not UTF-8, are shown as escapes.
func Clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return s
	}
	clean, _ := escaped(nil, 0, []byte(s), "")
	return string(clean)
}

// CleanLines makes a message safe for a terminal. Lines after the first are
// indented, so that a name within them can't pass for a message of its own.
func CleanLines(message string) string {
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n  ")
}
