package record

import (
	"time"

	"ortho/cmd/ortho/internal/term"
)

// Took returns the speed of a run in which so many items did not fail, on the same.
func (s Speed) Took(done int, took time.Duration) Speed {
	s.Seconds, s.PerSecond = term.SixDigits(took.Seconds()), term.SixDigits(float64(done)/max(took, 1).Seconds())
	return s
}
