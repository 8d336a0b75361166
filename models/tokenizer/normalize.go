package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer changes a piece's text, of which the first lead bytes were made of the text's first
// character, and says how many are now.
type normalizer func(text string, lead int) (string, int)

func normalized(steps []normalizer, p piece) piece {
	for _, step := range steps {
		if p.text == "" {
			break
		}
		p.text, p.lead = step(p.text, p.lead)
	}
	return p
}

// whole is a normalizer that makes of a text's beginning what it makes of it alone.
func whole(f func(string) string) normalizer {
	return func(text string, lead int) (string, int) {
		changed := f(text)
		if lead > 0 {
			lead = min(len(f(text[:lead])), len(changed))
		}
		return changed, lead
	}
}

// filtered drops characters, and maps those that it keeps.
func filtered(keep func(rune) bool, as func(rune) rune) normalizer {
	return whole(func(text string) string {
		return strings.Map(func(r rune) rune {
			if !keep(r) {
				return -1
			}
			return as(r)
		}, text)
	})
}

func same(r rune) rune { return r }

var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// normalizers reads a normalizer, which may be a sequence of several.
func (s *step) normalizers(depth int) ([]normalizer, error) {
	one := func(n normalizer) ([]normalizer, error) { return []normalizer{n}, nil }
	if s == nil {
		return nil, nil
	}
	if f, ok := forms[s.Type]; ok {
		return one(whole(func(text string) string { return form(f, text) }))
	}
	switch s.Type {
	case "Sequence":
		if depth == 0 {
			return nil, errors.New("its sequences are nested too deeply")
		}
		var all []normalizer
		for _, inner := range s.Normalizers {
			some, err := inner.normalizers(depth - 1)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case "Lowercase":
		return one(whole(lower))
	case "StripAccents":
		return one(filtered(func(r rune) bool { return !unicode.Is(unicode.M, r) }, same))
	case "Strip":
		return one(strip(orTrue(s.StripLeft), orTrue(s.StripRight)))
	case "Nmt":
		return one(filtered(nmtKeeps, nmtSpaces))
	case "Prepend":
		return one(whole(func(text string) string { return s.Prepend + text }))
	case "Replace":
		return s.replace()
	case "BertNormalizer":
		return s.bert(), nil
	case "ByteLevel":
		return one(whole(bytesAsSymbols))
	case "Precompiled":
		m, err := readCharsMap(s.Charsmap)
		if err != nil {
			return nil, err
		}
		if m == nil {
			return nil, nil
		}
		return one(m.normalize)
	}
	return nil, fmt.Errorf("the normalizer %q is not known", s.Type)
}

// lower lower-cases each character alone: a sigma at the end of a word is like any other.
func lower(text string) string {
	text = strings.ReplaceAll(text, "İ", "i\u0307") // the one that becomes two
	return strings.Map(unicode.ToLower, text)
}

func strip(left, right bool) normalizer {
	return func(text string, lead int) (string, int) {
		if left {
			n := len(text)
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
			lead = max(0, lead-(n-len(text)))
		}
		if right {
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		}
		return text, min(lead, len(text))
	}
}

// nmtKeeps and nmtSpaces are SentencePiece's rule "nmt", in the library's words.
func nmtKeeps(r rune) bool {
	return !(r >= 0x1 && r <= 0x8 || r == 0xb || r >= 0xe && r <= 0x1f || r == 0x7f || r == 0x8f || r == 0x9f)
}

func nmtSpaces(r rune) rune {
	switch r {
	case 0x9, 0xa, 0xc, 0xd, 0x1680, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd:
		return ' '
	}
	return r
}

func (s *step) replace() ([]normalizer, error) {
	find, err := s.Pattern.finder()
	if err != nil {
		return nil, err
	}
	return []normalizer{whole(func(text string) string {
		matches := find(text)
		if len(matches) == 0 {
			return text
		}
		var b strings.Builder
		from := 0
		for _, m := range matches {
			b.WriteString(text[from:m[0]])
			b.WriteString(s.Content)
			from = m[1]
		}
		b.WriteString(text[from:])
		return b.String()
	})}, nil
}

// bert is BERT's BasicTokenizer.
func (s *step) bert() (steps []normalizer) {
	lowercase := orTrue(s.Lowercase)
	if orTrue(s.CleanText) {
		steps = append(steps, filtered(func(r rune) bool { return r != 0 && r != utf8.RuneError && !isControl(r) }, func(r rune) rune {
			if unicode.IsSpace(r) {
				return ' '
			}
			return r
		}))
	}
	if orTrue(s.Chinese) {
		steps = append(steps, whole(func(text string) string {
			if !strings.ContainsFunc(text, isChinese) {
				return text
			}
			var b strings.Builder
			for _, r := range text {
				if isChinese(r) {
					b.WriteByte(' ')
					b.WriteRune(r)
					b.WriteByte(' ')
				} else {
					b.WriteRune(r)
				}
			}
			return b.String()
		}))
	}
	if strips := s.StripAccents; strips != nil && *strips || strips == nil && lowercase {
		steps = append(steps, whole(func(text string) string { return form(norm.NFD, text) }),
			filtered(func(r rune) bool { return !unicode.Is(unicode.Mn, r) }, same))
	}
	if lowercase {
		steps = append(steps, whole(lower))
	}
	return steps
}

// isControl is any character of category C that has one, but for three that are white space.
func isControl(r rune) bool {
	return r != '\t' && r != '\n' && r != '\r' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

// isChinese reports whether a character is in one of the blocks of CJK ideographs that BERT
// knows.
func isChinese(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4dbf, r >= 0x4e00 && r <= 0x9fff, r >= 0xf900 && r <= 0xfaff, r >= 0x20000 && r <= 0x2a6df,
		r >= 0x2a700 && r <= 0x2b81f, r >= 0x2b920 && r <= 0x2ceaf, r >= 0x2f800 && r <= 0x2fa1f:
		return true
	}
	return false
}

func orTrue(b *bool) bool { return b == nil || *b }
