// Package generate runs exported graphs whose output is an image: super-resolution,
// style transfer and other image-to-image graphs, and decoders of latents, classes and
// texts.
package generate

import (
	"context"
	"errors"
	"io"
	"iter"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

// Options say how a generator runs. The zero value is the CPU, and all else as the model says.
type Options struct {
	Runner      runner.Options
	Concurrency int // runs in flight, each a tile or an image; 0: as suits the provider

	// Of graphs that take images:
	Tile, Overlap int  // in pixels of the input; 0: as the model says. A negative Tile: images are never cut
	KeepSize      bool // bring the output back to the input's size
}

// Generator is a model ready to make images. Its methods may be called concurrently.
type Generator struct {
	spec *models.GeneratorSpec
}

// Open makes a generator of a model. Close it after use.
func Open(m *models.Model, opt Options) (*Generator, error) {
	return nil, errors.New("not built yet")
}

// Close frees the session. No call may be under way.
func (g *Generator) Close() error { return nil }

// Session tells what the generator runs on.
func (g *Generator) Session() *runner.Session { return nil }

// Spec is what the model takes and gives.
func (g *Generator) Spec() *models.GeneratorSpec { return g.spec }

// Image runs an image through the graph, in tiles where it is large. Where its size is
// known, begin is called once for what takes the rows: whole rows from the top, packed,
// of channels 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha). step, if not nil, is
// called as tiles are done. Memory beyond the input is bounded by a row of tiles.
func (g *Generator) Image(ctx context.Context, in *preprocess.Picture,
	begin func(width, height, channels int) (io.Writer, error), step func(done, total int)) error {
	return errors.New("not built yet")
}

// Request says what one image is to be made of. What the model does not take must be left out.
type Request struct {
	Seed       uint64    // latents are torch.randn's after torch.manual_seed(Seed)
	Latents    []float32 // in place of the seed's
	Text       string
	Class      *int
	Truncation float64 // 0: none; see [models.GeneratorSpec]
}

// Sample is what became of one request.
type Sample struct {
	Request Request
	Image   *preprocess.Image
	Err     error
}

// Samples makes an image of each request and yields them in order. The same request gives
// the same image on every run. When ctx is done it ends early.
func (g *Generator) Samples(ctx context.Context, requests iter.Seq[Request]) iter.Seq[Sample] {
	return func(yield func(Sample) bool) {}
}
