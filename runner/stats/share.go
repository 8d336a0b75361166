package stats

import "math"

// Z95 is the normal distribution's quantile for a two-sided 95 % interval.
const Z95 = 1.959963984540054

// Wilson returns the interval of a share of k among n items, n above 0, from 0 to 1: E. B.
// Wilson's (1927), without continuity correction. It has a width where all or none are.
func Wilson(k, n int) Interval {
	share, m := float64(k)/float64(n), float64(n)
	middle := (float64(k) + Z95*Z95/2) / (m + Z95*Z95)
	half := Z95 / (m + Z95*Z95) * math.Sqrt(m*share*(1-share)+Z95*Z95/4)
	i := Interval{max(0, middle-half), min(1, middle+half)}
	if k == 0 {
		i.Low = 0 // exactly
	}
	if k == n {
		i.High = 1
	}
	return i
}
