package zeroshot

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/dual"
	"ortho/runner"
	"ortho/runner/library"
)

// goldens are what transformers' pipeline gives: see scripts/goldens/dual.py.
type goldens struct {
	Photos, Labels, Ensemble []string
	Template                 string
	Models                   map[string]struct {
		Scores, Averaged [][]float64
		Scale, Bias      float64
	}
}

func TestLikeTransformers(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	data, err := os.ReadFile("../dual/testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if g.Template != Template {
		t.Errorf("the pipeline's template is %q", g.Template)
	}
	for name, want := range g.Models {
		t.Run(name, func(t *testing.T) {
			var s models.Settings
			if strings.Contains(name, "split") || strings.Contains(name, "openclip") {
				scale, _ := json.Marshal(want.Scale)
				bias, _ := json.Marshal(want.Bias)
				if err := s.Set("logit-scale", string(scale)); err != nil {
					t.Fatal(err)
				}
				if err := s.Set("logit-bias", string(bias)); err != nil {
					t.Fatal(err)
				}
			}
			m, err := dual.Open(t.Context(), filepath.Join("../dual/testdata", name), s, runner.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for templates, scores := range map[string][][]float64{"": want.Scores, strings.Join(g.Ensemble, "\n"): want.Averaged} {
				if scores == nil {
					continue
				}
				opt := Options{Labels: g.Labels}
				if templates != "" {
					opt.Templates = g.Ensemble
				}
				c, err := Open(t.Context(), m, opt)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if len(c.Cut) != 1 || c.Cut[0] != g.Labels[4] {
					t.Errorf("cut: %.60q", c.Cut)
				}
				for i, photo := range g.Photos {
					data, err := os.ReadFile(filepath.Join("../../cmd/ortho/testdata/photos", photo))
					if err != nil {
						t.Fatal(err)
					}
					made, err := c.Image(t.Context(), data)
					if err != nil || len(made.Predictions) != len(g.Labels) {
						t.Fatalf("%+v, %v", made, err)
					}
					for _, p := range made.Predictions {
						if w := scores[i][p.Index]; math.Abs(p.Probability-w) > 1e-4 || p.Label != g.Labels[p.Index] {
							t.Errorf("%s, %.40q, templates %q: %v, want %v", photo, p.Label, opt.Templates, p.Probability, w)
						}
					}
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		opt  Options
		says string
	}{
		{Options{Labels: []string{"a"}, Templates: []string{"a photo"}}, "has to have {} once"},
		{Options{Labels: []string{"a"}, Templates: []string{"{} {}"}}, "has to have {} once"},
		{Options{}, "there are no labels"},
		{Options{Labels: make([]string, MaxTexts), Templates: []string{"{}", "{}"}}, "are more than"},
	} {
		if _, err := Open(t.Context(), nil, c.opt); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v", err)
		}
	}
}
