package stats

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// TestBootstrapCovers: of many samples, about 95 % of the intervals of their mean, and of the difference of two paired
// means, hold the true one; pairs have narrower ones than what they differ by alone would suggest.
func TestBootstrapCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const samples, n = 200, 40
	covered, paired := 0, 0
	for range samples {
		values, others := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i] = random.NormFloat64()
			others[i] = values[i] + 0.1 + 0.05*random.NormFloat64()
		}
		mean := func(of []float64, times []int) float64 {
			sum := 0.0
			for i, v := range of {
				sum += float64(times[i]) * v
			}
			return sum / n
		}
		intervals := Bootstrap(t.Context(), n, func(times []int) []float64 {
			return []float64{mean(values, times), mean(others, times) - mean(values, times), math.NaN()}
		})
		if i := intervals[0]; i.Low <= 0 && i.High >= 0 {
			covered++
		}
		if i := intervals[1]; i.Low <= 0.1 && i.High >= 0.1 && i.High-i.Low < 0.05 {
			paired++
		}
		if intervals[2] != nil {
			t.Fatal("what is not known has an interval")
		}
	}
	if covered < samples*88/100 || covered > samples*99/100 || paired < samples*88/100 {
		t.Errorf("%d and %d of %d intervals hold the truth", covered, paired, samples)
	}
}

func TestBootstrapRepeats(t *testing.T) {
	figures := func(times []int) []float64 { return []float64{float64(times[0]), float64(times[2])} }
	a, b := Bootstrap(t.Context(), 5, figures), Bootstrap(t.Context(), 5, figures)
	if *a[0] != *b[0] || *a[1] != *b[1] {
		t.Errorf("%v, then %v", a, b)
	}
	if Bootstrap(t.Context(), 1, func([]int) []float64 { return []float64{1} })[0] != nil {
		t.Error("one item has an interval")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if Bootstrap(ended, 5, figures) != nil {
		t.Error("what was ended has intervals")
	}
}
