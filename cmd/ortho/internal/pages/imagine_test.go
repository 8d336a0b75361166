package pages

import (
	"strings"
	"testing"

	"ortho/models/classify"
	"ortho/models/imagine"
	"ortho/preprocess"
)

// TestImagined: of a text, and of an image whose two sides are fused.
func TestImagined(t *testing.T) {
	seed := uint64(3)
	drawn := imagine.Sample{Image: &preprocess.Image{Pix: make([]byte, 64), Width: 8, Height: 8, Channels: 1}}
	opinion := func(model string) *imagine.Opinion {
		all := []classify.Prediction{{Index: 1, Label: "seven", Probability: 0.75}, {Index: 0, Probability: 0.25}}
		return &imagine.Opinion{Model: model, Predictions: all, All: all}
	}
	text := &imagine.Story{
		Description: imagine.Description{Sentence: "a \x1b[31mseven", By: "the command line"},
		Decision:    &imagine.Decision{Class: imagine.Class{Index: 1, Label: "seven"}, By: "text"},
		Text:        opinion("reader"),
		Generation:  imagine.Generation{Model: "glyphs", Text: "seven", Seed: &seed, Files: []string{"out/0000-seven.png"}},
	}
	image := *text
	image.Input, image.Image = "digits/a.png", opinion("looker")
	image.Fusion = &imagine.Fusion{Weight: 1, Predictions: opinion("").All, All: []float64{0.1, 0.9}}
	for _, c := range []struct {
		story         *imagine.Story
		summary, page []string
	}{
		{text, []string{"description  a ", "(by the command line)", "text         seven 75.0 %, class 0 25.0 %", "decision     seven (text)", "drawn        out/0000-seven.png"},
			[]string{"What a description becomes", "What reader reads in it", "0000-seven.png, seed 0"}},
		{&image, []string{"image        seven 75.0 %", "fused        seven"}, []string{"What a.png becomes", "name 0", "Fused: image × text^1"}},
	} {
		shown := &Imagined{Story: c.story, Made: []imagine.Sample{drawn}, Label: func(class int) string { return "name " + string(rune('0'+class)) }}
		summary := shown.Summary()
		if strings.Contains(summary, "\x1b") {
			t.Errorf("%q moves the cursor", summary)
		}
		for _, want := range c.summary {
			if !strings.Contains(summary, want) {
				t.Errorf("no %q in %q", want, summary)
			}
		}
		page, err := shown.Page()
		if err != nil {
			t.Fatal(err)
		}
		var html strings.Builder
		if err := page.WriteHTML(&html); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.page {
			if !strings.Contains(html.String(), want) {
				t.Errorf("no %q on the page", want)
			}
		}
	}
}
