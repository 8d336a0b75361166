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

// Clean makes text from outside safe to print on a terminal, in one line: characters
// that act on it, and bytes that are not UTF-8, are shown as escapes.
func Clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, Acts) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Acts(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case Acts(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
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
