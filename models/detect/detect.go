// Package detect finds objects in images: encoded images in, boxes with classes and scores out, in
// pixels of the image and best first.
//
//	image file --images.Graph--> rows of the outputs --boxes.Head--> Result.Detections
//
// What the outputs mean package boxes says: a family of graphs each, with the rules of the program
// that it comes from.
package detect

import (
	"context"
	"iter"
	"math"
	"slices"

	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// Options say how a graph runs, and which boxes are kept. What is nil is as the program has it that
// the model's family comes from.
type Options struct {
	Images     images.Options
	Confidence *float64 // a score must be above it
	Overlap    *float64 // IoU; a worse box with a larger one goes
	Most       *int     // boxes of an image; 0: any number
	Agnostic   *bool    // boxes of different classes overlap, too
	Classes    []int    // those that are kept; nil: all
	Slices     *Slices  // windows of each image; nil: the image as it is
}

// Result is what was found in one image.
type Result struct {
	Detections []Detection `json:"detections,omitzero"` // best first, of equal scores by place in the outputs
	Width      int         `json:"width,omitempty"`     // pixels of the image, upright where the model wants it so
	Height     int         `json:"height,omitempty"`
}

// Detection is an object in an image.
type Detection struct {
	Index int     `json:"index"` // of the class
	ID    string  `json:"id,omitempty"`
	Label string  `json:"label,omitempty"`
	Score float32 `json:"score"`
	// Box are x1, y1, x2 and y2 in pixels of the image, from its upper left corner. Where the model
	// gives an angle, it is the box before it is turned by that about its centre.
	Box   [4]float32 `json:"box"`
	Angle *float32   `json:"angle,omitempty"` // in radians, clockwise
	// Keypoints are x and y in pixels of the image, and how visible each is where the model says so.
	Keypoints [][]float32 `json:"keypoints,omitempty"`
	Mask      *boxes.RLE  `json:"mask,omitempty"` // of the whole image
}

// Detector is a model that is open. Its methods may be called concurrently.
type Detector struct {
	*images.Graph[Result]
	spec   *models.DetectorSpec
	rules  boxes.Rules
	slices *Slices
	// Of images that are sliced: the boxes of one (0: any number), and whether those of different classes become one.
	most     int
	agnostic bool
}

// Open opens a model. Close it after use. ctx is for Open alone; see [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Detector, error) {
	spec, err := m.Detector()
	if err != nil {
		return nil, err
	}
	d := &Detector{spec: spec, rules: opt.rules(spec), slices: opt.Slices}
	if d.slices != nil {
		if err := d.slices.check(); err != nil {
			return nil, err
		}
		if opt.Most != nil {
			d.most = *opt.Most
		}
		d.agnostic = opt.Agnostic != nil && *opt.Agnostic
	}
	d.Graph, err = images.Open(ctx, m, images.Task[Result]{Input: &spec.Input, Batch: spec.Batch, Outputs: spec.Head.Outputs, Read: d.read}, opt.Images)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// rules are those of a family with what the options say otherwise.
func (o *Options) rules(spec *models.DetectorSpec) boxes.Rules {
	r := spec.Head.Rules
	if o.Confidence != nil {
		r.Confidence = float32(*o.Confidence)
	}
	if o.Overlap != nil {
		r.Overlap = *o.Overlap
	}
	if o.Most != nil {
		r.Most = *o.Most
	}
	if o.Agnostic != nil {
		r.Agnostic = *o.Agnostic
	}
	for _, c := range o.Classes {
		r.Classes = append(r.Classes, c+spec.First)
	}
	return r
}

// Rules are those that boxes are kept by.
func (d *Detector) Rules() boxes.Rules { return d.rules }

// Spec says how the model is run, and its boxes read.
func (d *Detector) Spec() *models.DetectorSpec { return d.spec }

// Each yields what was found in each image, in their order; see [images.Each].
func Each[T any](ctx context.Context, d *Detector, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	if d.slices != nil {
		return eachSliced(ctx, d, items, input)
	}
	return images.Each(ctx, d.Graph, items, input)
}

// Image finds what is in one encoded image; see [images.Graph.Image]. Slices of it wait for those of no other call.
func (d *Detector) Image(ctx context.Context, data []byte) (Result, error) {
	if d.slices == nil {
		return d.Graph.Image(ctx, data)
	}
	one := images.Input{Name: "image", Read: func(context.Context) ([]byte, error) { return data, nil }}
	for r := range eachSliced(ctx, d, slices.Values([]images.Input{one}), func(in images.Input) images.Input { return in }) {
		return r.Value, r.Err
	}
	return Result{}, ctx.Err()
}

func (d *Detector) read(size images.Size, rows []runner.Row) (Result, error) {
	result, err := Read(d.spec, d.rules, size, rows)
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	return result, nil
}

// Read reads what was found in an image of a size out of its rows of the outputs that spec.Head names,
// in their order.
func Read(spec *models.DetectorSpec, rules boxes.Rules, size images.Size, rows []runner.Row) (Result, error) {
	outputs, err := images.Tensors(rows)
	if err != nil {
		return Result{}, err
	}
	head, at := spec.Head, placeOf(spec.Input.Placement(size.Width, size.Height))
	found, err := head.Boxes(at, outputs, rules)
	if err != nil {
		return Result{}, err
	}
	result := Result{Detections: make([]Detection, 0, len(found)), Width: size.Width, Height: size.Height}
	for _, b := range found {
		one := Detection{Index: int(b.Class) - spec.First, Score: b.Score, Box: b.Rect}
		if one.Index >= 0 && one.Index < len(spec.Labels) {
			one.ID, one.Label = spec.Labels[one.Index].ID, spec.Labels[one.Index].Name
		}
		if head.Oriented {
			one.turned(b)
		}
		if points := head.Points(at, outputs, b); points != nil {
			n := head.Keypoints[1]
			for i := 0; i+n <= len(points); i += n {
				one.Keypoints = append(one.Keypoints, points[i:i+n:i+n])
			}
		}
		if head.Masks {
			mask, err := head.Mask(at, outputs, b)
			if err != nil {
				return Result{}, err
			}
			if mask == nil { // as Ultralytics' predictor leaves it out
				continue
			}
			one.Mask = mask
		}
		result.Detections = append(result.Detections, one)
	}
	return result, nil
}

// turned gives the box and angle of an oriented box, as the graph has them.
func (d *Detection) turned(b boxes.Box) {
	x, y, w, h := b.Rect[0], b.Rect[1], b.Rect[2], b.Rect[3]
	d.Angle = &b.Angle
	d.Box = [4]float32{x - w/2, y - h/2, x + w/2, y + h/2}
}

// Corners are those of the box, turned by its angle.
func (d *Detection) Corners() [4][2]float32 {
	x1, y1, x2, y2 := d.Box[0], d.Box[1], d.Box[2], d.Box[3]
	corners := [4][2]float32{{x1, y1}, {x2, y1}, {x2, y2}, {x1, y2}}
	if d.Angle == nil {
		return corners
	}
	sin, cos := math.Sincos(float64(*d.Angle))
	for i, c := range corners {
		x, y := float64(c[0]-(x1+x2)/2), float64(c[1]-(y1+y2)/2)
		corners[i] = [2]float32{(x1+x2)/2 + float32(x*cos-y*sin), (y1+y2)/2 + float32(x*sin+y*cos)}
	}
	return corners
}

func placeOf(p preprocess.Placement) boxes.Place {
	return boxes.Place{Input: boxes.Size(p.Tensor), Image: boxes.Size{Width: p.Width, Height: p.Height}, ScaleX: p.ScaleX, ScaleY: p.ScaleY, X: p.X, Y: p.Y}
}
