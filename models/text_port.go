package models

import (
	"fmt"
	"strings"

	"ortho/models/config"
	"ortho/models/text"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// TextPort is an input that takes tokens.
type TextPort struct {
	Name, Mask string // Mask: the input that is 1 where a token stands
	Type       onnx.ElementType
	MaskType   onnx.ElementType
	Length     int // tokens of a text, padded or cut to it
	Vocabulary *text.Vocabulary
}

// Knows lists some of the words that the model knows and that say something to it.
func (in *TextPort) Knows() string {
	const shown = 24
	some := in.Vocabulary.Samples(shown + 1)
	if len(some) > shown {
		return strings.Join(some[:shown], ", ") + ", ..."
	}
	return strings.Join(some, ", ")
}

// takeText settles how a text becomes tokens.
func (r *resolver) takeText() {
	in := r.text
	if in.Name == "" {
		r.fail("%s takes a mask (%s), but no token ids", r.name, in.Mask)
	}
	vocabulary, ok := config.Vocabulary.Find(r.layers)
	if ok {
		in.Vocabulary = vocabulary.Value
		r.fact("vocabulary", many(in.Vocabulary.Len(), "token"), vocabulary.Source)
	}
	if topic, ok := config.TopicWords.Find(r.layers); ok && topic.Rank <= vocabulary.Rank && in.Vocabulary != nil { // else they are of another vocabulary
		words := strings.Fields(topic.Value)
		with, err := in.Vocabulary.WithTopic(words)
		if err != nil {
			r.fail("%s states topic-words: %w", topic.Source, err)
		} else {
			in.Vocabulary = with
			r.fact("topic-words", fmt.Sprintf("%d of the tokens", len(words)), topic.Source)
		}
	}
	if in.Vocabulary == nil {
		r.lacks("vocabulary", Gap{About: "which tokens it knows", Settings: []string{"vocabulary"}, File: true, Example: one("vocabulary", "words.txt")})
	}
	s, ok := config.TextLength.Find(r.layers)
	switch {
	case in.Length > 0 && ok && s.Value != in.Length:
		r.fail("%s states text-length %s, but the graph takes %s", s.Source, s.Text, many(in.Length, "token"))
	case in.Length > 0:
		s = config.TextLength.Of(in.Length, "graph")
	case !ok:
		r.gap("text-length", "how many tokens a text has", "77", "text-length")
		return
	}
	in.Length = noted(r, config.TextLength, s)
}

// takesTokens reports whether a graph's inputs are token ids, with or without a mask, alone.
func takesTokens(g *onnx.Graph) bool {
	for _, v := range g.Inputs {
		if v.Kind != "tensor" || v.Type != onnx.Int64 && v.Type != onnx.Int32 || len(v.Dims) != 2 || v.Dims[1].Size == 1 {
			return false
		}
	}
	return len(g.Inputs) > 0
}

// Arrays makes a run's token ids, and its mask where the graph takes one, of texts of the
// input's length, one a row.
func (in *TextPort) Arrays(texts []text.Encoding) ([]npz.Array, error) {
	var ids, mask []int64
	for _, t := range texts {
		ids = append(ids, t.IDs...)
		for i := range t.IDs {
			mask = append(mask, 0)
			if i < t.Tokens {
				mask[len(mask)-1] = 1
			}
		}
	}
	shape := []int64{int64(len(texts)), int64(in.Length)}
	array, err := npz.Integers(in.Name, in.Type, shape, ids)
	if err != nil || in.Mask == "" {
		return []npz.Array{array}, err
	}
	masks, err := npz.Integers(in.Mask, in.MaskType, shape, mask)
	return []npz.Array{array, masks}, err
}
