package main

import (
	"context"
	"fmt"
	"iter"

	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner/compare"
	"ortho/runner/feed"
)

// comparedEdge bounds the images for a generator that takes any size: enough to show
// differences, and quick.
const comparedEdge = 256

// comparedInputs are the inputs of all sides.
type comparedInputs struct {
	set    *feed.Set // the reference's; nil: images
	failed []compare.Failure
	nfail  int
	// chunks cuts the inputs into chunks of as many rows as there is room for.
	chunks func(ctx context.Context, room func(rowBytes int64) int) iter.Seq2[compare.Chunk, error]
}

// maxFailed bounds the images that are listed with the reason why they can't be read.
const maxFailed = 1000

func (c *comparison) inputs() (*comparedInputs, error) {
	if c.values.what == "" {
		return c.imageInputs()
	}
	reference := c.plan.Sides[0]
	var set *feed.Set
	var err error
	if c.values.synthetic() {
		rows := (c.values.rows + c.plan.Batch - 1) / c.plan.Batch * c.plan.Batch
		var notice string
		if set, notice, err = syntheticSet(c.model(0), c.values.dims, rows, c.values.seed, "name images"); notice != "" {
			c.ui.Info(notice)
		}
	} else {
		set, err = feed.ReadNPZ(c.values.what, reference.Graph, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference.Name, err)
	}
	sets, notices, err := c.plan.Inputs(set)
	for _, notice := range notices {
		c.ui.Warn(notice)
	}
	if err != nil {
		return nil, err
	}
	chunks := func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return compare.Chunks(ctx, sets, room)
	}
	return &comparedInputs{set: set, chunks: chunks}, nil
}

// imageInputs makes all sides' inputs from images, by each model's own preprocessing.
func (c *comparison) imageInputs() (*comparedInputs, error) {
	var loaders []*models.ImageLoader
	for i, side := range c.plan.Sides {
		loader, err := c.model(i).ImageLoader()
		if err == nil && len(side.Graph.Inputs) > 1 {
			err = fmt.Errorf("%s takes more than an image: %v", side.Name, side.Graph.Inputs)
		}
		if err != nil {
			return nil, fmt.Errorf("%w (or feed it arrays: --input)", err)
		}
		loaders = append(loaders, loader)
	}
	in := &comparedInputs{}
	in.chunks = func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		options := models.FeedOptions{
			ImageOptions: models.ImageOptions{MaxPixels: c.pixels.Pixels, Scaled: c.jpegs.Scaled, Edge: comparedEdge},
			Rows:         func(rowBytes int) int { return room(int64(rowBytes)) },
			Failed: func(name string, err error) error {
				err = remedy.Of(err)
				c.ui.Warn(fmt.Sprintf("%s: %v; left out", name, err))
				in.fail(name, err)
				return nil
			},
		}
		return func(yield func(compare.Chunk, error) bool) {
			for batch, err := range models.FeedImages(ctx, loaders, imageFiles(c.images.Items()), options) {
				for i, name := range batch.Names {
					batch.Names[i] = term.UTF8(name)
				}
				if !yield(compare.Chunk{Names: batch.Names, Sets: batch.Sets}, err) {
					return
				}
			}
		}
	}
	return in, nil
}

// fail notes an image that can't be read.
func (in *comparedInputs) fail(name string, err error) {
	if in.nfail++; len(in.failed) < maxFailed {
		in.failed = append(in.failed, compare.Failure{Input: term.UTF8(name), Error: term.UTF8(err.Error())})
	}
}

func (c *comparison) countImages(stop func() bool) (int64, bool) {
	all, known := c.images.Survey(stop)
	return all.Items, known
}
