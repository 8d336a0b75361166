package grounding_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/models/detect"
	"ortho/models/grounding"
	"ortho/models/witness"
)

// TestSettle: what is ambiguous is asked about with its part of the image, at most so often; answers are kept, and
// one that does not come leaves it ambiguous.
func TestSettle(t *testing.T) {
	server := openaitest.New(t)
	server.Route(func(r *openaitest.Request) openaitest.Answer {
		switch {
		case strings.Contains(r.Text, `"dog"`):
			return openaitest.Describe(openaitest.Description{Shows: "no"})
		case strings.Contains(r.Text, `"sofa"`):
			return openaitest.Say(`{"reason": "who knows", "answer": "Unclear."}`)
		case strings.Contains(r.Text, `"bus"`):
			return openaitest.Refuse("no")
		}
		return openaitest.Describe(openaitest.Description{})
	})
	d, err := describe.Open(describe.Options{BaseURL: server.URL, Cache: t.TempDir(), MaxRequests: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var vocabulary []models.Label
	for _, name := range []string{"cat", "dog", "couch", "bus", "person", "cup"} {
		vocabulary = append(vocabulary, models.Label{Name: name})
	}
	checker, err := grounding.NewChecker(vocabulary, grounding.Rules{Sure: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	reads := 0
	img := describe.Image{Name: "chelsea.png", Read: func(context.Context) ([]byte, error) {
		reads++
		return os.ReadFile("../../cmd/ortho/testdata/photos/chelsea.png")
	}}
	sight := witness.Sight{Width: 451, Height: 300}
	for i := range vocabulary {
		score := float32(0.3)
		if i == 5 {
			score = 0.8
		}
		sight.Detections = append(sight.Detections, detect.Detection{Index: i, Label: vocabulary[i].Name, Score: score, Box: [4]float32{100, 50, 200, 150}})
	}
	names := []string{"cup", "cat", "dog", "sofa", "bus", "woman"}
	for run := range 2 {
		mentions := checker.Check(names, sight.Detections)
		usage, err := grounding.Settle(t.Context(), d, img, sight, mentions, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []grounding.Status{"found", "found", "not found", "ambiguous", "ambiguous", "ambiguous"} {
			if mentions[i].Status != want {
				t.Errorf("run %d: %+v, want %s", run, mentions[i], want)
			}
		}
		if mentions[0].Asked != nil || mentions[5].Asked != nil || mentions[3].Asked.Answer != describe.Unclear || mentions[4].Asked.Error == "" || mentions[2].Asked.Reason == "" {
			t.Errorf("run %d: %+v", run, mentions)
		}
		if want := 3 - 3*run; usage.Requests != want || mentions[1].Asked.Cached != (run == 1) {
			t.Errorf("run %d: %d requests, want %d", run, usage.Requests, want)
		}
	}
	requests := server.Requests()
	if len(requests) != 4 { // the second run finds the three answers, and may ask no more
		t.Errorf("%d requests", len(requests))
	}
	if r := requests[0]; r.Width != 133 || r.Height != 133 || !strings.Contains(r.Text, "part cut out") { // 101 and 16 on each side
		t.Errorf("%dx%d: %s", r.Width, r.Height, r.Text)
	}
	if reads != 8 {
		t.Errorf("the image was read %d times", reads)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := grounding.Settle(ctx, d, img, sight, checker.Check(names, sight.Detections), 1); err == nil {
		t.Error("no error after the context's end")
	}
}
