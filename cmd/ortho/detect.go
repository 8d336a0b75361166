package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/detect"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// detectOptions is what the flags of detect say.
type detectOptions struct {
	boxes    flags.Boxes
	pictures detectPictures
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

func newDetectCommand() *cli.Command {
	o := &detectOptions{
		images:  flags.Images{Planned: true},
		page:    flags.Page{Usage: "also write a page to `FILE`, which shows the first images with their boxes and needs no network"},
		rows:    flags.Rows{Own: []string{"coco"}, Images: true},
		model:   flags.Model{Default: bundled.Detector, Task: models.Detect},
		session: flags.Session{Batches: true},
		read:    flags.Overrides{Task: models.Detect},
	}
	return flags.Command(cli.Command{
		Name:        "detect",
		Usage:       "find objects in images, a box each",
		ArgsUsage:   "SRC...",
		Description: help("detect"),
	}, o.run, &o.boxes, &o.pictures, &o.rows, &o.page, &o.progress, &o.images, &o.decoding, &o.timeout, &o.session, &o.model, &o.read)
}

func (o *detectOptions) run(ctx context.Context, call *flags.Call) error {
	to := job.Output{UI: call.UI, Rows: &o.rows, Page: &o.page, Progress: &o.progress, FailFast: &o.decoding.FailFast,
		Reads: call.Reads, Images: &o.images, AlwaysSummary: o.session.Chosen()}
	return job.Run(ctx, to, rows.DetectionsCodec, func() (*job.Job[source.Item, rows.Detections], error) {
		if err := o.read.Given.Assume("task", string(models.Detect), "ortho detect"); err != nil {
			return nil, err
		}
		model, err := o.read.Open(call.UI, o.model.Name)
		if err != nil {
			return nil, err
		}
		o.session.Check(ctx, call.UI, model)
		opt, err := o.options(model)
		if err != nil {
			return nil, err
		}
		detector, err := detect.Open(ctx, model, opt)
		if err != nil {
			return nil, err
		}
		flags.TellSession(call.UI, detector.Session())
		o.pictures.orientation, o.pictures.maxPixels = detector.Spec().Input.Orientation, o.decoding.Pixels
		if err := o.pictures.open(call, &o.rows); err != nil {
			return nil, errors.Join(err, detector.Close())
		}
		return &job.Job[source.Item, rows.Detections]{
			Unit:   "image",
			Items:  o.images.Items(),
			Name:   nameOf,
			Stamp:  o.images.Stamp,
			Survey: o.images.Survey,
			Record: func(format string) (record.Record, error) {
				return job.Described(ctx, o.settings(format), model, detector.Session(), detector.Spec().Labels)
			},
			Rows: func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Detections]] {
				return detectionRows(o.pictures.each(ctx, detector, items))
			},
			How:      howOf(detector),
			Unturned: detector.Unturned,
			Ended:    func(error) { flags.TellUnturned(call.UI, model, detector.Unturned()) },
			Close:    detector.Close,
			Title:    "What " + model.Name + " finds",
			Item:     func(item source.Item) source.Item { return item },
			Card: func(ctx context.Context, row rows.Detections, item source.Item) report.Card {
				return o.card(ctx, row, item)
			},
			AtOnce: runtime.GOMAXPROCS(0),
		}, nil
	})
}

// options are those of the detector, whose labels classes may be named by.
func (o *detectOptions) options(model *models.Model) (detect.Options, error) {
	opt := detect.Options{Confidence: o.boxes.Confidence, Overlap: o.boxes.Overlap, Most: o.boxes.Most, Agnostic: o.boxes.Agnostic,
		Images: images.Options{Runner: o.session.Runner, Batch: o.session.Batch, Concurrency: o.session.Concurrency,
			MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled, Timeout: o.timeout.PerImage}}
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

// settings are the options that change rows.
func (o *detectOptions) settings(format string) record.Settings {
	return slices.Concat(record.Settings{{Key: "format", Value: format}}, o.boxes.Settings(),
		record.Settings{{Key: "shard", Value: o.images.Shard().String()}}, o.decoding.Settings(), o.session.Settings())
}

// detectionRows makes a row for each image.
func detectionRows(found iter.Seq[runner.Result[shownItem, detect.Result]]) iter.Seq[job.Answer[rows.Detections]] {
	return func(yield func(job.Answer[rows.Detections]) bool) {
		for r := range found {
			made := rows.OfDetections(r.Item.Name, r.Value)
			if all := (*images.SizeError)(nil); errors.As(r.Err, &all) {
				yield(job.Answer[rows.Detections]{End: all})
				return
			} else if r.Err != nil {
				made = output.Failed[rows.Detections](r.Item.Name, string(models.StageOf(r.Err)), remedy.Text(r.Err))
			}
			if !yield(job.Answer[rows.Detections]{Row: made, Err: r.Err}) {
				return
			}
		}
	}
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
