package diffusion

import (
	"context"
	"fmt"
	"math"

	"ortho/runner"
	"ortho/runner/onnx"
)

// denoiser runs the UNet step after step with the same tensors.
type denoiser struct {
	*sampling
	batches []batch
	fixed   map[string]int64 // sizes of the graph's symbolic dimensions
	rows    int              // 2 with guidance: the negative prompt, and the prompt
	output  [][]float32      // of each row
}

// batch is one run of a step, which has all rows, if the graph takes as many.
type batch struct {
	first           int // its first row; rows beyond the last repeat it
	inputs, outputs []*runner.Tensor
	sample, time    *runner.Tensor // of the inputs
}

// denoise takes the latents through the steps.
func (d *sampling) denoise(ctx context.Context) error {
	g, err := d.denoiser()
	if err != nil {
		return err
	}
	defer g.close()
	n := len(d.latents)
	scaled, denoised, output := make([]float32, n), make([]float32, n), g.output[0]
	kept := make([]float32, n)
	for i := d.from; i < d.to; i++ {
		d.schedule.Scale(scaled, d.latents, i)
		if err := g.predict(ctx, scaled, d.schedule.Timesteps()[i]); err != nil {
			return fmt.Errorf("step %d of %d: %w", d.stepOf(i), d.stepOf(d.to-1), err)
		}
		if d.guided {
			guidance := float32(*d.Guidance)
			for k, away := range output {
				output[k] = away + guidance*(g.output[1][k]-away)
			}
			if d.Rescale > 0 {
				rescale(output, g.output[1], d.Rescale)
			}
		}
		if err := finite(UNet, output); err != nil {
			return fmt.Errorf("step %d of %d: %w", d.stepOf(i), d.stepOf(d.to-1), err)
		}
		d.schedule.Step(i, output, d.latents, denoised, d.normal)
		if d.start != nil && d.start.mask != nil && d.spec.Denoiser.Masked == 0 {
			d.keepUnmasked(kept, i)
		}
		if d.watch != nil {
			d.watch(d.latents)
		}
		if err := d.report(ctx, i, denoised); err != nil {
			return err
		}
	}
	if d.spec.Consistency && d.Scheduler == "lcm" {
		d.latents = denoised // as LatentConsistencyModelPipeline
	}
	d.start = nil
	return nil
}

// stepOf is the step of the image, from 1, that call i of the model is in.
func (d *sampling) stepOf(i int) int { return (i-d.from)/d.schedule.Order() + 1 }

// rescale is rescale_noise_cfg: Lin et al., Common Diffusion Noise Schedules and Sample Steps are
// Flawed, section 3.4.
func rescale(guided, text []float32, by float64) {
	wide := deviation(guided)
	if wide == 0 {
		return
	}
	ratio := float32(deviation(text) / wide)
	f, rest := float32(by), float32(1-by)
	for i, v := range guided {
		guided[i] = f*(v*ratio) + rest*v
	}
}

// deviation is the standard deviation of a sample.
func deviation(values []float32) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += float64(v)
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(max(1, len(values)-1)))
}

// keepUnmasked restores the latents outside of the mask, as noisy as the others are after call i.
func (d *sampling) keepUnmasked(kept []float32, i int) {
	s := d.start
	copy(kept, s.latents)
	if i+1 < d.to {
		d.schedule.AddNoise(kept, s.latents, s.noise, i+1)
	}
	for k := range d.latents {
		m := s.mask[k%len(s.mask)]
		d.latents[k] = (1-m)*kept[k] + m*d.latents[k]
	}
}

// report calls Step, with a preview where one is due.
func (d *sampling) report(ctx context.Context, i int, denoised []float32) error {
	// A step whose second call is still to come is not done.
	if d.Step == nil || i+1 < d.to && d.stepOf(i+1) == d.stepOf(i) {
		return ctx.Err()
	}
	step := Step{Done: d.stepOf(i), Of: d.stepOf(d.to - 1)}
	if d.PreviewEvery > 0 && step.Done%d.PreviewEvery == 0 && step.Done < step.Of {
		var err error
		if step.Preview, err = d.picture(ctx, denoised); err != nil {
			return fmt.Errorf("preview: %w", err)
		}
	}
	d.Step(step)
	return ctx.Err()
}

func (d *sampling) denoiser() (*denoiser, error) {
	part := d.spec.Denoiser.Part
	g := &denoiser{sampling: d, rows: 1}
	if d.guided {
		g.rows = 2
	}
	for range g.rows {
		g.output = append(g.output, make([]float32, len(d.latents)))
	}
	size := g.rows
	if fixed := d.spec.Denoiser.Batch; fixed > 0 {
		size = fixed
	}
	for first := 0; first < g.rows; first += size {
		b := batch{first: first, outputs: make([]*runner.Tensor, 1)}
		var err error
		b.inputs, err = tensors(part, func(v onnx.Value) (*runner.Tensor, error) { return g.input(v, &b, size) })
		g.batches = append(g.batches, b)
		if err != nil {
			g.close()
			return nil, err
		}
	}
	if g.batches[0].sample.Type == onnx.Float { // float16 graphs would round elsewhere
		g.fixed = sizesOf(part.Graph.Inputs, g.batches[0].inputs)
	}
	return g, nil
}

func (g *denoiser) close() {
	for _, b := range g.batches {
		closeTensors(b.inputs)
		closeTensors(b.outputs)
	}
}

// textOf is the text of a row.
func (g *denoiser) textOf(row int) *embedding {
	if g.guided && row == 0 {
		return g.negative
	}
	return g.positive
}

// input makes a batch's tensor for an input; what does not change from step to step is
// filled in.
func (g *denoiser) input(v onnx.Value, b *batch, size int) (t *runner.Tensor, err error) {
	spec := &g.spec.Denoiser
	var values []float32
	row := func(of func(row int) []float32) {
		for i := range size {
			values = append(values, of(min(b.first+i, g.rows-1))...)
		}
	}
	shape := []int64{int64(size)}
	switch v.Name {
	case spec.Sample:
		b.sample, err = runner.NewTensor(v.Type, append(shape, int64(spec.Latents+spec.Masked), int64(g.sampling.rows()), int64(g.columns())))
		return b.sample, err
	case spec.Timestep:
		shape = shape[:0]
		if len(v.Dims) > 0 { // one for all, unless the graph fixes how many
			shape = []int64{1}
		}
		if len(v.Dims) == 1 && v.Dims[0].Fixed() {
			shape[0] = v.Dims[0].Size
		}
		b.time, err = runner.NewTensor(v.Type, shape)
		return b.time, err
	case spec.Context:
		shape = append(shape, int64(g.positive.length), int64(g.positive.width))
		row(func(row int) []float32 { return g.textOf(row).context })
	case spec.GuidanceCond:
		shape = append(shape, int64(spec.GuidanceDim))
		row(func(int) []float32 { return embedGuidance(*g.Guidance, spec.GuidanceDim) })
	case spec.Pooled:
		shape = append(shape, int64(len(g.positive.pooled)))
		row(func(row int) []float32 { return g.textOf(row).pooled })
	case spec.Sizes:
		shape = append(shape, int64(spec.SizeCount))
		row(g.sizes)
	}
	return filled(v, shape, values)
}

// sizes are SDXL's time_ids: the original size, where it was cropped, and the size asked
// for, or of the refiner the aesthetic score.
func (g *denoiser) sizes(row int) []float32 {
	h, w := float32(g.Height), float32(g.Width)
	if !g.spec.Aesthetics {
		return []float32{h, w, 0, 0, h, w}
	}
	score := float32(6) // diffusers' defaults
	if g.guided && row == 0 {
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

// predict runs the UNet on the scaled latents at time t.
func (g *denoiser) predict(ctx context.Context, scaled []float32, t float32) error {
	var extra []float32
	if g.start != nil {
		extra = g.start.extra
	}
	// A preview has closed it where one graph is held at a time.
	session, err := g.use(ctx, g.spec.Denoiser.Part, g.fixed)
	if err != nil {
		return err
	}
	for k := range g.batches {
		b := &g.batches[k]
		size := int(b.sample.Shape[0])
		each := len(scaled) + len(extra)
		for i := range size {
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
		if err := g.run(ctx, UNet, session, b.inputs, b.outputs); err != nil {
			if ctx.Err() == nil && (g.Width%64 != 0 || g.Height%64 != 0) {
				err = fmt.Errorf("%w (%dx%d are no multiples of 64, which exported UNets may want)", err, g.Width, g.Height)
			}
			return err
		}
		for i := 0; i < size && b.first+i < g.rows; i++ {
			if err := get(g.output[b.first+i], b.outputs[0], i*len(scaled)); err != nil {
				return fmt.Errorf("%s: output %s: %w", UNet, g.spec.Denoiser.Output, err)
			}
		}
	}
	return nil
}
