// Package depth estimates how far each pixel of an image is: encoded images in, a value for each pixel out, at the
// image's size.
//
//	image file --images.Graph--> a map at the model's resolution --bicubic--> Result
//
// It does what transformers' processors do in post_process_depth_estimation (DPT, Depth Anything, GLPN).
package depth

import (
	"context"
	"fmt"
	"iter"
	"math"

	"ortho/models"
	"ortho/models/images"
	"ortho/runner"
)

// Options say how a graph runs.
type Options struct{ Images images.Options }

// Result is the depth of one image.
type Result struct {
	Depth  *Range `json:"depth,omitempty"`
	Width  int    `json:"width,omitempty"` // pixels of the image, upright
	Height int    `json:"height,omitempty"`

	Values []float32 `json:"-"` // of each pixel, row by row
}

// Range says what values a map has.
type Range struct {
	Min  float32 `json:"min"`
	Max  float32 `json:"max"`
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"`            // the standard deviation
	Unit string  `json:"unit,omitempty"` // "m", metres; "": values are relative
}

// Estimator is a model that is open. Its methods may be called concurrently.
type Estimator struct {
	*images.Graph[Result]
	spec *models.DepthSpec
}

// Open opens a model. Close it after use. ctx is for Open alone; see [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Estimator, error) {
	spec, err := m.DepthEstimator()
	if err != nil {
		return nil, err
	}
	e := &Estimator{spec: spec}
	e.Graph, err = images.Open(ctx, m, images.Task[Result]{Input: &spec.Input, Batch: spec.Batch, Outputs: []string{spec.Output}, Read: e.read}, opt.Images)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Spec says how the model is run, and its output read.
func (e *Estimator) Spec() *models.DepthSpec { return e.spec }

// Each yields the depth of each image, in their order; see [images.Each].
func Each[T any](ctx context.Context, e *Estimator, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	return images.Each(ctx, e.Graph, items, input)
}

// mostValues bounds a map.
const mostValues = 1 << 28

func (e *Estimator) read(size images.Size, rows []runner.Row) (Result, error) {
	values, err := images.Values(rows[0])
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	shape := rows[0].Shape
	if len(shape) == 3 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || int64(len(values)) != shape[0]*shape[1] {
		return Result{}, models.StageOutput.Wrap(fmt.Errorf("output %s has the shape %v of an image, which is no map of depth", rows[0].Name, rows[0].Shape))
	}
	if size.Width > mostValues/size.Height {
		return Result{}, models.StageOutput.Wrap(fmt.Errorf("a map of %dx%d pixels", size.Width, size.Height))
	}
	made := Result{Width: size.Width, Height: size.Height, Values: resized(values, int(shape[1]), int(shape[0]), size.Width, size.Height)}
	made.Depth = rangeOf(made.Values)
	if e.spec.Metres {
		made.Depth.Unit = "m"
	}
	return made, nil
}

func rangeOf(values []float32) *Range {
	r := &Range{Min: values[0], Max: values[0]}
	for _, v := range values {
		r.Min, r.Max = min(r.Min, v), max(r.Max, v)
		r.Mean += float64(v)
	}
	r.Mean /= float64(len(values))
	for _, v := range values {
		r.Std += (float64(v) - r.Mean) * (float64(v) - r.Mean)
	}
	r.Std = math.Sqrt(r.Std / float64(len(values)))
	return r
}

// Scaled are the values as parts of their range, from 0 to 1: of one that is empty they are 0.
func (r Result) Scaled(i int) float32 {
	if r.Depth.Max <= r.Depth.Min {
		return 0
	}
	return (r.Values[i] - r.Depth.Min) / (r.Depth.Max - r.Depth.Min)
}
