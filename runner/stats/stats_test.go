package stats

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// goldens are what NumPy and SciPy find (scripts/make_goldens.py stats).
type goldens struct {
	Summaries []struct {
		Samples                                 []float64
		Mean, Std, Min, Max, P50, P90, P95, P99 float64
	}
	Intervals []struct {
		Values        []float64
		Low, High, CV float64
	}
	Welch, Paired []struct {
		First, Second               []float64
		Effect, Ratio, P, Low, High float64
	}
}

func readGoldens(t *testing.T) (g goldens) {
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Summaries) != 7 || len(g.Intervals) != 5 || len(g.Welch) != 5 || len(g.Paired) != 4 {
		t.Fatal("goldens are missing")
	}
	return g
}

// near compares figures whose last digits depend on the order of sums.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*max(math.Abs(want), 1e-3)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestSummarize(t *testing.T) {
	for _, g := range readGoldens(t).Summaries {
		given := slices.Clone(g.Samples)
		s := Summarize(g.Samples)
		if !slices.Equal(given, g.Samples) {
			t.Error("the samples were changed")
		}
		near(t, "mean", s.Mean, g.Mean)
		near(t, "std", s.Std, g.Std)
		near(t, "min", s.Min, g.Min)
		near(t, "p50", s.P50, g.P50)
		near(t, "p90", s.P90, g.P90)
		near(t, "p95", s.P95, g.P95)
		near(t, "max", s.Max, g.Max)
		if n := len(g.Samples); s.N != n || (s.P99 != nil) != (n >= 662) {
			t.Errorf("%d samples of %d, p99 %v", s.N, n, s.P99)
		}
		if s.P99 != nil {
			near(t, "p99", *s.P99, g.P99)
		}
	}
	if s := Summarize(nil); s != (Summary{}) {
		t.Errorf("nothing: %+v", s)
	}
}

// TestMinP99 derives MLPerf's counts: 64 samples for a 90th percentile, 662 for a 99th.
func TestMinP99(t *testing.T) {
	needed := func(above float64) int {
		for n := 2; ; n++ {
			if (distuv.Binomial{N: float64(n), P: above}).CDF(1) <= 0.01 {
				return n
			}
		}
	}
	if n := needed(0.10); n != 64 {
		t.Errorf("p90 takes %d samples, MLPerf's 64", n)
	}
	if n := needed(0.01); n != MinP99 {
		t.Errorf("p99 takes %d samples, not %d", n, MinP99)
	}
}

func TestIntervals(t *testing.T) {
	for _, g := range readGoldens(t).Intervals {
		var rounds []Round
		var logSum float64
		for _, v := range g.Values {
			rounds = append(rounds, Round{WallS: 2, Rows: 1, Latencies: []float64{v, v, v}})
			logSum += math.Log(v)
		}
		geometric := math.Exp(logSum / float64(len(g.Values)))
		i := QuantileInterval(rounds, 0.5)
		if i == nil {
			t.Fatalf("no interval of %d rounds", len(rounds))
		}
		// ours lies around the pooled quantile, SciPy's around the geometric mean
		middle := Quantile(g.Values, 0.5)
		near(t, "low", i.Low/middle, g.Low/geometric)
		near(t, "high", i.High/middle, g.High/geometric)
		near(t, "cv", CV(g.Values), g.CV)
		if want := g.High/geometric > 1.1; Unstable(g.Values) != want {
			t.Errorf("unstable is not %t of %v", want, g.Values)
		}
	}
	one := []Round{{WallS: 1, Rows: 100, Latencies: []float64{1}}}
	if RateInterval(one) != nil || QuantileInterval(one, 0.5) != nil || RateInterval(nil) != nil || !Unstable(Rates(one)) || !math.IsNaN(CV(Rates(one))) {
		t.Error("one round has an interval")
	}
	idle := append(one, Round{}, Round{WallS: 1, Rows: 110, Latencies: []float64{1, 2}})
	if i := RateInterval(idle); len(Rates(idle)) != 2 || i == nil || !(i.Low < 105 && i.High > 105) {
		t.Errorf("with an idle round: %v", i)
	}
}

func TestWelchAndPaired(t *testing.T) {
	g := readGoldens(t)
	for _, c := range g.Welch {
		test, ok := Welch(c.First, c.Second, Effect{Min: c.Effect})
		if !ok {
			t.Fatal("no test")
		}
		near(t, "ratio", test.Ratio, c.Ratio)
		near(t, "p", test.P, c.P)
		near(t, "low", test.Interval.Low, c.Low)
		near(t, "high", test.Interval.High, c.High)
	}
	for _, c := range g.Paired {
		test, ok := Paired(c.First, c.Second, Effect{Min: c.Effect})
		if !ok {
			t.Fatal("no test")
		}
		near(t, "ratio", test.Ratio, c.Ratio)
		near(t, "p", test.P, c.P)
		near(t, "low", test.Interval.Low, c.Low)
		near(t, "high", test.Interval.High, c.High)
	}
	for name, c := range map[string]struct {
		first, second []float64
		e             Effect
		p             float64
	}{
		"the same, always":      {[]float64{2, 2}, []float64{2, 2}, Effect{Min: 0.05}, 1},
		"another, always":       {[]float64{2, 2}, []float64{3, 3}, Effect{Min: 0.05}, 0},
		"no larger than counts": {[]float64{2, 2}, []float64{2.08, 2.08}, Effect{Min: 0.05}, 1},
	} {
		for kind, f := range map[string]func(a, b []float64, e Effect) (Test, bool){"Welch": Welch, "Paired": Paired} {
			if test, ok := f(c.first, c.second, c.e); !ok || test.P != c.p {
				t.Errorf("%s, %s: p %g, want %g", kind, name, test.P, c.p)
			}
		}
	}
	// known variance only: the normal distribution
	test, _ := Welch([]float64{1, 1}, []float64{1.2, 1.2}, Effect{Min: 0.05, Process: 0.02})
	z := (math.Log(1.2) - math.Log(1.05)) / (0.02 * math.Sqrt2)
	if want := distuv.UnitNormal.Survival(z); math.Abs(test.P/want-1) > 1e-3 {
		t.Errorf("p %g, want %g", test.P, want)
	}
	if _, ok := Welch([]float64{1}, []float64{1, 2}, Effect{}); ok {
		t.Error("one value was tested")
	}
	if _, ok := Paired([]float64{1, 2, 3}, []float64{1, 2}, Effect{}); ok {
		t.Error("pairs without partners were tested")
	}
}

func TestHolm(t *testing.T) {
	// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
	if got, want := Holm([]float64{0.01, 0.04, 0.03, 0.005}), []float64{0.03, 0.06, 0.06, 0.02}; !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
		t.Errorf("adjusted %v, want %v", got, want)
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("adjusted %v, want ones", got)
	}
	if Holm(nil) == nil || len(Holm(nil)) != 0 {
		t.Error("no tests")
	}
}
