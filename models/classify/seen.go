package classify

import (
	"sync/atomic"

	"ortho/models"
)

// Seen is what the values of an output have shown so far, where only custom says that they are
// logits: see [models.ScoresPort].Certain.
type Seen struct {
	// AsIs: some were probabilities already (0 to 1 with a sum of 1), and no softmax was applied to
	// them.
	AsIs bool
	// Within: softmax was applied to some, and none was below 0 or above 1, as few logits are.
	Within bool
}

// sight gathers what is seen, of several images at once.
type sight struct{ asIs, softmax, outside atomic.Bool }

func (s *sight) look(spec *models.Scores, scores models.ItemScores) {
	switch {
	case spec.Certain:
	case scores.Activation != spec.Applied():
		s.asIs.Store(true)
	case !s.outside.Load():
		s.softmax.Store(true)
		for _, v := range scores.Values {
			if v < 0 || v > 1 {
				s.outside.Store(true)
				return
			}
		}
	}
}

func (s *sight) seen() Seen {
	return Seen{AsIs: s.asIs.Load(), Within: s.softmax.Load() && !s.outside.Load()}
}
