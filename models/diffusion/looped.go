package diffusion

import (
	"context"
	"fmt"
	"math"
	"slices"

	"ortho/runner"
	"ortho/runner/onnx"
)

// looped is a graph that runs step after step with the same tensors: the UNet, or a ControlNet.
type looped struct {
	*sampling
	in      *Inputs
	rows    []*embedding // of which texts
	batches []batch
	fixed   map[string]int64 // sizes of the graph's symbolic dimensions
	ran     bool
}

// batch is one run of a step, which has all rows, if the graph takes as many.
type batch struct {
	first           int // its first row; rows beyond the last repeat it
	inputs, outputs []*runner.Tensor
	sample, time    *runner.Tensor // of the inputs
}

// allRows are the texts that a step is run for.
func (d *sampling) allRows() []*embedding {
	if d.guided {
		return []*embedding{d.negative, d.positive}
	}
	return []*embedding{d.positive}
}

// looped makes a graph's tensors for rows of texts; own makes those of inputs that it alone has, for so many rows. One that
// is nil is still to come.
func (d *sampling) looped(in *Inputs, rows []*embedding, own func(v onnx.Value, size int) (*runner.Tensor, error)) (*looped, error) {
	g := &looped{sampling: d, in: in, rows: rows}
	size := len(rows)
	if in.Batch > 0 {
		size = in.Batch
	}
	for first := 0; first < len(rows); first += size {
		b := batch{first: first}
		var err error
		b.inputs, err = tensors(in.Part, func(v onnx.Value) (*runner.Tensor, error) { return g.input(v, &b, size, own) })
		g.batches = append(g.batches, b)
		if err != nil {
			g.close()
			return nil, err
		}
	}
	return g, nil
}

func (g *looped) close() {
	for _, b := range g.batches {
		closeTensors(b.inputs)
		closeTensors(b.outputs)
	}
}

// input makes a batch's tensor for an input; what does not change from step to step is
// filled in.
func (g *looped) input(v onnx.Value, b *batch, size int, own func(onnx.Value, int) (*runner.Tensor, error)) (t *runner.Tensor, err error) {
	spec := &g.spec.Denoiser
	var values []float32
	row := func(of func(*embedding) []float32) {
		for i := range size {
			values = append(values, of(g.rows[min(b.first+i, len(g.rows)-1)])...)
		}
	}
	shape := []int64{int64(size)}
	switch v.Name {
	case g.in.Sample:
		channels := spec.Latents
		if g.in == &spec.Inputs {
			channels += spec.Masked
		}
		b.sample, err = runner.NewTensor(v.Type, append(shape, int64(channels), int64(g.sampling.rows()), int64(g.columns())))
		return b.sample, err
	case g.in.Timestep:
		shape = shape[:0]
		if len(v.Dims) > 0 { // one for all, unless the graph fixes how many
			shape = []int64{1}
		}
		if len(v.Dims) == 1 && v.Dims[0].Fixed() {
			shape[0] = v.Dims[0].Size
		}
		b.time, err = runner.NewTensor(v.Type, shape)
		return b.time, err
	case g.in.Context:
		shape = append(shape, int64(g.positive.length), int64(g.positive.width))
		row(func(e *embedding) []float32 { return e.context })
	case g.in.GuidanceCond:
		shape = append(shape, int64(spec.GuidanceDim))
		row(func(*embedding) []float32 { return embedGuidance(*g.Guidance, spec.GuidanceDim) })
	case g.in.Pooled:
		shape = append(shape, int64(len(g.positive.pooled)))
		row(func(e *embedding) []float32 { return e.pooled })
	case g.in.Sizes:
		shape = append(shape, int64(spec.SizeCount))
		row(g.sizes)
	default:
		return own(v, size)
	}
	return filled(v, shape, values)
}

// sizes are SDXL's time_ids: the original size, where it was cropped, and the size asked
// for, or of the refiner the aesthetic score.
func (g *looped) sizes(of *embedding) []float32 {
	h, w := float32(g.Height), float32(g.Width)
	if !g.spec.Aesthetics {
		return []float32{h, w, 0, 0, h, w}
	}
	score := float32(6) // diffusers' defaults
	if of == g.negative {
		score = 2.5
	}
	return []float32{h, w, 0, 0, score}
}

// embedGuidance is get_guidance_scale_embedding of LatentConsistencyModelPipeline.
func embedGuidance(guidance float64, dim int) []float32 {
	out := make([]float32, dim)
	half := dim / 2
	w := float32(guidance-1) * 1000
	rate := float32(math.Log(10000)) / float32(half-1)
	for i := range half {
		angle := float64(w * float32(math.Exp(float64(float32(i)*-rate))))
		out[i], out[half+i] = float32(math.Sin(angle)), float32(math.Cos(angle))
	}
	return out
}

// run runs the graph on the scaled latents, and extra channels, at time t. All inputs are there.
func (g *looped) run(ctx context.Context, scaled, extra []float32, t float32) error {
	part := g.in.Part
	if !g.ran && g.batches[0].sample.Type == onnx.Float { // float16 graphs would round elsewhere
		g.fixed = sizesOf(part.Graph.Inputs, g.batches[0].inputs)
	}
	// A preview has closed it where one graph is held at a time.
	session, err := g.use(ctx, part, g.fixed)
	if err != nil {
		return err
	}
	for k := range g.batches {
		b := &g.batches[k]
		if b.outputs == nil {
			b.outputs = make([]*runner.Tensor, len(session.Outputs))
		}
		each := len(scaled) + len(extra)
		for i := range int(b.sample.Shape[0]) {
			if err := put(b.sample, i*each, scaled); err != nil {
				return err
			}
			if err := put(b.sample, i*each+len(scaled), extra); err != nil {
				return err
			}
		}
		for i := range product(b.time.Shape) {
			if err := put(b.time, i, []float32{t}); err != nil {
				return err
			}
		}
		if err := g.sampling.run(ctx, part.Name, session, b.inputs, b.outputs); err != nil {
			if ctx.Err() == nil && (g.Width%64 != 0 || g.Height%64 != 0) {
				err = fmt.Errorf("%w (%dx%d are no multiples of 64, which exported UNets may want)", err, g.Width, g.Height)
			}
			return err
		}
	}
	g.ran = true
	return nil
}

// at is where output j of a row lies: a tensor, and the row in it.
func (g *looped) at(row, j int) (*runner.Tensor, int) {
	size := int(g.batches[0].sample.Shape[0])
	return g.batches[row/size].outputs[j], row % size
}

// place is where an input of the graph lies among its batches' tensors; -1: it has none of this name.
func (g *looped) place(name string) int {
	return slices.IndexFunc(g.in.Part.Graph.Inputs, func(v onnx.Value) bool { return v.Name == name })
}
