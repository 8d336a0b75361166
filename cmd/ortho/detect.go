package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/detect"
	"ortho/preprocess"
	"ortho/runner"
)

// detectOptions is what the flags of detect say.
type detectOptions struct {
	boxes  flags.Boxes
	slices detectSlices
	made   detectFiles
	lookOptions
}

func newDetectCommand() *cli.Command {
	made := newDetectFiles()
	o := &detectOptions{made: made, lookOptions: lookOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their boxes and needs no network"},
		rows:    flags.Rows{Own: []string{"coco"}, Images: true},
		model:   flags.Model{Default: bundled.Detector, Task: models.Detect},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Detect},
		files:   beside.New(made.drawn, made.crops, made.labels),
		task:    models.Detect,
	}}
	return flags.Command(cli.Command{
		Name:        "detect",
		Usage:       "find objects in images, a box each",
		ArgsUsage:   "SRC...",
		Description: help("detect"),
	}, o.run, o.groups(&o.boxes, &o.slices)...)
}

func (o *detectOptions) run(ctx context.Context, call *flags.Call) error {
	return runLook(ctx, call, &o.lookOptions, rows.DetectionsCodec, func(model *models.Model) (*look[detect.Result, rows.Detections], error) {
		opt, err := o.options(model)
		if err != nil {
			return nil, err
		}
		detector, err := detect.Open(ctx, model, opt)
		if err != nil {
			return nil, err
		}
		o.slices.tell(call.UI, detector)
		spec := detector.Spec()
		o.made.decode = preprocess.DecodeOptions{Channels: 3, Orientation: spec.Input.Orientation, MaxPixels: o.decoding.Pixels}
		return &look[detect.Result, rows.Detections]{
			graph:    detector,
			settings: slices.Concat(o.boxes.Settings(), o.slices.settings(detector)),
			labels:   spec.Labels,
			title:    "What " + model.Name + " finds",
			each: func(ctx context.Context, items iter.Seq[*beside.Item]) iter.Seq[runner.Result[*beside.Item, detect.Result]] {
				return detect.Each(ctx, detector, items, (*beside.Item).Input)
			},
			row:   rows.OfDetections,
			make:  o.made.make,
			parts: cropsOf,
			card:  o.card,
		}, nil
	})
}

// options are those of the detector, whose labels classes may be named by.
func (o *detectOptions) options(model *models.Model) (detect.Options, error) {
	opt := detect.Options{Confidence: o.boxes.Confidence, Overlap: o.boxes.Overlap, Most: o.boxes.Most, Agnostic: o.boxes.Agnostic, Slices: o.slices.of,
		Images: o.lookOptions.run()}
	labels := model.Labels()
	for _, name := range o.boxes.Classes {
		at := slices.IndexFunc(labels, func(l models.Label) bool { return strings.EqualFold(l.Name, name) })
		if n, err := strconv.Atoi(name); at < 0 && err == nil && n >= 0 && (len(labels) == 0 || n < len(labels)) {
			at = n
		}
		if at < 0 {
			return opt, commandline.Usagef("--classes %s: %s has no such class", name, model.Name)
		}
		opt.Classes = append(opt.Classes, at)
	}
	return opt, nil
}

// cardEdge is the longer edge of a picture with boxes on a page, in pixels.
const cardEdge = 320

// card shows an image with its boxes.
func (o *detectOptions) card(ctx context.Context, row rows.Detections, item source.Item) report.Card {
	card := imageCard(ctx, item, row.Head, row.Failure, o.decoding.Pixels)
	found := row.Result.Detections
	if row.Error != nil || card.Picture.Missing != "" {
		return card
	}
	if picture, err := o.shown(ctx, row.Result, item); err == nil {
		card.Picture = picture
	}
	for _, d := range found[:min(len(found), galleryBars)] {
		card.Bars = append(card.Bars, report.Bar{Label: rows.NameOfClass(d), Probability: float64(d.Score)})
	}
	switch {
	case len(found) == 0:
		card.Note = "nothing found"
	case len(found) > len(card.Bars):
		card.Note = fmt.Sprintf("the first %d of %d boxes", len(card.Bars), len(found))
	}
	return card
}

// shown is an image with its boxes, made small.
func (o *detectOptions) shown(ctx context.Context, found detect.Result, item source.Item) (report.Picture, error) {
	data, err := item.Read(ctx)
	if err != nil {
		return report.Picture{}, err
	}
	small, err := preprocess.Thumbnail(data, cardEdge, o.decoding.Pixels)
	if err != nil {
		return report.Picture{}, err
	}
	if (small.Width > small.Height) != (found.Width > found.Height) && found.Width != found.Height {
		return report.Picture{}, errors.New("it is shown upright, and the model takes it as it is stored")
	}
	drawn, err := overlay.Draw(small, marks(scaled(found, float32(small.Width)/float32(found.Width), float32(small.Height)/float32(found.Height))))
	if err != nil {
		return report.Picture{}, err
	}
	return report.ShowImage(drawn, 80), nil
}

// scaled are the boxes and key points of an image of another size; masks are left out.
func scaled(found detect.Result, x, y float32) detect.Result {
	by := [2]float32{x, y}
	all := slices.Clone(found.Detections)
	for i := range all {
		all[i].Mask = nil
		for k := range all[i].Box {
			all[i].Box[k] *= by[k%2]
		}
		points := make([][]float32, len(all[i].Keypoints))
		for k, p := range all[i].Keypoints {
			points[k] = append([]float32{p[0] * x, p[1] * y}, p[2:]...)
		}
		all[i].Keypoints = points
	}
	found.Detections = all
	return found
}
