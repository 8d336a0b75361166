package describe_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/preprocess"
)

// TestEvidencePaced: no more images are read than may be under way, however many wait in
// the describer.
func TestEvidencePaced(t *testing.T) {
	e := describe.NewEvidence(nil, nil, 3)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	let := 0
	for img := range e.Paced(ctx, slices.Values(make([]describe.Image, 9))) {
		if img.Read = func(context.Context) ([]byte, error) { return nil, nil }; let == 2 {
			_, _, done, _ := e.Look(ctx, img)
			done()
			done() // once is enough
		}
		if let++; let == 4 {
			stop()
		}
	}
	if let != 4 || e.Under() != 3 {
		t.Errorf("%d were let through, and %d are under way", let, e.Under())
	}
}

// TestEvidence: what a classifier says is what the answer chooses from, and one that the
// describer has taken makes room for the next image.
func TestEvidence(t *testing.T) {
	model, err := models.Open("../bundled/efficientnet-lite0", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	classifier, err := classify.Open(t.Context(), model, classify.Options{Top: 3, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer classifier.Close()
	server := openaitest.New(t, openaitest.Describe(openaitest.Description{Class: "espresso"}))
	d, _ := open(t, server, describe.Options{})
	e := describe.NewEvidence(classifier, nil, 9)
	cup, broken := photo("coffee.png"), describe.Image{Name: "broken", Read: func(context.Context) ([]byte, error) { return []byte("text"), nil }}
	missing := describe.Image{Name: "missing", Read: func(context.Context) ([]byte, error) { return nil, os.ErrNotExist }}
	var kinds []string
	for img := range e.Paced(t.Context(), slices.Values([]describe.Image{broken, cup, missing, cup})) {
		if e.Under() != 1 {
			t.Errorf("%d images are under way", e.Under())
		}
		looked, said, done, err := e.Look(t.Context(), img)
		if err != nil {
			done()
			var failed *describe.Error
			if kinds = append(kinds, describe.ErrorKind(err)); !errors.As(err, &failed) || describe.Fatal(err) || strings.HasPrefix(err.Error(), "image: ") {
				t.Errorf("%s: %v", img.Name, err)
			}
			if img.Name == "broken" && !errors.Is(err, preprocess.ErrUnsupported) || img.Name == "missing" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: %v", img.Name, err)
			}
			continue
		}
		got, err := d.Describe(t.Context(), looked) // which makes room
		if err != nil || got.Class.Index != 967 || len(looked.Candidates) != 3 || len(said.Predictions) != 3 || looked.Candidates[0].Probability != said.Predictions[0].Probability {
			t.Errorf("%+v of %+v, %v", got, looked.Candidates, err)
		}
		kinds = append(kinds, got.Class.Name)
	}
	if !slices.Equal(kinds, []string{"unsupported", "espresso", "read", "espresso"}) {
		t.Errorf("%q", kinds)
	}
	if asked := server.Requests()[0]; len(asked.Classes) != 4 {
		t.Errorf("asked to choose from %q", asked.Classes)
	}
}

func TestCandidates(t *testing.T) {
	got := describe.Candidates([]classify.Prediction{{Index: 3, Probability: 0.5}, {Index: 1, Label: "caf\xe9", Probability: 0.25}})
	want := []describe.Candidate{{Index: 3, Name: "class 3", Probability: 0.5}, {Index: 1, Name: "caf\uFFFD", Probability: 0.25}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
