package evaluate

import (
	"math"
	"testing"
)

func TestFigures(t *testing.T) {
	a, b := NewShares(2, "right", "near"), NewShares(2, "right", "near")
	for i := range 400 {
		a.Add(i%2, i%4 > 0, true)
		b.Add(i%2, i%4 > 0 && i%40 > 3, true)
	}
	whole, classes := Figures(t.Context(), a)
	if len(classes) != 2 || *classes[0].Value != 0.5 || *classes[1].Value != 1 || a.Counts()[1] != 200 || *whole[0].Value != 0.75 || !(*whole[0].Low < 0.73) || !(*whole[0].High > 0.77) || *whole[1].Low != 1 || whole[0].Name != "right" {
		t.Errorf("%+v", whole)
	}
	d := Differences(t.Context(), a, b)
	if math.Abs(*d[0].Value-0.075) > 1e-12 || !(*d[0].Low > 0.04) || !(*d[0].High < 0.11) || *d[1].Value != 0 {
		t.Errorf("%v from %v to %v: pairs are drawn together", *d[0].Value, *d[0].Low, *d[0].High)
	}
	if none, _ := Figures(t.Context(), NewShares(0, "right")); none[0].Value != nil || none[0].Low != nil {
		t.Errorf("%+v of nothing", none)
	}
}
