package pages

import (
	"slices"
	"strings"
	"testing"

	"ortho/models/evaluate"
	"ortho/runner/compare"
	"ortho/runner/equality"
)

func TestComparisonPrint(t *testing.T) {
	largest := 0.25
	same := equality.Output{Name: "a", Type: "float32", Rows: 4, Within: true, Exact: true}
	other := equality.Output{Name: "b\x1b[2J", Type: "float32", Rows: 4, MaxAbs: &largest, Top1: &equality.Top1{Same: 2, Ties: 1, Differ: 1, Agreement: 0.75},
		Beyond: 3, First: []equality.Row{{Row: 1}}}
	c := Comparison{
		Input:     ComparedInput{Source: "images", Batch: 2, Failed: 11},
		Reference: ComparedSide{Model: "A", Providers: "cpu", Opened: compare.Opened{Version: "1.2.3", Flavor: "cpu", Optimization: "none"}},
		Candidates: []Candidate{{
			ComparedSide: ComparedSide{Model: "B", Providers: "cpu", Opened: compare.Opened{Optimization: "all"}},
			Result: compare.Result{Reason: "output b: far off", Rows: 4, FailedAlone: 1, Notice: "by position",
				Outputs: []compare.Output{{Output: same}, {Output: other, Inputs: []string{"x.png"}}}},
			Precision: equality.Float32, Tolerance: "close",
			Top1: map[string]*evaluate.Rate{other.Name: evaluate.NewRate(3, 4)},
		}},
		Failures: slices.Repeat([]compare.Failure{{Input: "broken.png", Error: "no image"}}, 12),
	}
	c.Failures[0].Side = "B"
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A on cpu, ONNX Runtime 1.2.3 (cpu), graph not optimised", "NOT EQUAL: output b: far off", "float32: close",
		"4 rows of images compared, 12 failed, batch 2", "by position", "exact", "0.25 / ", "75.00 % (", "x.png: output b", "and 2 further rows",
		"broken.png on B: no image", "2 further failures",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if strings.ContainsRune(b.String(), '\x1b') {
		t.Errorf("%q acts on a terminal", b.String())
	}
}
