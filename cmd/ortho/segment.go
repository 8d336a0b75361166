package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/segment"
	"ortho/models/segments"
	"ortho/preprocess"
	"ortho/runner"
)

// segmentOptions is what the flags of segment say.
type segmentOptions struct {
	found foundOptions
	made  segmentFiles
	lookOptions
}

// foundOptions say what of the outputs becomes segments.
type foundOptions struct {
	as      string
	of      segments.Options
	least   float64
	noMasks bool
}

func (o *foundOptions) Flags() []cli.Flag {
	const out = "Output"
	d := segments.Defaults
	return []cli.Flag{
		&cli.StringFlag{Name: "as", Destination: &o.as, Value: string(d.As), Category: out, Usage: "what queries (MaskFormer's) are made to `BE`: panoptic (a segment each), instance (objects, which may overlap) or semantic (a map of classes)"},
		&cli.Float64Flag{Name: "conf", Destination: &o.of.Threshold, Value: d.Threshold, Category: out, Usage: "leave out queries that don't score above `P` (0 to 1)"},
		&cli.Float64Flag{Name: "mask-threshold", Destination: &o.of.Mask, Value: d.Mask, Category: out, Usage: "a pixel belongs to a query's mask from `P` on"},
		&cli.Float64Flag{Name: "overlap-area", Destination: &o.of.Overlap, Value: d.Overlap, Category: out, Usage: "leave out queries that keep no more than `P` of their mask, since others cover it"},
		&cli.Float64Flag{Name: "min-share", Destination: &o.least, Category: out, Usage: "leave out of the rows what is less than `P` (0 to 1) of the image"},
		&cli.BoolFlag{Name: "no-masks", Destination: &o.noMasks, Category: out, Usage: "rows without masks: classes and their shares"},
	}
}

func (o *foundOptions) Read(*flags.Call) error {
	o.of.As = segments.As(o.as)
	if err := commandline.OneOf("as", o.as, wordsOf(segments.All)...); err != nil {
		return err
	}
	for name, v := range map[string]float64{"conf": o.of.Threshold, "mask-threshold": o.of.Mask, "overlap-area": o.of.Overlap, "min-share": o.least} {
		if !(v >= 0 && v <= 1) {
			return commandline.Usagef("--%s %v: from 0 to 1", name, v)
		}
	}
	return nil
}

// settings are those of the options that change rows.
func (o *foundOptions) settings() record.Settings {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return record.Settings{{Key: "as", Value: o.as}, {Key: "conf", Value: number(o.of.Threshold)}, {Key: "mask-threshold", Value: number(o.of.Mask)},
		{Key: "overlap-area", Value: number(o.of.Overlap)}, {Key: "min-share", Value: number(o.least)}, {Key: "no-masks", Value: strconv.FormatBool(o.noMasks)}}
}

func newSegmentCommand() *cli.Command {
	made := newSegmentFiles()
	o := &segmentOptions{made: made, lookOptions: lookOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their segments and needs no network"},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Segment},
		files:   beside.New(made.masks, made.overlays),
		task:    models.Segment,
	}}
	return flags.Command(cli.Command{
		Name:        "segment",
		Usage:       "say of each pixel of images what it belongs to",
		ArgsUsage:   "SRC...",
		Description: help("segment"),
	}, o.run, o.groups(&o.found)...)
}

func (o *segmentOptions) run(ctx context.Context, call *flags.Call) error {
	return runLook(ctx, call, &o.lookOptions, rows.SegmentsCodec, func(model *models.Model) (*look[segment.Result, rows.Segments], error) {
		segmenter, err := segment.Open(ctx, model, segment.Options{Map: o.found.of, Least: o.found.least, NoMasks: o.found.noMasks, Images: o.lookOptions.run()})
		if err != nil {
			return nil, err
		}
		spec := segmenter.Spec()
		o.made.numbered = segmenter.Numbered()
		o.made.decode = preprocess.DecodeOptions{Channels: 3, Orientation: spec.Input.Orientation, MaxPixels: o.decoding.Pixels}
		return &look[segment.Result, rows.Segments]{
			graph:    segmenter,
			settings: o.found.settings(),
			labels:   spec.Labels,
			title:    "What " + model.Name + " divides images into",
			each: func(ctx context.Context, items iter.Seq[*beside.Item]) iter.Seq[runner.Result[*beside.Item, segment.Result]] {
				return segment.Each(ctx, segmenter, items, (*beside.Item).Input)
			},
			row:  rows.OfSegments,
			make: o.made.make,
			card: o.card,
		}, nil
	})
}

// card shows an image, and the shares of what it is divided into.
func (o *segmentOptions) card(ctx context.Context, row rows.Segments, item source.Item) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, o.decoding.Pixels)
	if row.Error != nil {
		return card
	}
	found := row.Result.Segments
	for _, s := range found[:min(len(found), galleryBars)] {
		card.Bars = append(card.Bars, report.Bar{Label: rows.NameOfSegment(s), Probability: s.Share})
	}
	switch {
	case len(found) == 0:
		card.Note = "nothing found"
	case len(found) > len(card.Bars):
		card.Note = fmt.Sprintf("shares of the first %d of %d segments", len(card.Bars), len(found))
	default:
		card.Note = "shares of the image"
	}
	return card
}
