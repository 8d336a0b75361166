package generate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/noise"
	"ortho/models/provenance"
	"ortho/models/text"
)

// chunksOf returns the seed, latents and text chunks of each image of a series.
func chunksOf(s *Series) (all []string) {
	for r := range s.Requests() {
		all = append(all, fmt.Sprint(r.Seed, r.Latents, Sample{Request: r}.Provenance().Chunks()))
	}
	return all
}

func TestSeries(t *testing.T) {
	fox, cat := Subject{Text: "fox"}, Subject{Class: new(1), Label: "cat"}
	rows := [][]float32{{1}, {2}}
	digits := &models.LatentsPort{Shape: []int64{1}, Uniform: true}
	between := &Series{Subjects: []Subject{{}}, Count: 1, Latents: rows}
	if err := between.Interpolate(digits, 1, 0, 4); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		series *Series
		want   []string
	}{
		{&Series{Subjects: []Subject{fox, cat}, Count: 2, Seed: 7, Truncation: 0.5}, []string{
			"7 [] [[ortho:seed 7] [ortho:text fox] [ortho:truncation 0.5]]",
			"8 [] [[ortho:seed 8] [ortho:text fox] [ortho:truncation 0.5]]",
			"7 [] [[ortho:seed 7] [ortho:class 1] [ortho:label cat] [ortho:truncation 0.5]]",
			"8 [] [[ortho:seed 8] [ortho:class 1] [ortho:label cat] [ortho:truncation 0.5]]",
		}},
		{&Series{Subjects: []Subject{fox, cat}, Count: 9, Seed: 7, Latents: rows[:1], LatentsSHA256: "ab"}, []string{
			"7 [1] [[ortho:text fox] [ortho:latents-sha256 ab] [ortho:latents-row 0]]",
			"7 [1] [[ortho:class 1] [ortho:label cat] [ortho:latents-sha256 ab] [ortho:latents-row 0]]",
		}},
		{&Series{Subjects: []Subject{{}}, Seed: 7, Latents: rows, Reseed: true}, []string{
			"7 [1] [[ortho:latents-row 0]]",
			"8 [2] [[ortho:latents-row 1]]",
		}},
		{between, []string{
			"1 [2] [[ortho:interpolate 1,0,0]]",
			"1 [1.6666666] [[ortho:interpolate 1,0,0.333333]]",
			"1 [1.3333334] [[ortho:interpolate 1,0,0.666667]]",
			"1 [1] [[ortho:interpolate 1,0,1]]",
		}},
		{&Series{Count: 3}, nil},
	} {
		if got := chunksOf(c.series); !slices.Equal(got, c.want) || c.series.Len() != len(c.want) {
			t.Errorf("%d:\n%s\nwant\n%s", c.series.Len(), strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	for range (&Series{Subjects: []Subject{fox}, Count: 1 << 60}).Requests() {
		break // none is held
	}
}

// TestSeriesOfSeeds: the ends of an interpolation are what their seeds are alone.
func TestSeriesOfSeeds(t *testing.T) {
	for _, uniform := range []bool{false, true} {
		in := &models.LatentsPort{Shape: []int64{2, 3}, Uniform: uniform}
		s := &Series{Subjects: []Subject{{}}, Count: 1}
		if err := s.Interpolate(in, 5, 9, 3); err != nil {
			t.Fatal(err)
		}
		g := &Generator{name: "g", spec: &models.GeneratorSpec{Latents: in}}
		for i, seed := range []uint64{5, 9} {
			c, err := g.conditions(Request{Seed: seed})
			if err != nil || !slices.Equal(s.Latents[2*i], c.latents) || !slices.Equal(LatentsOfSeed(in, seed), c.latents) {
				t.Errorf("seed %d: %v, %v, want %v", seed, s.Latents[2*i], err, c.latents)
			}
		}
	}
	normal := make([]float32, 20)
	noise.New(3).Normal(normal)
	if got := LatentsOfSeed(&models.LatentsPort{Shape: []int64{20}}, 3); !slices.Equal(got, normal) {
		t.Errorf("%v, want %v", got, normal)
	}
	s := &Series{Latents: [][]float32{{1}, {2}}}
	err := s.Interpolate(&models.LatentsPort{Shape: []int64{1}}, 1, 2, 3)
	if row := (*RowError)(nil); !errors.As(err, &row) || row.Row != 2 || row.Rows != 2 || err.Error() != "row 2: there are the rows 0 to 1" || len(s.Latents) != 2 {
		t.Errorf("%v", err)
	}
}

func TestSubjects(t *testing.T) {
	labels := []models.Label{{Name: "Cat", ID: "n1"}, {Name: "dog\xff", ID: "n2"}}
	classes := &Generator{name: "g", spec: &models.GeneratorSpec{Class: &models.ClassPort{Count: 5}, Labels: labels, Latents: &models.LatentsPort{}}}
	got, err := classes.Subjects("x", "1", "cAT", "n2", "4")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range got {
		all = append(all, fmt.Sprint(s.Text, *s.Class, s.Label))
	}
	if want := []string{"x1dog\uFFFD", "x0Cat", "x1dog\uFFFD", "x4"}; !slices.Equal(all, want) {
		t.Errorf("%q, want %q", all, want)
	}
	if got, err := classes.Subjects("x"); err != nil || len(got) != 1 || got[0] != (Subject{Text: "x"}) {
		t.Errorf("%v, %v", got, err)
	}
	bare := &Generator{name: "g", spec: &models.GeneratorSpec{Class: &models.ClassPort{}}}
	if got, err := bare.Subjects("", "1000"); err != nil || *got[0].Class != 1000 {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range []struct {
		g         *Generator
		class     string
		unlabeled bool
		want      string
	}{
		{classes, "5", false, "class 5: the classes of g are 0 to 4"},
		{classes, "-1", false, "class -1: the classes of g are 0 to 4"},
		{classes, "cow", false, `class "cow": no label of g (Cat, dog`},
		{bare, "cow", true, `class "cow": g has no labels: give an index`},
	} {
		_, err := c.g.Subjects("", "0", c.class)
		if class := (*ClassError)(nil); !errors.As(err, &class) || class.Class != c.class || class.Unlabeled != c.unlabeled || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.class, err, c.want)
		}
	}
	texts := &Generator{name: "g", spec: &models.GeneratorSpec{Text: &models.TextPort{Vocabulary: &text.Vocabulary{}}, Latents: &models.LatentsPort{}}}
	if _, err := texts.Subjects("", "0"); err == nil || err.Error() != "g takes no classes: it makes images of texts and latents" {
		t.Error(err)
	}
	if got := Takes(&models.GeneratorSpec{Image: &models.ImagePort{}, Class: &models.ClassPort{}}); got != "images and classes" {
		t.Error(got)
	}
}

// TestSampleProvenance: a class that was drawn is recorded, and a seed only where it decides.
func TestSampleProvenance(t *testing.T) {
	for want, s := range map[string]Sample{
		"[[ortho:seed 3] [ortho:class 4]]":                   {Request: Request{Seed: 3}, Class: new(4)},
		"[[ortho:seed 3] [ortho:class 2] [ortho:label two]]": {Request: Request{Seed: 3, Class: new(2), Label: "two"}},
		"[[ortho:class 4] [ortho:latents-row 1]]":            {Request: Request{Seed: 3, Latents: []float32{1}, Origin: &provenance.Latents{From: 1}}, Class: new(4)},
	} {
		if got := fmt.Sprint(s.Provenance().Chunks()); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}
