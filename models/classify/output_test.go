package classify

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ortho/models"
)

func TestLargest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		values := make([]float64, 1+rng.IntN(40))
		for i := range values {
			values[i] = float64(rng.IntN(12)) // many ties
		}
		want := make([]int, len(values))
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
		for _, n := range []int{0, 1, 5, len(values), len(values) + 3} {
			k := len(values)
			if n > 0 {
				k = min(n, k)
			}
			if got := largest(values, n); !slices.Equal(got, want[:k]) {
				t.Fatalf("the %d largest of %v: %v, want %v", n, values, got, want[:k])
			}
		}
	}
}

// TestTemperature compares with the softmax of divided logits, by the formula.
func TestTemperature(t *testing.T) {
	logits := []float32{-2, 0.5, 3, 2.25}
	for _, temperature := range []float64{0, 1, 0.25, 3} {
		divisor := cmp.Or(temperature, 1)
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v) / divisor)
		}
		for i, p := range probabilities(logits, models.Softmax, temperature) {
			if want := math.Exp(float64(logits[i])/divisor) / sum; math.Abs(p-want) > 1e-15 {
				t.Errorf("temperature %v, class %d: %v, want %v", temperature, i, p, want)
			}
		}
	}
	for _, tiny := range []float64{1e-300, math.SmallestNonzeroFloat64} {
		if p := probabilities(logits, models.Softmax, tiny); !slices.Equal(p, []float64{0, 0, 1, 0}) {
			t.Errorf("temperature %v: %v", tiny, p)
		}
	}
}

// TestRanked: as many as were asked for, of values that are no probabilities too.
func TestRanked(t *testing.T) {
	values := []float32{-3, 2, -1, 0}
	for _, c := range []struct {
		activation models.Activation
		opt        Options
		want       []int
	}{
		{models.None, Options{Top: 3}, []int{1, 3, 2}},
		{models.None, Options{}, []int{1, 3, 2, 0}},
		{models.None, Options{MinProbability: 0.5}, []int{1}},
		{models.Softmax, Options{Top: 3}, []int{1, 3, 2}},
		{models.Sigmoid, Options{MinProbability: 0.5}, []int{1, 3}},
	} {
		var got []int
		for _, p := range predictions(&models.Scores{ScoresPort: models.ScoresPort{Activation: c.activation}}, c.opt, models.ItemScores{Values: values, Activation: c.activation}) {
			got = append(got, p.Index)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %+v: classes %v, want %v", c.activation, c.opt, got, c.want)
		}
	}
}
