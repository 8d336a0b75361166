package depth_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/depth"
	"ortho/runner/library"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func opened(t *testing.T, path string, given ...string) (*depth.Estimator, error) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	var s models.Settings
	for i := 0; i < len(given); i += 2 {
		if err := s.Set(given[i], given[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	e, err := depth.Open(t.Context(), m, depth.Options{})
	if err == nil {
		t.Cleanup(func() { e.Close() })
	}
	return e, err
}

// TestTransformers: maps are those that transformers' processors make around ONNX Runtime (scripts/goldens/depth.py),
// of DPT, Depth Anything and GLPN, at the sizes that they bring images to.
func TestTransformers(t *testing.T) {
	for name, unit := range map[string]string{"depth-anything": "", "depth-anything-metric": "m", "dpt": "", "glpn": "m"} {
		e, err := opened(t, "testdata/"+name)
		if err != nil {
			t.Fatal(err)
		}
		var goldens []struct {
			Input               string
			Shape               [2]int
			Width, Height       int
			Min, Max, Mean, Std float64
			Every               []float64
		}
		if err := json.Unmarshal(read(t, "testdata/"+name+"/golden.json"), &goldens); err != nil || len(goldens) < 2 {
			t.Fatalf("%d, %v", len(goldens), err)
		}
		for _, g := range goldens {
			if made := e.Spec().Input.For(g.Width, g.Height); made.Height != g.Shape[0] || made.Width != g.Shape[1] {
				t.Errorf("%s of %s: an input of %dx%d, want %v", name, g.Input, made.Height, made.Width, g.Shape)
			}
			got, err := e.Image(t.Context(), read(t, "../../cmd/ortho/testdata/photos/"+g.Input))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			near := func(a, b float64) bool { return math.Abs(a-b) <= 2e-5*max(1, math.Abs(b)) }
			r := got.Depth
			if got.Width != g.Width || got.Height != g.Height || !near(float64(r.Min), g.Min) || !near(float64(r.Max), g.Max) || !near(r.Mean, g.Mean) || !near(r.Std, g.Std) || r.Unit != unit {
				t.Errorf("%s of %s: %+v of %dx%d, want %+v", name, g.Input, *r, got.Width, got.Height, g)
			}
			for i, v := range g.Every {
				if !near(float64(got.Values[i*997]), v) {
					t.Errorf("%s of %s: pixel %d is %v, want %v", name, g.Input, i*997, got.Values[i*997], v)
					break
				}
			}
			if r := got.Scaled(0); r < 0 || r > 1 {
				t.Errorf("%s: %v of its range", name, r)
			}
		}
	}
}

// TestStated: a graph without files is one that estimates depth where its output is called so, or a person says it; it
// is asked how images are resized, and refused where the map would be of a part of them.
func TestStated(t *testing.T) {
	alone := t.TempDir() + "/model.onnx"
	if err := os.WriteFile(alone, read(t, "testdata/dpt/model.onnx"), 0o600); err != nil {
		t.Fatal(err)
	}
	values := []string{"mean", "0.5", "std", "0.5", "interpolation", "bilinear"}
	if _, err := opened(t, alone, append(values, "resize", "squash")...); err != nil {
		t.Error(err)
	}
	if _, err := opened(t, alone, append(values, "resize", "80")...); err == nil || !strings.Contains(err.Error(), "may not see all") {
		t.Errorf("a crop: %v", err)
	}
	if _, err := opened(t, "../segment/testdata/segformer", "task", "depth"); err == nil || !strings.Contains(err.Error(), "gives no depth") {
		t.Errorf("a segmenter: %v", err)
	}
}
