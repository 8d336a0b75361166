package segment_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/segment"
	"ortho/models/segments"
	"ortho/preprocess"
	"ortho/runner/library"
)

func opened(t *testing.T, path string, opt segment.Options, given ...string) (*segment.Segmenter, error) {
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
	segmenter, err := segment.Open(t.Context(), m, opt)
	if err == nil {
		t.Cleanup(func() { segmenter.Close() })
	}
	return segmenter, err
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTransformers: maps of a photograph are those of transformers' processors around ONNX Runtime
// (scripts/goldens/segment.py).
func TestTransformers(t *testing.T) {
	panoptic := segments.Defaults
	panoptic.Threshold, panoptic.Overlap = 0.5, 0.2
	semantic := segments.Defaults
	semantic.As = segments.Semantic
	for _, c := range []struct {
		name string
		opt  segments.Options
	}{{"segformer", segments.Options{}}, {"maskformer", panoptic}, {"maskformer-sized", semantic}, {"maskformer-padded", semantic}, {"mask2former-sized", semantic},
		{"dpt-sized", segments.Options{}}, {"dpt-squashed", segments.Options{}}, {"mobilevit", segments.Options{}}} {
		s, err := opened(t, "testdata/"+c.name, segment.Options{Map: c.opt})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Image(t.Context(), read(t, "../../cmd/ortho/testdata/photos/chelsea.png"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := preprocess.Decode(read(t, filepath.Join("testdata", c.name+".png")), preprocess.DecodeOptions{Channels: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got.Width != want.Width || got.Height != want.Height {
			t.Fatalf("%s: %dx%d", c.name, got.Width, got.Height)
		}
		differ := 0
		for i, v := range got.Map {
			if int(v) != int(want.Pix[i]) {
				differ++
			}
		}
		if differ > 0 {
			t.Errorf("%s: %d of %d pixels differ", c.name, differ, len(got.Map))
		}
		sum := 0.0
		for i, one := range got.Segments {
			sum += one.Share
			pixels, err := one.Mask.Pixels()
			if err != nil || one.Label == "" || s.Numbered() != (one.Value > 0) || i > 0 && !s.Numbered() && one.Share > got.Segments[i-1].Share {
				t.Errorf("%s: %+v: %v", c.name, one, err)
			}
			value := one.Index
			if s.Numbered() {
				value = one.Value
			}
			for k, in := range pixels {
				if in != (int(got.Map[k]) == value) {
					t.Fatalf("%s: the mask of %s differs at %d", c.name, one.Label, k)
				}
			}
		}
		if c.name == "segformer" && math.Abs(sum-1) > 1e-9 {
			t.Errorf("shares sum to %v", sum)
		}
		if c.name != "maskformer" {
			continue
		}
		var info []struct {
			ID, Label int
			LabelID   int `json:"label_id"`
			Score     float32
		}
		if err := json.Unmarshal(read(t, "testdata/maskformer.json"), &info); err != nil {
			t.Fatal(err)
		}
		for i, one := range info {
			if i >= len(got.Segments) || got.Segments[i].Index != one.LabelID || got.Segments[i].Value != one.ID || math.Abs(float64(got.Segments[i].Score-one.Score)) > 1e-5 {
				t.Errorf("segment %d: %+v, want %+v", i, got.Segments, one)
			}
		}
	}
}

// TestAsked: queries may be those of two programs, and a stack of maps may be features.
func TestAsked(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"model.onnx", "ortho.json"} {
		if err := os.WriteFile(filepath.Join(folder, name), read(t, "testdata/maskformer/"+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := opened(t, folder, segment.Options{}); err == nil || !strings.Contains(err.Error(), "maskformer (") || !strings.Contains(err.Error(), "mask2former (") {
		t.Errorf("queries of nobody: %v", err)
	}
	if s, err := opened(t, folder, segment.Options{}, "map", "mask2former"); err != nil || s.Spec().Reading != segments.Mask2Former {
		t.Errorf("stated: %v", err)
	}
	alone := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(alone, read(t, "testdata/segformer/model.onnx"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := models.Open(alone, models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Task == models.Segment {
		t.Error("a stack of maps alone makes a segmenter")
	}
}
