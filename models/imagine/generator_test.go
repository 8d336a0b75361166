package imagine

import (
	"bytes"
	"errors"
	"testing"

	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
)

func drawer(t *testing.T, name string) *Generator {
	t.Helper()
	m, err := models.Open(name, models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.Open(t.Context(), m, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	a, err := NewGenerator(m.Name, g)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// settled is the story of an image that shows a class.
func settled(label string, attributes ...string) *Story {
	s := newStory()
	s.Image = &Opinion{}
	s.Description = Description{Sentence: "A bold thing on a table.", By: ByDescriber, Attributes: attributes}
	s.Decision = &Decision{Class: Class{Label: label}, By: ByBoth}
	return s
}

// TestPlan: what is known of a digit is said, and the rest is as usual.
func TestPlan(t *testing.T) {
	glyphs := drawer(t, "../bundled/glyphs")
	for _, c := range []struct {
		label      string
		attributes []string
		fallback   bool
		want       string
		err        error
	}{
		{"seven", nil, true, "a regular upright seven", nil},
		{"7 - seven", []string{"bold", "black", "handwritten", "three strokes"}, true, "a bold handwritten upright seven", nil},
		{"eight", []string{"light slanted"}, false, "a light slanted eight", nil},
		{"espresso", nil, true, "", ErrUnnamed},
		{"espresso", nil, false, "A bold thing on a table.", nil},
	} {
		glyphs.Fallback = c.fallback
		s := settled(c.label, c.attributes...)
		plan, err := glyphs.Plan(s)
		if !errors.Is(err, c.err) || s.Generation.Text != c.want || (s.Generation.None != "") != (c.err != nil) || plan != nil && plan.Request.Text != c.want {
			t.Errorf("%s, %q: %+v, %v", c.label, c.attributes, s.Generation, err)
		}
	}
	glyphs.Fallback = false
	s := settled("espresso")
	s.Description.StandIn = true
	if plan, err := glyphs.Plan(s); err == nil { // of "an espresso" it knows nothing
		t.Errorf("%+v", plan)
	}
	s.Decision = nil
	if _, err := glyphs.Plan(s); !errors.Is(err, ErrNoClass) {
		t.Error(err)
	}
}

// TestDraw: a plan and a seed give the same pictures again, and each its own.
func TestDraw(t *testing.T) {
	of := drawer(t, "../generate/testdata/samples/class")
	s := settled("2")
	plan, err := of.Plan(s)
	if err != nil || plan.Request.Class == nil || s.Generation.Class == nil || plan.Request.Text != "" {
		t.Fatalf("%+v, %v", plan, err)
	}
	draw := func(seed uint64, n int) (all []Sample) {
		for made := range of.Draw(t.Context(), plan, seed, n) {
			if made.Err != nil || made.Diffusion != nil || *made.Request.Class != *plan.Request.Class || made.Request.Seed != seed+uint64(len(all)) {
				t.Fatalf("%+v", made)
			}
			all = append(all, made)
		}
		return all
	}
	three, second := draw(5, 3), draw(6, 1)
	if len(three) != 3 || !bytes.Equal(three[1].Image.Pix, second[0].Image.Pix) || bytes.Equal(three[0].Image.Pix, second[0].Image.Pix) {
		t.Errorf("%d pictures, or others", len(three))
	}
	s = settled("espresso")
	if _, err := of.Plan(s); err == nil || s.Generation.None != `class has no label like "espresso", and takes no texts` {
		t.Errorf("%+v, %v", s.Generation, err)
	}
}

// TestPainter: a pipeline gets the description, and draws what it does by itself.
func TestPainter(t *testing.T) {
	m, err := diffusion.ReadFolder("../diffusion/testdata/sd")
	if err != nil {
		t.Fatal(err)
	}
	p, err := diffusion.Open(t.Context(), m, diffusion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a := NewPipelineGenerator(m.Name, p, diffusion.Request{Steps: 2})
	plan, err := a.Plan(settled("espresso"))
	if err != nil || plan.Request.Text != "A bold thing on a table." || plan.Subject != "espresso" {
		t.Fatalf("%+v, %v", plan, err)
	}
	for made := range a.Draw(t.Context(), plan, 4, 1) {
		if made.Err != nil || made.Diffusion.Steps != 2 || made.Diffusion.Scheduler == "" || made.Request.Text != plan.Request.Text || made.Request.Seed != 4 {
			t.Fatalf("%+v", made)
		}
		for alone := range p.Samples(t.Context(), func(yield func(diffusion.Request) bool) {
			yield(diffusion.Request{Prompt: plan.Request.Text, Seed: 4, Steps: 2})
		}) {
			if alone.Err != nil || !bytes.Equal(alone.Image.Pix, made.Image.Pix) {
				t.Errorf("the pipeline draws another: %v", alone.Err)
			}
		}
	}
	a.Fallback = true // it understands no text by itself
	s := newStory()
	s.Description.Sentence = "a seven"
	if _, err := a.Plan(s); !errors.Is(err, ErrNoClass) {
		t.Error(err)
	}
}

func TestNewArtistOfImages(t *testing.T) {
	m, err := models.Open("../bundled/span-x2", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.Open(t.Context(), m, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if a, err := NewGenerator(m.Name, g); err == nil {
		t.Errorf("%+v", a)
	}
}

// TestBorrowLabels: a model of ten gray classes without labels is taken to be one of digits.
func TestBorrowLabels(t *testing.T) {
	ten := make([]models.Label, 10)
	for i := range ten {
		ten[i].Name = digitNames[i]
	}
	digits := &models.GeneratorSpec{Labels: ten}
	for _, c := range []struct {
		expert   ImageExpert
		fallback bool
		want     bool
	}{
		{ImageExpert{Name: "mnist", gray: true, scores: models.Scores{ScoresPort: models.ScoresPort{Classes: 10}}}, true, true},
		{ImageExpert{Name: "cifar", scores: models.Scores{ScoresPort: models.ScoresPort{Classes: 10}}}, true, false},
		{ImageExpert{Name: "cifar", scores: models.Scores{ScoresPort: models.ScoresPort{Classes: 10}}}, false, true},
		{ImageExpert{Name: "eleven", gray: true, scores: models.Scores{ScoresPort: models.ScoresPort{Classes: 11}}}, false, false},
		{ImageExpert{Name: "labelled", gray: true, scores: models.Scores{ScoresPort: models.ScoresPort{Classes: 10, Labels: make([]models.Label, 10)}}}, false, false},
	} {
		e := c.expert
		said := e.BorrowLabels(&Generator{Name: "glyphs", Fallback: c.fallback, spec: digits})
		if (said != "") != c.want || (e.Label(7) == "seven") != c.want {
			t.Errorf("%s, fallback %v: %q, class 7 is %s", e.Name, c.fallback, said, e.Label(7))
		}
		if c.want && !e.SameClasses(ten) {
			t.Errorf("%s does not have the labels", e.Name)
		}
	}
}
