// Package cutout removes the background of images: encoded images in, alpha out.
//
//	image file --images.Graph--> row of the output --matte.Rule--> Matte --Alpha--> alpha at the image's size
//
// Whose rule a model is run by package matte says: rembg's, MODNet's, or none but the values themselves.
package cutout

import (
	"context"
	"iter"

	"ortho/models"
	"ortho/models/images"
	"ortho/models/matte"
	"ortho/runner"
)

// Result is how much of each pixel of an image is kept, at the size of the graph's output.
type Result struct {
	matte.Matte
	Image images.Size // upright
}

// Alpha is the result at the image's size: a byte for each pixel, 255 where it is kept.
func (r Result) Alpha() ([]byte, error) { return r.Matte.Alpha(r.Image.Width, r.Image.Height) }

// Cutter is a model that is open. Its methods may be called concurrently.
type Cutter struct {
	*images.Graph[Result]
	spec *models.CutterSpec
}

// Open opens a model. Close it after use. ctx is for Open alone; see [runner.Open].
func Open(ctx context.Context, m *models.Model, opt images.Options) (*Cutter, error) {
	spec, err := m.Cutter()
	if err != nil {
		return nil, err
	}
	c := &Cutter{spec: spec}
	c.Graph, err = images.Open(ctx, m, images.Task[Result]{Input: &spec.Input, Batch: spec.Batch, Outputs: []string{spec.Output}, Read: c.read}, opt)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Spec says how the model is run, and its output read.
func (c *Cutter) Spec() *models.CutterSpec { return c.spec }

// Each yields the result of each image, in their order; see [images.Each].
func Each[T any](ctx context.Context, c *Cutter, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	return images.Each(ctx, c.Graph, items, input)
}

func (c *Cutter) read(size images.Size, rows []runner.Row) (Result, error) {
	tensors, err := images.Tensors(rows)
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	m, err := c.spec.Rule.Read(tensors[0].Shape, tensors[0].Values, c.spec.Inside)
	if err != nil {
		return Result{}, models.StageOutput.Wrap(err)
	}
	return Result{m, size}, nil
}
