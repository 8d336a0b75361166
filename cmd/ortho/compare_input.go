package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/runner/compare"
	"ortho/runner/feed"
)

// comparedImages are the images that sides are compared on.
type comparedImages struct {
	files iter.Seq[models.ImageFile]
	load  models.ImageOptions
	count func(stop func() bool) (int64, bool)
}

// comparedEdge is the most of an image that a generator gets which takes any size: enough
// to tell sides apart, and quick.
const comparedEdge = 256

func comparedImagesOf(c *cli.Context, reads *output.Reads) (*comparedImages, error) {
	if c.Int64("max-pixels") < 1 {
		return nil, usagef("--max-pixels %d: at least 1", c.Int64("max-pixels"))
	}
	scaled, err := scaledDecoding(c)
	if err != nil {
		return nil, err
	}
	from, err := sources(c)
	if err != nil {
		return nil, err
	}
	args := c.Args().Slice()
	return &comparedImages{
		files: imageFiles(imagesOf(c, from, reads)),
		load:  models.ImageOptions{MaxPixels: c.Int64("max-pixels"), Scaled: scaled, Edge: comparedEdge},
		count: func(stop func() bool) (int64, bool) {
			all, known := source.Survey(args, from, stop)
			return all.Items, known
		},
	}, nil
}

// comparedInputs are what all sides are fed.
type comparedInputs struct {
	set    *feed.Set // the reference's; nil: images
	failed []compare.Failure
	nfail  int
	// chunks cuts the inputs into as many rows as there is room for.
	chunks func(ctx context.Context, room func(rowBytes int64) int) iter.Seq2[compare.Chunk, error]
}

// maxFailed bounds the images that are listed with the reason why they can't be read.
const maxFailed = 1000

func (s *comparedSides) inputs() (*comparedInputs, error) {
	dims, err := dimSizes(s.dims)
	switch {
	case err != nil:
		return nil, err
	case s.input == "" && s.images == nil:
		return nil, usagef("nothing to compare on: give images, or --input FILE.npz or synthetic")
	case s.input != "" && s.named:
		return nil, usagef("give either images or --input")
	case s.input != "synthetic" && len(dims) > 0:
		return nil, usagef("--dim is for --input synthetic")
	case s.input == "":
		return s.imageInputs()
	}
	reference := s.plan.Sides[0]
	var set *feed.Set
	if s.input == "synthetic" {
		if s.rows < 1 || s.rows > 1_000_000 {
			return nil, usagef("--rows %d: from 1 to 1000000", s.rows)
		}
		rows := (s.rows + s.plan.Batch - 1) / s.plan.Batch * s.plan.Batch
		set, err = synthetic(s.model(0), dims, rows, s.seed, "name images")
	} else {
		set, err = feed.ReadNPZ(s.input, reference.Graph)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference.Name, err)
	}
	sets, notices, err := s.plan.Inputs(set)
	for _, notice := range notices {
		slog.Warn(notice)
	}
	if err != nil {
		return nil, err
	}
	chunks := func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return compare.Chunks(ctx, sets, room)
	}
	return &comparedInputs{set: set, chunks: chunks}, nil
}

// imageInputs feeds images to all sides, by each model's own preprocessing.
func (s *comparedSides) imageInputs() (*comparedInputs, error) {
	var loaders []*models.ImageLoader
	for i, side := range s.plan.Sides {
		loader, err := s.model(i).ImageLoader()
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
			ImageOptions: s.images.load,
			Rows:         func(rowBytes int) int { return room(int64(rowBytes)) },
			Failed:       in.fail,
		}
		return func(yield func(compare.Chunk, error) bool) {
			for batch, err := range models.FeedImages(ctx, loaders, s.images.files, options) {
				for i, name := range batch.Names {
					batch.Names[i] = text(name)
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
func (in *comparedInputs) fail(name string, err error) error {
	err = remedy.Of(err)
	slog.Warn(fmt.Sprintf("%s: %v; left out", name, err))
	if in.nfail++; len(in.failed) < maxFailed {
		in.failed = append(in.failed, compare.Failure{Input: text(name), Error: text(err.Error())})
	}
	return nil
}
