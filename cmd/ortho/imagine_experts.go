package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/fuse"
	"ortho/models/imagine"
	"ortho/runner"
)

// imageExpert is the image model, and what it says.
type imageExpert struct {
	model       *models.Model
	classifier  *classify.Classifier
	scores      models.Scores
	gray        bool
	predictions []classify.Prediction // of all classes, most probable first
}

func openImageExpert(c *cli.Context, options runner.Options) (*imageExpert, error) {
	m, err := openModel(c)
	if err != nil {
		return nil, err
	}
	spec, err := m.Classifier()
	if err != nil {
		return nil, err
	}
	if spec.Embedding {
		return nil, usagef("--output-name asks for values, and not for classes: leave it out")
	}
	checkSettings(c, m)
	e := &imageExpert{model: m, scores: spec.Scores, gray: spec.Input.Channels == 1}
	if e.classifier, err = classify.Open(c.Context, m, classify.Options{Runner: options, MaxPixels: c.Int64("max-pixels")}); err != nil {
		return nil, err
	}
	warnSkipped(e.classifier.Session())
	return e, nil
}

func warnSkipped(s *runner.Session) {
	for _, skipped := range s.Skipped {
		slog.Warn(skipped.Error())
	}
}

// label names a class.
func (e *imageExpert) label(index int) string {
	if index < len(e.scores.Labels) && e.scores.Labels[index].Name != "" {
		return e.scores.Labels[index].Name
	}
	return fmt.Sprintf("class %d", index)
}

// indexOf is the class that the server has chosen; one in its own words may be a label; -1:
// it is none.
func (e *imageExpert) indexOf(c describe.Class) int {
	if c.Index >= 0 {
		return c.Index
	}
	return slices.IndexFunc(e.scores.Labels, func(l models.Label) bool { return imagine.SameName(l, models.Label{Name: c.Name}) })
}

func (e *imageExpert) candidate(index int) describe.Candidate {
	return describe.Candidate{Index: index, Name: e.label(index), Probability: probabilityOf(e.predictions, index)}
}

func probabilityOf(all []classify.Prediction, index int) float64 {
	for _, p := range all {
		if p.Index == index {
			return p.Probability
		}
	}
	return 0
}

// likely is the least probability of a second class that a stand-in mentions.
const likely = 0.01

// standIn is a sentence of the classes.
func (e *imageExpert) standIn() string {
	s := "a photograph of " + imagine.Article(e.label(e.predictions[0].Index))
	if len(e.predictions) > 1 && e.predictions[1].Probability >= likely {
		s += ", perhaps " + imagine.Article(e.label(e.predictions[1].Index))
	}
	return s
}

// textExpert is the text model, and what it says.
type textExpert struct {
	model       *models.Model
	classifier  *classify.TextClassifier
	spec        *models.TextClassifierSpec
	predictions []classify.Prediction // nil: it can't read the description
	strange     bool                  // it knows too few of its words
}

// openTextExpert opens the text model; nil where it would be of no use, and why. The
// default one's classes are compared with the image model's; one that is named is heard
// whatever its classes.
func openTextExpert(c *cli.Context, options runner.Options, image *imageExpert) (*textExpert, string, error) {
	name := c.String("text-model")
	m, err := openNamed(name, models.Settings{})
	if err != nil {
		return nil, "", err
	}
	spec, err := m.TextClassifier()
	if err != nil {
		return nil, "", err
	}
	if !c.IsSet("text-model") && image != nil && !fuse.SameLabels(image.scores.Labels, spec.Labels) {
		return nil, fmt.Sprintf("%s does not read the description: its classes are others than those of %s", m.Name, image.model.Name), nil
	}
	e := &textExpert{model: m, spec: spec}
	if e.classifier, err = classify.OpenText(c.Context, m, classify.Options{Runner: options}); err != nil {
		return nil, "", err
	}
	warnSkipped(e.classifier.Session())
	return e, "", nil
}

// read classifies a description.
func (e *textExpert) read(ctx context.Context, description string) (*imagine.Opinion, error) {
	result, err := e.classifier.Text(ctx, description)
	if err != nil {
		return nil, err
	}
	if result.Output != nil {
		return nil, fmt.Errorf("%s gives values, and not classes", e.model.Name)
	}
	e.predictions = result.Predictions
	o := &imagine.Opinion{Model: e.model.Name, Unknown: cleaned(result.Unknown), Cut: cleaned(result.Cut), Doubt: text(result.Doubt)}
	e.strange = result.Strange
	return o, nil
}

// top is the most probable class that the model was trained on; -1: none.
func (e *textExpert) top() int {
	for _, p := range e.predictions {
		if _, no := slices.BinarySearch(e.spec.Untrained, p.Index); !no {
			return p.Index
		}
	}
	return -1
}

// vector has the probabilities by class.
func vector(all []classify.Prediction) []float64 {
	v := make([]float64, len(all))
	for _, p := range all {
		if p.Index < len(v) {
			v[p.Index] = p.Probability
		}
	}
	return v
}
