package generate

import (
	"context"
	"iter"
	"sync"

	"ortho/preprocess"
	"ortho/runner"
)

// Images runs many images through a Generator. Several small ones run concurrently; a large one
// has the generator to itself, which runs its tiles concurrently, while the next is read. So
// memory is that of one large image, or of a few small ones.
type Images[T, R any] struct {
	Generator *Generator
	// Read gives the image of an item, decoded: see [Generator.Image].
	Read func(context.Context, T) (*preprocess.Picture, error)
	// Make runs the image through the generator, and does all that needs its pixels: when it
	// returns, the next may have its turn.
	Make func(context.Context, T, *preprocess.Picture) (R, error)

	turn sync.RWMutex // held for writing by a large image
}

// largePixels is the size from which an image that is cut into tiles keeps a generator busy
// alone.
const largePixels = 1 << 20

// most bounds the images in memory.
const most = 8

// All yields the result or error of each item, in their order. It ends as [runner.Map] does.
func (m *Images[T, R]) All(ctx context.Context, items iter.Seq[T]) iter.Seq[runner.Result[T, R]] {
	return runner.Map(ctx, items, min(most, max(2, m.Generator.concurrency)), m.One)
}

// One handles one item, when its turn has come among those of All.
func (m *Images[T, R]) One(ctx context.Context, item T) (made R, err error) {
	image, err := m.Read(ctx, item)
	if err != nil {
		return made, err
	}
	_, height := m.Generator.Whole()
	if image.Width*image.Height > largePixels && height == 0 {
		m.turn.Lock()
		defer m.turn.Unlock()
	} else {
		m.turn.RLock()
		defer m.turn.RUnlock()
	}
	if ctx.Err() != nil {
		return made, ctx.Err()
	}
	return m.Make(ctx, item, image)
}
