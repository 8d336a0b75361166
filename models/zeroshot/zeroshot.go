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
	opt.Templates = templatesOr(opt.Templates)
	if err := check(opt.Labels, opt.Templates); err != nil {
		return nil, err
	}
	spec, err := m.Image.Embedder()
	if err != nil {
		return nil, err
	}
	labels, err := embedded(ctx, m, opt)
	if err != nil {
		return nil, err
	}
	c := &Classifier{Cut: labels.Cut}
	answer := classify.Options{Top: opt.Top, MinProbability: opt.MinProbability, Logits: opt.Logits}
	c.Graph, err = images.Open(ctx, m.Image, images.Task[classify.Result]{
		Input: &spec.Input, Batch: spec.Batch, Outputs: []string{spec.Output.OutputName},
		Read: func(size images.Size, outputs []runner.Row) (classify.Result, error) {
			values, err := images.Values(outputs[0])
			if err != nil {
				return classify.Result{}, models.StageOutput.Wrap(err)
			}
			return labels.Rank(embed.Result{Embedding: values, Width: size.Width, Height: size.Height}, answer)
		},
	}, opt.Images)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// embedded opens the half for texts, for the labels alone.
func embedded(ctx context.Context, m *dual.Model, opt Options) (*Labels, error) {
	texts, err := m.OpenTexts(ctx, opt.Images.Runner)
	if err != nil {
		return nil, err
	}
	defer texts.Close()
	return Embed(ctx, m, texts, opt)
}
