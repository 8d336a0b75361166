package tags

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestScikitLearn: figures are scikit-learn's (scripts/goldens/evaluate_tags.py).
func TestScikitLearn(t *testing.T) {
	var g struct {
		Values        [][]float32
		Truth, Picked [][]int
		Figures       []*float64
	}
	data, err := os.ReadFile("testdata/tags.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	e, often := New(9), New(9)
	times := make([]int, len(g.Values))
	for i, values := range g.Values {
		if err := e.Add(values, g.Picked[i], g.Truth[i]); err != nil {
			t.Fatal(err)
		}
		for times[i] = 0; times[i] < i%3; times[i]++ {
			if err := often.Add(values, g.Picked[i], g.Truth[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := e.Figures(nil)
	for i, want := range g.Figures {
		if want == nil && !math.IsNaN(got[i]) || want != nil && !(math.Abs(got[i]-*want) <= 1e-12) {
			t.Errorf("figure %d: %v, want %v", i, got[i], want)
		}
	}
	if len(got) != len(g.Figures) || len(e.Names()) != 5 {
		t.Errorf("%d figures", len(got))
	}
	weighted, repeated := e.Figures(times), often.Figures(nil)
	for i := range weighted {
		if !(math.Abs(weighted[i]-repeated[i]) <= 1e-12) && !(math.IsNaN(weighted[i]) && math.IsNaN(repeated[i])) {
			t.Errorf("figure %d: %v where images count often, %v where they are there often", i, weighted[i], repeated[i])
		}
	}
	all := 0
	for k, l := range e.Labels() {
		if l.Right > min(l.Images, l.Picked) {
			t.Errorf("label %d: %+v", k, l)
		}
		all += l.Images
	}
	if p := e.Curve([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}).At(0.5); math.Abs(p.F1-got[1]) > 1e-12 || all == 0 {
		t.Errorf("F1 at 0.5 is %v, and was %v", p.F1, got[1])
	}
}

func TestAddRefuses(t *testing.T) {
	for name, err := range map[string]error{
		"too few": New(2).Add([]float32{1}, nil, nil), "picked": New(1).Add([]float32{1}, []int{1}, nil),
		"truth": New(1).Add([]float32{1}, nil, []int{-1}), "no number": New(1).Add([]float32{float32(math.NaN())}, nil, nil),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	none := New(1)
	for _, v := range none.Figures(nil) {
		if !math.IsNaN(v) {
			t.Errorf("%v of nothing", v)
		}
	}
}
