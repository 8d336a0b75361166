package clip

import (
	"iter"
	"unicode"
)

// words cuts what was normalised as the reference's expressions do: those of CLIP,
//
//	<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
//
// and then ByteLevel's, which cuts only what the first two match: "<|", "endoftext", "|>".
// They match what was written in capitals, say, and so is no special token.
func words(chars []char) iter.Seq[[]char] {
	return func(yield func([]char) bool) {
		bound := 0 // the end of what the first two matched
		for i := 0; i < len(chars); {
			if unicode.IsSpace(chars[i].r) {
				i++
				continue
			}
			if i >= bound {
				bound = i + special(chars[i:])
			}
			end := len(chars)
			if i < bound {
				end = bound
			}
			n := wordLength(chars[i:end])
			if !yield(chars[i : i+n]) {
				return
			}
			i += n
		}
	}
}

func special(chars []char) int {
	for _, s := range []string{"<|startoftext|>", "<|endoftext|>"} {
		if hasPrefix(chars, s) {
			return len(s)
		}
	}
	return 0
}

// wordLength is how many characters the first word has of a text that has one at its start.
func wordLength(chars []char) int {
	class := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 0
		case unicode.IsLetter(r):
			return 1
		case unicode.IsNumber(r):
			return 2
		default:
			return 3
		}
	}
	if chars[0].r == '\'' {
		for _, s := range []string{"s", "t", "re", "ve", "m", "ll", "d"} {
			if hasPrefix(chars[1:], s) {
				return 1 + len(s)
			}
		}
	}
	first, n := class(chars[0].r), 1
	for first != 2 && n < len(chars) && class(chars[n].r) == first {
		n++
	}
	return n
}

// hasPrefix compares with a prefix of ASCII.
func hasPrefix(chars []char, prefix string) bool {
	if len(chars) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if chars[i].r != r {
			return false
		}
	}
	return true
}
