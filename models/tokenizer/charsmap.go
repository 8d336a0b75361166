package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// charsMap is SentencePiece's precompiled map of characters: a double-array trie over UTF-8 of
// what is replaced, whose values say where in a list of texts, each ended by a zero, the
// replacement begins.
type charsMap struct {
	units []uint32
	texts string
}

func readCharsMap(encoded *string) (*charsMap, error) {
	if encoded == nil || *encoded == "" {
		return nil, nil
	}
	data, err := base64.StdEncoding.DecodeString(*encoded)
	if err != nil {
		return nil, fmt.Errorf("precompiled_charsmap: %w", err)
	}
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap is cut short")
	}
	n := binary.LittleEndian.Uint32(data)
	data = data[4:]
	if uint64(n) > uint64(len(data)) || n < 4 {
		return nil, errors.New("precompiled_charsmap is cut short")
	}
	m := &charsMap{units: make([]uint32, n/4), texts: string(data[n/4*4:])}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	if !utf8.ValidString(m.texts) {
		return nil, errors.New("precompiled_charsmap: its replacements are not UTF-8")
	}
	return m, nil
}

// shortest returns what replaces the shortest beginning of a text that is replaced by something.
func (m *charsMap) shortest(text string) (string, bool) {
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	at := offset(m.units[0])
	for i := range len(text) {
		c := text[i]
		if c == 0 {
			return "", false
		}
		if at ^= uint32(c); uint64(at) >= uint64(len(m.units)) {
			return "", false
		}
		unit := m.units[at]
		if unit&(1<<31|0xff) != uint32(c) {
			return "", false
		}
		if at ^= offset(unit); uint64(at) >= uint64(len(m.units)) {
			return "", false
		}
		if unit>>8&1 == 1 {
			from := m.units[at] & (1<<31 - 1)
			if uint64(from) > uint64(len(m.texts)) {
				return "", false
			}
			found, _, _ := strings.Cut(m.texts[from:], "\x00")
			return found, true
		}
	}
	return "", false
}

// normalize replaces, as the library does, a grapheme of less than 6 bytes as a whole where its
// beginning is replaced by something, and otherwise character by character. Where the first one is
// replaced by nothing, the library counts the next as the first.
func (m *charsMap) normalize(text string, lead int) (string, int) {
	var b strings.Builder
	b.Grow(len(text))
	put := func(s string) {
		if b.Len() == 0 && lead > 0 {
			lead = len(s)
			if s == "" {
				lead = 1 // of what comes next
			}
		}
		b.WriteString(s)
	}
	for g := graphemes.FromString(text); g.Next(); {
		grapheme := g.Value()
		if len(grapheme) < 6 {
			if as, ok := m.shortest(grapheme); ok {
				put(as)
				continue
			}
		}
		for i, r := range grapheme {
			c := grapheme[i : i+utf8.RuneLen(r)]
			if as, ok := m.shortest(c); ok {
				c = as
			}
			put(c)
		}
	}
	return b.String(), min(lead, b.Len())
}
