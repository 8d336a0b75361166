// Package threshold says what precision and recall answers have that score above a threshold, and which threshold is
// the best.
package threshold

import (
	"cmp"
	"slices"
)

// Answer is one that has a score, and is right or not.
type Answer struct {
	Score float64
	Right bool
}

// Point is what answers are worth that score above a threshold.
type Point struct {
	Threshold float64 `json:"threshold"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Curve holds answers in the order of their scores.
type Curve struct {
	answers []Answer // best first
	truths  int
	right   []int // of the first 1, 2, ... answers
}

// New makes the curve of answers, whose order it changes, where truths is how many right ones there could be.
func New(answers []Answer, truths int) *Curve {
	slices.SortStableFunc(answers, func(a, b Answer) int { return cmp.Compare(b.Score, a.Score) })
	c := &Curve{answers: answers, truths: truths, right: make([]int, len(answers)+1)}
	for i, a := range answers {
		c.right[i+1] = c.right[i]
		if a.Right {
			c.right[i+1]++
		}
	}
	return c
}

// At is the point of a threshold.
func (c *Curve) At(threshold float64) Point {
	n, _ := slices.BinarySearchFunc(c.answers, threshold, func(a Answer, t float64) int {
		if a.Score > t {
			return -1
		}
		return 1
	})
	return c.point(threshold, n)
}

// point is that of the first n answers.
func (c *Curve) point(threshold float64, n int) Point {
	p := Point{Threshold: threshold}
	right := float64(c.right[n])
	if n > 0 {
		p.Precision = right / float64(n)
	}
	if c.truths > 0 {
		p.Recall = right / float64(c.truths)
	}
	if n+c.truths > 0 {
		p.F1 = 2 * right / float64(n+c.truths)
	}
	return p
}

// Points are those of the thresholds 0.01, 0.02, ... 0.99.
func (c *Curve) Points() []Point {
	all := make([]Point, 0, 99)
	for i := 1; i < 100; i++ {
		all = append(all, c.At(float64(i)/100))
	}
	return all
}

// Best is the point with the largest F1, of equal ones that of the highest threshold; false where no answer is right.
// Its threshold lies midway between the scores of the last answer that is above it and of the next.
func (c *Curve) Best() (Point, bool) {
	best, at := 0.0, 0
	for n := 1; n <= len(c.answers); n++ {
		if n < len(c.answers) && c.answers[n].Score == c.answers[n-1].Score {
			continue // no threshold lies between them
		}
		if f1 := c.point(0, n).F1; f1 > best {
			best, at = f1, n
		}
	}
	if at == 0 {
		return Point{}, false
	}
	next := min(0, 2*c.answers[at-1].Score-1) // a place below the last
	if at < len(c.answers) {
		next = c.answers[at].Score
	}
	return c.point((c.answers[at-1].Score+next)/2, at), true
}
