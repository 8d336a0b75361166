package stats

import (
	"math"
	"slices"
)

// Test is how the second of two series of positive values compares with the first.
type Test struct {
	Ratio    float64  // second by first, of the geometric means
	Interval Interval // of the ratio
	P        float64  // of a ratio this far from 1, if the true one were within the minimum effect
}

// Effect is what a test takes for no change.
type Effect struct {
	// Min is the smallest change that counts, as a part of the first series' values: 0.05
	// takes ratios from 1/1.05 to 1.05 for none.
	Min float64
	// Process is the standard deviation, as a part of the value, that a new process brings
	// and rounds within one process don't show; 0 where both series come from one.
	Process float64
	// Common is a ratio that both series are known to differ by for another reason; 0 is
	// none. The test is of what is left of it.
	Common float64
}

// Welch compares two series that were measured apart, by Welch's test of their logarithms
// against a minimum effect. Each needs two values; ok is false without.
func Welch(first, second []float64, e Effect) (t Test, ok bool) {
	if len(first) < 2 || len(second) < 2 {
		return Test{}, false
	}
	n1, n2 := float64(len(first)), float64(len(second))
	m1, s1 := moments(logs(first))
	m2, s2 := moments(logs(second))
	v1, v2 := s1/(n1-1)/n1, s2/(n2-1)/n2
	return against(m2-m1, v1+v2, v1*v1/(n1-1)+v2*v2/(n2-1), e), true
}

// Paired compares two series whose values were measured in turns, pair by pair, so that what
// both met at a time falls out. It needs two pairs; ok is false without.
func Paired(first, second []float64, e Effect) (t Test, ok bool) {
	if len(first) < 2 || len(first) != len(second) {
		return Test{}, false
	}
	d := logs(second)
	for i, v := range logs(first) {
		d[i] -= v
	}
	n := float64(len(d))
	mean, squares := moments(d)
	v := squares / (n - 1) / n
	return against(mean, v, v*v/(n-1), e), true
}

// against tests a difference of logarithms whose variance was estimated as variance, with
// variance^2/uncertainty degrees of freedom (Welch and Satterthwaite), and to which each
// process adds its own, known one.
func against(difference, variance, uncertainty float64, e Effect) Test {
	if e.Common > 0 {
		difference -= math.Log(e.Common)
	}
	variance += 2 * e.Process * e.Process
	df := math.Inf(1)
	if uncertainty > 0 {
		df = variance * variance / uncertainty
	}
	t, se, margin := studentT(df), math.Sqrt(variance), math.Log1p(e.Min)
	reach := t.Quantile((1+confidence)/2) * se
	test := Test{Ratio: exp(difference), Interval: Interval{exp(difference - reach), exp(difference + reach)}}
	switch size := math.Abs(difference); {
	case se > 0:
		test.P = min(1, t.Survival((size-margin)/se)+t.Survival((size+margin)/se))
	case size <= margin:
		test.P = 1
	}
	return test
}

// Simes returns the p-value of two tests of one thing taken together: that one of them shows
// more than chance, where they tend to agree (Simes, An Improved Bonferroni Procedure for
// Multiple Tests of Significance, Biometrika 73, 1986).
func Simes(a, b float64) float64 { return min(2*min(a, b), max(a, b)) }

// Holm adjusts the p-values of several tests, so that those below a level are, taken
// together, false alarms with at most that probability (Holm, A Simple Sequentially Rejective
// Multiple Test Procedure, Scandinavian J. Statistics 6, 1979).
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted, largest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		largest = max(largest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = largest
	}
	return adjusted
}
