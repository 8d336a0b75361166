package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter cuts a piece into several, of which empty ones count as none.
type splitter func(piece) []piece

// splitters reads a pre-tokenizer, which may be a sequence of several.
func (s *step) splitters(depth int) ([]splitter, error) {
	one := func(all ...splitter) ([]splitter, error) { return all, nil }
	if s == nil {
		return nil, nil
	}
	switch s.Type {
	case "Sequence":
		if depth == 0 {
			return nil, errors.New("its sequences are nested too deeply")
		}
		var all []splitter
		for _, inner := range s.PreTokenizers {
			some, err := inner.splitters(depth - 1)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case "BertPreTokenizer":
		return one(removed.at(runes(unicode.IsSpace)), isolated.at(runes(isPunctuation)))
	case "Whitespace":
		return one(removed.between(wordsAndSigns))
	case "WhitespaceSplit":
		return one(removed.at(runes(unicode.IsSpace)))
	case "CharDelimiterSplit":
		r, n := utf8.DecodeRuneInString(s.Delimiter)
		if n == 0 || n != len(s.Delimiter) {
			return nil, fmt.Errorf("the delimiter %.20q is not one character", s.Delimiter)
		}
		return one(removed.at(runes(func(c rune) bool { return c == r })))
	case "Digits":
		if s.IndividualDigits {
			return one(isolated.at(runes(unicode.IsNumber)))
		}
		return one(contiguous.at(runes(unicode.IsNumber)))
	case "Punctuation":
		if s.Behavior == "" {
			s.Behavior = string(isolated)
		}
		how, err := s.behavior()
		return []splitter{how.at(runes(isPunctuation))}, err
	case "Split":
		how, err := s.behavior()
		if err != nil {
			return nil, err
		}
		find, err := s.Pattern.finder()
		if err != nil {
			return nil, err
		}
		if s.Invert {
			return one(how.between(find))
		}
		return one(how.at(find))
	case "Metaspace":
		return s.metaspace()
	case "ByteLevel":
		return s.byteLevel()
	case "UnicodeScripts":
		return nil, errors.New("the pre_tokenizer UnicodeScripts cuts by a table of scripts that is older than any that is had here")
	case "FixedLength":
		length := 5
		if s.Length != nil {
			length = *s.Length
		}
		if length < 1 {
			return nil, fmt.Errorf("pieces of the length %d", length)
		}
		return one(func(p piece) []piece { return ofLength(p, length) })
	}
	return nil, fmt.Errorf("the pre_tokenizer %q is not known", s.Type)
}

// behavior is what becomes of what is found: SplitDelimiterBehavior.
type behavior string

const (
	removed            behavior = "Removed"
	isolated           behavior = "Isolated"
	mergedWithPrevious behavior = "MergedWithPrevious"
	mergedWithNext     behavior = "MergedWithNext"
	contiguous         behavior = "Contiguous"
)

func (s *step) behavior() (behavior, error) {
	switch how := behavior(s.Behavior); how {
	case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous:
		return how, nil
	}
	return "", fmt.Errorf("the behavior %q is not known", s.Behavior)
}

// span is a part of a text: what is found, or what lies between.
type span struct {
	from, to int
	found    bool
}

// at cuts a piece at what is found.
func (how behavior) at(find finder) splitter { return how.splitter(find, false) }

// between cuts it where nothing is found.
func (how behavior) between(find finder) splitter { return how.splitter(find, true) }

func (how behavior) splitter(find finder, invert bool) splitter {
	return func(p piece) []piece {
		matches := find(p.text)
		if len(matches) == 0 && !invert {
			return []piece{p}
		}
		var spans []span
		from := 0
		for _, m := range matches {
			if from < m[0] {
				spans = append(spans, span{from, m[0], invert})
			}
			spans = append(spans, span{m[0], m[1], !invert})
			from = m[1]
		}
		if from < len(p.text) {
			spans = append(spans, span{from, len(p.text), invert})
		}
		var all []piece
		for _, s := range how.joined(spans) {
			if how == removed && s.found {
				continue
			}
			all = append(all, p.sub(s.from, s.to))
		}
		return all
	}
}

// joined puts together what belongs together.
func (how behavior) joined(spans []span) []span {
	if how == removed || how == isolated {
		return spans
	}
	all := make([]span, 0, len(spans))
	for i, s := range spans {
		last := len(all) - 1
		var join bool
		switch how {
		case contiguous:
			join = i > 0 && spans[i-1].found == s.found
		case mergedWithPrevious:
			join = i > 0 && s.found && !spans[i-1].found
		case mergedWithNext: // of several found in a row, the last one joins what follows
			join = i > 0 && spans[i-1].found && !s.found
		}
		if join {
			all[last].to = s.to
		} else {
			all = append(all, s)
		}
	}
	return all
}

// wordsAndSigns finds \w+|[^\w\s]+, with the \w of Rust's expressions.
func wordsAndSigns(text string) (all [][2]int) {
	kind := func(r rune) int {
		switch {
		case joins(r):
			return 1
		case unicode.IsSpace(r):
			return 0
		}
		return 2
	}
	last := 0
	for i, r := range text {
		switch k := kind(r); {
		case k == 0:
		case k == last:
			all[len(all)-1][1] = i + utf8.RuneLen(r)
		default:
			all = append(all, [2]int{i, i + utf8.RuneLen(r)})
		}
		last = kind(r)
	}
	return all
}

// isPunctuation is BERT's idea of it: all of ASCII that is neither letter, digit nor space, and
// Unicode's.
func isPunctuation(r rune) bool {
	switch {
	case r >= '!' && r <= '/', r >= ':' && r <= '@', r >= '[' && r <= '`', r >= '{' && r <= '~':
		return true
	}
	return unicode.IsPunct(r)
}

// metaspace makes spaces visible, so that they are part of tokens.
func (s *step) metaspace() ([]splitter, error) {
	mark := s.Replacement
	if mark == "" {
		mark = "▁"
	}
	if utf8.RuneCountInString(mark) != 1 {
		return nil, fmt.Errorf("the replacement %.20q is not one character", mark)
	}
	scheme := s.PrependScheme
	if scheme == "" {
		scheme = "always"
		if s.AddPrefixSpace != nil && !*s.AddPrefixSpace {
			scheme = "never"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, fmt.Errorf("the prepend_scheme %q is not known", scheme)
	}
	find, err := literal(mark)
	if err != nil {
		return nil, err
	}
	all := []splitter{func(p piece) []piece {
		p.lead = len(strings.ReplaceAll(p.text[:p.lead], " ", mark))
		p.text = strings.ReplaceAll(p.text, " ", mark)
		if (scheme == "always" || scheme == "first" && p.lead > 0) && !strings.HasPrefix(p.text, mark) {
			p.text = mark + p.text
			if p.lead > 0 {
				p.lead += len(mark)
			}
		}
		return []piece{p}
	}}
	if orTrue(s.Split) {
		all = append(all, mergedWithNext.at(find))
	}
	return all, nil
}

// bytePieces is the expression that GPT-2 cuts texts by.
const bytePieces = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// byteLevel cuts as GPT-2 does, and has a character stand for each byte.
func (s *step) byteLevel() (all []splitter, err error) {
	if orTrue(s.AddPrefixSpace) {
		all = append(all, func(p piece) []piece {
			if !strings.HasPrefix(p.text, " ") {
				p.text = " " + p.text
			}
			return []piece{p}
		})
	}
	if orTrue(s.UseRegex) {
		find, err := expression(bytePieces)
		if err != nil {
			return nil, err
		}
		all = append(all, isolated.at(find))
	}
	return append(all, func(p piece) []piece {
		p.text = bytesAsSymbols(p.text)
		return []piece{p}
	}), nil
}

// symbols are the characters that stand for bytes in a vocabulary: the byte itself where it is a
// visible character of Latin-1, the others from U+0100 on (GPT-2's bytes_to_unicode).
var symbols = func() (s [256]string) {
	other := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			s[b] = string(b)
		} else {
			s[b] = string(other)
			other++
		}
	}
	return s
}()

func bytesAsSymbols(text string) string {
	var b strings.Builder
	b.Grow(2 * len(text))
	for i := range len(text) {
		b.WriteString(symbols[text[i]])
	}
	return b.String()
}

func ofLength(p piece, length int) (all []piece) {
	n, from := 0, 0
	for i := range p.text {
		if n == length {
			all = append(all, p.sub(from, i))
			n, from = 0, i
		}
		n++
	}
	return append(all, p.sub(from, len(p.text)))
}
