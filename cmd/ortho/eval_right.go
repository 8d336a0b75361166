package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/evaluate"
	"ortho/models/images"
	"ortho/models/zeroshot"
	"ortho/runner"
)

// right is how often the classes of images are among the best answers.
type right struct {
	classes []int // of the model, by the data's
	of      []int // classes of the data, by image
	names   []evaluate.Name
	shares  *evaluate.Shares
}

// newRight begins with the names of the data's classes, which are classes of the model; of images. n is how many the model
// has: of five or fewer each is among the best five.
func newRight(names []string, of, classes []int, labels []models.Label, n int) *right {
	figures := []string{"top-1", "top-5"}
	if n > 0 && n <= 5 {
		figures = figures[:1]
	}
	r := &right{classes: classes, of: of, shares: evaluate.NewShares(len(names), figures...)}
	for i, name := range names {
		one := evaluate.Name{Index: i, Label: name}
		if class := classes[i]; class < len(labels) && labels[class].Name != "" {
			one.Label, one.ID = labels[class].Name, labels[class].ID
		}
		r.names = append(r.names, one)
	}
	return r
}

func (r *right) add(place int, answer classify.Result) error {
	class := r.classes[r.of[place]]
	if class >= len(answer.Logits) {
		return models.StageOutput.Wrap(fmt.Errorf("its class is %d, and the model has %d", class, len(answer.Logits)))
	}
	rank := 0
	for i, v := range answer.Logits {
		if v > answer.Logits[class] || v == answer.Logits[class] && i < class {
			rank++
		}
	}
	r.shares.Add(r.of[place], []bool{rank < 1, rank < 5}[:len(r.shares.Names())]...)
	return nil
}

func (r *right) tell() pages.QualityPart {
	told := pages.QualityPart{Of: "Classes of images", ClassFigure: "top-1", Counted: "images"}
	for i, n := range r.shares.Counts() {
		told.Classes = append(told.Classes, pages.QualityClass{Name: r.names[i], N: int64(n)})
	}
	return told
}

// zeroShot are images whose classes are among labels that a model of images and texts is given.
func (o *evalOptions) zeroShot(call *flags.Call) (*subject, error) {
	if err := o.only(call, "zero-shot", "template"); err != nil {
		return nil, err
	}
	labels, err := o.texts.read(call)
	if err != nil {
		return nil, err
	}
	set, items, of, s, err := o.classed(models.Classify)
	if err != nil {
		return nil, err
	}
	classes, err := o.named(set, &s.data, labelsNamed(labels), len(labels))
	if err != nil {
		return nil, err
	}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		if c.both == nil {
			return nil, commandline.Usagef("%s takes no texts: --zero-shot needs a model of images and texts. %s", c.name, howToExport)
		}
		classifier, err := zeroshot.Open(ctx, c.both, zeroshot.Options{Labels: labels, Templates: o.texts.templates, Images: o.imageOptions(), Top: 1, Logits: true})
		if err != nil {
			return nil, err
		}
		r := newRight(set.Names, of, classes, labelsNamed(labels), len(labels))
		t := &trial{graph: classifier, labels: labelsNamed(labels), parts: []part{{r.shares, r.tell}}}
		for _, template := range o.texts.templates {
			t.settings = append(t.settings, record.Setting{Key: "template", Value: template})
		}
		t.answers = answersOf(items, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, classify.Result]] {
			return images.Each(ctx, classifier.Graph, places, func(place int) images.Input { return imageOf(item(place)) })
		}, r.add)
		return t, nil
	}
	return s, nil
}

// named finds the data's classes among labels of n classes.
func (o *evalOptions) named(set *dataset.Set, data *pages.EvaluationData, labels []models.Label, n int) ([]int, error) {
	kind := o.truth
	if kind == "auto" {
		kind = ""
	}
	order, err := orderOf(set, o.data, &models.ClassifierSpec{Scores: models.Scores{ScoresPort: models.ScoresPort{Classes: n, Labels: labels}}}, kind)
	if err != nil {
		return nil, err
	}
	data.NamedBy = order.by
	if order.note != "" && !slices.Contains(data.Notes, order.note) {
		data.Notes = append(data.Notes, order.note)
	}
	return order.classes, nil
}

// classesAgainst are images whose classes two classifiers are to tell.
func (o *evalOptions) classesAgainst(call *flags.Call) (*subject, error) {
	if err := o.only(call); err != nil {
		return nil, err
	}
	set, items, of, s, err := o.classed(models.Classify)
	if err != nil {
		return nil, err
	}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		spec, err := c.model.Classifier()
		if err != nil {
			return nil, err
		}
		classes, err := o.named(set, &s.data, spec.Labels, spec.Classes)
		if err != nil {
			return nil, err
		}
		classifier, err := classify.Open(ctx, c.model, classify.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
			MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage, Top: 1, Logits: true})
		if err != nil {
			return nil, err
		}
		r := newRight(set.Names, of, classes, spec.Labels, spec.Classes)
		t := &trial{graph: classifier, labels: spec.Labels, parts: []part{{r.shares, r.tell}}}
		t.answers = answersOf(items, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, classify.Result]] {
			return classify.Each(ctx, classifier, places, func(place int) classify.Input { return imageOf(item(place)) })
		}, r.add)
		return t, nil
	}
	return s, nil
}
