package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/depth"
	"ortho/runner"
)

// depthOptions is what the flags of depth say.
type depthOptions struct {
	made depthFiles
	lookOptions
}

func newDepthCommand() *cli.Command {
	made := newDepthFiles()
	o := &depthOptions{made: made, lookOptions: lookOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with the range of their values and needs no network"},
		session: flags.Session{Batches: true},
		rows:    flags.Rows{Images: true},
		read:    flags.Overrides{Task: models.Depth},
		files:   beside.New(made.maps, made.previews, made.arrays),
		task:    models.Depth,
	}}
	return flags.Command(cli.Command{
		Name:        "depth",
		Usage:       "say how far each pixel of images is",
		ArgsUsage:   "SRC...",
		Description: help("depth"),
	}, o.run, o.groups(&o.made)...)
}

func (o *depthOptions) run(ctx context.Context, call *flags.Call) error {
	return runLook(ctx, call, &o.lookOptions, rows.DepthCodec, func(model *models.Model) (*look[depth.Result, rows.Depth], error) {
		estimator, err := depth.Open(ctx, model, depth.Options{Images: o.lookOptions.run()})
		if err != nil {
			return nil, err
		}
		return &look[depth.Result, rows.Depth]{
			graph:  estimator,
			beside: record.Settings{{Key: "colors", Value: o.made.colors}},
			title:  "How far " + model.Name + " sees",
			each: func(ctx context.Context, items iter.Seq[*beside.Item]) iter.Seq[runner.Result[*beside.Item, depth.Result]] {
				return depth.Each(ctx, estimator, items, (*beside.Item).Input)
			},
			row:  rows.OfDepth,
			make: o.made.make,
			card: o.card,
		}, nil
	})
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
