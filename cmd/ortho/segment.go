package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/images"
	"ortho/models/segment"
	"ortho/models/segments"
	"ortho/runner"
)

// segmentOptions is what the flags of segment say.
type segmentOptions struct {
	found    foundOptions
	pictures segmentPictures
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
		&cli.StringFlag{Name: "as", Destination: &o.as, Value: string(d.As), Category: out, Usage: "what queries (MaskFormer's) are made to be: `panoptic`, a segment each, or semantic, a map of classes"},
		&cli.Float64Flag{Name: "conf", Destination: &o.of.Threshold, Value: d.Threshold, Category: out, Usage: "leave out queries that don't score above `P` (0 to 1)"},
		&cli.Float64Flag{Name: "mask-threshold", Destination: &o.of.Mask, Value: d.Mask, Category: out, Usage: "a pixel belongs to a query's mask from `P` on"},
		&cli.Float64Flag{Name: "overlap-area", Destination: &o.of.Overlap, Value: d.Overlap, Category: out, Usage: "leave out queries that keep no more than `P` of their mask, since others cover it"},
		&cli.Float64Flag{Name: "min-share", Destination: &o.least, Category: out, Usage: "leave out of the rows what is less than `P` (0 to 1) of the image"},
		&cli.BoolFlag{Name: "no-masks", Destination: &o.noMasks, Category: out, Usage: "rows without masks: classes and their shares"},
	}
}

func (o *foundOptions) Read(*flags.Call) error {
	o.of.As = segments.As(o.as)
	if o.of.As != segments.Panoptic && o.of.As != segments.Semantic {
		return commandline.Usagef("--as %q is neither panoptic nor semantic", o.as)
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
	o := &segmentOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their segments and needs no network"},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Segment},
	}
	return flags.Command(cli.Command{
		Name:        "segment",
		Usage:       "say of each pixel of images what it belongs to",
		ArgsUsage:   "SRC...",
		Description: help("segment"),
	}, o.run, &o.found, &o.pictures, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *segmentOptions) run(ctx context.Context, call *flags.Call) error {
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.SegmentsCodec, func() (*job.Job[source.Item, rows.Segments], error) {
		if err := o.read.Given.Assume("task", string(models.Segment), "ortho segment"); err != nil {
			return nil, err
		}
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		segmenter, err := segment.Open(ctx, model, segment.Options{Map: o.found.of, Least: o.found.least, NoMasks: o.found.noMasks,
			Images: images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
				MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}})
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, segmenter.Session())
		if err := o.pictures.open(call, &o.rows, segmenter, o.decoding.Pixels); err != nil {
			return nil, errors.Join(err, segmenter.Close())
		}
		return &job.Job[source.Item, rows.Segments]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				return job.Described(ctx, o.settings(format), model, segmenter.Session(), segmenter.Spec().Labels)
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Segments]] {
				return segmentRows(o.pictures.each(ctx, segmenter, items))
			},
			How:      howOf(segmenter),
			Unturned: segmenter.Unturned,
			Ended:    func(error) { flags.TellUnturned(call.UI, model, segmenter.Unturned()) },
			Close:    segmenter.Close,
			Title:    "What " + model.Name + " divides images into",
			Item:     func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Segments, item source.Item) report.Card {
				return o.card(ctx, row, item)
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// settings are the options that change rows.
func (o *segmentOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.found.settings(),
		record.Settings{{Key: "shard", Value: o.images.Shard().String()}}, o.decoding.Settings(), o.session.Settings())
}

// segmentRows makes a row for each image.
func segmentRows(found iter.Seq[runner.Result[mappedItem, segment.Result]]) iter.Seq[job.Answer[rows.Segments]] {
	return func(yield func(job.Answer[rows.Segments]) bool) {
		for r := range found {
			made := rows.OfSegments(r.Item.Name, r.Value)
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Segments]{End: all})
				return
			} else if r.Err != nil {
				made = output.Failed[rows.Segments](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			}
			if !yield(job.Answer[rows.Segments]{Row: made, Err: r.Err}) {
				return
			}
		}
	}
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
