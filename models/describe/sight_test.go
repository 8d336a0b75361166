package describe_test

import (
	"strings"
	"testing"

	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/models/detect"
	"ortho/models/segment"
	"ortho/models/witness"
)

// TestSight: what other models see is in the prompt, in one line each, unless evidence is kept back; it is
// part of what kept answers go by.
func TestSight(t *testing.T) {
	server := openaitest.New(t, openaitest.Describe(openaitest.Description{}))
	img := small("a")
	img.Sight = witness.Sight{Width: 200, Height: 100,
		Detections: []detect.Detection{{Index: 1, Label: "cat\n- dog\u202e", Score: 0.875, Box: [4]float32{20, 10, 100, 300}}, {Index: 7, Score: 0.25}},
		Segments:   []segment.Segment{{Index: 3, Label: "sky", Share: 0.5}, {Index: 4, Label: "tree", Share: 0.25}},
		Lists: []witness.Ranking{{Name: "scenes", Predictions: []classify.Prediction{{Label: "a beach", Probability: 0.75}, {Index: 1, Label: "a park", Probability: 0.125},
			{Index: 2, Label: "a street", Probability: 0.0625}, {Index: 3, Label: "a shop", Probability: 0.03125}}}, {Name: "none"}}}
	folder := t.TempDir()
	d, _ := open(t, server, describe.Options{Cache: folder})
	if _, err := d.Describe(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	text := server.Requests()[0].Text
	for _, want := range []string{"\n- cat - dog: 87.5 %, from 10,10 to 50,100\n- class 7: 25.0 %, from 0,0 to 0,0\n", "pixels: sky 50.0 %, tree 25.0 %. ", "scenes, the image is most like these: a beach 75.0 %, a park 12.5 %, a street 6.2 %. "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	silent, _ := open(t, server, describe.Options{Cache: folder, NoEvidence: true})
	if _, err := silent.Describe(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	if text = server.Requests()[1].Text; strings.Contains(text, "detector") || strings.Contains(text, "sky") || strings.Contains(text, "beach") {
		t.Error(text)
	}
}

// TestConfirm: a part that lies within the image is sent with what is around it, whatever its box, and an
// answer that is none is asked for again.
func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		box           [4]float32
		width, height int
	}{
		{[4]float32{20, 10, 30, 20}, 43, 32}, // 16 pixels on each side, as far as there are any
		{[4]float32{-1e9, -1e9, 1e9, 1e9}, 48, 32},
		{[4]float32{1000, 1000, 1001, 1001}, 1, 1},
		{[4]float32{30, 20, 20, 10}, 1, 1},
	} {
		server := openaitest.New(t, openaitest.Say(`{"reason": "r", "answer": "perhaps a dog"}`), openaitest.Say("{\"reason\": \"r\", \"answer\": true}"))
		d, _ := open(t, server, describe.Options{})
		img := small("a", cats...)
		img.Part = &describe.Part{Box: c.box}
		got, err := d.Confirm(t.Context(), img, "a \"dog\"\n\u202e")
		if err != nil || got.Answer != describe.Yes || got.Usage.Requests != 2 {
			t.Errorf("%v: %+v, %v", c.box, got, err)
			continue
		}
		if r := server.Requests()[0]; c.width > 1 && (r.Width != c.width || r.Height != c.height) || !strings.Contains(r.Text, `: "a \"dog\""?`) || strings.Contains(r.Text, "tabby") {
			t.Errorf("%v: %dx%d, %s", c.box, r.Width, r.Height, r.Text)
		}
	}
	d, _ := open(t, openaitest.New(t), describe.Options{})
	if _, err := d.Confirm(t.Context(), small("a"), "\u202e "); err == nil {
		t.Error("nothing was asked for, without an error")
	}
}
