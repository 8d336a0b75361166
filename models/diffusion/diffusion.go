package diffusion

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

// Options say how a pipeline runs. The zero value is the CPU with all cores, all parts
// being held from their first use to Close.
type Options struct {
	Runner    runner.Options
	LowMemory bool // hold one graph at a time, or the UNet and its ControlNets: images are made in groups, part by part
	// Ran, where not nil, is called after each run of a graph, on the goroutine that takes the
	// samples. The tensors are valid until it returns.
	Ran func(Run)
	// Opened, where not nil, is called with each session that is made for a part, before it runs:
	// each part has providers of its own that can't run it.
	Opened func(part string, s *runner.Session)
}

// Run is one run of one part.
type Run struct {
	Part            string // as [Part] names it
	Took            time.Duration
	Session         *runner.Session
	Inputs, Outputs []*runner.Tensor // in the order of the session's
}

// Request says what one image is to be made of.
type Request struct {
	Prompt string
	// Negative is the negative prompt. nil is the pipeline's default, which differs from "" in
	// some (SDXL). It has no effect without guidance.
	Negative *string
	// Seed is that of PyTorch's CPU generator, from which all random numbers are drawn, in
	// diffusers' order.
	Seed uint64
	// Latents stand in place of the first noise that is drawn for the image: [channels,
	// height/8, width/8], standard normal.
	Latents []float32
	// Width and Height are in pixels. Both 0: those of Image, as near as the pipeline can make
	// them, or shrunk to the pipeline's pixels where they are more than 4 times as many; else
	// the pipeline's.
	Width, Height int
	Steps         int      // 0: as the pipeline has it
	Guidance      *float64 // nil: as the pipeline has it; up to 1: none
	// Scheduler is one of [scheduler.Names], or a class of diffusers', which is one of these
	// when the request is filled in; "": the pipeline's.
	Scheduler string
	Eta       float64 // from 0 to 1: how much noise ddim and tcd add at a step
	// Rescale, from 0 to 1, is how far the guided output is brought back to the deviation
	// that the prompt's has (guidance_rescale).
	Rescale float64
	// ClipSkip is how many of the text encoder's last layers the prompt leaves out
	// (clip_skip); as in diffusers, the negative prompt leaves out none.
	ClipSkip int

	Image    *preprocess.Picture // start from it
	Fit      Fit                 // how Image becomes one of Width and Height; "": FitCrop
	Strength float64             // above 0, to 1: how much of Image is replaced by noise; 0: as diffusers has it
	Mask     *preprocess.Picture // only what is white in it is made anew; see [MaskOf]
	Soft     bool                // the picture is blended with Image by the mask's grays; else they are white from half on, as in diffusers

	// Control are the images that the picture is to follow, one for each of the pipeline's ControlNets, in their order.
	Control []ControlImage
	// Guess has the ControlNets follow the images without the text's help, and lets them act on the prompt's half of
	// guidance alone (guess_mode).
	Guess bool

	// Step, where not nil, is called after each step. Every PreviewEvery-th (0: none) has
	// the picture as it would be then.
	Step         func(Step)
	PreviewEvery int
}

// ControlImage is what a ControlNet is given.
type ControlImage struct {
	Image *preprocess.Picture // brought to the size as Fit says
	Scale *float64            // how much its ControlNet counts; nil: as diffusers has it (1; from an image 0.8; with a mask 0.5, of SDXL 1)
	// Start and End are the part of the steps that it acts on, from 0 to 1 (control_guidance_start, control_guidance_end); an
	// End of 0 is 1.
	Start, End float64
}

// Step describes a step that has been made. One may take two runs of the UNet.
type Step struct {
	Done, Of int
	Preview  *preprocess.Image // nil where none was asked for
}

// Sample is the outcome of one request.
type Sample struct {
	Request Request // with all that was left open filled in
	Image   *preprocess.Image
	Err     error // see [models.StageOf]
}

// Pipeline is a pipeline ready to make images. It makes one at a time.
type Pipeline struct {
	name  string
	spec  *Spec
	opt   Options
	first *runner.Session

	gate    runner.Gate
	making  sync.Mutex // held while a group of images is made
	open    map[string]*opened
	encoded map[encoded]*embedding
	skips   []int // how many of the text encoders' last layers texts have left out

	// Tests put recorded noise in the generator's place, and look at the latents.
	inject, watch func([]float32)
}

// Open makes a pipeline ready. Close it after use. ctx is for Open alone, which opens the
// first part; others are opened under the context of the samples that need them. See
// [runner.Open].
func Open(ctx context.Context, m *Folder, opt Options) (*Pipeline, error) {
	spec, err := m.Spec()
	if err != nil {
		return nil, err
	}
	p := &Pipeline{name: m.Name, spec: spec, opt: opt, open: map[string]*opened{}, encoded: map[encoded]*embedding{}}
	if p.opt.Runner.Threads == 0 && opt.Runner.OnCPU() {
		p.opt.Runner.Threads = cores()
	}
	// The part that is used first: what does not run fails before any work.
	if p.first, err = p.use(ctx, spec.Texts[0].Part, nil); err != nil {
		return nil, err
	}
	return p, nil
}

// Close refuses further images, whose error is [runner.ErrClosed], waits for those under
// way, and frees all sessions. It may be called more than once, and within a range over
// Samples.
func (p *Pipeline) Close() error {
	return p.gate.Close(func() error { return p.closeAll(func(string) bool { return true }) })
}

// Session is that of the part that was opened first, for its provider and threads. It must
// not be run.
func (p *Pipeline) Session() *runner.Session { return p.first }

// Spec describes how the pipeline runs.
func (p *Pipeline) Spec() *Spec { return p.spec }

// Cut is the end of a text that the pipeline does not see, because it has more tokens than
// the text encoder takes; "" where it sees all.
func (p *Pipeline) Cut(text string) string {
	longest := ""
	for _, e := range p.spec.Texts {
		if cut := e.Tokenizer.Encode(text).Cut; len(cut) > len(longest) {
			longest = cut
		}
	}
	return longest
}

// group is how many images LowMemory takes through each part before the next is opened.
const group = 8

// Samples makes an image of each request and yields them in order. The same request gives
// the same image on every run. When ctx is done it ends early; what it has yielded
// has no gaps.
func (p *Pipeline) Samples(ctx context.Context, requests iter.Seq[Request]) iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		for r := range Each(ctx, p, requests, func(r Request) Request { return r }) {
			if !yield(r.Value) {
				return
			}
		}
	}
}

// Each is Samples for items of the caller's own, which come back with their samples. request
// is called once for each and returns what to make. A result's error is its sample's.
func Each[T any](ctx context.Context, p *Pipeline, items iter.Seq[T], request func(T) Request) iter.Seq[runner.Result[T, Sample]] {
	size := 1
	if p.opt.LowMemory {
		size = group
	}
	return func(yield func(runner.Result[T, Sample]) bool) {
		var of []T
		var under []*sampling
		flush := func() bool {
			p.make(ctx, under)
			for i, d := range under {
				if ctx.Err() != nil && d.err != nil || !yield(runner.Result[T, Sample]{Item: of[i], Value: Sample{d.Request, d.image, d.err}, Err: d.err}) {
					return false
				}
			}
			of, under = of[:0], under[:0]
			return true
		}
		for item := range items {
			if ctx.Err() != nil {
				return
			}
			of, under = append(of, item), append(under, &sampling{Pipeline: p, Request: request(item)})
			if len(under) == size && !flush() {
				return
			}
		}
		flush()
	}
}

// make runs samples through the pipeline, part by part.
func (p *Pipeline) make(ctx context.Context, all []*sampling) {
	if err := p.gate.Enter("the pipeline"); err != nil {
		for _, d := range all {
			d.err = err
		}
		return
	}
	defer p.gate.Leave()
	p.making.Lock()
	defer p.making.Unlock()
	for _, stage := range []func(*sampling, context.Context) error{
		(*sampling).begin, (*sampling).keep, (*sampling).encodeTexts, (*sampling).encodeImage, (*sampling).denoise, (*sampling).decode,
	} {
		for _, d := range all {
			if d.err == nil && d.image == nil {
				d.err = stage(d, ctx)
			}
		}
	}
}

// keep makes the picture the image where the mask changes nothing of it.
func (d *sampling) keep(context.Context) error {
	if d.unchanged() != "" {
		d.image = d.cut(d.frame(d.Image).place(d.Image.Image, false)).WithChannels(3)
	}
	return nil
}

func inputError(format string, args ...any) error {
	return models.StageInput.Wrap(fmt.Errorf(format, args...))
}
