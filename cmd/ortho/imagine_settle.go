package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/fuse"
)

// settle goes from the image, or from a text, to the class that is to be drawn.
func (im *imagination) settle(ctx context.Context) error {
	if im.image != nil {
		if err := im.look(ctx); err != nil {
			return err
		}
	}
	if err := im.describe(ctx); err != nil {
		return err
	}
	if im.text != nil && !im.doc.Description.StandIn { // it would read the image model's own classes
		if err := im.read(ctx); err != nil {
			return err
		}
	}
	if im.image == nil {
		im.decideByText()
		return nil
	}
	top, rival, said := im.weigh()
	im.doc.Decision = im.chose(top, said)
	if rival < 0 {
		return nil
	}
	return im.decideAgain(ctx, rival)
}

func (im *imagination) look(ctx context.Context) error {
	e := im.image
	result, err := e.classifier.Image(ctx, im.data)
	if err != nil {
		return fmt.Errorf("%s: %w", im.item.Name, err)
	}
	if len(result.Predictions) == 0 {
		return fmt.Errorf("%s gives no classes", e.model.Name)
	}
	e.predictions = result.Predictions
	im.doc.Image = &opinion{Model: e.model.Name, Predictions: im.shown(e.predictions, e.scores.Labels)}
	return nil
}

// read has the text model classify the description. One that it can't read is no error:
// the other side is there.
func (im *imagination) read(ctx context.Context) error {
	o, err := im.text.read(ctx, im.doc.Description.Sentence)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && classify.ErrorKind(err) != "input":
		return fmt.Errorf("read the description: %w", err)
	case err != nil:
		im.warn(fmt.Sprintf("%s can't read the description: %v", im.text.model.Name, err))
		return nil
	}
	if im.image != nil && !im.text.strange {
		o.Doubt = "" // beside an image, probabilities speak for themselves
	}
	o.Predictions = im.shown(im.text.predictions, im.text.spec.Labels)
	im.doc.Text = o
	return nil
}

// shown are the first of a model's predictions; labels are those that its classes have by
// now.
func (im *imagination) shown(all []classify.Prediction, labels []models.Label) []classify.Prediction {
	first := slices.Clone(all[:min(len(all), im.c.Int("top"))])
	for i, p := range first {
		if p.Index < len(labels) {
			first[i].Label, first[i].ID = labels[p.Index].Name, labels[p.Index].ID
		}
	}
	return rows.Predictions(first)
}

func (im *imagination) decideByText() {
	if im.text == nil || im.text.predictions == nil {
		return
	}
	if !im.c.IsSet("text-model") && im.drawsAsItIs() && !im.sharesLabels() { // one that is named is heard whatever its classes
		im.doc.Text.Doubt = text(fmt.Sprintf("all words of the text are known to %s, which draws it; the classes of %s are others", im.artist.name, im.text.model.Name))
	}
	if why := im.doc.Text.Doubt; why != "" {
		why = fmt.Sprintf("%s has no answer: %s", im.text.model.Name, why)
		im.note(why)
		if !term.IsTerminal(im.c.App.Writer) { // where the summary says it
			slog.Info(why)
		}
		return
	}
	p := im.text.predictions[0]
	if top := im.text.top(); top >= 0 {
		p.Index = top
	}
	l := models.Label{}
	if p.Index < len(im.text.spec.Labels) {
		l = im.text.spec.Labels[p.Index]
	}
	im.doc.Decision = &decision{chosen: chosen{p.Index, text(l.Name)}, ID: text(l.ID), By: byText}
}

// drawsAsItIs reports whether the generator understands the text by itself.
func (im *imagination) drawsAsItIs() bool {
	a := im.artist
	return a.texts && a.spec.Text != nil && a.understands(im.doc.Description.Sentence)
}

// sharesLabels reports whether a class of the text model is one that the generator draws.
func (im *imagination) sharesLabels() bool {
	return slices.ContainsFunc(im.artist.spec.Labels, func(a models.Label) bool {
		return slices.ContainsFunc(im.text.spec.Labels, func(b models.Label) bool { return sameName(a, b) })
	})
}

// weigh returns the class that both sides together name, and whose word that is. rival is
// the description's class where the two sides disagree, else -1.
func (im *imagination) weigh() (top, rival int, said string) {
	first := im.image.predictions[0].Index
	d := &im.doc.Description
	switch {
	case d.StandIn:
		im.doc.NotFused = "a stand-in is no description"
		return first, -1, byImage
	case im.text == nil || im.text.predictions == nil:
		im.doc.NotFused = "no text model has read the description"
	case im.text.strange:
		im.doc.NotFused = fmt.Sprintf("%s can't read the description: %s", im.text.model.Name, im.doc.Text.Doubt)
	case !fuse.SameLabels(im.image.scores.Labels, im.text.spec.Labels):
		im.doc.NotFused = fmt.Sprintf("%s and %s have other labels", im.image.model.Name, im.text.model.Name)
	case im.image.scores.Activation == models.Sigmoid || im.text.spec.Activation == models.Sigmoid:
		im.doc.NotFused = "a sigmoid's scores are no probabilities of one class among all"
	default:
		return im.fuse()
	}
	// The text's side is the server's own choice.
	switch chosen := d.Class.Index; {
	case chosen < 0:
		im.warn(fmt.Sprintf("the description names none of the classes, but %q: the image's class stands", d.Class.Label))
		return first, -1, byImage
	case chosen != first:
		return first, chosen, byImage
	}
	return first, -1, byBoth
}

func (im *imagination) fuse() (top, rival int, said string) {
	weight := im.c.Float64("text-weight")
	v, err := fuse.Product(vector(im.image.predictions), vector(im.text.predictions), weight, im.text.spec.Untrained)
	if err != nil {
		im.doc.NotFused = text(err.Error())
		im.warn("not fused: " + err.Error())
		first, other := im.image.predictions[0].Index, im.text.top()
		if other == first {
			return first, -1, byBoth
		}
		return first, other, byImage
	}
	var all []classify.Prediction
	for c, p := range v.Probabilities {
		all = append(all, classify.Prediction{Index: c, Probability: p})
	}
	slices.SortStableFunc(all, func(a, b classify.Prediction) int { return cmp.Compare(b.Probability, a.Probability) })
	im.doc.Fusion = &fusion{Weight: weight, Untrained: len(im.text.spec.Untrained), Predictions: im.shown(all, im.image.scores.Labels)}
	im.fused = v.Probabilities
	if v.Agree {
		return v.Top, -1, byFusion
	}
	return v.Top, v.Text, byFusion
}

// decideAgain asks the server once more, about the two classes that the sides name.
func (im *imagination) decideAgain(ctx context.Context, rival int) error {
	first := im.image.predictions[0].Index
	d := &disagreement{Image: *im.named(first), Text: *im.named(rival)}
	im.doc.Disagreement = d
	slog.Info(fmt.Sprintf("the image says %s, the description %s: asking once more", im.image.label(first), im.image.label(rival)))
	got, err := im.describer.Decide(ctx, im.asked(), im.image.candidate(first), im.image.candidate(rival))
	switch {
	case err != nil && (ctx.Err() != nil || im.c.Bool("strict")):
		return err
	case err != nil:
		d.Error = text(err.Error())
		im.warn(fmt.Sprintf("no answer to which of the two it is: %v; %s stands", err, im.doc.Decision.Label))
		return nil
	}
	d.Reason, d.Model, d.Cached = got.Reason, got.Model, got.Cached
	index := got.Class.Index
	if index < 0 { // its own words may name one of the two, too
		index = im.image.indexOf(got.Class)
	}
	if index != first && index != rival {
		im.warn(fmt.Sprintf("the answer to which of the two it is: neither; %s stands", im.doc.Decision.Label))
		return nil
	}
	im.doc.Decision = im.chose(index, byChat)
	return nil
}

func (im *imagination) named(index int) *chosen { return &chosen{index, text(im.image.label(index))} }

func (im *imagination) chose(index int, by string) *decision {
	id := ""
	if index < len(im.image.scores.Labels) {
		id = im.image.scores.Labels[index].ID
	}
	return &decision{chosen: *im.named(index), ID: text(id), By: by}
}
