// Package zeroshot classifies images by texts: a dual encoder's embedding of an image is compared
// with those of the labels, each put into templates ("a photo of {}").
//
//	labels --templates--> texts --dual.Texts--> unit vectors --mean--> one a label
//	image  --embed--> unit vector --dot--> cosines --dual.Logits--> probabilities
//
// It is what transformers' zero-shot pipeline does; several templates are averaged as CLIP's authors
// do (https://github.com/openai/CLIP, notebooks/Prompt_Engineering_for_ImageNet.ipynb).
package zeroshot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/models/images"
	"ortho/runner"
)

// Template is that of transformers' pipeline.
const Template = "This is a photo of {}."

// MaxTexts bounds labels times templates.
const MaxTexts = 1 << 20

// place is where a label stands in a template.
const place = "{}"

// Options say what images are compared with, and how the graph runs.
type Options struct {
	Labels    []string
	Templates []string // each with {}; none: [Template]
	// Texts is called as labels are embedded, with how many are; may be nil.
	Texts func(done, all int)

	Images         images.Options
	Top            int     // at most so many predictions an image; 0: all
	MinProbability float64 // leave out less probable ones
	Logits         bool    // also return scale * cosine + bias of each label
}

// Classifier is a model that is open with its labels. Its methods may be called concurrently.
type Classifier struct {
	*images.Graph[classify.Result]
	// Cut are the labels of which a text was too long for the model, so that its end is not looked at.
	Cut []string
}

// CheckTemplate returns why a template can't be used.
func CheckTemplate(template string) error {
	if strings.Count(template, place) != 1 {
		return fmt.Errorf("the template %.60q has to have {} once, where the label stands", template)
	}
	return nil
}

// Open embeds the labels, and opens the model for images. Close it after use. ctx is for Open alone.
func Open(ctx context.Context, m *dual.Model, opt Options) (*Classifier, error) {
	if len(opt.Templates) == 0 {
		opt.Templates = []string{Template}
	}
	for _, t := range opt.Templates {
		if err := CheckTemplate(t); err != nil {
			return nil, err
		}
	}
	switch {
	case len(opt.Labels) == 0:
		return nil, errors.New("there are no labels")
	case len(opt.Labels) > MaxTexts/len(opt.Templates):
		return nil, fmt.Errorf("%d labels by %d templates are more than %d texts", len(opt.Labels), len(opt.Templates), MaxTexts)
	}
	logits, err := m.Logits()
	if err != nil {
		return nil, err
	}
	spec, err := m.Image.Embedder()
	if err != nil {
		return nil, err
	}
	c := &Classifier{}
	rows, err := c.embed(ctx, m, opt)
	if err != nil {
		return nil, err
	}
	scores := &models.ClassifierSpec{Scores: models.Scores{ScoresPort: models.ScoresPort{Activation: logits.Activation}}}
	for _, label := range opt.Labels {
		scores.Labels = append(scores.Labels, models.Label{Name: label})
	}
	answer := classify.Options{Top: opt.Top, MinProbability: opt.MinProbability}
	c.Graph, err = images.Open(ctx, m.Image, images.Task[classify.Result]{
		Input: &spec.Input, Batch: spec.Batch, Outputs: []string{spec.Output.OutputName},
		Read: func(size images.Size, outputs []runner.Row) (classify.Result, error) {
			values, err := images.Values(outputs[0])
			if err == nil {
				err = embed.Unit(values)
			}
			if err == nil && len(values) != len(rows[0]) {
				err = fmt.Errorf("an image's embedding has %d numbers, and a text's %d: the halves are of two models", len(values), len(rows[0]))
			}
			if err != nil {
				return classify.Result{}, models.StageOutput.Wrap(err)
			}
			all := make([]float32, len(rows))
			for i, row := range rows {
				dot := 0.0
				for k, v := range row {
					dot += float64(v) * float64(values[k])
				}
				all[i] = float32(logits.Scale*dot + logits.Bias)
			}
			result := classify.Result{Predictions: classify.Rank(scores, answer, all), Width: size.Width, Height: size.Height}
			if opt.Logits {
				result.Logits = all
			}
			return result, nil
		},
	}, opt.Images)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// embed returns a vector of length 1 for each label.
func (c *Classifier) embed(ctx context.Context, m *dual.Model, opt Options) ([][]float32, error) {
	texts, err := m.OpenTexts(ctx, opt.Images.Runner)
	if err != nil {
		return nil, err
	}
	defer texts.Close()
	_, workers := opt.Images.Runner.DefaultBatch(texts.Session().Provider)
	type labelled struct {
		row []float32
		cut bool
	}
	var rows [][]float32
	labels := func(yield func(string) bool) {
		for _, label := range opt.Labels {
			if !yield(label) {
				return
			}
		}
	}
	for r := range runner.Map(ctx, labels, workers, func(ctx context.Context, label string) (l labelled, err error) {
		for _, template := range opt.Templates {
			e, cut, err := texts.Embed(ctx, strings.Replace(template, place, label, 1))
			if err == nil {
				err = embed.Unit(e)
			}
			if err != nil {
				return l, fmt.Errorf("label %.60q: %w", label, err)
			}
			l.cut = l.cut || cut
			if l.row == nil {
				l.row = e
				continue
			}
			for i, v := range e {
				l.row[i] += v
			}
		}
		return l, embed.Unit(l.row)
	}) {
		if r.Err != nil {
			return nil, r.Err
		}
		if r.Value.cut {
			c.Cut = append(c.Cut, r.Item)
		}
		rows = append(rows, r.Value.row)
		if opt.Texts != nil {
			opt.Texts(len(rows), len(opt.Labels))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return rows, nil
}
