package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// unigram takes of all ways to cut a piece into tokens the one whose scores have the largest sum.
type unigram struct {
	ids      map[string]int64
	scores   []float64
	tokens   trie
	unknown  int64 // none: there is none
	lowest   float64
	fallback bool
	bytes    [256]int64
}

// unknownPenalty is by how much a character without a token counts less than the least token.
const unknownPenalty = 10

func (f *modelFile) unigram() (*unigram, error) {
	u := &unigram{ids: f.Vocab.ids, scores: f.Vocab.scores, unknown: none, fallback: f.ByteFallback}
	if f.UnknownID != nil {
		if u.unknown = *f.UnknownID; u.unknown < 0 || u.unknown >= int64(len(u.scores)) {
			return nil, fmt.Errorf("unk_id is %d, of %d tokens", u.unknown, len(u.scores))
		}
	}
	for i, s := range u.scores {
		if i == 0 || s < u.lowest {
			u.lowest = s
		}
	}
	for token, id := range u.ids {
		if token != "" {
			u.tokens.add(token, id)
		}
	}
	for c := range u.bytes {
		u.bytes[c] = idOf(u.ids, byteName(byte(c)))
	}
	return u, nil
}

func (u *unigram) id(token string) (int64, bool) {
	id, ok := u.ids[token]
	return id, ok
}

func (u *unigram) size() int { return len(u.scores) }

var errNoUnknown = errors.New("the vocabulary has no token for a part of it, and none for what is unknown")

// best is the best way to a place in a text.
type best struct {
	score float64
	from  int // where its last token begins; -1: there is no way yet
	id    int64
}

func (u *unigram) encode(dst []int64, text string) ([]int64, error) {
	ways := make([]best, len(text)+1)
	for i := range ways {
		ways[i].from = -1
	}
	offer := func(from, to int, score float64, id int64) {
		if way := &ways[to]; way.from < 0 || score > way.score {
			*way = best{score, from, id}
		}
	}
	for from, r := range text {
		till := ways[from].score
		width := utf8.RuneLen(r)
		known := false
		for n, id := range u.tokens.prefixes(text[from:]) {
			offer(from, from+n, till+u.scores[id], id)
			known = known || n == width
		}
		if !known {
			if u.unknown == none {
				return nil, errNoUnknown
			}
			offer(from, from+width, till+u.lowest-unknownPenalty, u.unknown)
		}
	}
	first := len(dst)
	for end := len(text); end > 0; {
		way := ways[end]
		from := way.from
		if way.id == u.unknown { // those in a row are one
			for from > 0 && ways[from].id == u.unknown {
				from = ways[from].from
			}
			dst = u.appendUnknown(dst, text[from:end])
		} else {
			dst = append(dst, way.id)
		}
		end = from
	}
	slices.Reverse(dst[first:])
	return dst, nil
}

// appendUnknown appends the ids of what is unknown, last first.
func (u *unigram) appendUnknown(dst []int64, text string) []int64 {
	if id, ok := u.ids[text]; ok {
		return append(dst, id)
	}
	if u.fallback && !slices.ContainsFunc([]byte(text), func(c byte) bool { return u.bytes[c] == none }) {
		for i := len(text) - 1; i >= 0; i-- {
			dst = append(dst, u.bytes[text[i]])
		}
		return dst
	}
	return append(dst, u.unknown)
}
