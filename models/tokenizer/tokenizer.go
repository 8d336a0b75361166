package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxText bounds a text, in bytes.
const MaxText = 1 << 20

// Tokenizer is what one tokenizer.json says. Several goroutines may use it at once.
type Tokenizer struct {
	added     *added
	normalize []normalizer
	split     []splitter
	model     model
	around    []part // what a text's ids stand among
	truncate  *truncation
	pad       *padding
	size      int
}

// model turns a piece of text into ids.
type model interface {
	// encode appends the piece's ids to dst.
	encode(dst []int64, piece string) ([]int64, error)
	id(token string) (int64, bool)
	size() int // how many tokens there are
}

// none is the id of a piece that is no token yet.
const none = -1

// piece is a part of a text on its way.
type piece struct {
	text string
	lead int   // how many of its first bytes are, or were made of, the text's first character
	id   int64 // of the added token that it is, or none
}

// Encoding is a text's ids.
type Encoding struct {
	IDs   []int64
	First int  // where they begin: padding may stand before them
	Count int  // how many of IDs are no padding
	Cut   bool // ids are missing at an end, since there were too many
}

// Mask is 1 where an id stands, and 0 where there is padding.
func (e Encoding) Mask() []int64 {
	mask := make([]int64, len(e.IDs))
	for i := e.First; i < e.First+e.Count; i++ {
		mask[i] = 1
	}
	return mask
}

// Size returns the number of ids: every one is below it.
func (t *Tokenizer) Size() int { return t.size }

// ID returns a token's id.
func (t *Tokenizer) ID(token string) (int64, bool) {
	if id, ok := t.added.ids[token]; ok {
		return id, true
	}
	return t.model.id(token)
}

// PadID is the id that the file pads with, where it says so.
func (t *Tokenizer) PadID() (int64, bool) {
	if t.pad == nil {
		return 0, false
	}
	return t.pad.id, true
}

// Length is how many ids the file cuts or pads texts to, 0 where it does neither.
func (t *Tokenizer) Length() int {
	switch {
	case t.truncate != nil:
		return t.truncate.length
	case t.pad != nil:
		return t.pad.length
	}
	return 0
}

// Fixed returns the tokenizer that cuts and pads all texts to a length, on the right, whatever
// its file says of that.
func (t *Tokenizer) Fixed(length int, pad int64) (*Tokenizer, error) {
	with := *t
	with.truncate = &truncation{length: length}
	with.pad = &padding{length: length, id: pad}
	if err := with.check(); err != nil {
		return nil, err
	}
	return &with, nil
}

// Encode returns a text's ids, special tokens included. Bytes that are not UTF-8 count as
// U+FFFD. It fails where a text has more than MaxText bytes, and where the vocabulary has neither
// a token for a part of it nor one for what is unknown.
func (t *Tokenizer) Encode(text string) (Encoding, error) {
	if len(text) > MaxText {
		return Encoding{}, fmt.Errorf("a text of %d bytes: more than %d are not read", len(text), MaxText)
	}
	ids, err := t.bare(valid(text))
	if err != nil {
		return Encoding{}, fmt.Errorf("make tokens of %.40q: %w", text, err)
	}
	ids, cut := t.truncate.apply(ids, t.specials())
	ids = t.surround(ids)
	e := Encoding{IDs: ids, Count: len(ids), Cut: cut}
	e.IDs, e.First = t.pad.apply(ids)
	return e, nil
}

// bare are the ids of a text itself.
func (t *Tokenizer) bare(text string) (ids []int64, err error) {
	for _, p := range t.pieces(text) {
		if p.id != none {
			ids = append(ids, p.id)
		} else if ids, err = t.model.encode(ids, p.text); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// pieces cuts a text into what the model takes, and added tokens.
func (t *Tokenizer) pieces(text string) []piece {
	all := t.added.raw.split(piece{text, firstLength(text), none})
	all = each(all, func(p piece) []piece {
		return t.added.normal.split(normalized(t.normalize, p))
	})
	for _, s := range t.split {
		all = each(all, s)
	}
	return all
}

// each cuts all pieces further that are no token yet. Empty ones are left out.
func each(pieces []piece, cut func(piece) []piece) []piece {
	var all []piece
	for _, p := range pieces {
		if p.id != none {
			all = append(all, p)
			continue
		}
		for _, part := range cut(p) {
			if part.text != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// firstLength is how many bytes the first character has.
func firstLength(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	return n
}

// sub is a part of a piece.
func (p piece) sub(from, to int) piece {
	return piece{p.text[from:to], min(to, max(from, p.lead)) - from, none}
}

// valid is the text with U+FFFD for each byte that is not UTF-8.
func valid(text string) string {
	for i, r := range text {
		if r == '\uFFFD' && !strings.HasPrefix(text[i:], "\uFFFD") {
			return string([]rune(text))
		}
	}
	return text
}
