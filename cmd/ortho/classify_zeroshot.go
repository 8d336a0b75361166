package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/dual"
	"ortho/models/images"
	"ortho/models/zeroshot"
)

// runZeroShot classifies by the labels that --zero-shot names.
func (o *classifyOptions) runZeroShot(ctx context.Context, call *flags.Call, to job.Output) error {
	set, err := o.zeroShot.read(call)
	if err != nil {
		return err
	}
	return job.Run(ctx, to, rows.ClassesCodec, func() (*job.Job[source.Item, rows.Classes], error) {
		model, err := dual.Open(ctx, o.model.Name, o.read.Given, o.session.Runner)
		if err != nil {
			return nil, err
		}
		flags.WarnOf(call.UI, model.Image)
		o.session.Check(ctx, call.UI, model.Image)
		classifier, err := zeroshot.Open(ctx, model, zeroshot.Options{Labels: set, Templates: o.zeroShot.templates, Images: o.imageOptions(),
			Top: o.answers.Top, MinProbability: o.answers.MinProbability, Logits: o.answers.Logits})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, classifier.Session())
		if len(classifier.Cut) > 0 {
			call.Warn(fmt.Sprintf("the texts of %s are too long for the model, which sees their beginning only, such as of %.60q", term.Counted(int64(len(classifier.Cut)), "label"), classifier.Cut[0]))
		}
		return &job.Job[source.Item, rows.Classes]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				texts, err := model.TextDigest(ctx)
				if err != nil {
					return record.Record{}, err
				}
				settings := slices.Concat(o.settings(format), record.Settings{{Key: "templates", Value: strings.Join(o.zeroShot.templates, "\n")}, {Key: "text half's SHA-256", Value: texts}}, settingsOf(model.Facts))
				return job.Described(ctx, settings, model.Image, classifier.Session(), labelsNamed(set))
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
				return zeroShotRows(ctx, classifier, items)
			},
			How:      howOf(classifier),
			Unturned: classifier.Unturned,
			Ended:    func(error) { flags.TellUnturned(call.UI, model.Image, classifier.Unturned()) },
			Close:    classifier.Close,
			Title:    "What " + model.Name + " says",
			Item:     func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Classes, item source.Item) report.Card {
				return classCard(ctx, row, item, o.decoding.Pixels)
			},
			Light: func(row rows.Classes) rows.Classes {
				row.Logits = nil
				return row
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// zeroShotRows makes a row for each image.
func zeroShotRows(ctx context.Context, classifier *zeroshot.Classifier, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
	return func(yield func(job.Answer[rows.Classes]) bool) {
		for r := range images.Each(ctx, classifier.Graph, items, imageOf) {
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Classes]{End: all})
				return
			}
			if !yield(job.Answer[rows.Classes]{Row: row(classify.Item{Input: imageOf(r.Item), Result: r.Value, Err: r.Err}), Err: r.Err}) {
				return
			}
		}
	}
}

// imageOptions are the options for images.
func (o *classifyOptions) imageOptions() images.Options {
	return images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
		MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}
}

// settingsOf are facts as a record has them.
func settingsOf(facts []models.Fact) (all record.Settings) {
	for _, f := range remedy.Facts(facts) {
		all = append(all, record.Setting{Key: f.Key, Value: f.Value})
	}
	return all
}

func labelsNamed(names []string) []models.Label {
	all := make([]models.Label, len(names))
	for i, name := range names {
		all[i].Name = name
	}
	return all
}
