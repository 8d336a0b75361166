package images

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

// Window is a part of an image, in pixels.
type Window struct{ X, Y, Width, Height int }

// Parts are what came of the windows of an image, in their order.
type Parts[Out any] struct {
	Size    Size // of the image
	Windows []Window
	Results []Out
}

// mostDecoded is how many bytes of pixels wait for their windows' runs; a single image may have more.
const mostDecoded = 128 << 20

// part is what a run takes: an image, or a window of one that is decoded.
type part struct {
	Input
	of *decoded // nil: the whole image, which is not decoded
	at Window
}

// decoded is an image whose windows are run.
type decoded struct {
	*preprocess.Image
	err  error       // why there is none
	over atomic.Bool // one of its windows has failed
}

// EachPart yields what comes of the windows of each image, for which windows is called with its size (there is one at
// least): they are run as images of their own, in batches that may have those of several. Each image is decoded once;
// the error of a window is the image's. All else is as in [Each].
func EachPart[T, Out any](ctx context.Context, g *Graph[Out], items iter.Seq[T], input func(T) Input, windows func(Size) ([]Window, error)) iter.Seq[runner.Result[T, Parts[Out]]] {
	type one struct {
		item  T
		part  part
		parts *Parts[Out]
		last  bool
	}
	return func(yield func(runner.Result[T, Parts[Out]]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		room := semaphore.NewWeighted(mostDecoded)
		ones := func(yield func(one) bool) {
			for item := range items {
				in := input(item)
				img, err := g.picture(ctx, in)
				var all []Window
				if err == nil {
					all, err = windows(Size{img.Width, img.Height})
				}
				if err != nil {
					if !yield(one{item, part{Input: in, of: &decoded{err: err}}, new(Parts[Out]), true}) {
						return
					}
					continue
				}
				of, parts := &decoded{Image: img}, &Parts[Out]{Size: Size{img.Width, img.Height}, Windows: all}
				if room.Acquire(ctx, held(of)) != nil {
					return
				}
				for i, w := range parts.Windows {
					if !yield(one{item, part{in, of, w}, parts, i == len(parts.Windows)-1}) {
						return
					}
				}
			}
		}
		var failed error
		for r := range runner.Each(ctx, g.pool, ones, func(o one) part { return o.part }) {
			o := r.Item
			if r.Err != nil && failed == nil {
				failed = r.Err
				o.part.of.over.Store(true)
			}
			o.parts.Results = append(o.parts.Results, r.Value)
			if !o.last {
				continue
			}
			room.Release(held(o.part.of))
			made := runner.Result[T, Parts[Out]]{Item: o.item, Value: *o.parts, Err: g.named(ctx, o.part.Input, failed)}
			if failed != nil {
				made.Value = Parts[Out]{}
			}
			if failed = nil; !yield(made) {
				return
			}
		}
	}
}

// held is what an image takes of mostDecoded.
func held(d *decoded) int64 {
	if d.Image == nil {
		return 0
	}
	return min(int64(len(d.Pix)), mostDecoded)
}

// picture reads and decodes an image.
func (g *Graph[Out]) picture(ctx context.Context, in Input) (*preprocess.Image, error) {
	decode := func(ctx context.Context) (*preprocess.Image, error) {
		data, err := runner.Await(ctx, in.Read)
		if err != nil {
			return nil, models.StageRead.Wrap(err)
		}
		img, err := g.task.Input.Decode(data, preprocess.LoadOptions{MaxPixels: g.opt.MaxPixels, Unturned: &g.unturned})
		if err != nil {
			return nil, models.StageDecode.Wrap(err)
		}
		return img, nil
	}
	return within(ctx, g.opt.Timeout, decode)
}

// tensorOf makes the tensor of a window in the memory that room gives for its spec.
func (g *Graph[Out]) tensorOf(p part, room func(*preprocess.Spec) ([]byte, error)) (Size, error) {
	switch {
	case p.of.err != nil:
		return Size{}, p.of.err
	case p.of.over.Load():
		return Size{}, fmt.Errorf("another part of the image has failed")
	}
	spec := g.task.Input.For(p.at.Width, p.at.Height)
	if max(spec.Width, spec.Height) > preprocess.MaxSize {
		return Size{}, models.StageDecode.Wrap(fmt.Errorf("a tensor of %dx%d pixels, which are more than %d in a row: resize to less", spec.Height, spec.Width, preprocess.MaxSize))
	}
	row, err := room(&spec)
	if err != nil {
		return Size{}, err
	}
	if err := spec.TensorOf(row, p.of.Image, p.at.X, p.at.Y, p.at.Width, p.at.Height); err != nil {
		return Size{}, models.StageDecode.Wrap(err)
	}
	return Size{p.at.Width, p.at.Height}, nil
}
