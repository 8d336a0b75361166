package models

import (
	"strings"
	"testing"

	"ortho/models/config"
)

// TestTimmTestSize takes the test_ keys where the graph was exported at that size.
func TestTimmTestSize(t *testing.T) {
	timm := `{"pretrained_cfg": {"input_size": [3, 24, 24], "crop_pct": 0.8, "test_input_size": [3, 32, 32], "test_crop_pct": 1.0}}`
	m, err := OpenFS(folder(t, "float32_nchw", "config.json", timm), "model", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Classifier(); err != nil {
		t.Fatal(err)
	}
	if got, want := fact(t, m, "resize"), (Fact{"resize", "short edge to 32, then centre crop, crop-pct 1", "config.json"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := fact(t, m, "mean"), (Fact{"mean", config.ImageNetMean, "config.json (timm default)"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestBytesAreRaw leaves a graph of bytes its pixels, whatever the config of the
// model that it was made from normalises by.
func TestBytesAreRaw(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  Fact
	}{
		{nil, Fact{"mean", "0", "follows from input-range"}},
		{[]string{"mean", "9", "std", "1"}, Fact{"mean", "9", "flag"}},
	} {
		m, err := OpenFS(folder(t, "uint8_nhwc_softmax", "config.json", timmConfig), "model", settings(t, c.flags...))
		if err != nil {
			t.Fatal(err)
		}
		if got := fact(t, m, "mean"); got != c.want {
			t.Errorf("flags %q: %+v, want %+v", c.flags, got, c.want)
		}
	}
}

// TestTimmUnread asks for what a config.json states and can't be read of it, and takes an empty
// word for no word.
func TestTimmUnread(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{`"interpolation": "random"`, "give interpolation"},
		{`"crop_pct": 1.15`, "give resize or crop-mode"},
		{`"crop_mode": "spiral"`, "give resize or crop-mode"},
		{`"mean": [1, 2]`, "give mean"},
		{`"interpolation": "", "crop_mode": "", "mean": 0.5, "std": [0.5]`, ""},
	} {
		m, err := OpenFS(folder(t, "float32_nchw", "config.json", `{"pretrained_cfg": {"input_size": [3, 32, 32], `+c.keys+`}}`), "model", Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Classifier(); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.keys, err, c.want)
		}
	}
}
