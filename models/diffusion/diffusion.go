// Package diffusion runs Stable Diffusion pipelines: a text becomes an image, alone, from
// another image, or in the masked part of one. It gives what the pipelines of diffusers
// give for the same folder, seed and settings.
package diffusion

import (
	"context"
	"errors"
	"iter"
	"time"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

// Options say how a pipeline runs. The zero value is the CPU with all cores, all parts
// being held from the first use to Close.
type Options struct {
	Runner    runner.Options
	LowMemory bool // hold one graph at a time: images are made in groups, part by part
	// Ran, where not nil, is told of each run of a graph when it has ended. Tensors are
	// valid until it returns; it is called from the goroutine that takes the samples.
	Ran func(Run)
}

// Run is one run of one part.
type Run struct {
	Part            string // as [models.Part] names it
	Took            time.Duration
	Session         *runner.Session
	Inputs, Outputs []*runner.Tensor // in the order of the session's
}

// Request says what one image is to be made of.
type Request struct {
	Prompt, Negative string
	// Seed is that of PyTorch's CPU generator, from which all chance is drawn, in diffusers'
	// order.
	Seed uint64
	// Latents stand in place of the first that are drawn: [channels, height/8, width/8],
	// standard normal.
	Latents       []float32
	Width, Height int      // 0: those of Image, cut to multiples of 8, else the pipeline's
	Steps         int      // 0: as the pipeline has it
	Guidance      *float64 // nil: as the pipeline has it; up to 1: none, and Negative has no effect
	Scheduler     string   // one of [scheduler.Names]; "": the pipeline's

	Image    *preprocess.Picture // start from it
	Strength float64             // above 0, to 1: how much of Image is replaced by noise; 0: as diffusers has it
	Mask     *preprocess.Picture // only what is white in it is made anew

	// Step, where not nil, is called after each step. Every PreviewEvery-th (0: none) has
	// the picture as it would be then.
	Step         func(Step)
	PreviewEvery int
}

// Step is a step that is done.
type Step struct {
	Done, Of int
	Preview  *preprocess.Image // nil where none was asked for
}

// Sample is what became of one request.
type Sample struct {
	Request Request // with all that was left open filled in
	Image   *preprocess.Image
	Err     error // see [ErrorKind]
}

// Pipeline is a pipeline ready to make images. It makes one at a time.
type Pipeline struct{}

// Open makes a pipeline ready. Close it after use.
func Open(p *models.Pipeline, opt Options) (*Pipeline, error) { return nil, errors.ErrUnsupported }

// Close frees all sessions.
func (p *Pipeline) Close() error { return nil }

// Session tells what the parts run on: that of the part that was opened first. It must not
// be run.
func (p *Pipeline) Session() *runner.Session { return nil }

// Check tells what of a request does not suit the pipeline, without running anything.
func (p *Pipeline) Check(r Request) error { return nil }

// Cut is the end of a text that the pipeline does not see, because it has more tokens than
// the text encoder takes; "" where it sees all.
func (p *Pipeline) Cut(text string) string { return "" }

// Samples makes an image of each request and yields them in order. The same request gives
// the same image on every run. When ctx is done it ends early, after an image that has all
// before it.
func (p *Pipeline) Samples(ctx context.Context, requests iter.Seq[Request]) iter.Seq[Sample] {
	return func(func(Sample) bool) {}
}

// ErrorKind names the stage at which one image of many failed, for its row of the results:
// "input" (what was asked for does not suit the pipeline), "run" (a graph failed, and all
// else) or "output" (its values can't be used: NaN).
func ErrorKind(err error) string { return "run" }
