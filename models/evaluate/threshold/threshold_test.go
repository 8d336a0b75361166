package threshold

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestCurve(t *testing.T) {
	c := New([]Answer{{.2, false}, {.9, true}, {.5, true}, {.5, false}, {.3, true}}, 4)
	for _, w := range []struct {
		threshold, precision, recall float64
	}{{.95, 0, 0}, {.9, 0, 0}, {.89, 1, .25}, {.5, 1, .25}, {.4, 2. / 3, .5}, {.25, .75, .75}, {0, .6, .75}} {
		p := c.At(w.threshold)
		if math.Abs(p.Precision-w.precision) > 1e-12 || math.Abs(p.Recall-w.recall) > 1e-12 {
			t.Errorf("%+v, want %+v", p, w)
		}
	}
	if best, ok := c.Best(); !ok || best.Threshold != .25 || best.F1 != .75 {
		t.Errorf("%+v", best)
	}
	if len(c.Points()) != 99 {
		t.Error("no 99 points")
	}
	for _, none := range []*Curve{New(nil, 0), New(nil, 3), New([]Answer{{.5, false}}, 0)} {
		if best, ok := none.Best(); ok || none.At(.1).F1 != 0 {
			t.Errorf("%+v of nothing that is right", best)
		}
	}
}

// TestBest: the best threshold is one, and no other is better.
func TestBest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var answers []Answer
		for range random.IntN(30) {
			answers = append(answers, Answer{float64(random.IntN(8)) / 8, random.IntN(2) == 0})
		}
		c := New(answers, 15+random.IntN(15))
		best, ok := c.Best()
		if ok && c.At(best.Threshold) != best {
			t.Fatalf("%+v at its threshold is %+v", best, c.At(best.Threshold))
		}
		for i := range 17 {
			if p := c.At(float64(i)/16 - .03); p.F1 > best.F1 {
				t.Fatalf("%+v is better than %+v", p, best)
			}
		}
	}
}
