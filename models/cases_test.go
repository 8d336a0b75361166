package models

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"ortho/preprocess"
)

// transformCase is one case of preprocess's goldens: a library's config and the
// Spec that stands for it. There the tensors of the Spec are checked against the
// library; here, that the config resolves to it.
type transformCase struct {
	Library string
	Config  json.RawMessage
	Spec    struct {
		Height, Width int
		Resize        []any
		Interpolation string
		Mean, Std     []float64
		Range         [2]float64
		CropOffset    string     `json:"crop_offset"`
		ColorOrder    string     `json:"color_order"`
		Fill          [3]float64 `json:"fill"`
	}
}

func (c transformCase) spec(t *testing.T) preprocess.Spec {
	t.Helper()
	s := preprocess.Spec{Height: c.Spec.Height, Width: c.Spec.Width, Channels: 3, Mean: c.Spec.Mean, Std: c.Spec.Std, Range: c.Spec.Range}
	edge := func(i int) int { return int(c.Spec.Resize[i].(float64)) }
	switch c.Spec.Resize[0] {
	case "short":
		s.Resize = preprocess.Resize{Mode: preprocess.ShortEdge, Size: edge(1)}
	case "long":
		s.Resize = preprocess.Resize{Mode: preprocess.LongEdge, Size: edge(1)}
	case "exact":
		s.Resize = preprocess.Resize{Mode: preprocess.Exact, Height: edge(1), Width: edge(2)}
	}
	if mode, ok := map[string]preprocess.ResizeMode{"fit": preprocess.Fit, "cover": preprocess.Cover}[c.Spec.Resize[0].(string)]; ok {
		s.Resize = preprocess.Resize{Mode: mode, Height: edge(1), Width: edge(2)}
	}
	for i, v := range c.Spec.Fill {
		s.Fill[i] = uint8(v)
	}
	if c.Spec.CropOffset == "floor" {
		s.CropOffset = preprocess.Floor
	}
	var err error
	if s.ColorOrder, err = preprocess.ParseColorOrder(c.Spec.ColorOrder); err != nil {
		t.Fatal(err)
	}
	if s.Resize.Mode != preprocess.ResizeNone {
		if s.Interpolation, err = preprocess.ParseFilter(c.Spec.Interpolation); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestTransformCases resolves every config of preprocess's goldens.
func TestTransformCases(t *testing.T) {
	data, err := os.ReadFile("../preprocess/testdata/transforms/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases, More []transformCase }
	if err := json.Unmarshal(data, &all); err != nil || len(all.Cases) == 0 || len(all.More) == 0 {
		t.Fatalf("%d cases and %d more, %v", len(all.Cases), len(all.More), err)
	}
	for _, c := range append(all.Cases, all.More...) {
		var got *ClassifierSpec
		switch c.Library {
		case "transformers":
			got = classifier(t, folder(t, "dynamic_size", "preprocessor_config.json", string(c.Config)), Settings{})
		case "timm":
			got = classifier(t, folder(t, "dynamic_size", "config.json", fmt.Sprintf(`{"pretrained_cfg": %s}`, c.Config)), Settings{})
		case "torchvision":
			var config struct {
				Resize        int `json:"resize_size"`
				Crop          int `json:"crop_size"`
				Interpolation string
			}
			if err := json.Unmarshal(c.Config, &config); err != nil {
				t.Fatal(err)
			}
			got = classifier(t, folder(t, "dynamic_size"), settings(t, "preset", "torchvision", "input-size", fmt.Sprint(config.Crop),
				"resize", fmt.Sprint(config.Resize), "interpolation", config.Interpolation))
		default:
			t.Errorf("library %q has no rule here", c.Library)
			continue
		}
		want := c.spec(t)
		if c.Library == "transformers" { // its processors get arrays: the pipelines turn the image, and key a colour
			want.Orientation = preprocess.ApplyOrientation
			want.KeyWhite = got.Input.KeyWhite // which TestProcessorTransparency holds
		}
		if !sameSpec(got.Input, want) {
			t.Errorf("%s %s:\n%+v, want\n%+v", c.Library, c.Config, got.Input, want)
		}
	}
}

// sameSpec compares specs; numbers that come from other arithmetic may differ in
// their last bits, and a filter says nothing where nothing is resized.
func sameSpec(a, b preprocess.Spec) bool {
	near := func(x, y []float64) bool {
		for i := range x {
			if len(x) != len(y) || math.Abs(x[i]-y[i]) > 1e-12*(1+math.Abs(y[i])) {
				return false
			}
		}
		return true
	}
	if !near(a.Mean, b.Mean) || !near(a.Std, b.Std) || !near(a.Range[:], b.Range[:]) {
		return false
	}
	a.Mean, a.Std, a.Range, b.Mean, b.Std, b.Range = nil, nil, [2]float64{}, nil, nil, [2]float64{}
	return fmt.Sprint(a) == fmt.Sprint(b)
}
