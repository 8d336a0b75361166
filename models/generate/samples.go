package generate

import (
	"context"
	"fmt"
	"iter"

	"ortho/models"
	"ortho/models/config"
	"ortho/models/provenance"
	"ortho/preprocess"
	"ortho/runner"
)

// Request says what one image is to be made of. What the model does not take must be left
// out. All randomness is that of PyTorch's CPU generator after torch.manual_seed(Seed):
// first the latents, then a class where the model takes one and none is given.
type Request struct {
	Seed uint64
	// Latents stand in place of the seed's: as many as the model takes, row-major.
	Latents []float32
	Text    string // "": pads alone, where the model takes a text
	// Class is from 0. A model that takes no class but a text gets the class's label as the
	// text. nil, where the model takes a class: int(torch.randint(Count, ())).
	Class *int
	// Truncation, from above 0 to 1, draws normal latents as BigGAN does (Brock, Donahue and
	// Simonyan, 2018): beyond 2 they are drawn anew until none is, and then multiplied by
	// Truncation, which the model gets too where it has an input for it. 0: not truncated;
	// such an input gets 1.
	Truncation float64

	// Label is that of Class and Origin says where Latents come from, for
	// [Sample.Provenance]: they have no other use.
	Label  string
	Origin *provenance.Latents
}

// Sample is the outcome of one request.
type Sample struct {
	Request Request
	Class   *int     // the request's or the drawn one; nil where there is none
	Unknown []string // words of the text that the model does not know, each once
	Cut     []string // words of the text beyond those that the model takes
	Image   *preprocess.Image
	Err     error // see [models.StageOf]
}

// Samples makes an image of each request and yields them in order, each by a run of its
// own: the same request gives the same image on every run, whatever else there is. When
// ctx is done it ends early; what it has yielded has no gaps.
func (g *Generator) Samples(ctx context.Context, requests iter.Seq[Request]) iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		for r := range Each(ctx, g, requests, func(r Request) Request { return r }) {
			if !yield(r.Value) {
				return
			}
		}
	}
}

// Each is Samples for items of the caller's own, which come back with their samples. request
// is called once for each and returns what to make. A result's error is its sample's.
func Each[T any](ctx context.Context, g *Generator, items iter.Seq[T], request func(T) Request) iter.Seq[runner.Result[T, Sample]] {
	return runner.Map(ctx, items, g.concurrency, func(ctx context.Context, item T) (Sample, error) {
		r := request(item)
		s, err := g.sample(ctx, r)
		s.Request, s.Err = r, err
		return s, err
	})
}

func (g *Generator) sample(ctx context.Context, r Request) (Sample, error) {
	if err := g.enter(); err != nil {
		return Sample{}, err
	}
	defer g.gate.Leave()
	c, err := g.conditions(r)
	s := Sample{Class: c.class, Unknown: c.text.Unknown, Cut: c.text.Cut}
	if err != nil {
		return s, models.StageInput.Wrap(err)
	}
	inputs, err := g.inputs(c)
	defer closeAll(inputs)
	if err != nil {
		return s, models.StageInput.Wrap(err)
	}
	outputs := make([]*runner.Tensor, 1) // the session computes the image alone
	if err := g.session.Run(ctx, inputs, outputs); err != nil {
		return s, err
	}
	defer closeAll(outputs)
	if s.Image, err = g.picture(outputs[0]); err != nil {
		return s, models.StageOutput.Wrap(err)
	}
	return s, nil
}

func closeAll(tensors []*runner.Tensor) {
	for _, t := range tensors {
		if t != nil {
			t.Close()
		}
	}
}

// picture is the first image of the output, where that can be one.
func (g *Generator) picture(t *runner.Tensor) (*preprocess.Image, error) {
	p, err := planeOf(t, &g.spec.Output, 0)
	if err != nil {
		return nil, err
	}
	img := &preprocess.Image{Width: p.Width, Height: p.Height, Channels: p.Channels, Pix: make([]byte, p.Width*p.Height*p.Channels)}
	row := make([]float32, p.Width*p.Channels)
	seen := levels{channels: p.Channels}
	bad := 0
	for y := range p.Height {
		n, err := p.Unpack(row, p.data, 0, y, p.Width)
		if err != nil {
			return nil, err
		}
		bad += n
		seen.round(img.Pix[y*len(row):(y+1)*len(row)], row)
	}
	switch {
	case bad > 0:
		return nil, fmt.Errorf("output %q: %d of %d values are NaN or infinite: the usual cause is float16 overflow, "+
			"so that a float32 graph or another provider helps, or else latents that the graph was not made for", p.name, bad, seen.values)
	case !seen.contrast && p.Width*p.Height > 1:
		return nil, config.Errorf("output %q: all of the image has the colour %v: the usual causes are an %s that is not the graph's "+
			"(0,255 where it is 0,1 or -1,1), and latents or a text that it was not made for", p.name, seen.least[:p.Channels], config.Key("output-range"))
	case nearlyAll(seen.low+seen.high, seen.values):
		return nil, config.Errorf("output %q: of %d values %d lie below black and %d above white: the usual cause is an %s "+
			"that is not the graph's (0,1 where it is 0,255)", p.name, seen.values, seen.low, seen.high, config.Key("output-range"))
	}
	return img, nil
}
