package zeroshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/runner"
)

// Labels are what embeddings of images are compared with.
type Labels struct {
	// Cut are the labels of which a text was too long for the model, so that its end is not looked at.
	Cut []string

	logits dual.Logits
	scores *models.ClassifierSpec
	rows   [][]float32 // a vector of length 1 for each label
}

func templatesOr(given []string) []string {
	if len(given) == 0 {
		return []string{Template}
	}
	return given
}

func check(labels, templates []string) error {
	for _, t := range templates {
		if err := CheckTemplate(t); err != nil {
			return err
		}
	}
	switch {
	case len(labels) == 0:
		return errors.New("there are no labels")
	case len(labels) > MaxTexts/len(templates):
		return fmt.Errorf("%d labels by %d templates are more than %d texts", len(labels), len(templates), MaxTexts)
	}
	return nil
}

// Embed embeds opt's labels by the half for texts, which stays the caller's; what opt says of images is not looked at.
func Embed(ctx context.Context, m *dual.Model, texts *dual.Texts, opt Options) (*Labels, error) {
	templates := templatesOr(opt.Templates)
	if err := check(opt.Labels, templates); err != nil {
		return nil, err
	}
	logits, err := m.Logits()
	if err != nil {
		return nil, err
	}
	l := &Labels{logits: logits, scores: &models.ClassifierSpec{Scores: models.Scores{ScoresPort: models.ScoresPort{Activation: logits.Activation}}}}
	for _, label := range opt.Labels {
		l.scores.Labels = append(l.scores.Labels, models.Label{Name: label})
	}
	_, workers := opt.Images.Runner.DefaultBatch(texts.Session().Provider)
	type labelled struct {
		row []float32
		cut bool
	}
	for r := range runner.Map(ctx, slices.Values(opt.Labels), workers, func(ctx context.Context, label string) (l labelled, err error) {
		for _, template := range templates {
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
			l.Cut = append(l.Cut, r.Item)
		}
		l.rows = append(l.rows, r.Value.row)
		if opt.Texts != nil {
			opt.Texts(len(l.rows), len(opt.Labels))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l, nil
}

// Rank compares an image's embedding, as the graph gives it and which is made a vector of length 1, with the labels.
// Of answer it looks at Top, MinProbability and Logits.
func (l *Labels) Rank(of embed.Result, answer classify.Options) (classify.Result, error) {
	err := embed.Unit(of.Embedding)
	if err == nil && len(of.Embedding) != len(l.rows[0]) {
		err = fmt.Errorf("an image's embedding has %d numbers, and a text's %d: the halves are of two models", len(of.Embedding), len(l.rows[0]))
	}
	if err != nil {
		return classify.Result{}, models.StageOutput.Wrap(err)
	}
	all := make([]float32, len(l.rows))
	for i, row := range l.rows {
		dot := 0.0
		for k, v := range row {
			dot += float64(v) * float64(of.Embedding[k])
		}
		all[i] = float32(l.logits.Scale*dot + l.logits.Bias)
	}
	result := classify.Result{Predictions: classify.Rank(l.scores, answer, all), Width: of.Width, Height: of.Height}
	if answer.Logits {
		result.Logits = all
	}
	return result, nil
}
