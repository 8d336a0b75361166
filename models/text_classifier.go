package models

import (
	"slices"

	"ortho/models/config"
	"ortho/models/text"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// takesTokens reports whether a graph's inputs are token ids, with or without a mask, alone.
func takesTokens(g *onnx.Graph) bool {
	for _, v := range g.Inputs {
		if v.Kind != "tensor" || v.Type != onnx.Int64 && v.Type != onnx.Int32 || len(v.Dims) != 2 || v.Dims[1].Size == 1 {
			return false
		}
	}
	return len(g.Inputs) > 0
}

// textClassifier settles how the graph classifies texts.
func (r *resolver) textClassifier() {
	for _, v := range r.graph.Inputs {
		if !takesTokens(&onnx.Graph{Inputs: []onnx.Value{v}}) {
			r.fail("%s: what its input %s takes can't be told: it is no token ids", r.name, v)
			continue
		}
		r.condition(v)
	}
	if r.made.Text == nil {
		r.made.Text = &TextInput{}
		return
	}
	r.text()
	r.output()
	if s, ok := config.DoubtBelow.Find(r.layers); ok {
		r.doubt = told(r, config.DoubtBelow, s)
	}
	s, ok := config.Untrained.Find(r.layers)
	if !ok {
		return
	}
	r.untrained = slices.Clone(s.Value)
	r.fact("untrained", many(len(r.untrained), "class"), s.Source)
	if n := r.spec.Classes; n > 0 && slices.Max(r.untrained) >= n {
		r.fail("%s states that class %d is untrained, but %s gives %s", s.Source, slices.Max(r.untrained), r.name, many(n, "class"))
	}
}

// Arrays makes a run's token ids, and its mask where the graph takes one, of texts of the
// input's length, one a row.
func (in *TextInput) Arrays(texts []text.Encoding) ([]npz.Array, error) {
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
