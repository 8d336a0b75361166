package imagine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	words "ortho/models/text"
	"ortho/preprocess"
)

// Generator draws what a story comes to: a generator of one graph, or a pipeline.
type Generator struct {
	Name string
	// Fallback is true where nobody has named the generator: it draws what it has a label for,
	// and texts of which it knows all words, one of them a digit. One that was named gets the
	// description of what it has no label for.
	Fallback bool

	spec    *models.GeneratorSpec // of a model of one graph; empty of a pipeline
	texts   bool                  // it takes texts
	samples func(context.Context, iter.Seq[generate.Request]) iter.Seq[Sample]
}

// Sample is the outcome of one picture.
type Sample struct {
	Request   generate.Request   // with its seed, and the class that was drawn where the model needs one
	Diffusion *diffusion.Request // as a pipeline has filled it in; nil for other generators
	Image     *preprocess.Image
	Err       error
}

// NewGenerator takes a model's generator, which makes images of classes or texts.
func NewGenerator(name string, g *generate.Generator) (*Generator, error) {
	spec := g.Spec()
	if spec.Image != nil || spec.Class == nil && spec.Text == nil {
		return nil, fmt.Errorf("%s does not make images of classes or texts", name)
	}
	return &Generator{Name: name, spec: spec, texts: spec.Text != nil, samples: func(ctx context.Context, requests iter.Seq[generate.Request]) iter.Seq[Sample] {
		return func(yield func(Sample) bool) {
			for made := range g.Samples(ctx, requests) {
				s := Sample{Request: made.Request, Image: made.Image, Err: made.Err}
				if made.Class != nil {
					s.Request.Class = made.Class
				}
				if !yield(s) {
					return
				}
			}
		}
	}}, nil
}

// NewPipelineGenerator takes a pipeline. Each picture is made as request says, which has
// neither prompt nor seed.
func NewPipelineGenerator(name string, p *diffusion.Pipeline, request diffusion.Request) *Generator {
	return &Generator{Name: name, spec: &models.GeneratorSpec{}, texts: true, samples: func(ctx context.Context, requests iter.Seq[generate.Request]) iter.Seq[Sample] {
		asked := func(yield func(diffusion.Request) bool) {
			for r := range requests {
				one := request
				one.Prompt, one.Seed = r.Text, r.Seed
				if !yield(one) {
					return
				}
			}
		}
		return func(yield func(Sample) bool) {
			for made := range p.Samples(ctx, asked) {
				if !yield(Sample{generate.Request{Text: made.Request.Prompt, Seed: made.Request.Seed}, &made.Request, made.Image, made.Err}) {
					return
				}
			}
		}
	}}
}

// Plan is what the generator is asked for.
type Plan struct {
	Request generate.Request // without its seed
	Label   string           // the generator's own, of the class; "" where it gets a description
	Subject string           // what is drawn, in the fewest words that there are
}

// Why nothing is planned, where another generator would help. Other errors are about what
// this generator was asked for.
var (
	ErrNoClass = errors.New("there is no class to draw, and no generator that draws the text as it is")
	ErrUnnamed = errors.New("no other generator is named")
)

// Plan settles what is drawn of a story, and writes it into the story's Generation; where the
// generator can't draw it, the error is written there.
func (g *Generator) Plan(s *Story) (*Plan, error) {
	plan, err := g.fit(s)
	if err == nil {
		err = g.checkWords(plan.Request.Text)
	}
	if err != nil {
		s.Generation.None = valid(err.Error())
		return nil, err
	}
	asked := &s.Generation
	asked.Model, asked.Text, asked.Class, asked.Label = g.Name, plan.Request.Text, plan.Request.Class, valid(plan.Label)
	return plan, nil
}

// checkWords refuses a text without any word that means something to the model.
func (g *Generator) checkWords(text string) error {
	in := g.spec.Text
	if text == "" || in == nil || in.Vocabulary.Encode(text, in.Length).Telling > 0 {
		return nil
	}
	return fmt.Errorf("%.60q says nothing to %s, which knows %s", text, g.Name, in.Knows())
}

// fit is Plan before the words of a text are looked at.
func (g *Generator) fit(s *Story) (*Plan, error) {
	class, d := s.Decision, &s.Description
	if s.Image == nil && g.texts && (!g.Fallback || g.understands(d.Sentence)) {
		return &Plan{Request: generate.Request{Text: d.Sentence}, Subject: d.Sentence}, nil
	}
	if class == nil {
		return nil, ErrNoClass
	}
	label := models.Label{Name: class.Label, ID: class.ID}
	index := slices.IndexFunc(g.spec.Labels, func(l models.Label) bool { return sameName(l, label) })
	switch {
	case index >= 0 && g.texts:
		name := g.spec.Labels[index].Name
		said := append(g.attributes(d), name)
		return &Plan{Request: generate.Request{Text: article(strings.Join(said, " "))}, Label: name, Subject: name}, nil
	case index >= 0:
		name := g.spec.Labels[index].Name
		return &Plan{Request: generate.Request{Class: &index}, Label: name, Subject: name}, nil
	case g.Fallback:
		return nil, fmt.Errorf("%s does not draw %q, and %w", g.Name, class.Label, ErrUnnamed)
	case g.texts && d.StandIn: // a stand-in decides nothing, and may name two classes
		return &Plan{Request: generate.Request{Text: article(class.Label)}, Subject: class.Label}, nil
	case g.texts:
		return &Plan{Request: generate.Request{Text: d.Sentence}, Subject: class.Label}, nil
	}
	return nil, fmt.Errorf("%s has no label like %q, and takes no texts", g.Name, class.Label)
}

// understands reports whether the generator knows all words of a text, and one of them is a
// digit.
func (g *Generator) understands(sentence string) bool {
	in := g.spec.Text
	if in == nil {
		return false
	}
	digits := 0
	for _, token := range words.Tokens(sentence) {
		if IsDigit(token) {
			digits++
		}
	}
	e := in.Vocabulary.Encode(sentence, in.Length)
	return digits == 1 && e.Known == e.Tokens && len(e.Cut) == 0
}

// attributes are those of a description that the generator knows all words of, none a digit
// or a colour, and the usual of what they leave open: as many as the text has room for
// beside its article and the class.
func (g *Generator) attributes(d *Description) (known []string) {
	knows := func(words string, n int) bool {
		e := g.spec.Text.Vocabulary.Encode(words, n)
		return n > 0 && e.Known == n
	}
	room := g.spec.Text.Length - 2 - len(axes)
	var said []string
	for _, attribute := range d.Attributes {
		tokens := words.Tokens(attribute)
		if len(tokens) > room || !knows(attribute, len(tokens)) || slices.ContainsFunc(tokens, func(w string) bool { return IsDigit(w) || slices.Contains(colours, w) }) {
			continue
		}
		room -= len(tokens)
		known, said = append(known, strings.Join(tokens, " ")), append(said, tokens...)
	}
	for _, axis := range axes {
		open := !slices.ContainsFunc(said, func(w string) bool { return w == axis.usual || slices.Contains(axis.other, w) })
		if open && knows(axis.usual, 1) {
			known = append(known, axis.usual)
		}
	}
	return known
}

// Draw makes n pictures of a plan and yields them in order: the i-th, from 0, has the seed +
// i. The same plan and seed give the same pictures. When ctx is done it ends early.
func (g *Generator) Draw(ctx context.Context, p *Plan, seed uint64, n int) iter.Seq[Sample] {
	return g.samples(ctx, func(yield func(generate.Request) bool) {
		for i := range n {
			one := p.Request
			one.Seed = seed + uint64(i)
			if !yield(one) {
				return
			}
		}
	})
}
