package evaluate

import (
	"context"
	"math"

	"ortho/runner/stats"
)

// Measured is what was found on some images, of any task: packages coco, maps, tags and retrieval below this one, and
// [Shares], measure it.
type Measured interface {
	Images() int
	// Names are those of the first figures. Those behind them are of classes, in their order.
	Names() []string
	// Figures are from 0 to 1, or NaN where one is not known, where image i counts times[i] times; nil: once each. It may
	// be called concurrently after a first call.
	Figures(times []int) []float64
}

// Figure is one of what was found, with the 95 % interval that drawing the images anew gives ([stats.Bootstrap]). It
// is nil where it is not known, since there is nothing to judge; so is the interval.
type Figure struct {
	Name  string   `json:"name,omitempty"`
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Figures are those of a whole, and of its classes. Where ctx is done they have no intervals.
func Figures(ctx context.Context, m Measured) (whole, classes []Figure) {
	all := figures(ctx, m.Images(), m.Names(), m.Figures)
	return all[:len(m.Names())], all[len(m.Names()):]
}

// Differences are those of the whole between two models on the same images, the first less the second. Images are drawn
// together for both, so that what is hard for both of them does not count as chance.
func Differences(ctx context.Context, first, second Measured) []Figure {
	n := len(first.Names())
	second.Figures(nil)
	return figures(ctx, first.Images(), first.Names(), func(times []int) []float64 {
		a, b := first.Figures(times)[:n], second.Figures(times)[:n]
		for i := range a {
			a[i] -= b[i]
		}
		return a
	})
}

func figures(ctx context.Context, images int, names []string, of func(times []int) []float64) []Figure {
	values := of(nil)
	intervals := stats.Bootstrap(ctx, images, of)
	all := make([]Figure, len(values))
	for i, v := range values {
		if i < len(names) {
			all[i].Name = names[i]
		}
		if math.IsNaN(v) {
			continue
		}
		all[i].Value = &v
		if intervals != nil && intervals[i] != nil {
			all[i].Low, all[i].High = &intervals[i].Low, &intervals[i].High
		}
	}
	return all
}

// Shares are figures that are shares of images, such as of right answers.
type Shares struct {
	classes int
	names   []string
	images  []share
}

type share struct {
	class int
	is    []bool
}

// NewShares begins with names of what images may be, and the classes that they are of; 0: they are of none.
func NewShares(classes int, names ...string) *Shares { return &Shares{classes: classes, names: names} }

// Add says what an image of a class is, of each name.
func (s *Shares) Add(class int, is ...bool) { s.images = append(s.images, share{class, is}) }

// Images is how many were added.
func (s *Shares) Images() int { return len(s.images) }

// Names are those of Figures.
func (s *Shares) Names() []string { return s.names }

// Figures are the shares of images, and behind them those of what the first name says among the images of each class.
func (s *Shares) Figures(times []int) []float64 {
	shares, all := make([]float64, len(s.names)+s.classes), make([]float64, len(s.names)+s.classes)
	for i, image := range s.images {
		n := 1.0
		if times != nil {
			n = float64(times[i])
		}
		count := func(at int, is bool) {
			all[at] += n
			if is {
				shares[at] += n
			}
		}
		for k, is := range image.is {
			count(k, is)
		}
		if image.class < s.classes {
			count(len(s.names)+image.class, image.is[0])
		}
	}
	for k := range shares {
		shares[k] /= all[k] // NaN of none
	}
	return shares
}

// Counts is how many images are of each class.
func (s *Shares) Counts() []int {
	counts := make([]int, s.classes)
	for _, image := range s.images {
		if image.class < s.classes {
			counts[image.class]++
		}
	}
	return counts
}
