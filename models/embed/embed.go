// Package embed makes embeddings of images: encoded images in, the values of one output for
// each out, normalised where that is wanted. Images that are alike have embeddings that point
// in similar directions.
//
//	image file --images.Graph--> row of the output --> Result.Embedding
package embed

import (
	"context"
	"errors"
	"iter"
	"math"

	"ortho/models"
	"ortho/models/images"
	"ortho/runner"
)

// Options say how a graph runs, and what is done with its values.
type Options struct {
	Images    images.Options
	Normalize bool // to a length of 1: the product of two is the cosine of the angle between them
}

// Result is the embedding of one image.
type Result struct {
	Embedding []float32 `json:"embedding"`       // the output's values, in their order
	Width     int       `json:"width,omitempty"` // pixels of the image, upright where the model wants it so
	Height    int       `json:"height,omitempty"`
}

// Embedder is a model that is open. Its methods may be called concurrently.
type Embedder struct{ *images.Graph[Result] }

// Open opens a model. Close it after use. ctx is for Open alone; see [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Embedder, error) {
	spec, err := m.Embedder()
	if err != nil {
		return nil, err
	}
	graph, err := images.Open(ctx, m, images.Task[Result]{
		Input: &spec.Input, Batch: spec.Batch, Outputs: []string{spec.Output.OutputName},
		Read: func(size images.Size, outputs []runner.Row) (Result, error) {
			values, err := images.Values(outputs[0])
			if err == nil && opt.Normalize {
				err = Unit(values)
			}
			if err != nil {
				return Result{}, models.StageOutput.Wrap(err)
			}
			return Result{values, size.Width, size.Height}, nil
		},
	}, opt.Images)
	if err != nil {
		return nil, err
	}
	return &Embedder{graph}, nil
}

// Each yields the embedding of each image, in their order; see [images.Each].
func Each[T any](ctx context.Context, e *Embedder, items iter.Seq[T], input func(T) images.Input) iter.Seq[runner.Result[T, Result]] {
	return images.Each(ctx, e.Graph, items, input)
}

// Unit divides values by their Euclidean length, which is summed in float64: the product of two such
// embeddings is the cosine of the angle between them.
func Unit(values []float32) error {
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return errors.New("the embedding has no direction: all its values are 0")
	}
	for i, v := range values {
		values[i] = float32(float64(v) / math.Sqrt(sum))
	}
	return nil
}
