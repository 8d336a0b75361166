package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/depth"
	"ortho/models/images"
	"ortho/runner"
)

// depthOptions is what the flags of depth say.
type depthOptions struct {
	pictures depthPictures
	rows     flags.Rows
	page     flags.Page
	progress flags.Progress
	images   flags.Images
	decoding flags.Decoding
	timeout  flags.Timeout
	session  flags.Session
	model    flags.Model
	read     flags.Overrides
}

func newDepthCommand() *cli.Command {
	o := &depthOptions{
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with the range of their values and needs no network"},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Depth},
	}
	return flags.Command(cli.Command{
		Name:        "depth",
		Usage:       "say how far each pixel of images is",
		ArgsUsage:   "SRC...",
		Description: help("depth"),
	}, o.run, &o.pictures, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *depthOptions) run(ctx context.Context, call *flags.Call) error {
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: o.decoding.Stop,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.DepthCodec, func() (*job.Job[source.Item, rows.Depth], error) {
		if err := o.read.Given.Assume("task", string(models.Depth), "ortho depth"); err != nil {
			return nil, err
		}
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		estimator, err := depth.Open(ctx, model, depth.Options{
			Images: images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
				MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, estimator.Session())
		if err := o.pictures.open(call, &o.rows); err != nil {
			return nil, errors.Join(err, estimator.Close())
		}
		return &job.Job[source.Item, rows.Depth]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				return job.Described(ctx, o.settings(format), model, estimator.Session(), nil)
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Depth]] {
				return depthRows(o.pictures.each(ctx, estimator, items))
			},
			How:      howOf(estimator),
			Unturned: estimator.Unturned,
			Ended:    func(error) { flags.TellUnturned(call.UI, model, estimator.Unturned()) },
			Close:    estimator.Close,
			Title:    "How far " + model.Name + " sees",
			Item:     func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Depth, item source.Item) report.Card {
				return o.card(ctx, row, item)
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// settings are the options that change rows.
func (o *depthOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.pictures.settings(),
		record.Settings{{Key: "shard", Value: o.images.Shard().String()}}, o.decoding.Settings(), o.session.Settings())
}

// depthRows makes a row for each image.
func depthRows(found iter.Seq[runner.Result[deepItem, depth.Result]]) iter.Seq[job.Answer[rows.Depth]] {
	return func(yield func(job.Answer[rows.Depth]) bool) {
		for r := range found {
			made := rows.OfDepth(r.Item.Name, r.Value)
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Depth]{End: all})
				return
			} else if r.Err != nil {
				made = output.Failed[rows.Depth](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			}
			if !yield(job.Answer[rows.Depth]{Row: made, Err: r.Err}) {
				return
			}
		}
	}
}

// card shows an image, and the range of its values.
func (o *depthOptions) card(ctx context.Context, row rows.Depth, item source.Item) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, o.decoding.Pixels)
	if d := row.Result.Depth; d != nil {
		card.Note = fmt.Sprintf("from %.4g to %.4g %s, in the mean %.4g", d.Min, d.Max, d.Unit, d.Mean)
		if d.Unit == "" {
			card.Note = fmt.Sprintf("relative values from %.4g to %.4g, in the mean %.4g", d.Min, d.Max, d.Mean)
		}
	}
	return card
}
