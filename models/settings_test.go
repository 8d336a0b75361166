package models

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// TestLabelForms: a fact says how a file was read.
func TestLabelForms(t *testing.T) {
	for data, form := range map[string]string{
		"r\ng\nb\n": "", "1 r\n2 g\n3 b\n": ` (the index before each name); its indices count from 1: "r" is class 0`,
		"0 r\n1 g\n2 b\n": " (the index before each name)", "index name\n0 r\n1 g\n2 b\n": " (the index before each name, below a heading)", "names:\n- r\n- g\n- b\n": " (YAML)", "r 0\ng 1\nb 2\n": " (the index behind each name)", "{0: 'r', 1: 'g', 2: 'b'}": " (Python)",
		"n00000001 r\nn00000002 g\nn00000003 b\n": " (a WordNet id before each name)", "b: 2\ng: 1\nr: 0\n": " (the index behind each name)",
		"0 n00000001 r\n1 n00000002 g\n2 n00000003 b\n": " (the index and a WordNet id before each name)", "rgb = ('r', 'g', 'b')": " (Python)",
	} {
		m, err := OpenFS(folder(t, "float32_nchw", "ortho.json", `{"labels": "names.txt"}`, "names.txt", data), "model", settings(t, "mean", "0", "std", "1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if f := fact(t, m, "labels"); f.Value != `3, from "r" to "b"`+form || f.Source != "names.txt (named by ortho.json)" {
			t.Errorf("%q: %+v", data, f)
		}
		if told := fmt.Sprint(m.Notices); strings.Contains(form, "count from 1") != strings.Contains(told, "names.txt (named by ortho.json): its indices count from 1") {
			t.Errorf("%q: %q", data, told)
		}
	}
}

// TestImageNetWithBackground: the 1000 labels of ImageNet are moved for 1001 classes, and for no others.
func TestImageNetWithBackground(t *testing.T) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("class ", i)
	}
	names[0], names[1], names[999] = "tench", "goldfish", "toilet tissue"
	path := filepath.Join(t.TempDir(), "imagenet.txt")
	if err := os.WriteFile(path, []byte(strings.Join(names, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, classes := range []int{1000, 1001, 1002} {
		g := &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "Conv", "n", 3, 64, 64)), Outputs: list(tensor("y", onnx.Float, "Gemm", "n", classes))}
		m := opened(t, g, nil, settings(t, "labels", path, "mean", "0", "std", "1"))
		spec, err := m.Classifier()
		if (err != nil) != (classes == 1002) || strings.Contains(fmt.Sprint(m.Notices), "class 0 is the background") != (classes == 1001) {
			t.Errorf("%d classes: %q, %v", classes, m.Notices, err)
		}
		if err == nil && (len(spec.Labels) != classes || spec.Labels[classes-1000].Name != "tench") {
			t.Errorf("%d classes: %d labels from %q", classes, len(spec.Labels), spec.Labels[0].Name)
		}
	}
}

func TestSetLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.txt")
	if err := os.WriteFile(path, []byte("r\ng\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := classifier(t, folder(t, "float32_nchw"), settings(t, "mean", "0", "std", "1", "labels", path))
	if want := []Label{{Name: "r"}, {Name: "g"}, {Name: "b"}}; !slices.Equal(spec.Labels, want) {
		t.Errorf("%q", spec.Labels)
	}
	var s Settings
	if err := s.Set("labels", path+"x"); err == nil || !strings.Contains(err.Error(), path+"x: ") {
		t.Errorf("a missing file: %v", err)
	}
	if err := s.Set("labels", filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)+": ") {
		t.Errorf("a folder: %v", err)
	}
	m, err := OpenFS(folder(t, "float32_nchw"), "model", settings(t, "mean", "0", "std", "1", "labels", path))
	if err != nil {
		t.Fatal(err)
	}
	if f := fact(t, m, "labels"); f.Source != path {
		t.Errorf("%+v", f)
	}
}

// TestPresetsAreWhole resolves each preset on a graph that says nothing else.
func TestPresetsAreWhole(t *testing.T) {
	for _, name := range config.Presets() {
		flags := settings(t, "preset", name)
		if strings.HasPrefix(name, "keras") {
			flags = settings(t, "preset", name, "input-size", "32")
		}
		m, err := OpenFS(folder(t, "dynamic_size"), "model", flags)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Classifier(); err != nil {
			t.Error(err)
		}
		for _, f := range m.Facts {
			if slices.Contains([]string{"resize", "interpolation", "input-range", "mean", "std", "color-order"}, f.Key) && f.Source != "preset "+name {
				t.Errorf("%+v", f)
			}
		}
	}
}
