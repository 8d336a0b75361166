package classify_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ortho/models"
	"ortho/models/classify"
)

// TestGiven classifies by graphs with a further input that is the same in every run, in
// batches of all lengths. The goldens are what ONNX Runtime gives in Python:
// scripts/goldens/given.py.
func TestGiven(t *testing.T) {
	const folder = "testdata/given"
	text, err := os.ReadFile(filepath.Join(folder, "given.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Set           []string
		Probabilities [][]float64
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	names := []string{"image.png", "black.png", "image.png", "black.png", "image.png"}
	for name, want := range all {
		for _, batch := range []int{1, 2, 3, 4} {
			if batch != 4 && name == "batch4" {
				continue
			}
			flags := models.Settings{}
			settings := [][2]string{{"input-range", "0,1"}}
			if name == "mask" {
				settings = append(settings, [2]string{"input-size", "8"})
			}
			for _, s := range want.Set {
				if name == "file" {
					s = "mask=" + filepath.Join(folder, "mask.npy")
				}
				settings = append(settings, [2]string{"set", s})
			}
			for _, s := range settings {
				if err := flags.Set(s[0], s[1]); err != nil {
					t.Fatal(err)
				}
			}
			m, err := models.Open(filepath.Join(folder, name+".onnx"), flags)
			if err != nil {
				t.Fatal(err)
			}
			c, err := classify.Open(t.Context(), m, classify.Options{Batch: batch, Concurrency: 2})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			input := func(name string) classify.Input { return file(filepath.Join(folder, name)) }
			rows := 0
			for r := range classify.Each(t.Context(), c, slices.Values(names), input) {
				if r.Err != nil {
					t.Fatalf("%s, batch %d: %v", name, batch, r.Err)
				}
				for _, p := range r.Value.Predictions {
					if w := want.Probabilities[rows%2][p.Index]; math.Abs(p.Probability-w) > 1e-5 {
						t.Errorf("%s, batch %d, row %d, class %d: %v, want %v", name, batch, rows, p.Index, p.Probability, w)
					}
				}
				rows++
			}
			if err := c.Close(); err != nil || rows != len(names) {
				t.Errorf("%s: %d rows, %v", name, rows, err)
			}
		}
	}
}
