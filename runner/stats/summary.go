package stats

import (
	"math"
	"slices"
)

// MinP99 is the number of samples that a 99th percentile takes: the fewest of which, with a
// confidence of 99 %, more than one lies above the true percentile, so that leaving the
// largest out gives an upper bound. It is the count of MLPerf's early stopping
// (mlcommons/inference, loadgen/early_stopping.cc): the least n for which a binomial variable
// of n trials at 1 % is at most 1 with a probability of at most 1 %.
const MinP99 = 662

// Summary describes samples, in their unit. Percentiles are interpolated linearly between
// the samples around them, as numpy.percentile does by default.
type Summary struct {
	N    int      `json:"n"`
	Mean float64  `json:"mean"`
	Std  float64  `json:"std"` // of these samples, as numpy.std: divided by n
	Min  float64  `json:"min"`
	P50  float64  `json:"p50"`
	P90  float64  `json:"p90"`
	P95  float64  `json:"p95"`
	P99  *float64 `json:"p99"` // nil below MinP99 samples
	Max  float64  `json:"max"`
}

// Summarize describes finite samples in any order. Of none, all is 0.
func Summarize(samples []float64) Summary {
	if len(samples) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	s := Summary{N: len(sorted), Min: sorted[0], Max: sorted[len(sorted)-1]}
	s.P50, s.P90, s.P95 = quantile(sorted, 0.5), quantile(sorted, 0.9), quantile(sorted, 0.95)
	if s.N >= MinP99 {
		p99 := quantile(sorted, 0.99)
		s.P99 = &p99
	}
	var squares float64
	s.Mean, squares = moments(sorted)
	s.Std = math.Sqrt(squares / float64(s.N))
	return s
}

// Quantile returns the q-quantile of samples in any order, 0 <= q <= 1; NaN of none.
func Quantile(samples []float64, q float64) float64 {
	return quantile(slices.Sorted(slices.Values(samples)), q)
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// moments returns the mean, and the sum of squared distances from it.
func moments(samples []float64) (mean, squares float64) {
	for _, v := range samples {
		mean += v
	}
	mean /= float64(len(samples))
	for _, v := range samples {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}
