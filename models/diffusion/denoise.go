package diffusion

import (
	"context"
	"fmt"
	"math"

	"ortho/runner"
	"ortho/runner/onnx"
)

// denoiser runs the UNet, and the ControlNets before it, step after step.
type denoiser struct {
	*sampling
	unet     *looped
	controls *controls   // nil: there are none, or they are in the UNet's graph
	output   [][]float32 // of each row: with guidance the negative prompt, and the prompt
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
		if err := g.predict(ctx, scaled, i); err != nil {
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
	g := &denoiser{sampling: d}
	for range d.allRows() {
		g.output = append(g.output, make([]float32, len(d.latents)))
	}
	spec := &d.spec.Denoiser
	var err error
	if g.unet, err = d.looped(&spec.Inputs, d.allRows(), func(v onnx.Value, size int) (*runner.Tensor, error) {
		switch v.Name {
		case spec.Conditions:
			var all []float32
			for _, c := range d.conditions() {
				for range size {
					all = append(all, c...)
				}
			}
			return filled(v, []int64{int64(spec.Within), int64(size), 3, int64(d.Height), int64(d.Width)}, all)
		case spec.Scales:
			return runner.NewTensor(v.Type, []int64{int64(spec.Within), 1}[:len(v.Dims)])
		}
		return nil, nil // a residual: its shape is what the ControlNets give
	}); err != nil {
		return nil, err
	}
	if g.controls, err = d.controls(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *denoiser) close() {
	g.unet.close()
	g.controls.close()
}

// predict runs the UNet on the scaled latents in call i.
func (g *denoiser) predict(ctx context.Context, scaled []float32, i int) error {
	t := g.schedule.Timesteps()[i]
	if err := g.control(ctx, scaled, t, g.weights(i)); err != nil {
		return err
	}
	var extra []float32
	if g.start != nil {
		extra = g.start.extra
	}
	if err := g.unet.run(ctx, scaled, extra, t); err != nil {
		return err
	}
	for row, output := range g.output {
		from, at := g.unet.at(row, 0)
		if err := get(output, from, at*len(scaled)); err != nil {
			return fmt.Errorf("%s: output %s: %w", UNet, g.spec.Denoiser.Output, err)
		}
	}
	return nil
}

// control gives the UNet what the ControlNets say, or how much those in its graph count.
func (g *denoiser) control(ctx context.Context, scaled []float32, t float32, weights []float32) error {
	if scales := g.spec.Denoiser.Scales; scales != "" {
		at := g.unet.place(scales)
		for _, b := range g.unet.batches {
			if err := put(b.inputs[at], 0, weights); err != nil {
				return fmt.Errorf("%s: input %s: %w", UNet, scales, err)
			}
		}
	}
	if g.controls == nil {
		return nil
	}
	if err := g.controls.run(ctx, scaled, t, weights); err != nil {
		return err
	}
	for _, b := range g.unet.batches {
		residuals, err := g.residuals(&b)
		if err != nil {
			return err
		}
		for i := range int(b.sample.Shape[0]) {
			if err := g.controls.add(residuals, i, min(b.first+i, len(g.output)-1), weights); err != nil {
				return err
			}
		}
	}
	return nil
}

// residuals are a batch's tensors of them, made in the shapes that the first ControlNet gives.
func (g *denoiser) residuals(b *batch) ([]*runner.Tensor, error) {
	var all []*runner.Tensor
	for j, name := range g.spec.Denoiser.Residuals {
		k := g.unet.place(name)
		if b.inputs[k] == nil {
			given, _ := g.controls.nets[0].at(0, j)
			v := g.unet.in.Part.Graph.Inputs[k]
			if len(given.Shape) != 4 || product(given.Shape) < 1 {
				return nil, fmt.Errorf("%s: output %s has shape %v: it must be [batch,channels,height,width]", ControlNet, g.spec.Controls[0].Outputs[j], given.Shape)
			}
			var err error
			if b.inputs[k], err = runner.NewTensor(v.Type, append([]int64{b.sample.Shape[0]}, given.Shape[1:]...)); err != nil {
				return nil, fmt.Errorf("%s: input %s: %w", UNet, v, err)
			}
		}
		all = append(all, b.inputs[k])
	}
	return all, nil
}
