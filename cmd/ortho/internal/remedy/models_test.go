package remedy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/config"
	"ortho/models/scheduler"
)

// TestUnsettled: what is missing is asked for by flags, in a command line that a shell takes
// as it is, which keeps what was given.
func TestUnsettled(t *testing.T) {
	labels := filepath.Join(t.TempDir(), "my names.txt")
	if err := os.WriteFile(labels, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		graph string
		given []string
		want  []string
	}{
		{"float32_nchw", nil, []string{
			"does not say how its pixels are normalised: give --mean and --std (and --input-range if pixels are not scaled to 0-1), or --preset NAME\nfor example, with ImageNet's usual mean and std, ",
			": ortho classify -m ../../../../models/testdata/float32_nchw --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 photo.jpg\nor for good, in an ortho.json beside it: {\"mean\": [0.485, 0.456, 0.406], ",
			"\n(nor how to resize, nor the order of colours: the short edge is brought to the input's, bilinear, and colours are taken as RGB, unless --resize, --crop-pct, --crop-mode, --interpolation, --color-order say otherwise)",
			"\n(nor does it name its classes: --labels FILE does; else they are told by their index)"}},
		{"float32_nchw", []string{"invert", "true", "mean", "0.1,0.2, 0.3"}, []string{" --invert --mean '0.1,0.2, 0.3' --std 0.229,0.224,0.225 photo.jpg\n"}},
		{"float32_nchw", []string{"invert", "false"}, []string{" --invert=false --mean"}},
		{"float32_nchw", []string{"labels", labels}, []string{"holds 2 labels", "give other --labels"}},
		{"float32_nchw", []string{"channels", "1", "mean", "0", "std", "1"}, []string{"--channels 1, but the graph takes 3: leave it out"}},
		{"float32_nchw", []string{"mean", "127.5", "std", "127.5"}, []string{": give --input-range 0,255, or mean and std divided by 255"}},
		{"dynamic_size", nil, []string{"give --input-size; --mean and --std (and --input-range", " --input-size 224 --mean "}},
	} {
		var s models.Settings
		for pair := range slices.Chunk(c.given, 2) {
			if err := s.Set(pair[0], pair[1]); err != nil {
				t.Fatal(err)
			}
		}
		m, err := models.Open("../../../../models/testdata/"+c.graph, s)
		if err != nil {
			t.Fatal(err)
		}
		got := Of(fmt.Errorf("before: %w", m.Usable())).Error()
		for _, want := range append(c.want, "before: ") {
			if !strings.Contains(got, want) {
				t.Errorf("%s %q:\n%s\nlacks %q", c.graph, c.given, got, want)
			}
		}
	}
}

// TestExample: labels have a word where they are ImageNet's, and what follows the model is
// what its task takes.
func TestExample(t *testing.T) {
	for want, e := range map[string]*models.Example{
		"ortho classify -m m photo.jpg\nor for good, W: {}\n(nor does it name its classes: --labels imagenet-1k does, where its 1000 are ImageNet's, or --labels FILE; else they are told by their index)": {Task: models.Classify, Image: true, Classes: 1000},
		"ortho classify-text -m m \"a text\"\nor for good, W: {}\n(nor does it name its classes: --labels FILE does; else they are told by their index)":                                                   {Task: models.ClassifyText, Classes: 1000},
		"ortho generate -m m photo.jpg -o made.png\nor for good, W: {}": {Task: models.Generate, Image: true, Named: true},
		"ortho generate -m m -o made.png\nor for good, W: {}":           {Task: models.Generate, Named: true},
		"ortho embed -m m photo.jpg\nor for good, W: {}":                {Task: models.Embed, Image: true, Named: true},
		"ortho classify -m m --labels imagenet-1k photo.jpg\nor for good, W: {} (--labels imagenet-1k stays a flag)": {Task: models.Classify, Image: true, Named: true,
			Settings: []config.Given{{Key: "labels", Value: "imagenet-1k", File: true}}},
		"ortho classify -m m --labels 'my names.txt' photo.jpg\nor for good, W: {}": {Task: models.Classify, Image: true, Named: true,
			Settings: []config.Given{{Key: "labels", Value: "my names.txt", File: true}}},
	} {
		e.Model, e.Where, e.Sidecar = "m", "W", "{}"
		if got := example(e); got != "for example: "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFacts: of what is missing it is told by which flags it is given.
func TestFacts(t *testing.T) {
	m, err := models.Open("../../../../models/testdata/float32_nchw", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	facts := ModelFacts(m)
	for _, want := range []models.Fact{
		{Key: "mean", Value: "missing: give --mean or --preset"},
		{Key: "std", Value: "missing: give --std or --preset"},
		{Key: "labels", Value: "none: classes are told by their index (--labels names them)", Source: "default"},
	} {
		if !slices.Contains(facts, want) {
			t.Errorf("%v lacks %v", facts, want)
		}
	}
	if want := (models.Fact{Key: "mean", Value: "missing: give mean or preset"}); !slices.Contains(m.Facts, want) {
		t.Errorf("the library's own: %v", m.Facts)
	}
	facts = Facts([]models.Fact{{Key: "classes", Value: "1000"}, {Key: "labels", Value: "none", Source: "default"}})
	if want := "none (--labels, imagenet-1k where they are ImageNet's, names them)"; facts[1].Value != want {
		t.Errorf("%q, want %q", facts[1].Value, want)
	}
}

// TestUnscheduled: another scheduler is given by a flag, in an error and in a fact.
func TestUnscheduled(t *testing.T) {
	_, err := scheduler.Read([]byte(`{"_class_name": "NoneSuch"}`))
	if !errors.Is(err, scheduler.ErrUnknown) {
		t.Fatal(err)
	}
	want := "scheduler_config.json: " + err.Error() + " (--scheduler)"
	if got := Text(fmt.Errorf("scheduler_config.json: %w", err)); got != want || !strings.HasSuffix(got, " in its place (--scheduler)") {
		t.Errorf("%q, want %q", got, want)
	}
	facts := Facts([]models.Fact{{Key: "scheduler", Value: "scheduler_config.json: " + err.Error()}, {Key: "scheduler", Value: "ddim", Source: "a file"}})
	if facts[0].Value != want || facts[1].Value != "ddim" {
		t.Errorf("%v, want %q", facts, want)
	}
}
