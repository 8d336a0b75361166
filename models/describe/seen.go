package describe

import (
	"fmt"
	"math"
	"strconv"

	"ortho/models/witness"
)

// seen is a [witness.Sight] as a prompt says it.
type seen struct {
	Boxes, Parts []string
	Lists        []seenList
}

type seenList struct {
	Name   string
	Labels []string
}

// How much of a sight a prompt says: what follows says little more.
const (
	maxBoxes  = 20
	maxParts  = 10
	maxLabels = 3 // of a list
)

// seenIn says what is in a sight: the best boxes, the largest parts, the likeliest labels.
func seenIn(s witness.Sight) (all seen) {
	part := func(v float32, of int) int {
		return int(math.Round(100 * min(max(float64(v)/float64(max(of, 1)), 0), 1)))
	}
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }
	called := func(label string, index int) string { return short(line(clean(witness.NameOf(label, index)))) }
	for _, d := range s.Detections[:min(len(s.Detections), maxBoxes)] {
		all.Boxes = append(all.Boxes, fmt.Sprintf("%s: %s, from %d,%d to %d,%d", called(d.Label, d.Index), percent(float64(d.Score)),
			part(d.Box[0], s.Width), part(d.Box[1], s.Height), part(d.Box[2], s.Width), part(d.Box[3], s.Height)))
	}
	for _, p := range s.Segments[:min(len(s.Segments), maxParts)] {
		all.Parts = append(all.Parts, called(p.Label, p.Index)+" "+percent(p.Share))
	}
	for _, l := range s.Lists {
		one := seenList{Name: short(line(clean(l.Name)))}
		for _, p := range l.Predictions[:min(len(l.Predictions), maxLabels)] {
			one.Labels = append(one.Labels, called(p.Label, p.Index)+" "+percent(p.Probability))
		}
		if len(one.Labels) > 0 {
			all.Lists = append(all.Lists, one)
		}
	}
	return all
}
