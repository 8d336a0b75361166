package evaluate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ortho/models"
)

// golden is what scikit-learn, SciPy and torchmetrics say: scripts/goldens/evaluate.py.
type golden struct {
	Name        string
	Activation  models.Activation
	Temperature float64
	Truth       []int
	Values      [][]float32

	Top1, Top5        *Rate
	BalancedAccuracy  float64 `json:"balanced_accuracy"`
	MacroF1           float64 `json:"macro_f1"`
	Confusion         [][]int
	Precision, Recall []float64
	F1                []float64
	Support           []int
	ECE, NLL, Brier   float64
	ChanceECE         float64 `json:"ece_by_chance"`
	Fitted            struct {
		Temperature, Low, High, ECE, NLL float64
		Halves                           []float64
	}
}

func goldens(t *testing.T) []golden {
	t.Helper()
	data, err := os.ReadFile("testdata/scores.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (g golden) evaluate(t *testing.T, opt Options) *Result {
	t.Helper()
	opt.Activation, opt.Temperature = g.Activation, g.Temperature
	e := New(opt)
	for i, values := range g.Values {
		if err := e.Add("x", g.Truth[i], values); err != nil {
			t.Fatal(err)
		}
	}
	return e.Result()
}

func near(t *testing.T, what string, got *float64, want, tolerance float64) {
	t.Helper()
	if got == nil || !(math.Abs(*got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, show(got), want, tolerance)
	}
}

func show(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func nearRate(t *testing.T, what string, got, want *Rate) {
	t.Helper()
	if got == nil || want == nil {
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		return
	}
	if got.Right != want.Right || got.N != want.N {
		t.Errorf("%s: %+v, want %+v", what, *got, *want)
	}
	near(t, what, &got.Rate, want.Rate, 1e-12)
	near(t, what+" low", &got.Low, want.Low, 1e-9)
	near(t, what+" high", &got.High, want.High, 1e-9)
}

func TestGoldens(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.Name, func(t *testing.T) {
			r := g.evaluate(t, Options{Mistakes: 1000})
			nearRate(t, "top-1", r.Top1, g.Top1)
			nearRate(t, "top-5", r.Top5, g.Top5)
			near(t, "balanced accuracy", r.BalancedAccuracy, g.BalancedAccuracy, 1e-12)
			near(t, "macro F1", r.MacroF1, g.MacroF1, 1e-12)

			confusion := make([][]int, r.Classes)
			for i := range confusion {
				confusion[i] = make([]int, r.Classes)
			}
			for _, p := range r.Confusion {
				confusion[p.Truth][p.Predicted] = p.N
			}
			for i, row := range g.Confusion {
				if !slices.Equal(confusion[i], row) {
					t.Errorf("confusion of class %d: %v, want %v", i, confusion[i], row)
				}
			}
			for _, c := range r.PerClass {
				i := c.Index
				near(t, "F1", &c.F1, g.F1[i], 1e-12)
				if c.N != g.Support[i] {
					t.Errorf("class %d: %d items, want %d", i, c.N, g.Support[i])
				}
				if c.Top1 != nil && math.Abs(c.Top1.Rate-g.Recall[i]) > 1e-12 || (c.Top1 == nil) != (c.N == 0) {
					t.Errorf("class %d: recall %v, want %v", i, c.Top1, g.Recall[i])
				}
				if c.Precision != nil && math.Abs(c.Precision.Rate-g.Precision[i]) > 1e-12 || (c.Precision == nil) != (c.Predicted == 0) {
					t.Errorf("class %d: precision %v, want %v", i, c.Precision, g.Precision[i])
				}
				row := slices.Clone(g.Confusion[i])
				row[i] = 0
				if most := slices.Max(row); most == 0 != (c.ConfusedWith == nil) || most > 0 && (c.ConfusedWith.N != most || c.ConfusedWith.Index != slices.Index(row, most)) {
					t.Errorf("class %d: confused with %+v, counts %v", i, c.ConfusedWith, row)
				}
			}
			if wrong := r.Top1.N - r.Top1.Right; len(r.Mistakes) != wrong || !slices.IsSortedFunc(r.Mistakes, func(a, b Mistake) int {
				if a.Probability > b.Probability {
					return -1
				}
				return 1
			}) {
				t.Errorf("%d mistakes, want %d, the most probable first", len(r.Mistakes), wrong)
			}

			// A graph's own softmax is float32: its probabilities don't quite add up to 1.
			c, tolerance := r.Calibration, 1e-12
			if g.Activation == models.None {
				tolerance = 1e-7
			}
			near(t, "ECE", c.ECE, g.ECE, 1e-6) // torchmetrics adds float32
			near(t, "NLL", c.NLL, g.NLL, tolerance)
			near(t, "Brier", c.Brier, g.Brier, 10*tolerance)
			near(t, "ECE by chance", c.ChanceECE, g.ChanceECE, 0.06*g.ChanceECE) // expected against simulated
			near(t, "temperature", c.Fitted.Temperature, g.Fitted.Temperature, 1e-6)
			near(t, "temperature low", c.Fitted.Low, g.Fitted.Low, 1e-5)
			near(t, "temperature high", c.Fitted.High, g.Fitted.High, 1e-5)
			near(t, "ECE after", c.Fitted.ECE, g.Fitted.ECE, 1e-6)
			near(t, "NLL after", c.Fitted.NLL, g.Fitted.NLL, 1e-6)
			for i, h := range g.Fitted.Halves {
				near(t, "half", &c.Fitted.Halves[i], h, 1e-6)
			}
			items := 0
			for _, b := range c.Bins {
				items += b.N
				if b.N > 0 && !(*b.Probability > b.Low && *b.Probability <= b.High) {
					t.Errorf("bin %+v has a mean probability of %v", b, *b.Probability)
				}
			}
			if items != len(g.Truth) {
				t.Errorf("%d items in bins, want %d", items, len(g.Truth))
			}
		})
	}
}

// TestSample: where not all logits are kept, the temperature is that of a sample.
func TestSample(t *testing.T) {
	g := goldens(t)[0]
	r := g.evaluate(t, Options{Memory: 100 * 10 * 4})
	f := r.Calibration.Fitted
	if f.Items != 100 || !(*f.Temperature > 1.1 && *f.Temperature < 1.8) {
		t.Errorf("%+v, temperature %v", f, show(f.Temperature))
	}
	near(t, "ECE", r.Calibration.ECE, g.ECE, 1e-6) // of all items
	again := g.evaluate(t, Options{Memory: 100 * 10 * 4})
	if *again.Calibration.Fitted.Temperature != *f.Temperature {
		t.Error("the sample is another one each time")
	}

	// Each item has the same chance.
	chosen := make([]int, 40)
	for seed := range uint64(4000) {
		e := New(Options{Activation: models.Softmax, Memory: 10 * 2 * 4})
		e.random = rand.New(rand.NewPCG(seed, 1))
		for i := range chosen {
			if err := e.Add("x", 0, []float32{float32(i), 0}); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range e.sample {
			chosen[int(s.values[0])]++
		}
	}
	for i, n := range chosen { // 1000 expected, standard deviation 27
		if n < 860 || n > 1140 {
			t.Errorf("item %d is in %d of 4000 samples of a quarter", i, n)
		}
	}
}

func TestNoTemperature(t *testing.T) {
	right := [][]float32{{3, 0, 0}, {0, 2, 0}, {0, 0, 1}, {2, 0, 0}, {0, 3, 0}, {0, 0, 4}}
	for _, c := range []struct {
		name       string
		activation models.Activation
		values     [][]float32
		truth      []int
		reason     string
		ece        bool
	}{
		{"nothing", models.Softmax, nil, nil, "nothing was judged", false},
		{"all right", models.Softmax, right, []int{0, 1, 2, 0, 1, 2}, "too few of the answers are wrong", true},
		{"all wrong", models.Softmax, right, []int{1, 2, 0, 1, 2, 0}, "tell nothing", true},
		{"one", models.Softmax, right[:1], []int{0}, "too few", true},
		{"sigmoid", models.Sigmoid, right, []int{0, 1, 2, 0, 1, 1}, "a probability of its own", true},
		{"sigmoid inside", models.None, [][]float32{{0.9, 0.8, 0.1}, {0.2, 0.3, 0.9}}, []int{0, 1}, "don't add up to 1", true},
		{"no probabilities", models.None, right, []int{0, 1, 2, 0, 1, 1}, "below 0 or above 1", false},
	} {
		e := New(Options{Activation: c.activation})
		for i, v := range c.values {
			if err := e.Add("x", c.truth[i], v); err != nil {
				t.Fatal(err)
			}
		}
		r := e.Result()
		if f := r.Calibration.Fitted; f.Temperature != nil || !strings.Contains(f.Reason, c.reason) || (r.Calibration.ECE != nil) != c.ece {
			t.Errorf("%s: %+v, ECE %v; want none, %q", c.name, f, show(r.Calibration.ECE), c.reason)
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), "NaN") {
			t.Errorf("%s: %v, %s", c.name, err, text)
		}
	}
	// One wrong answer of six: a temperature, but no half of them has one.
	e := New(Options{Activation: models.Softmax})
	for i, v := range right {
		if err := e.Add("x", []int{0, 1, 2, 0, 1, 0}[i], v); err != nil {
			t.Fatal(err)
		}
	}
	f := e.Result().Calibration.Fitted
	if f.Temperature == nil || f.ECE != nil || !strings.Contains(f.Reason, "a half of the items is too few") {
		t.Errorf("%+v", f)
	}
}

func TestAddRefuses(t *testing.T) {
	e := New(Options{Activation: models.Softmax})
	if err := e.Add("a", 1, []float32{1, 2}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		truth  int
		values []float32
		want   string
	}{
		{0, nil, "no values"},
		{0, []float32{1, 2, 3}, "3 values, and 2 before"},
		{2, []float32{1, 2}, "its class is 2, but the model has 2"},
		{-1, []float32{1, 2}, "its class is -1"},
	} {
		if err := e.Add("b.jpg", c.truth, c.values); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "b.jpg") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if r := e.Result(); r.Items != 1 || r.Top1.Right != 1 {
		t.Errorf("what was refused counts: %+v", r)
	}
}

// TestTies: of equal values the first class is the answer, as classify prints it.
func TestTies(t *testing.T) {
	e := New(Options{Activation: models.Softmax, Mistakes: 9})
	for truth := range 6 {
		if err := e.Add("x", truth, []float32{1, 1, 1, 1, 1, 1}); err != nil {
			t.Fatal(err)
		}
	}
	r := e.Result()
	if r.Top1.Right != 1 || r.Top5.Right != 5 || r.Mistakes[4].TruthRank != 6 {
		t.Errorf("%+v, %+v, %+v", r.Top1, r.Top5, r.Mistakes)
	}
}

func TestMistakesAreTheWorst(t *testing.T) {
	e := New(Options{Activation: models.Softmax, Mistakes: 3})
	for i := range 40 {
		if err := e.Add("x", i%2, []float32{float32(i*7%40) / 4, 0}); err != nil {
			t.Fatal(err)
		}
	}
	var got []float64
	for _, m := range e.Result().Mistakes {
		got = append(got, math.Round(4*math.Log(m.Probability/m.TruthProbability)))
	}
	if !slices.Equal(got, []float64{39, 37, 35}) { // those whose truth is 1
		t.Errorf("%v", got)
	}
}

// BenchmarkFit is what a sample of ImageNet's size takes.
func BenchmarkFit(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	items := make([]scored, 33554)
	for i := range items {
		values := make([]float32, 1000)
		for j := range values {
			values[j] = float32(random.NormFloat64())
		}
		items[i] = scored{values, random.IntN(1000)}
		values[items[i].truth] += 5
	}
	for b.Loop() {
		if f := fitted(items); f.ECE == nil {
			b.Fatal(f.Reason)
		}
	}
}
