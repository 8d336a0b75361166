package main

import (
	"context"
	"iter"
	"strconv"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/evaluate/maps"
	"ortho/models/images"
	"ortho/models/segment"
	"ortho/models/segments"
	"ortho/runner"
)

// maps are images that a segmenter is to divide as it is known.
func (o *evalOptions) maps(call *flags.Call) (*subject, error) {
	if err := o.only(call, "common", "images", "conf"); err != nil {
		return nil, err
	}
	truth, err := dataset.OpenMaps(o.data, o.images)
	if err != nil {
		return nil, err
	}
	s := &subject{task: models.Segment, images: truth.Images, data: pages.EvaluationData{Path: o.data, Kind: truth.Kind, Classes: len(truth.Categories), Notes: truth.Notes}}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		return o.division(ctx, call, c.model, truth, &s.data)
	}
	return s, nil
}

// division opens a segmenter for images of which maps are known.
func (o *evalOptions) division(ctx context.Context, call *flags.Call, model *models.Model, truth *dataset.Maps, data *pages.EvaluationData) (*trial, error) {
	opt := segment.Options{Map: segments.Defaults, NoMasks: true, Images: o.imageOptions()}
	if !truth.Panoptic {
		opt.Map.As = segments.Semantic
	}
	if call.Given("conf") {
		opt.Map.Threshold = o.confidence
	}
	segmenter, err := segment.Open(ctx, model, opt)
	if err != nil {
		return nil, err
	}
	labels := segmenter.Spec().Labels
	d := &divided{truth: truth, places: map[uint32]int{}}
	categories := truth.Categories
	if categories == nil { // values alone are known
		for i := range labels {
			categories = append(categories, dataset.Category{ID: i})
		}
		data.Classes = len(labels)
	}
	switch {
	case o.truth == "rank" && truth.Categories == nil:
		err = commandline.Usagef("--truth rank is the place of a class among those that have names: %s has none", o.data)
	case len(labels) == 0 && truth.Categories == nil:
		err = commandline.Usagef("neither %s nor the model says how many classes there are: give --labels FILE", o.data)
	default:
		d.pairing, err = o.pair(categories, labels, len(labels))
	}
	if err != nil {
		segmenter.Close()
		return nil, err
	}
	if truth.Categories == nil {
		for i := range d.names {
			if i < len(labels) && labels[i].Name != "" {
				d.names[i].Label = labels[i].Name
			}
		}
	}
	data.NamedBy = d.by
	for _, note := range d.notes {
		tell(call, data, note)
	}
	if d.unjudged != "" {
		tell(call, data, d.unjudged)
	}
	for at, c := range categories {
		d.places[uint32(c.ID)] = at
	}
	t := &trial{graph: segmenter, labels: labels, settings: record.Settings{{Key: "as", Value: string(opt.Map.As)}, {Key: "conf", Value: strconv.FormatFloat(opt.Map.Threshold, 'g', -1, 64)}}}
	t.answers = answersOf(truth.Images, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, segment.Result]] {
		return segment.Each(ctx, segmenter, places, func(place int) images.Input { return imageOf(item(place)) })
	}, d.add)
	if truth.Panoptic && segmenter.Numbered() {
		var things []bool
		for at, c := range categories {
			if _, judged := d.ofData[at]; judged {
				things = append(things, c.Thing)
			}
		}
		d.panoptic = maps.NewPanoptic(len(d.names), things)
		t.parts = []part{{d.panoptic, d.tellPanoptic}}
		return t, nil
	}
	d.semantic = maps.NewSemantic(len(d.names))
	t.parts = []part{{d.semantic, d.tellSemantic}}
	return t, nil
}

// divided is how a segmenter divides images.
type divided struct {
	*pairing
	truth    *dataset.Maps
	places   map[uint32]int // of the data's categories, by the values of masks
	semantic *maps.Semantic // one of both
	panoptic *maps.Panoptic
}

func (d *divided) add(place int, answer segment.Result) error {
	values, there, err := d.truth.Of(place, answer.Width, answer.Height)
	if err != nil {
		return models.StageInput.Wrap(err)
	}
	if d.panoptic != nil {
		return d.addPanoptic(values, there, answer)
	}
	classes := map[uint32]uint16{}
	if d.truth.Panoptic {
		for _, s := range there {
			if class, judged := d.ofData[s.Class]; judged {
				classes[s.ID] = uint16(class)
			}
		}
	} else {
		for value, at := range d.places {
			if class, judged := d.ofData[at]; judged {
				classes[value] = uint16(class)
			}
		}
	}
	truth, found := make([]uint16, len(values)), make([]uint16, len(values))
	for i, v := range values {
		class, judged := classes[v]
		if !judged {
			class = maps.None
			if d.truth.Categories == nil && v != dataset.Ignored {
				return models.StageInput.Wrap(&valueError{v, len(d.names)})
			}
		}
		truth[i] = class
		if of, judged := d.ofMine[int(answer.Map[i])]; judged {
			found[i] = uint16(of)
		} else {
			found[i] = maps.None
		}
	}
	if err := d.semantic.Add(truth, found); err != nil {
		return models.StageOutput.Wrap(err)
	}
	return nil
}

// valueError is of a mask with a value that is no class.
type valueError struct {
	value   uint32
	classes int
}

func (e *valueError) Error() string {
	return "its mask has the value " + strconv.FormatUint(uint64(e.value), 10) + ", and the model " + strconv.Itoa(e.classes) +
		" classes: only 255 does not count; a classes.json beside the masks says which values are classes"
}

func (d *divided) addPanoptic(truth []uint32, there []maps.Segment, answer segment.Result) error {
	var judged, seen []maps.Segment
	dropped, unseen := map[uint32]bool{}, map[uint32]bool{}
	for _, s := range there {
		class, ok := d.ofData[s.Class]
		if !ok {
			dropped[s.ID] = true
			continue
		}
		s.Class = class
		judged = append(judged, s)
	}
	for _, s := range answer.Segments {
		class, ok := d.ofMine[s.Index]
		if !ok {
			unseen[uint32(s.Value)] = true
			continue
		}
		seen = append(seen, maps.Segment{ID: uint32(s.Value), Class: class})
	}
	found := make([]uint32, len(answer.Map))
	for i, v := range answer.Map {
		if found[i] = uint32(v); unseen[found[i]] {
			found[i] = 0
		}
		if dropped[truth[i]] {
			truth[i] = 0
		}
	}
	if err := d.panoptic.Add(truth, found, judged, seen); err != nil {
		return models.StageOutput.Wrap(err)
	}
	return nil
}

func (d *divided) tellSemantic() pages.QualityPart {
	told := pages.QualityPart{Of: "Classes of pixels", ClassFigure: "IoU", Counted: "pixels"}
	for k, c := range d.semantic.Classes() {
		told.Classes = append(told.Classes, pages.QualityClass{Name: d.names[k], N: c.Pixels, Found: c.Found})
	}
	return told
}

func (d *divided) tellPanoptic() pages.QualityPart {
	told := pages.QualityPart{Of: "Segments (panoptic quality)", ClassFigure: "PQ", Counted: "segments"}
	for k, n := range d.panoptic.Found() {
		told.Classes = append(told.Classes, pages.QualityClass{Name: d.names[k], N: int64(n[0] + n[2]), Found: int64(n[0] + n[1])})
	}
	return told
}
