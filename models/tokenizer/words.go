package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// wordPiece takes the longest token that a word begins with, then that which the rest begins
// with, whose tokens have a prefix; a word that can't be made up so is unknown as a whole.
type wordPiece struct {
	ids         map[string]int64
	first, rest trie
	unknown     int64
	longest     int // characters; longer words are unknown
}

func (f *modelFile) wordPiece() (*wordPiece, error) {
	w := &wordPiece{ids: f.Vocab.ids, longest: 100}
	prefix := "##"
	if f.hasPrefix {
		prefix = f.Prefix
	}
	if f.Longest != nil {
		w.longest = *f.Longest
	}
	var err error
	if w.unknown, err = f.unknown("[UNK]"); err != nil {
		return nil, err
	}
	for token, id := range w.ids {
		if token == "" {
			continue
		}
		w.first.add(token, id)
		if len(token) > len(prefix) && token[:len(prefix)] == prefix {
			w.rest.add(token[len(prefix):], id)
		}
	}
	return w, nil
}

// unknown is the id of the token for what is unknown.
func (f *modelFile) unknown(byDefault string) (int64, error) {
	token := byDefault
	if f.Unknown != nil {
		token = *f.Unknown
	}
	if id, ok := f.Vocab.ids[token]; ok {
		return id, nil
	}
	return none, nil
}

func (w *wordPiece) id(token string) (int64, bool) {
	id, ok := w.ids[token]
	return id, ok
}

func (w *wordPiece) size() int { return len(w.ids) }

func (w *wordPiece) encode(dst []int64, word string) ([]int64, error) {
	unknown := func() ([]int64, error) {
		if w.unknown == none {
			return nil, errNoUnknown
		}
		return append(dst, w.unknown), nil
	}
	if utf8.RuneCountInString(word) > w.longest {
		return unknown()
	}
	all := dst
	tokens := &w.first
	for rest := word; rest != ""; tokens = &w.rest {
		n, id := 0, int64(none)
		for length, number := range tokens.prefixes(rest) {
			n, id = length, number
		}
		if n == 0 {
			return unknown()
		}
		all, rest = append(all, id), rest[n:]
	}
	return all, nil
}

// wordLevel has a token for each piece.
type wordLevel struct {
	ids     map[string]int64
	unknown int64
}

func (f *modelFile) wordLevel() (*wordLevel, error) {
	unknown, err := f.unknown("<unk>")
	return &wordLevel{f.Vocab.ids, unknown}, err
}

func (w *wordLevel) id(token string) (int64, bool) {
	id, ok := w.ids[token]
	return id, ok
}

func (w *wordLevel) size() int { return len(w.ids) }

func (w *wordLevel) encode(dst []int64, piece string) ([]int64, error) {
	id, ok := w.ids[piece]
	if !ok {
		id = w.unknown
	}
	if id == none {
		return nil, fmt.Errorf("%.40q: %w", piece, errNoUnknown)
	}
	return append(dst, id), nil
}
