package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// wandering are the values of configurations in a run's rounds on a machine that wanders.
func wandering(r *rand.Rand, configurations, rounds int, step, level float64) [][]float64 {
	values := make([][]float64, configurations)
	at := math.Log(level)
	for range rounds {
		at += r.NormFloat64() * step
		for i := range values {
			values[i] = append(values[i], math.Exp(at+r.NormFloat64()*0.02))
		}
	}
	return values
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		step, ratio   float64
		least, most   int // alarms of 1000
		cells, rounds int
	}{
		{0, 1, 0, 10, 16, 5},
		{0.02, 1, 0, 50, 16, 5},   // it wanders by more than the minimum effect
		{0.02, 1, 0, 50, 3, 30},   // and further, in more rounds
		{0.02, 1.05, 0, 70, 8, 5}, // by what just does not count
		{0.005, 1.2, 950, 1000, 16, 5},
	} {
		r := rand.New(rand.NewPCG(8, uint64(c.cells)))
		alarms, ratio := 0, 0.0
		for range 1000 {
			test, ok := Common(wandering(r, c.cells, c.rounds, c.step, 5), wandering(r, c.cells, c.rounds, c.step, 5*c.ratio), Effect{Min: 0.05})
			if !ok {
				t.Fatal("no test")
			}
			ratio += math.Log(test.Ratio) / 1000
			if test.P < 0.05 {
				alarms++
			}
		}
		t.Logf("%+v: %d alarms of 1000", c, alarms)
		if alarms < c.least || alarms > c.most || math.Abs(ratio-math.Log(c.ratio)) > 0.02 {
			t.Errorf("%+v: %d alarms of 1000, mean ratio %.3f", c, alarms, math.Exp(ratio))
		}
	}
}

func TestCommonRatio(t *testing.T) {
	series := func(levels ...float64) (s [][]float64) {
		for _, l := range levels {
			s = append(s, []float64{l, l})
		}
		return s
	}
	for _, c := range []struct {
		second [][]float64
		ratio  float64
	}{
		{series(1, 1, 9), 1},
		{series(1, 1, 1.2, 1.2), 1}, // half of them
		{series(1.2, 1.2, 1.2, 1), 1.2},
		{series(0.8, 1), 1},
	} {
		first := series(1, 1, 1, 1)[:len(c.second)]
		if test, ok := Common(first, c.second, Effect{Min: 0.05}); !ok || math.Abs(test.Ratio-c.ratio) > 1e-12 {
			t.Errorf("ratio %g of %v, want %g", test.Ratio, c.second, c.ratio)
		}
	}
	for name, c := range map[string][2][][]float64{
		"one configuration": {series(1), series(1)},
		"another number":    {series(1, 1), series(1)},
		"one round":         {series(1, 1), {{1, 1}, {1}}},
	} {
		if _, ok := Common(c[0], c[1], Effect{}); ok {
			t.Errorf("%s was tested", name)
		}
	}
}

func TestSimes(t *testing.T) {
	for _, c := range [][3]float64{{0.01, 0.02, 0.02}, {0.03, 0.01, 0.02}, {1, 0.7, 1}, {0, 0, 0}} {
		if got := Simes(c[0], c[1]); got != c[2] {
			t.Errorf("Simes(%g, %g) is %g, want %g", c[0], c[1], got, c[2])
		}
	}
}

// TestKnownRatio leaves out of a comparison what both are known to differ by.
func TestKnownRatio(t *testing.T) {
	a, b := []float64{1, 1.01, 0.99}, []float64{1.2, 1.22, 1.21}
	with, _ := Welch(a, b, Effect{Min: 0.05, Common: 1.2})
	if with.P < 0.5 || math.Abs(with.Ratio-1.0083) > 0.001 {
		t.Errorf("without the known ratio: %+v", with)
	}
}
