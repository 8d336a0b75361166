package main

import (
	"context"
	"fmt"
	"slices"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/dual"
	"ortho/models/evaluate"
)

// evaluateSubject measures a model on images of which the truth is known, and one more where that is given.
func (o *evalOptions) evaluateSubject(ctx context.Context, call *flags.Call, s *subject, c *candidate) error {
	for _, note := range s.data.Notes {
		call.Warn(fmt.Sprintf("%s: %s", o.data, note))
	}
	chosen := o.chosen(len(s.images))
	if len(chosen) < len(s.images) {
		tell(call, &s.data, fmt.Sprintf("%d of %d images are taken, one in so many (--limit)", len(chosen), len(s.images)))
	}
	first, err := o.openTrial(ctx, call, s, c)
	if err != nil {
		return err
	}
	defer first.graph.Close()
	var other *candidate
	var second *trial
	if o.against != "" {
		if other, err = o.candidate(ctx, call, o.against); err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		if other.model.Task != c.model.Task {
			return fmt.Errorf("--against %s is for the task %s, and %s for %s", o.against, other.model.Task, c.name, c.model.Task)
		}
		if second, err = o.openTrial(ctx, call, s, other); err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		defer second.graph.Close()
	}
	how, err := job.Described(ctx, slices.Concat(first.settings, o.decoding.Settings(), o.session.Settings()), c.model, first.graph.Session(), first.labels)
	if err != nil {
		return err
	}
	doc := &pages.Quality{Task: string(s.task), EvaluationRun: pages.EvaluationRun{Ortho: how.Ortho, ONNXRuntime: how.ONNXRuntime, Model: how.Model, Data: s.data,
		Preprocessing: how.Preprocessing, Settings: how.Settings, Failures: []rows.Classes{}}}
	var bar *term.Progress
	if o.progress.Shown {
		bar = term.NewProgress(call.Err, "images", 0, 0, func(func() bool) (int64, bool) { return int64(len(chosen)), true })
	}
	j := &judging{images: s.images, chosen: chosen, doc: doc, bar: bar, failFast: o.decoding.Stop}
	if second == nil {
		err = j.alone(ctx, first)
	} else {
		err = j.both(ctx, first, second)
	}
	bar.End()
	doc.Data = s.data // with what was told of it meanwhile
	doc.OrientationIgnored = first.graph.Unturned()
	flags.TellUnturned(call.UI, c.model, doc.OrientationIgnored)
	if err != nil && doc.Judged == 0 && doc.Failed == 0 {
		if ctx.Err() != nil {
			call.Warn("interrupted before the first image")
		}
		return err
	}
	doc.Complete = err == nil
	for _, p := range first.parts {
		doc.Parts = append(doc.Parts, partOf(ctx, p))
	}
	if second != nil {
		id, err := other.model.Identity(ctx)
		if err != nil {
			return err
		}
		doc.Against.Model.Name, doc.Against.Model.SHA256 = id.Name, id.SHA256
		for i, p := range second.parts {
			whole, _ := evaluate.Figures(ctx, p)
			doc.Against.Figures = append(doc.Against.Figures, whole)
			doc.Against.Differences = append(doc.Against.Differences, evaluate.Differences(ctx, first.parts[i], p))
		}
	}
	if err == nil && ctx.Err() != nil { // while images were drawn anew
		err, doc.Complete = ctx.Err(), false
	}
	return o.writeQuality(ctx, call, doc, err)
}

func (o *evalOptions) openTrial(ctx context.Context, call *flags.Call, s *subject, c *candidate) (*trial, error) {
	o.session.Check(ctx, call.UI, c.model)
	t, err := s.open(ctx, c)
	if err != nil {
		return nil, err
	}
	flags.TellSession(call.UI, t.graph.Session())
	return t, nil
}

// partOf is what was found in one way.
func partOf(ctx context.Context, p part) pages.QualityPart {
	told := p.tell()
	whole, classes := evaluate.Figures(ctx, p)
	told.Figures = whole
	for i := range told.Classes {
		if at := told.Classes[i].Index; at < len(classes) {
			told.Classes[i].Figure = classes[at]
		}
	}
	return told
}

// candidate opens a model, or both halves of one of images and texts.
func (o *evalOptions) candidate(ctx context.Context, call *flags.Call, name string) (*candidate, error) {
	if dual.Is(name) {
		both, err := dual.Open(ctx, name, o.read.Given, o.session.Runner)
		if err != nil {
			return nil, err
		}
		flags.WarnOf(call.UI, both.Image)
		return &candidate{name, both.Image, both}, nil
	}
	model, err := o.read.Open(call.UI, name)
	if err != nil {
		return nil, err
	}
	return &candidate{name, model, nil}, nil
}
