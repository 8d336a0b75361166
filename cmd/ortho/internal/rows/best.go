package rows

import (
	"cmp"
	"fmt"
	"slices"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/segment"
)

// Best is what an image is sorted by: the best of what a row says.
type Best struct {
	output.Head
	output.Failure
	Some  bool // there is any
	Label string
	Index int
	P     float64 // probability or score; of segments the share of the image
}

func bestOf(head output.Head, failure output.Failure) Best { return Best{Head: head, Failure: failure} }

func (b Best) with(label string, index int, p float64) Best {
	b.Some, b.Label, b.Index, b.P = true, label, index, p
	return b
}

// Best is the most probable class; an error where the row has an output's values.
func (r Classes) Best() (Best, error) {
	b := bestOf(r.Head, r.Failure)
	if r.Output != nil {
		return b, fmt.Errorf("%s has values of %s, and no classes to be sorted by", r.Input, r.Output.Name)
	}
	if len(r.Predictions) > 0 {
		p := r.Predictions[0]
		b = b.with(p.Label, p.Index, p.Probability)
	}
	return b, nil
}

// Best is the class of the box with the best score.
func (r Detections) Best() (Best, error) {
	b := bestOf(r.Head, r.Failure)
	if len(r.Result.Detections) > 0 {
		d := r.Result.Detections[0]
		b = b.with(d.Label, d.Index, float64(d.Score))
	}
	return b, nil
}

// Best is the most probable tag, but for what rates an image.
func (r Tags) Best() (Best, error) {
	b := bestOf(r.Head, r.Failure)
	for _, t := range r.Tags {
		if t.Category != "rating" && (!b.Some || t.Probability > b.P) {
			b = b.with(t.Label, t.Index, t.Probability)
		}
	}
	return b, nil
}

// Best is the class of the largest segment.
func (r Segments) Best() (Best, error) {
	b := bestOf(r.Head, r.Failure)
	if all := r.Result.Segments; len(all) > 0 {
		s := slices.MaxFunc(all, func(x, y segment.Segment) int { return cmp.Compare(x.Share, y.Share) })
		b = b.with(s.Label, s.Index, s.Share)
	}
	return b, nil
}
