package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/runner/compare"
	"ortho/runner/feed"
)

// compareInput is what all sides are fed.
type compareInput struct {
	set    *feed.Set // the reference's; nil: images
	failed []compare.Failure
	nfail  int
	count  func(stop func() bool) (int64, bool) // of images; nil otherwise
	// chunks cuts the inputs into as many rows as there is room for.
	chunks func(ctx context.Context, room func(rowBytes int64) int) iter.Seq2[compare.Chunk, error]
}

// maxFailed bounds the images that are listed with the reason why they can't be read.
const maxFailed = 1000

func (t *contest) inputs(c *cli.Context) (*compareInput, error) {
	what := c.String("input")
	dims, err := dimSizes(c.StringSlice("dim"))
	switch {
	case err != nil:
		return nil, err
	case what == "" && c.NArg() == 0:
		return nil, usagef("nothing to compare on: give images, or --input FILE.npz or synthetic")
	case what != "" && c.NArg() > 0:
		return nil, usagef("give either images or --input")
	case what != "synthetic" && len(dims) > 0:
		return nil, usagef("--dim is for --input synthetic")
	case what == "":
		return t.images(c)
	}
	var set *feed.Set
	if what == "synthetic" {
		if c.Int("rows") < 1 || c.Int("rows") > 1_000_000 {
			return nil, usagef("--rows %d: from 1 to 1000000", c.Int("rows"))
		}
		rows := (c.Int("rows") + t.batch - 1) / t.batch * t.batch
		set, err = synthetic(t.model(0), dims, rows, c.Uint64("seed"), "name images")
	} else {
		set, err = feed.ReadNPZ(what, t.sides[0].Graph)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.sides[0].Name, err)
	}
	return t.arrays(set)
}

// arrays feeds a set to all sides.
func (t *contest) arrays(set *feed.Set) (*compareInput, error) {
	sets := []*feed.Set{set}
	for _, s := range t.sides[1:] {
		own, notice, err := compare.InputsOf(set, s.Graph)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if notice != "" {
			slog.Warn(s.Name + ": " + notice)
		}
		sets = append(sets, own)
	}
	chunks := func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return func(yield func(compare.Chunk, error) bool) {
			if set.Rows == 0 {
				yield(compare.Chunk{Names: []string{"the arrays"}, Sets: sets}, nil)
				return
			}
			var rowBytes int64
			for _, s := range sets {
				for _, a := range s.Arrays {
					rowBytes += int64(len(a.Data) / s.Rows)
				}
			}
			for first := 0; first < set.Rows && ctx.Err() == nil; {
				n := min(room(rowBytes), set.Rows-first)
				chunk := compare.Chunk{}
				for row := range n {
					chunk.Names = append(chunk.Names, fmt.Sprintf("row %d", first+row))
				}
				for _, s := range sets {
					cut := *s
					cut.Rows = n
					var err error
					if cut.Arrays, err = s.Slice(first, n); err != nil {
						yield(chunk, err)
						return
					}
					chunk.Sets = append(chunk.Sets, &cut)
				}
				if !yield(chunk, nil) {
					return
				}
				first += n
			}
		}
	}
	return &compareInput{set: set, chunks: chunks}, nil
}

// images feeds images to all sides, by each model's own preprocessing.
func (t *contest) images(c *cli.Context) (*compareInput, error) {
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
	var loaders []*models.ImageLoader
	for i, side := range t.sides {
		loader, err := t.model(i).ImageLoader()
		if err == nil && len(side.Graph.Inputs) > 1 {
			err = fmt.Errorf("%s takes more than an image: %v", side.Name, side.Graph.Inputs)
		}
		if err != nil {
			return nil, fmt.Errorf("%w (or feed it arrays: --input)", err)
		}
		loaders = append(loaders, loader)
	}
	in := &compareInput{count: func(stop func() bool) (int64, bool) {
		all, known := source.Survey(args, from, stop)
		return all.Items, known
	}}
	in.chunks = func(ctx context.Context, room func(int64) int) iter.Seq2[compare.Chunk, error] {
		return func(yield func(compare.Chunk, error) bool) {
			options := models.FeedOptions{
				ImageOptions: models.ImageOptions{MaxPixels: c.Int64("max-pixels"), Scaled: scaled, Edge: comparedEdge},
				Rows:         func(rowBytes int) int { return room(int64(rowBytes)) },
				Failed:       in.fail,
			}
			for batch, err := range models.FeedImages(ctx, loaders, imageFiles(imagesOf(c, from, t.reads)), options) {
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

// comparedEdge is the most of an image that a generator gets which takes any size: enough
// to tell sides apart, and quick.
const comparedEdge = 256

// fail notes an image that can't be read.
func (in *compareInput) fail(name string, err error) error {
	slog.Warn(fmt.Sprintf("%s: %v; left out", name, err))
	if in.nfail++; len(in.failed) < maxFailed {
		in.failed = append(in.failed, compare.Failure{Input: text(name), Error: text(err.Error())})
	}
	return nil
}
