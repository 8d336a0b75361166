package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/runner"
)

// classifyOptions is what the flags of classify say.
type classifyOptions struct {
	answers  flags.Answers
	rows     flags.Rows
	page     flags.Page
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
	zeroShot zeroShot
}

// runClasses classifies by the classes that the model knows.
func (o *classifyOptions) runClasses(ctx context.Context, call *flags.Call, to job.Output) error {
	return job.Run(ctx, to, rows.ClassesCodec, func() (*job.Job[source.Item, rows.Classes], error) { return o.job(ctx, call) })
}

// job is the run of a classifier over the images.
func (o *classifyOptions) job(ctx context.Context, call *flags.Call) (*job.Job[source.Item, rows.Classes], error) {
	model, err := o.read.Open(call.UI, o.model.Name)
	if err != nil {
		return nil, err
	}
	o.session.Check(ctx, call.UI, model)
	classifier, err := classify.Open(ctx, model, o.options())
	if err != nil {
		return nil, err
	}
	flags.TellSession(call.UI, classifier.Session())
	return &job.Job[source.Item, rows.Classes]{
		Unit:   "image",
		Items:  o.images.Items(),
		Name:   nameOf,
		Stamp:  o.images.Stamp,
		Survey: o.images.Survey,
		Record: func(format string) (record.Record, error) {
			return job.Described(ctx, o.settings(format), model, classifier.Session(), labelsOf(model))
		},
		Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
			return classRows(ctx, classifier, items)
		},
		How:      howOf(classifier),
		Unturned: classifier.Unturned,
		Ended: func(error) {
			flags.TellUnturned(call.UI, model, classifier.Unturned())
			tellSeen(call.UI, classifier.Spec().OutputName, classifier.Seen())
		},
		Close: classifier.Close,
		Title: "What " + model.Name + " says",
		Item:  func(item source.Item) source.Item { return item },
		Card: func(ctx context.Context, row rows.Classes, item source.Item) report.Card {
			return classCard(ctx, row, item, o.decoding.Pixels)
		},
		Light: func(row rows.Classes) rows.Classes {
			row.Logits = nil
			return row
		},
		AtOnce: runtime.GOMAXPROCS(0),
	}, nil
}

func (o *classifyOptions) options() classify.Options {
	return classify.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage,
		Top: o.answers.Top, MinProbability: o.answers.MinProbability, Logits: o.answers.Logits}
}

// settings are the options that change rows.
func (o *classifyOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.answers.Settings(),
		record.Settings{{Key: "shard", Value: o.images.Shard().String()}, {Key: "output-name", Value: o.read.OutputName}},
		o.decoding.Settings(), o.session.Settings())
}

// tellSeen prints what the values of an output have shown that may not be meant.
func tellSeen(ui *term.UI, output string, seen classify.Seen) {
	switch {
	case seen.AsIs:
		ui.Warn(remedy.SeenAsIs(output))
	case seen.Within:
		ui.Warn(remedy.SeenWithin(output))
	}
}

func nameOf(item source.Item) string { return item.Name }

// classRows makes a row for each image.
func classRows(ctx context.Context, classifier *classify.Classifier, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
	return func(yield func(job.Answer[rows.Classes]) bool) {
		for item := range classifier.Stream(ctx, inputs(items)) {
			if all := (*classify.SizeError)(nil); errors.As(item.Err, &all) {
				yield(job.Answer[rows.Classes]{End: all})
				return
			}
			if !yield(job.Answer[rows.Classes]{Row: row(item), Err: item.Err}) {
				return
			}
		}
	}
}

// howOf is the provider, threads and batching of a graph of images.
func howOf(g interface {
	Session() *runner.Session
	Batching() (batch, concurrency int)
}) record.Speed {
	batch, concurrency := g.Batching()
	return job.How(g.Session(), batch, concurrency)
}

func inputs(items iter.Seq[source.Item]) iter.Seq[classify.Input] {
	return func(yield func(classify.Input) bool) {
		for item := range items {
			if !yield(classify.Input{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

func row(item classify.Item) rows.Classes {
	if item.Err != nil {
		return output.Failed[rows.Classes](item.Input.Name, string(models.StageOf(item.Err)), remedy.Text(item.Err))
	}
	return rows.OfClasses(item.Input.Name, item.Result)
}

// galleryBars is how many classes of an image are shown.
const galleryBars = 5

// imageCard shows an image, or why it has failed.
func imageCard(ctx context.Context, item source.Item, head output.Head, failure output.Failure, maxPixels int64) report.Card {
	card := report.Card{Name: head.Input}
	if data, err := item.Read(ctx); err != nil {
		card.Picture.Missing = err.Error()
	} else {
		card.Picture = report.NewPicture(data, maxPixels)
	}
	if failure.Error != nil {
		card.Error = failure.Error.Message
		card.Picture.Missing = "" // Error says the same
	}
	return card
}

// classCard shows an image with its classes.
func classCard(ctx context.Context, row rows.Classes, item source.Item, maxPixels int64) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, maxPixels)
	switch {
	case row.Error != nil:
	case row.Output != nil:
		card.Note = fmt.Sprintf("%s: %d values", row.Output.Name, len(row.Output.Values))
	case len(row.Predictions) == 0:
		card.Note = "nothing above --min-probability"
	}
	for _, p := range row.Predictions[:min(len(row.Predictions), galleryBars)] {
		label := p.Label
		if label == "" {
			label = fmt.Sprintf("class %d", p.Index)
		}
		card.Bars = append(card.Bars, report.Bar{Label: label, Probability: p.Probability})
	}
	if more := len(row.Predictions) - len(card.Bars); more > 0 {
		card.Note = fmt.Sprintf("the first %d of %d classes", len(card.Bars), len(row.Predictions))
	}
	return card
}

// labelsOf are the names of a classifier's classes.
func labelsOf(model *models.Model) []models.Label {
	spec, err := model.Classifier()
	if err != nil {
		return nil
	}
	return spec.Labels
}
