package imagine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/fuse"
	"ortho/models/grounding"
)

// look classifies the image.
func (r *run) look(ctx context.Context) error {
	e := r.Image
	result, err := e.classifier.Image(ctx, r.data)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	if len(result.Predictions) == 0 {
		return fmt.Errorf("%s gives no classes", e.Name)
	}
	all := labelled(result.Predictions, e.scores.Labels)
	r.story.Image = &Opinion{Model: e.Name, All: all, Predictions: r.shown(all)}
	if r.Witnesses.None() {
		return nil
	}
	if r.sight, err = r.Witnesses.Look(ctx, r.data); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.story.Seen = &r.sight
	return nil
}

// check checks the objects of the description against the boxes, and asks about what is ambiguous.
func (r *run) check(ctx context.Context) error {
	d := &r.story.Description
	if r.Checker == nil || d.StandIn {
		return nil
	}
	d.Checked = r.Checker.Check(d.Objects, r.sight.Detections)
	until, cancel := r.Describer.Until(ctx)
	defer cancel()
	cost, err := grounding.Settle(until, r.Describer, r.request(), r.sight, d.Checked, r.Recheck)
	r.story.Usage.Add(cost)
	return err
}

// compare checks the classes that the sides name against the boxes: a class that is called so, or is a kind of
// one that the detector knows.
func (r *run) compare() {
	if r.Checker == nil {
		return
	}
	s := r.story
	side := func(by, label string) {
		if m := r.Checker.Check([]string{label}, r.sight.Detections); label != "" {
			s.Sides = append(s.Sides, Side{By: by, Mention: m[0]})
		}
	}
	side(ByImage, valid(r.Image.Label(s.Image.All[0].Index)))
	if c := s.Description.Class; c != nil {
		side(ByText, c.Label)
	}
	if s.Decision != nil {
		side(ByAll, s.Decision.Label)
		if last := &s.Sides[len(s.Sides)-1]; last.Status == grounding.NotFound {
			r.warn("the decision is %s, and the detector, which knows such things, finds none", s.Decision.Label)
		}
	}
}

// read classifies the description. One that the text expert can't read is no error: the image's
// classes remain. A stand-in is not read, since it would be the image expert's own
// classes.
func (r *run) read(ctx context.Context) error {
	if r.Text == nil || r.story.Description.StandIn {
		return nil
	}
	o, err := r.Text.read(ctx, r.story.Description.Sentence)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && models.StageOf(err) != models.StageInput:
		return fmt.Errorf("read the description: %w", err)
	case err != nil:
		r.warn("%s can't read the description: %v", r.Text.name, err)
		return nil
	}
	if r.Image != nil && !o.strange {
		o.Doubt = "" // beside an image, the probabilities are weighed as they are
	}
	o.Predictions = r.shown(o.All)
	r.story.Text = o
	return nil
}

// shown are the first of all predictions, for people.
func (r *run) shown(all []classify.Prediction) []classify.Prediction {
	if r.Top > 0 {
		all = all[:min(len(all), r.Top)]
	}
	shown := slices.Clone(all)
	for i := range shown {
		p := &shown[i]
		p.Label, p.ID, p.Probability = valid(p.Label), valid(p.ID), short(p.Probability)
	}
	return shown
}

// decideByText takes the text expert's class, if it has an answer.
func (r *run) decideByText() {
	o := r.story.Text
	if o == nil || len(o.All) == 0 {
		return
	}
	if r.Text.Fallback && r.drawsAsItIs() && !r.sharesLabels() {
		o.Doubt = valid(fmt.Sprintf("all words of the text are known to %s, which draws it; the classes of %s are others", r.Generator.Name, r.Text.name))
	}
	if o.Doubt != "" {
		r.notify(Remark, fmt.Sprintf("%s has no answer: %s", r.Text.name, o.Doubt))
		return
	}
	p := o.All[0]
	if top := r.Text.top(o.All); top >= 0 {
		p.Index = top
	}
	l := models.Label{}
	if labels := r.Text.spec().Labels; p.Index < len(labels) {
		l = labels[p.Index]
	}
	r.story.Decision = &Decision{Class: Class{Index: p.Index, Label: valid(l.Name)}, ID: valid(l.ID), By: ByText}
}

// drawsAsItIs reports whether the generator understands the text by itself.
func (r *run) drawsAsItIs() bool {
	return r.Generator != nil && r.Generator.understands(r.story.Description.Sentence)
}

// sharesLabels reports whether a class of the text expert is one that the generator draws.
func (r *run) sharesLabels() bool {
	return slices.ContainsFunc(r.Generator.spec.Labels, func(a models.Label) bool {
		return slices.ContainsFunc(r.Text.spec().Labels, func(b models.Label) bool { return sameName(a, b) })
	})
}

// decide weighs the two sides, and asks the describer where they name two classes.
func (r *run) decide(ctx context.Context) error {
	top, rival, by := r.weigh()
	r.story.Decision = r.chose(top, by)
	if rival < 0 {
		return nil
	}
	return r.decideAgain(ctx, rival)
}

// weigh returns the class that both sides together name, and which side decided. rival is
// the description's class where the two sides disagree, else -1.
func (r *run) weigh() (top, rival int, by string) {
	s := r.story
	first := s.Image.All[0].Index
	switch {
	case s.Description.StandIn:
		s.NotFused = "a stand-in is no description"
		return first, -1, ByImage
	case s.Text == nil:
		s.NotFused = "no text model has read the description"
	case s.Text.strange:
		s.NotFused = fmt.Sprintf("%s can't read the description: %s", r.Text.name, s.Text.Doubt)
	case !r.Image.SameClasses(r.Text.spec().Labels):
		s.NotFused = fmt.Sprintf("%s and %s have other labels", r.Image.Name, r.Text.name)
	case r.Image.scores.Applied() == models.Sigmoid || r.Text.spec().Applied() == models.Sigmoid:
		s.NotFused = "a sigmoid's scores are no probabilities of one class among all"
	default:
		return r.fuse()
	}
	// The text's side is the describer's own choice.
	switch chosen := s.Description.Class; {
	case chosen.Index < 0:
		r.warn("the description names none of the classes, but %q: the image's class stands", chosen.Label)
		return first, -1, ByImage
	case chosen.Index != first:
		return first, chosen.Index, ByImage
	}
	return first, -1, ByBoth
}

// fuse is weigh where both sides give probabilities of the same classes.
func (r *run) fuse() (top, rival int, by string) {
	s, untrained := r.story, r.Text.spec().Untrained
	v, err := fuse.Product(vector(s.Image.All), vector(s.Text.All), r.TextWeight, untrained)
	if err != nil {
		s.NotFused = valid(err.Error())
		r.warn("not fused: %v", err)
		first, other := s.Image.All[0].Index, r.Text.top(s.Text.All)
		if other == first {
			return first, -1, ByBoth
		}
		return first, other, ByImage
	}
	var all []classify.Prediction
	for c, p := range v.Probabilities {
		all = append(all, classify.Prediction{Index: c, Probability: p})
	}
	slices.SortStableFunc(all, func(a, b classify.Prediction) int { return cmp.Compare(b.Probability, a.Probability) })
	s.Fusion = &Fusion{Weight: r.TextWeight, Untrained: len(untrained), Predictions: r.shown(labelled(all, r.Image.scores.Labels)), All: v.Probabilities}
	if v.Agree {
		return v.Top, -1, ByFusion
	}
	return v.Top, v.Text, ByFusion
}

// decideAgain asks the describer once more, about the two classes that the sides name.
func (r *run) decideAgain(ctx context.Context, rival int) error {
	s, first := r.story, r.story.Image.All[0].Index
	d := &Disagreement{Image: r.named(first), Text: r.named(rival)}
	s.Disagreement = d
	r.notify(Again, fmt.Sprintf("the image says %s, the description %s: asking once more", r.Image.Label(first), r.Image.Label(rival)))
	got, err := r.Describer.Decide(ctx, r.request(), r.candidate(first), r.candidate(rival))
	switch {
	case err != nil && (ctx.Err() != nil || r.Strict):
		return err
	case err != nil:
		d.Error = valid(err.Error())
		r.warn("no answer to which of the two it is: %v; %s stands", err, s.Decision.Label)
		return nil
	}
	s.Usage.Add(got.Usage)
	d.Reason, d.Model, d.Cached = got.Reason, got.Model, got.Cached
	index := r.Image.indexOf(got.Class) // the label in its own words may name one of the two, too
	if index != first && index != rival {
		r.warn("the answer to which of the two it is: neither; %s stands", s.Decision.Label)
		return nil
	}
	s.Decision = r.chose(index, ByDecision)
	return nil
}

// candidate is a class as the describer is asked about it.
func (r *run) candidate(class int) describe.Candidate {
	return describe.Candidate{Index: class, Name: valid(r.Image.Label(class)), Probability: r.story.Image.Probability(class)}
}

func (r *run) named(class int) Class { return Class{Index: class, Label: valid(r.Image.Label(class))} }

func (r *run) chose(class int, by string) *Decision {
	id := ""
	if labels := r.Image.scores.Labels; class < len(labels) {
		id = labels[class].ID
	}
	return &Decision{Class: r.named(class), ID: valid(id), By: by}
}
