// Package clip turns a text into the token ids that CLIP's text encoders take, those of
// Stable Diffusion among them. The ids are those of transformers 5's CLIPTokenizer, which
// uses the library tokenizers, with padding="max_length" and truncation=True.
//
// They differ in characters that came after Unicode 15, and in the order of combining marks
// that came after Unicode 9: the libraries carry other versions of its tables. transformers
// 4 finds special tokens in capitals too where no file says otherwise, and its class without
// "Fast" has rules of its own: a final sigma, and what ftfy mends in a text (curled quotes,
// ligatures, wide letters) or, where ftfy is not installed, control characters dropped and
// Chinese characters set apart.
package clip

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds how much of a text is looked at, in bytes. At most maxLength tokens are
// kept of it.
const maxText = 1 << 20

// Tokenizer is CLIP's byte-pair encoding with one model's vocabulary. It may be used by
// several goroutines at once.
type Tokenizer struct {
	pairs bpe
	// The added tokens, found before the text is cut into words: these in the text as it
	// stands, those in what it is normalised to.
	raw, normal   trie
	bos, eos, pad int32
	length, size  int
}

// Tokens is a text as the ids of its tokens.
type Tokens struct {
	IDs   []int64 // Length of them: the start, the text, the end, then padding
	Count int     // how many come before the padding, start and end included
	// Cut is the end of the text, as it stands there, that has no token among IDs because
	// the text is too long; "" where nothing was lost. Where a word has more than one token,
	// it may begin within the word.
	Cut string
}

// Length returns how many ids a text has: the tokenizer's model_max_length, 77 where that
// is absent or beyond any model's.
func (t *Tokenizer) Length() int { return t.length }

// Size returns the number of ids: every one is below it, added tokens' too.
func (t *Tokenizer) Size() int { return t.size }

// Encode returns a text's tokens. Bytes that are not UTF-8 count as U+FFFD. Only the first
// MiB is looked at: all after it is cut, as it nearly always would be anyway.
func (t *Tokenizer) Encode(text string) Tokens {
	seen := text
	if len(seen) > maxText {
		n := maxText
		for n > maxText-utf8.UTFMax && !utf8.RuneStart(text[n]) {
			n--
		}
		seen = text[:n]
	}
	ids := append(make([]int64, 0, t.length), int64(t.bos))
	kept := len(seen)
	for k := range t.tokens(seen) {
		if len(ids) == t.length-1 {
			kept = int(k.at)
			break
		}
		ids = append(ids, int64(k.id))
	}
	ids = append(ids, int64(t.eos))
	count := len(ids)
	for len(ids) < t.length {
		ids = append(ids, int64(t.pad))
	}
	return Tokens{ids, count, strings.TrimRightFunc(text[kept:], unicode.IsSpace)}
}

// token is an id and where in the text its first character begins.
type token struct{ id, at int32 }

// tokens yields all tokens of a text, without start and end.
func (t *Tokenizer) tokens(text string) iter.Seq[token] {
	return func(yield func(token) bool) {
		var found []token
		for chars, id := range t.raw.split(decode(text)) {
			if id != none {
				if !yield(token{id, chars[0].at}) {
					return
				}
				continue
			}
			for chars, id := range t.normal.split(normalize(chars)) {
				if id != none {
					if !yield(token{id, chars[0].at}) {
						return
					}
					continue
				}
				for word := range words(chars) {
					found = t.pairs.split(found[:0], word)
					for _, k := range found {
						if !yield(k) {
							return
						}
					}
				}
			}
		}
	}
}
