package config

import (
	"slices"
	"testing"

	"ortho/preprocess"
)

// TestFind: the first layer that states something has precedence, and a value keeps its
// text and its source.
func TestFind(t *testing.T) {
	var flags, file Settings
	for _, err := range []error{
		flags.Set("input-range", " 0, 255"), flags.Assume("task", "generate", "it has to be"), flags.Set("invert", "T"),
		file.Set("mean", "1,2,3"), file.Set("input-range", "0,1"), file.Set("layout", "nhwc"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	flags.SetLabels([]Label{{Name: "a"}}, "imagenet-1k", "flag --labels imagenet-1k")
	layers := Layers{{Source: "flag", Settings: flags}, {Source: SidecarFile, Settings: file}}
	if s, ok := InputRange.Find(layers); !ok || s != (Stated[[2]float64]{[2]float64{0, 255}, "0, 255", "flag", 0}) {
		t.Errorf("%+v, %v", s, ok)
	}
	if s, ok := Mean.Find(layers); !ok || !slices.Equal(s.Value, []float64{1, 2, 3}) || s.Source != SidecarFile || s.Rank != 1 {
		t.Errorf("%+v, %v", s, ok)
	}
	if s, ok := ModelTask.Find(layers); !ok || s.Value != Generate || s.Source != "it has to be" {
		t.Errorf("%+v, %v", s, ok)
	}
	if s, ok := Labels.Find(layers); !ok || len(s.Value.Labels) != 1 || s.Source != "flag --labels imagenet-1k" {
		t.Errorf("%+v, %v", s, ok)
	}
	if s, ok := Std.Find(layers); ok || s.Rank != 2 {
		t.Errorf("not stated: %+v, %v", s, ok)
	}
	if _, ok := Layout.In(layers[0]); ok {
		t.Error("the first layer states no layout")
	}
	want := []Given{{"invert", "T", false}, {"input-range", "0, 255", false}, {"labels", "imagenet-1k", true}}
	if got := flags.Given(); !slices.Equal(got, want) {
		t.Errorf("given %v, want %v", got, want)
	}
}

func TestOf(t *testing.T) {
	for text, want := range map[string]string{
		InputRange.Of([2]float64{-1, 0.5}, "").Text:          "-1,0.5",
		Mean.Of([]float64{0.25, 3}, "").Text:                 "0.25,3",
		InputSize.Of(Size{224, 320}, "").Text:                "224x320",
		Layout.Of(preprocess.NHWC, "").Text:                  "nhwc",
		Invert.Of(true, "").Text:                             "true",
		Channels.Of(3, "").Text + " " + Interpolation.Name(): "3 interpolation",
	} {
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}
