package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noisyRounds are what a benchmark sees on a shared machine: log-normal latencies around
// level with AR(1) noise, and rounds that differ by spread.
func noisyRounds(r *rand.Rand, rounds, samples int, level, spread float64) []Round {
	var all []Round
	for range rounds {
		round := Round{Rows: samples}
		shift, state := r.NormFloat64()*spread, r.NormFloat64()*0.1
		for range samples {
			state = 0.9*state + 0.1*math.Sqrt(1-0.9*0.9)*r.NormFloat64()
			v := level * math.Exp(shift+state)
			round.Latencies = append(round.Latencies, v)
			round.WallS += v / 1000
		}
		all = append(all, round)
	}
	return all
}

// TestCoverage counts how often intervals hold the true value. It also counts how often one
// that takes samples for independent does, which is why none here does.
func TestCoverage(t *testing.T) {
	const series, samples, level = 400, 100, 5.0
	for _, rounds := range []int{3, 5, 30} {
		r := rand.New(rand.NewPCG(3, uint64(rounds)))
		var rate, median, naive int
		for range series {
			all := noisyRounds(r, rounds, samples, level, 0.03)
			if i := RateInterval(all); holds(i, 1000/(level*math.Exp(0.1*0.1/2+0.03*0.03/2))) {
				rate++
			}
			if i := QuantileInterval(all, 0.5); holds(i, level) {
				median++
			}
			var pooled []float64
			for _, round := range all {
				pooled = append(pooled, round.Latencies...)
			}
			mean, squares := moments(logs(pooled))
			half := 1.96 * math.Sqrt(squares) / float64(len(pooled))
			if math.Abs(mean-math.Log(level)) < half {
				naive++
			}
		}
		t.Logf("%d rounds: rate %.1f %%, median %.1f %%, independent samples %.1f %%", rounds, 100*float64(rate)/series, 100*float64(median)/series, 100*float64(naive)/series)
		if rate < series*91/100 || median < series*91/100 {
			t.Errorf("%d rounds: the rate's interval held it %d times of %d, the median's %d times", rounds, rate, series, median)
		}
		if naive > series*60/100 {
			t.Errorf("%d rounds: samples taken for independent did well (%d of %d): the simulation is too tame", rounds, naive, series)
		}
	}
}

func holds(i *Interval, v float64) bool { return i != nil && i.Low <= v && v <= i.High }

// TestFalseAlarms tests series that differ by just what does not count, or not at all.
func TestFalseAlarms(t *testing.T) {
	const series = 2000
	r := rand.New(rand.NewPCG(5, 5))
	e := Effect{Min: 0.05, Process: 0.015}
	for _, ratio := range []float64{1, 1.05} {
		alarms := 0
		for range series {
			draw := func(level float64) []float64 {
				process, values := r.NormFloat64()*e.Process, make([]float64, 5)
				for i := range values {
					values[i] = level * math.Exp(process+r.NormFloat64()*0.02)
				}
				return values
			}
			if test, _ := Welch(draw(1), draw(ratio), e); test.P < 0.05 {
				alarms++
			}
		}
		t.Logf("ratio %g: %d alarms of %d", ratio, alarms, series)
		if alarms > series*65/1000 || ratio != 1 && alarms < series*3/100 {
			t.Errorf("ratio %g: %d alarms of %d, want at most 5 %%", ratio, alarms, series)
		}
	}
}

func TestIntervalIsDeterministic(t *testing.T) {
	rounds := noisyRounds(rand.New(rand.NewPCG(1, 1)), 25, 50, 3, 0.05)
	var all []float64
	for _, r := range rounds {
		all = append(all, r.Latencies...)
	}
	for _, q := range []float64{0, 0.37, 0.5, 0.99, 1} { // the middle of the bootstrap is the plain quantile
		if i, v := QuantileInterval(rounds, q), Quantile(all, q); !holds(i, v) {
			t.Errorf("the interval of the %g-quantile %v does not hold %g", q, *i, v)
		}
	}
	if a, b := RateInterval(rounds), RateInterval(rounds); *a != *b {
		t.Errorf("%v, and then %v", *a, *b)
	}
}
