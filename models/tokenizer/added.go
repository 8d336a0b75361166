package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is found before all else.
type addedToken struct {
	ID         *int64
	Content    string
	SingleWord bool `json:"single_word"`
	LStrip     bool `json:"lstrip"`
	RStrip     bool `json:"rstrip"`
	Normalized *bool
	Special    bool
}

// added are a file's added tokens: those found in the text as it stands, and those found in what
// it is normalised to.
type added struct {
	raw, normal finders
	ids         map[string]int64
}

type finders struct {
	tokens []*addedToken
	trie   trie // the numbers are those of tokens
}

// newAdded gives the tokens of a file their ids, as the library does: those of the vocabulary,
// or else the next behind all.
func newAdded(tokens []addedToken, m model, steps []normalizer) (*added, error) {
	a := &added{ids: map[string]int64{}}
	next := int64(m.size())
	var all []*addedToken
	for i := range tokens {
		t := &tokens[i]
		if t.Content == "" {
			continue
		}
		id, ok := a.ids[t.Content]
		if !ok {
			id, ok = m.id(t.Content)
		}
		if !ok {
			id = next
		}
		if t.ID != nil && *t.ID != id {
			return nil, fmt.Errorf("the added token %.40q is to have the id %d, but the library gives it %d", t.Content, *t.ID, id)
		}
		next = max(next, id+1)
		t.ID, a.ids[t.Content] = &id, id
		all = append(all, t)
	}
	// Special ones come first: of two that read the same, the first is found.
	slices.SortStableFunc(all, func(x, y *addedToken) int { return order(y.Special) - order(x.Special) })
	for _, t := range all {
		to, content := &a.raw, t.Content
		if t.Normalized == nil && !t.Special || t.Normalized != nil && *t.Normalized {
			to, content = &a.normal, normalized(steps, piece{text: content}).text
		}
		if content == "" || to.has(content) {
			continue
		}
		to.tokens = append(to.tokens, t)
		to.trie.add(content, int64(len(to.tokens)-1))
	}
	return a, nil
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// longest is the longest token that a text begins with.
func (f *finders) longest(text string) (n int, t *addedToken) {
	for length, number := range f.trie.prefixes(text) {
		n, t = length, f.tokens[number]
	}
	return n, t
}

func (f *finders) has(content string) bool {
	n, _ := f.longest(content)
	return n == len(content)
}

// split cuts a piece at the tokens in it. Of those that begin at one place it takes the longest.
func (f *finders) split(p piece) []piece {
	if len(f.tokens) == 0 {
		return []piece{p}
	}
	var all []piece
	text := p.text
	from := 0
	for i := 0; i < len(text); {
		n, t := f.longest(text[i:])
		if n == 0 {
			i++
			continue
		}
		start, stop := i, i+n
		i = stop
		if t.SingleWord && (endsWithWord(text[:start]) || beginsWithWord(text[stop:])) {
			continue
		}
		if t.LStrip {
			start = max(from, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if t.RStrip {
			stop = len(text) - len(strings.TrimLeftFunc(text[stop:], unicode.IsSpace))
		}
		if from < start {
			all = append(all, p.sub(from, start))
		}
		all = append(all, piece{text[start:stop], 0, *t.ID})
		from = stop
	}
	if from < len(text) {
		all = append(all, p.sub(from, len(text)))
	}
	return all
}

func endsWithWord(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && joins(r)
}

func beginsWithWord(text string) bool {
	r, n := utf8.DecodeRuneInString(text)
	return n > 0 && joins(r)
}

// joins is \w of Unicode's regular expressions (UTS #18, annex C), joiners included.
func joins(r rune) bool { return unicode.In(r, words...) || unicode.Is(unicode.Join_Control, r) }
