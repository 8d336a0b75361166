package preprocess

import (
	"errors"
	"math"
	"testing"
)

func TestValidate(t *testing.T) {
	good := Spec{Height: 8, Width: 8, Channels: 1, Range: [2]float64{0, 1}, Mean: []float64{0}, Std: []float64{1}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Spec){
		"size 0":        func(s *Spec) { s.Height = 0 },
		"size too high": func(s *Spec) { s.Width = MaxSize + 1 },
		"channels":      func(s *Spec) { s.Channels = 2 },
		"mean length":   func(s *Spec) { s.Mean = []float64{0, 0, 0} },
		"std 0":         func(s *Spec) { s.Std = []float64{0} },
		"std NaN":       func(s *Spec) { s.Std = []float64{math.NaN()} },
		"range":         func(s *Spec) { s.Range = [2]float64{1, 1} },
		"range width":   func(s *Spec) { s.Range = [2]float64{-1e308, 1e308} },
		"mode":          func(s *Spec) { s.Resize.Mode = Cover + 1 },
		"filter":        func(s *Spec) { s.Interpolation = LinearTorch + 1 },
		"type":          func(s *Spec) { s.Type = Int64 + 1 },
		"form":          func(s *Spec) { s.Form = Row + 1 },
		"no cover":      func(s *Spec) { s.Resize.Mode = Cover },
		"resize 0":      func(s *Spec) { s.Resize.Mode = ShortEdge },
		"resize far":    func(s *Spec) { s.Resize = Resize{Mode: Exact, Height: 1 << 20, Width: 1} },
	} {
		s := good
		if change(&s); s.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSettingError: an error calls its settings as it is asked to.
func TestSettingError(t *testing.T) {
	err := (&Spec{Height: 8, Width: 8, Channels: 3, Mean: []float64{0}, Std: []float64{1}, Range: [2]float64{0, 1}}).Validate()
	if want := "1 values of mean and 1 of std for 3 channels"; err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	var e *SettingError
	if want := "1 values of <mean> and 1 of <std> for 3 channels"; !errors.As(err, &e) || e.Worded(func(s string) string { return "<" + s + ">" }) != want {
		t.Errorf("%v, want %q", e, want)
	}
}
