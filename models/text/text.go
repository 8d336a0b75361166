package text

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The tokens that every vocabulary holds: what fills a short text, and what stands for
// a token that is not in it.
const (
	Pad     = "<pad>"
	Unknown = "<unk>"
)

// What a vocabulary may hold at most.
const (
	MaxBytes  = 16 << 20
	MaxTokens = 1 << 20
)

// Vocabulary is the tokens that a model knows, by id.
type Vocabulary struct {
	tokens       []string
	ids          map[string]int64
	pad, unknown int64
	topic        map[string]bool // nil: all but function words
	samples      []string        // of topic, in the order they were given
}

// ReadVocabulary reads one token a line, in UTF-8; the id is the line's number from 0.
// [Pad] and [Unknown] must be there, no line may be empty or stand there twice, and the
// limits are MaxBytes and MaxTokens. A byte order mark and CRLF are taken.
func ReadVocabulary(r io.Reader) (*Vocabulary, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	case len(data) > MaxBytes:
		return nil, fmt.Errorf("the vocabulary has more than %d bytes", MaxBytes)
	case !utf8.Valid(data):
		return nil, errors.New("the vocabulary is not in UTF-8")
	}
	data = bytes.TrimRight(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), "\r\n")
	lines := bytes.Count(data, []byte("\n")) + 1
	if lines > MaxTokens {
		return nil, fmt.Errorf("the vocabulary has %d tokens: more than %d are not read", lines, MaxTokens)
	}
	v := &Vocabulary{tokens: make([]string, 0, lines), ids: make(map[string]int64, lines)}
	for line := range strings.SplitSeq(string(data), "\n") {
		token := strings.TrimSuffix(line, "\r")
		if token == "" {
			return nil, fmt.Errorf("line %d of the vocabulary is empty: one token a line", len(v.tokens)+1)
		}
		if first, ok := v.ids[token]; ok {
			return nil, fmt.Errorf("line %d of the vocabulary repeats %.40q of line %d", len(v.tokens)+1, token, first+1)
		}
		v.ids[token] = int64(len(v.tokens))
		v.tokens = append(v.tokens, token)
	}
	var hasPad, hasUnknown bool
	v.pad, hasPad = v.ids[Pad]
	v.unknown, hasUnknown = v.ids[Unknown]
	if !hasPad || !hasUnknown {
		return nil, fmt.Errorf("the vocabulary needs a line %s, for what fills a short text, and a line %s, for words that it lacks", Pad, Unknown)
	}
	return v, nil
}

// Len returns how many tokens there are.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// SHA256 identifies the vocabulary: it is that of its tokens, in order, each ended by a newline.
func (v *Vocabulary) SHA256() string {
	h := sha256.New()
	for _, token := range v.tokens {
		io.WriteString(h, token+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Encoding is a text as the ids of its tokens.
type Encoding struct {
	IDs     []int64  // as many as were asked for; pads at the end
	Tokens  int      // how many of them are no pads
	Known   int      // how many of those are in the vocabulary
	Unknown []string // the tokens that the vocabulary lacks, each once
	Cut     []string // the tokens beyond the length, which are lost
	Telling int      // how many of those that are known say something to the model
	Lost    int      // how many of the others carry meaning: they are no function words
	Idle    []string // those of the lost that the vocabulary has, but that say nothing to the model, each once
}

// Encode splits a text as [Tokens] does and looks up the ids, cut or padded to a length.
func (v *Vocabulary) Encode(text string, length int) Encoding {
	tokens := Tokens(text)
	n := min(len(tokens), length)
	e := Encoding{IDs: make([]int64, length), Tokens: n, Cut: tokens[n:]}
	for i, token := range tokens[:n] {
		id, ok := v.ids[token]
		switch {
		case ok && v.informs(token):
			e.Telling++
		case !function[token]:
			e.Lost++
			if ok && !slices.Contains(e.Idle, token) {
				e.Idle = append(e.Idle, token)
			}
		}
		if ok {
			e.Known++
		} else {
			id = v.unknown
			if !slices.Contains(e.Unknown, token) {
				e.Unknown = append(e.Unknown, token)
			}
		}
		e.IDs[i] = id
	}
	for i := n; i < length; i++ {
		e.IDs[i] = v.pad
	}
	return e
}

// Tokens lower-cases a text and returns its maximal runs of letters, marks and numbers
// (Unicode's categories L, M and N). What else there is, emoji and bytes that are not
// UTF-8 too, only separates them. It equals Python's
//
//	regex.findall(r"[\p{L}\p{M}\p{N}]+", text.lower())
//
// but for characters that only one of the two Unicode versions knows.
func Tokens(text string) []string {
	return strings.FieldsFunc(lower(text), func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
}
