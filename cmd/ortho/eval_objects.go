package main

import (
	"context"
	"iter"
	"strconv"

	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/detect"
	"ortho/models/evaluate/coco"
	"ortho/models/images"
	"ortho/runner"
)

// lowestScore is that of the boxes that are judged where --conf says nothing else: average precision looks at all.
const lowestScore = 0.001

// mostDetections is how many of an image are judged where --max-det says nothing else: those of Ultralytics' val, of
// which COCO takes the best 100 of each class.
const mostDetections = 300

// objects are images in which a detector is to find what is known to be there.
func (o *evalOptions) objects(call *flags.Call) (*subject, error) {
	if err := o.only(call, "conf", "iou", "max-det", "common", "images"); err != nil {
		return nil, err
	}
	truth, err := dataset.OpenObjects(o.data, o.images)
	if err != nil {
		return nil, err
	}
	s := &subject{task: models.Detect, images: truth.Images, data: pages.EvaluationData{Path: o.data, Kind: truth.Kind, Classes: len(truth.Categories), Notes: truth.Notes}}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		return o.detection(ctx, call, c.model, truth, &s.data)
	}
	return s, nil
}

// detection opens a detector for images whose objects are known.
func (o *evalOptions) detection(ctx context.Context, call *flags.Call, model *models.Model, truth *dataset.Objects, data *pages.EvaluationData) (*trial, error) {
	opt := detect.Options{Confidence: new(lowestScore), Most: new(mostDetections), Images: o.imageOptions()}
	if call.Given("conf") {
		opt.Confidence = &o.confidence
	}
	if call.Given("iou") {
		opt.Overlap = &o.overlap
	}
	if call.Given("max-det") {
		opt.Most = &o.most
	}
	detector, err := detect.Open(ctx, model, opt)
	if err != nil {
		return nil, err
	}
	spec := detector.Spec()
	p, err := o.pair(truth.Categories, spec.Labels, 0)
	if err != nil {
		detector.Close()
		return nil, err
	}
	data.NamedBy = p.by
	for _, note := range p.notes {
		tell(call, data, note)
	}
	if p.unjudged != "" {
		tell(call, data, p.unjudged)
	}
	d := &detected{truth: truth, pairing: p}
	kinds := []coco.Kind{coco.Boxes}
	if spec.Head.Masks && truth.Masks {
		kinds = append(kinds, coco.Masks)
	}
	if points := spec.Head.Keypoints[0]; points > 0 && truth.Points == points {
		kinds = append(kinds, coco.Keypoints)
	}
	for _, kind := range kinds {
		opt := coco.Options{Kind: kind, Classes: len(p.names)}
		if kind == coco.Keypoints && truth.Points != len(coco.Sigmas) { // as Ultralytics has it for others than COCO's people
			for range truth.Points {
				opt.Sigmas = append(opt.Sigmas, 1/float64(truth.Points))
			}
			tell(call, data, "only COCO's 17 key points of people have known deviations: all of these count with 1/"+strconv.Itoa(truth.Points))
		}
		d.kinds, d.found = append(d.kinds, kind), append(d.found, coco.New(opt))
	}
	t := &trial{graph: detector, labels: spec.Labels, settings: o.boxSettings(detector.Rules())}
	t.answers = answersOf(truth.Images, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, detect.Result]] {
		return detect.Each(ctx, detector, places, func(place int) images.Input { return imageOf(item(place)) })
	}, d.add)
	for i := range d.kinds {
		t.parts = append(t.parts, part{Measured: d.found[i], tell: func() pages.QualityPart { return d.tell(i) }})
	}
	return t, nil
}

// boxSettings are those of the options that change what is found.
func (o *evalOptions) boxSettings(rules boxes.Rules) record.Settings {
	return record.Settings{{Key: "conf", Value: strconv.FormatFloat(float64(rules.Confidence), 'g', -1, 32)}, {Key: "iou", Value: strconv.FormatFloat(rules.Overlap, 'g', -1, 64)}, {Key: "max-det", Value: strconv.Itoa(rules.Most)}}
}

// detected is what a detector finds.
type detected struct {
	*pairing
	truth *dataset.Objects
	kinds []coco.Kind
	found []*coco.Evaluation // by kind
}

func (d *detected) add(place int, answer detect.Result) error {
	objects, err := d.truth.Of(place, answer.Width, answer.Height)
	if err != nil {
		return models.StageInput.Wrap(err)
	}
	there := objects[:0]
	for _, one := range objects {
		if class, judged := d.ofData[one.Class]; judged {
			one.Class = class
			there = append(there, one)
		}
	}
	var seen []coco.Found
	for _, f := range answer.Detections {
		class, judged := d.ofMine[f.Index]
		if !judged {
			continue
		}
		one := coco.Found{Class: class, Score: float64(f.Score)}
		x0, y0, x1, y1 := float64(f.Box[0]), float64(f.Box[1]), float64(f.Box[2]), float64(f.Box[3])
		if f.Angle != nil { // the box around the turned one
			x0, y0, x1, y1 = around(f.Corners())
		}
		one.Box = [4]float64{x0, y0, x1 - x0, y1 - y0}
		if f.Mask != nil {
			if one.Mask, err = coco.MaskOf(f.Mask); err != nil {
				return models.StageOutput.Wrap(err)
			}
		}
		for _, k := range f.Keypoints {
			one.Keypoints = append(one.Keypoints, float64(k[0]), float64(k[1]), 1)
		}
		seen = append(seen, one)
	}
	for _, e := range d.found {
		if err := e.Check(there, seen); err != nil {
			return models.StageOutput.Wrap(err)
		}
	}
	for _, e := range d.found {
		if err := e.Add(there, seen); err != nil {
			return models.StageOutput.Wrap(err)
		}
	}
	return nil
}

// around is the upright box around corners.
func around(corners [4][2]float32) (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = float64(corners[0][0]), float64(corners[0][1]), float64(corners[0][0]), float64(corners[0][1])
	for _, c := range corners[1:] {
		x0, x1 = min(x0, float64(c[0])), max(x1, float64(c[0]))
		y0, y1 = min(y0, float64(c[1])), max(y1, float64(c[1]))
	}
	return x0, y0, x1, y1
}

// tell is what is found of a kind: the figures' classes, and where thresholds are best at an IoU of 0.5.
func (d *detected) tell(i int) pages.QualityPart {
	e := d.found[i]
	told := pages.QualityPart{Of: map[coco.Kind]string{coco.Boxes: "Boxes, as COCO measures them", coco.Masks: "Masks, as COCO measures them", coco.Keypoints: "Key points, as COCO measures them"}[d.kinds[i]],
		ClassFigure: "AP", Counted: "objects"}
	all := e.Curve(-1)
	told.Curve = all.Points()
	if best, ok := all.Best(); ok {
		told.Advice = []pages.Advice{{Of: "all classes", Flag: "--conf " + strconv.FormatFloat(best.Threshold, 'g', 4, 64) + "; at an IoU of 0.5", Point: best}}
	}
	for k, name := range d.names {
		c := pages.QualityClass{Name: name}
		objects, found := e.Counts(k)
		c.N, c.Found = int64(objects), int64(found)
		if best, ok := e.Curve(k).Best(); ok {
			c.Best = &best
		}
		told.Classes = append(told.Classes, c)
	}
	return told
}
