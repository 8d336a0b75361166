package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Round is one of a configuration's turns.
type Round struct {
	WallS     float64   // seconds by wall clock
	Rows      int       // that were done in them
	Latencies []float64 // of single runs
}

// Interval is a 95 % confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

const (
	confidence = 0.95
	// manyRounds are enough to be resampled. Of fewer, the bootstrap's percentile intervals
	// are too narrow (Hesterberg, What Teachers Should Know About the Bootstrap, The American
	// Statistician 69, 2015): those of 5 rounds cover 85 % where they should cover 95.
	manyRounds = 20
	resamples  = 1000
	// unstable is how far from the mean the interval of an unstable rate reaches.
	unstable = 0.10
)

// Rate returns the rows a second of all rounds: the sum of rows by the sum of wall times;
// NaN where there are none.
func Rate(rounds []Round) float64 {
	var rows, wall float64
	for _, r := range rounds {
		rows, wall = rows+float64(r.Rows), wall+r.WallS
	}
	return rows / wall
}

// Rates returns each round's rows a second. Rounds in which nothing was done are left out.
func Rates(rounds []Round) []float64 {
	var rates []float64
	for _, r := range rounds {
		if v := float64(r.Rows) / r.WallS; usable(v) {
			rates = append(rates, v)
		}
	}
	return rates
}

// Quantiles returns the q-quantile of each round's latencies. Rounds without are left out.
func Quantiles(rounds []Round, q float64) []float64 {
	var quantiles []float64
	for _, r := range rounds {
		if v := Quantile(r.Latencies, q); usable(v) {
			quantiles = append(quantiles, v)
		}
	}
	return quantiles
}

// usable reports whether a number has a finite logarithm.
func usable(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// RateInterval returns the interval of [Rate]; nil with fewer than two rounds.
func RateInterval(rounds []Round) *Interval {
	return interval(Rates(rounds), len(rounds), func(times []int) float64 {
		var rows, wall float64
		for i, r := range rounds {
			rows, wall = rows+float64(times[i]*r.Rows), wall+float64(times[i])*r.WallS
		}
		return rows / wall
	})
}

// QuantileInterval returns the interval of the q-quantile of all latencies; nil with fewer
// than two rounds. For quantiles far out, rounds must hold enough samples to have them.
func QuantileInterval(rounds []Round, q float64) *Interval {
	type sample struct {
		v     float64
		round int
	}
	var sorted []sample
	for i, r := range rounds {
		for _, v := range r.Latencies {
			sorted = append(sorted, sample{v, i})
		}
	}
	slices.SortFunc(sorted, func(a, b sample) int { return cmp.Compare(a.v, b.v) })
	return interval(Quantiles(rounds, q), len(rounds), func(times []int) float64 {
		n := 0
		for i, r := range rounds {
			n += times[i] * len(r.Latencies)
		}
		at := q * float64(n-1)
		low, seen := math.NaN(), 0
		for _, s := range sorted { // the samples at floor(at) and after it, each counted as often as its round
			if seen += times[s.round]; math.IsNaN(low) && float64(seen) > math.Floor(at) {
				low = s.v
			}
			if float64(seen) > math.Ceil(at) {
				return low + (at-math.Floor(at))*(s.v-low)
			}
		}
		return low
	})
}

// interval returns the interval of a statistic of some rounds, each taken so many times,
// given its value in every usable one.
func interval(values []float64, rounds int, statistic func(times []int) float64) *Interval {
	times := slices.Repeat([]int{1}, rounds)
	middle := statistic(times)
	if len(values) < 2 || !usable(middle) {
		return nil
	}
	if len(values) < manyRounds {
		reach := reach(values)
		return &Interval{exp(math.Log(middle) - reach), exp(math.Log(middle) + reach)}
	}
	random := rand.New(rand.NewPCG(1, uint64(rounds))) // the same interval of the same rounds
	var found []float64
	for range resamples {
		clear(times)
		for range rounds {
			times[random.IntN(rounds)]++
		}
		if v := statistic(times); usable(v) {
			found = append(found, v)
		}
	}
	slices.Sort(found)
	return &Interval{quantile(found, (1-confidence)/2), quantile(found, (1+confidence)/2)}
}

// reach returns how far the t-interval of the mean logarithm reaches to either side.
func reach(values []float64) float64 {
	_, squares := moments(logs(values))
	n := float64(len(values))
	return studentT(n-1).Quantile((1+confidence)/2) * math.Sqrt(squares/(n-1)/n)
}

func logs(values []float64) []float64 {
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = math.Log(v)
	}
	return logs
}

// exp returns e^v, finite.
func exp(v float64) float64 { return min(math.Exp(v), math.MaxFloat64) }

func studentT(df float64) distuv.StudentsT {
	if !(df >= 1) { // rounding of extreme values
		df = 1
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: min(df, 1e6)} // beyond, it is the normal distribution
}

// CV returns the coefficient of variation of the rounds' values: their standard deviation
// (divided by n-1) by their mean; NaN of fewer than two.
func CV(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean, squares := moments(values)
	return math.Sqrt(squares/float64(len(values)-1)) / mean
}

// Unstable reports whether the rounds' values vary so much that their mean is not known to
// 10 %: the t-interval reaches further than that. Of five rounds it is so from a coefficient
// of variation of about 8 % on, of three from 4 %. Fewer than two rounds can't show that they
// are stable.
func Unstable(values []float64) bool {
	return len(values) < 2 || math.Expm1(reach(values)) > unstable
}
