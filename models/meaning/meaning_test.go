package meaning

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/runner/onnx"
)

// TestGraphs reads graphs that scripts/goldens/meaning.py makes, which has checked by ONNX
// Runtime that their outputs are what it says.
func TestGraphs(t *testing.T) {
	text, err := os.ReadFile("testdata/meaning.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Kind            string
		Sums            bool
		Factor          float64
		Scale, Zero     []float64
		Computed        bool
		Largest, Index  bool
		Indices         string
		SumsTo, Unknown bool
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]string{Unknown: "", Probabilities: "probabilities", LogProbabilities: "logarithms", UnitVector: "unit"}
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			g, err := onnx.ReadFile("testdata/" + name + ".onnx")
			if err != nil {
				t.Fatal(err)
			}
			got := Of(g, "y")
			if kinds[got.Kind] != want.Kind {
				t.Fatalf("%q, want %q (by %s)", kinds[got.Kind], want.Kind, got.By)
			}
			if want.Kind == "logarithms" && got.Sums != want.Sums {
				t.Errorf("sums %v (by %s)", got.Sums, got.By)
			}
			if want.Kind == "probabilities" && (got.Sums != want.Sums || math.Abs(got.Factor-want.Factor) > 1e-3*want.Factor) {
				t.Errorf("sums %v, factor %v; want %v, %v (by %s)", got.Sums, got.Factor, want.Sums, want.Factor, got.By)
			}
			if (got.By != "") != (want.Kind != "" || want.Index || want.Largest) {
				t.Errorf("by %q", got.By)
			}
			if got.Largest != want.Largest || got.Indices != want.Indices || got.Index != want.Index {
				t.Errorf("largest %v of %q, index %v", got.Largest, got.Indices, got.Index)
			}
			switch q := got.Quantised; {
			case (q != nil) != (want.Scale != nil || want.Computed):
				t.Errorf("quantised: %+v", q)
			case q != nil && (q.Computed != want.Computed || !want.Computed && (!slices.Equal(q.Scale, want.Scale) || !slices.Equal(q.Zero, want.Zero))):
				t.Errorf("quantised: %+v", *q)
			}
		})
	}
}

// TestMixed holds of which probabilities values are made that are none any more.
func TestMixed(t *testing.T) {
	for name, want := range map[string]string{
		"minus-log-softmax": "LogSoftmax", "softmax-by-large-weights": "Softmax", "sigmoid-to-minus-1": "Sigmoid", "softmax-plus-logits": "Softmax", "softmax-beside-logits": "Softmax", "values-and-classes": "Softmax, TopK",
		"logits": "", "scaled-logits": "", "softmax": "", "top-k-of-logits": "",
	} {
		g, err := onnx.ReadFile("testdata/" + name + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		if got := Of(g, "y").Mixed; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
