package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/evaluate"
	"ortho/models/evaluate/tags"
	"ortho/models/tag"
	"ortho/runner"
)

// tags are images whose tags are known.
func (o *evalOptions) tags(call *flags.Call) (*subject, error) {
	if err := o.only(call, "common", "threshold", "mcut"); err != nil {
		return nil, err
	}
	truth, err := dataset.OpenTags(o.data)
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for _, of := range truth.Of {
		for _, name := range of {
			if !seen[name] {
				seen[name], names = true, append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("data %s: no image has a tag", o.data)
	}
	s := &subject{task: models.Classify, images: truth.Images, data: pages.EvaluationData{Path: o.data, Kind: "tags of images, " + truth.Kind, Classes: len(names), Notes: truth.Notes}}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		return o.tagging(ctx, call, c.model, truth, names, &s.data)
	}
	return s, nil
}

// tagging opens a classifier of many labels.
func (o *evalOptions) tagging(ctx context.Context, call *flags.Call, model *models.Model, truth *dataset.Texts, names []string, data *pages.EvaluationData) (*trial, error) {
	classifier, err := classify.Open(ctx, model, classify.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage})
	if err != nil {
		return nil, err
	}
	spec := classifier.Spec()
	rules, err := o.picked.rules(spec.Labels)
	var p *pairing
	if err == nil {
		p, err = o.pairTags(names, spec.Labels)
	}
	if err != nil {
		classifier.Close()
		return nil, err
	}
	data.NamedBy = p.by
	for _, note := range p.notes {
		tell(call, data, note)
	}
	if spec.Activation == models.Softmax {
		tell(call, data, "the model's classes exclude each other (softmax): hardly more than one is a tag")
	}
	t := &tagged{rules: rules, labels: spec.Labels, truth: truth, of: map[string]int{}, found: tags.New(len(spec.Labels))}
	for at, name := range names {
		if k, judged := p.ofData[at]; judged {
			t.of[name] = p.names[k].Index
		}
	}
	trial := &trial{graph: classifier, labels: spec.Labels, settings: o.picked.settings(), parts: []part{{t.found, t.tell}}}
	trial.answers = answersOf(truth.Images, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, classify.Result]] {
		return classify.Each(ctx, classifier, places, func(place int) classify.Input { return imageOf(item(place)) })
	}, t.add)
	return trial, nil
}

// pairTags finds tags among a model's labels. Names have the model's indices.
func (o *evalOptions) pairTags(names []string, labels []models.Label) (*pairing, error) {
	categories := make([]dataset.Category, len(names))
	for i, name := range names {
		categories[i].Name = name
	}
	p, err := o.pair(categories, labels, len(labels))
	if err != nil {
		return nil, err
	}
	for mine, k := range p.ofMine {
		p.names[k].Index = mine
	}
	return p, nil
}

// tagged is what a model says of tags.
type tagged struct {
	rules  tag.Rules
	labels []models.Label
	truth  *dataset.Texts
	of     map[string]int // labels of the model, by the data's tags
	found  *tags.Evaluation
}

func (t *tagged) add(place int, answer classify.Result) error {
	values := make([]float32, len(t.labels))
	for _, p := range answer.Predictions {
		if p.Index < len(values) {
			values[p.Index] = float32(p.Probability)
		}
	}
	var picked, truth []int
	shown := rows.Predictions(answer.Predictions[:min(len(answer.Predictions), tag.Most)])
	for _, one := range t.rules.Pick(shown, t.labels) {
		picked = append(picked, one.Index)
	}
	for _, name := range t.truth.Of[place] {
		if label, judged := t.of[name]; judged {
			truth = append(truth, label)
		}
	}
	if err := t.found.Add(values, picked, truth); err != nil {
		return models.StageOutput.Wrap(err)
	}
	return nil
}

func (t *tagged) tell() pages.QualityPart {
	told := pages.QualityPart{Of: "Tags", ClassFigure: "AP", Counted: "images"}
	byCategory, all := map[string][]int{}, []int{}
	var categories []string
	for k, of := range t.found.Labels() {
		if of.Images == 0 && of.Picked == 0 {
			continue
		}
		c := pages.QualityClass{Name: evaluate.Name{Index: k, Label: t.labels[k].Name, ID: t.labels[k].ID}, N: int64(of.Images), Found: int64(of.Picked)}
		if of.Images > 0 {
			if best, ok := t.found.Curve([]int{k}).Best(); ok {
				c.Best = &best
			}
			category := t.labels[k].Category
			if byCategory[category] == nil {
				categories = append(categories, category)
			}
			byCategory[category], all = append(byCategory[category], k), append(all, k)
		}
		told.Classes = append(told.Classes, c)
	}
	curve := t.found.Curve(all)
	told.Curve = curve.Points()
	advise := func(of, flag string, labels []int) {
		if best, ok := t.found.Curve(labels).Best(); ok {
			told.Advice = append(told.Advice, pages.Advice{Of: of, Flag: "--threshold " + flag + strconv.FormatFloat(best.Threshold, 'g', 4, 64), Point: best})
		}
	}
	advise("tags that occur", "", all)
	if len(categories) > 1 {
		for _, category := range categories {
			if category != "" {
				advise("category "+category, category+"=", byCategory[category])
			}
		}
	}
	return told
}
