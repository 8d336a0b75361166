package classify_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/classify"
)

// TestHeads classifies by graphs that end in the ways that classifiers do. The goldens are what
// ONNX Runtime gives in Python: scripts/goldens/heads.py.
func TestHeads(t *testing.T) {
	const folder = "testdata/heads"
	text, err := os.ReadFile(filepath.Join(folder, "heads.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Files         map[string]json.RawMessage
		Probabilities map[string]float64
		Values        []float64
		Settings      []string
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			graph, err := os.ReadFile(filepath.Join(folder, name+".onnx"))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "model.onnx"), graph, 0o600)
			}
			for file, content := range want.Files {
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, file), content, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			settings := []string{"mean", "0", "std", "1"}
			if strings.HasPrefix(name, "input-int") {
				settings = nil // of whole numbers the graph says that they are pixels
			}
			c := open(t, dir, classify.Options{Logits: want.Values == nil && name != "arg-max" && name != "top-k" && name != "softmax-of-the-largest"}, append(settings, want.Settings...)...)
			image, err := os.ReadFile(filepath.Join(folder, "image.png"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Image(t.Context(), image)
			if err != nil {
				t.Fatal(err)
			}
			if want.Values != nil {
				if got.Output == nil || len(got.Output.Values) != len(want.Values) || math.Abs(float64(got.Output.Values[0])-want.Values[0]) > 1e-5 {
					t.Errorf("%+v, want %v", got.Output, want.Values)
				}
				return
			}
			if len(got.Predictions) != len(want.Probabilities) {
				t.Errorf("%d classes, want %d", len(got.Predictions), len(want.Probabilities))
			}
			for _, p := range got.Predictions {
				if w, ok := want.Probabilities[strconv.Itoa(p.Index)]; !ok || math.Abs(p.Probability-w) > 1e-5 {
					t.Errorf("class %d: %v, want %v", p.Index, p.Probability, w)
				}
			}
			if got, want := c.Seen().AsIs, name == "forest-like" || name == "softmax-that-files-do-not-know"; got != want {
				t.Errorf("taken as probabilities: %v", got)
			}
			remade(t, c.Spec(), got)
		})
	}
}

// remade holds that the activation makes the probabilities of the logits, as eval has them.
func remade(t *testing.T, spec *models.ClassifierSpec, got classify.Result) {
	t.Helper()
	if got.Logits == nil {
		return
	}
	again := *spec
	again.Activation, again.Single = spec.Applied(), false
	for i, p := range classify.Rank(&again, classify.Options{}, got.Logits) {
		if first := got.Predictions[i]; p.Index != first.Index || math.Abs(p.Probability-first.Probability) > 1e-6 {
			t.Errorf("of the logits %v: %+v, want %+v", got.Logits, p, first)
		}
	}
}

// TestLogitsOfSomeClasses: graphs that give some classes only say in Open what their logits lack.
func TestLogitsOfSomeClasses(t *testing.T) {
	for _, name := range []string{"arg-max", "top-k"} {
		var s models.Settings
		if err := s.Set("input-range", "0,1"); err != nil {
			t.Fatal(err)
		}
		m, err := models.Open("testdata/heads/"+name+".onnx", s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := classify.Open(t.Context(), m, classify.Options{Logits: true}); err == nil || !strings.Contains(err.Error(), "nothing says how many there are: give labels") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
