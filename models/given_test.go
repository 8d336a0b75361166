package models_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
)

const givenGraphs = "classify/testdata/given"

// TestGivenRefused: a value that can't be what the input takes is told where it is opened.
func TestGivenRefused(t *testing.T) {
	for _, c := range []struct{ graph, set, want string }{
		{"scalar", "keep_prop=1", `"keep_prop": scalar.onnx has no such input (did you mean keep_prob?)`},
		{"scalar", "other=1", `it has image float32[N,3,8,8], keep_prob float32[]`},
		{"scalar", "image=1", `"image": it is the input of scalar.onnx that takes the image`},
		{"scalar", "keep_prob=true", "true is no float32: give a number"},
		{"scalar", "keep_prob=1e39", "more than a float32 holds"},
		{"scalar", "keep_prob=[1,2]", "[2] can't be spread over []"},
		{"training", "is_training=2", "2 is no bool: give true or false"},
		{"mask", "pixel_mask=1.5", "1.5 is no int64: it has a fraction"},
		{"sizes", "orig_target_sizes=[1,2,3]", "[3] can't be spread over"},
		{"half", "sigma=70000", "more than a float16 holds"},
		{"half", "sigma=[1,2]", "the value has 2 rows"},
		{"half", "steps=3000000000", "no int32: that goes from -2147483648 to 2147483647"},
		{"batch4", "level=300", "300 is no uint8: that goes from 0 to 255"},
		{"batch4", "level=[[1],[2]]", "[2 1] can't be spread over [4 1]"},
		{"file", "mask=" + filepath.Join(givenGraphs, "mask.npy"), ""},
		{"file", "mask=@" + filepath.Join(givenGraphs, "mask.npy"), ""},
		{"half", "steps=" + filepath.Join(givenGraphs, "mask.npy"), "can't be spread over"},
		{"batch4", "level=[[1],[2],[3],[4]]", ""},
		{"mask", "pixel_mask=1.0", ""},
		{"default", "alpha=0.5", ""},
	} {
		var s models.Settings
		if err := s.Set("set", c.set); err != nil {
			t.Errorf("%s: %v", c.set, err)
			continue
		}
		_, err := models.Open(filepath.Join(givenGraphs, c.graph+".onnx"), s)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %s: %v, want %q", c.graph, c.set, err, c.want)
		}
	}
	for _, text := range []string{"", "keep_prob", "=1", "a=", "a=b", "a=nan", "a=[]", "a=[1,[2]]", "a=[[1],[2,3]]", `a=["x"]`, "a=[1", "a=[1]2", "a=[null]", "a=none.npy", "a=" + strings.Repeat("[", 9)} {
		var s models.Settings
		if err := s.Set("set", text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestGivenSidecar: ortho.json gives values, its files lie in its folder, and a flag's value
// counts before them, input by input.
func TestGivenSidecar(t *testing.T) {
	folder := t.TempDir()
	copied := func(from, to string) {
		data, err := os.ReadFile(filepath.Join(givenGraphs, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, to), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	opened := func(graph, sidecar string, set ...string) (*models.Model, error) {
		copied(graph, "model.onnx")
		if err := os.WriteFile(filepath.Join(folder, "ortho.json"), []byte(sidecar), 0o600); err != nil {
			t.Fatal(err)
		}
		var s models.Settings
		for _, v := range set {
			if err := s.Set("set", v); err != nil {
				t.Fatal(err)
			}
		}
		return models.Open(folder, s)
	}
	copied("mask.npy", "mask.npy")
	m, err := opened("half.onnx", `{"input_range": [0, 1], "set": {"sigma": 0.1, "steps": [3]}}`, "steps=4")
	if err != nil || m.Usable() != nil {
		t.Fatal(err, m)
	}
	for _, want := range []models.Fact{{Key: "set steps", Value: "4", Source: "flag"}, {Key: "set sigma", Value: "0.1", Source: "ortho.json"}} {
		if !slices.Contains(m.Facts, want) {
			t.Errorf("no fact %v in %v", want, m.Facts)
		}
	}
	if m, err = opened("file.onnx", `{"input_range": [0, 1], "set": {"mask": "mask.npy"}}`); err != nil || m.Usable() != nil {
		t.Error(err)
	}
	for _, wrong := range []string{`{"set": {"mask": "../mask.npy"}}`, `{"set": {"mask": "/mask.npy"}}`, `{"set": {"mask": "none.npy"}}`, `{"set": {"mask": null}}`, `{"set": 1}`, `{"set": {"mask": "model.onnx"}}`} {
		if _, err := opened("file.onnx", wrong); err == nil || !strings.Contains(err.Error(), "ortho.json") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
