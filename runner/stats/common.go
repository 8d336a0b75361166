package stats

import (
	"math"
	"slices"
)

// Common tests what moved all series alike between two runs. first and second hold, for each
// of some configurations, its values in the run's rounds, which were interleaved with those
// of the others: what a round has in common over all configurations is due to the machine.
// A machine wanders, and the tests of single configurations, whose rounds all lie within a
// minute or two, can't know how far it wanders from one run to the next. This takes it for a
// random walk, estimates its steps from round to round (what they share over configurations
// beyond each one's own noise), and adds the variance that such a walk gives a run's mean.
//
// The ratio is the median over configurations; of an even number, that of the two middle
// ones that is nearer to 1, so that half of them may change without being taken for all. It
// takes two configurations, and two rounds of both in each run; ok is false without.
func Common(first, second [][]float64, e Effect) (t Test, ok bool) {
	if len(first) < 2 || len(first) != len(second) {
		return Test{}, false
	}
	var differences []float64
	for i := range first {
		if len(first[i]) < 2 || len(second[i]) < 2 {
			return Test{}, false
		}
		m1, _ := moments(logs(first[i]))
		m2, _ := moments(logs(second[i]))
		differences = append(differences, m2-m1)
	}
	slices.Sort(differences)
	middle := differences[len(differences)/2]
	if other := differences[(len(differences)-1)/2]; math.Abs(other) < math.Abs(middle) {
		middle = other
	}
	v1, df1 := wander(first)
	v2, df2 := wander(second)
	process := e.Process * e.Process / float64(len(first))
	return against(middle, v1+v2, v1*v1/df1+v2*v2/df2, Effect{Min: e.Min, Process: math.Sqrt(process)}), true
}

// wander returns the variance of the mean logarithm over a run's rounds that a machine's
// random walk gives it, and the number of steps that this is estimated from. Rounds beyond
// those that all configurations have are left out.
func wander(values [][]float64) (variance, steps float64) {
	rounds := len(values[0])
	for _, v := range values {
		rounds = min(rounds, len(v))
	}
	n, m := float64(rounds), float64(len(values))
	var squares float64
	for r := 1; r < rounds; r++ {
		var own []float64 // each configuration's step
		for _, v := range values {
			own = append(own, math.Log(v[r])-math.Log(v[r-1]))
		}
		mean, spread := moments(own)
		squares += mean*mean - spread/(m-1)/m
	}
	steps = n - 1
	return max(0, squares/steps) * (n + 1) * (2*n + 1) / (6 * n), steps
}
