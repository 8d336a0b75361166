package diffusion

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ortho/runner"
	"ortho/runner/onnx"
)

// fillControl fills in what is left open of the images of control: diffusers' defaults.
func (d *sampling) fillControl() {
	d.Control = append([]ControlImage(nil), d.Control...) // not the caller's
	for i := range d.Control {
		c := &d.Control[i]
		if c.Scale == nil {
			scale := 1.0
			switch {
			case d.Mask != nil && !d.spec.XL:
				scale = 0.5
			case d.Image != nil && d.Mask == nil:
				scale = 0.8
			}
			c.Scale = &scale
		}
		if c.End == 0 {
			c.End = 1
		}
	}
}

// maxControlScale bounds how much a ControlNet counts.
const maxControlScale = 100

func (d *sampling) checkControl() error {
	s := d.spec
	switch n := s.ControlNets(); {
	case n == 0 && len(d.Control) > 0:
		return inputError("%s takes no image of control: it has no ControlNet, which is a graph in its folder %s, with a UNet that takes what the graph gives; or start from an image", d.name, ControlNet)
	case n == 0 && d.Guess:
		return inputError("%s has no ControlNet, and guess mode is one's", d.name)
	case n == 1 && len(d.Control) == 0:
		return inputError("%s has a ControlNet: give the image that the picture is to follow, of the kind that it was made for, such as edges or a pose", d.name)
	case len(d.Control) != n:
		return inputError("%s has %d ControlNets%s: give an image of control for each, in this order, and not %d", d.name, n, s.controlNames(), len(d.Control))
	case d.Guess && s.Denoiser.Within > 0:
		return inputError("guess mode is of a ControlNet in a graph of its own, and that of %s is in its UNet's", d.name)
	}
	for _, c := range d.Control {
		switch {
		case !(math.Abs(*c.Scale) <= maxControlScale):
			return inputError("a scale of control of %v: from -%d to %[2]d", *c.Scale, maxControlScale)
		case !(c.Start >= 0 && c.End <= 1 && c.Start < c.End):
			return inputError("control from %v to %v of the steps: from 0 to 1, the end after the start", c.Start, c.End)
		}
	}
	d.Guess = d.Guess || len(s.Controls) > 0 && s.Controls[0].Pools
	return nil
}

// controlNames lists the ControlNets' folders.
func (s *Spec) controlNames() string {
	var names []string
	for _, c := range s.Controls {
		names = append(names, c.Part.Name)
	}
	if names == nil {
		return " in its UNet"
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// weights are how much each ControlNet counts in call i of the model: nothing, outside of its part of the calls.
func (d *sampling) weights(i int) []float32 {
	weights, n := make([]float32, len(d.Control)), float64(d.to-d.from)
	for k, c := range d.Control {
		at := float64(i - d.from)
		if at/n >= c.Start && (at+1)/n <= c.End {
			weights[k] = float32(*c.Scale)
		}
	}
	return weights
}

// conditions are the images of control as graphs take them, [3,height,width] from 0 to 1 (VaeImageProcessor of diffusers,
// without do_normalize).
func (d *sampling) conditions() [][]float32 {
	var all [][]float32
	for _, c := range d.Control {
		values := pixelsOf(d.frame(c.Image).place(c.Image.Image, false))
		for i, v := range values {
			values[i] = (v + 1) / 2
		}
		all = append(all, values)
	}
	return all
}

// controls are a pipeline's ControlNets at work.
type controls struct {
	*sampling
	nets   []*looped
	alone  bool // they see the prompt's row alone, and the other is given zeros
	pooled bool
}

// controls makes the ControlNets ready; nil: there are none of their own.
func (d *sampling) controls() (*controls, error) {
	if len(d.spec.Controls) == 0 {
		return nil, nil
	}
	c := &controls{sampling: d, alone: d.Guess && d.guided, pooled: d.spec.Controls[0].Pools}
	rows := d.allRows()
	if c.alone {
		rows = rows[1:]
	}
	conditions := d.conditions()
	for k := range d.spec.Controls {
		spec := &d.spec.Controls[k]
		net, err := d.looped(&spec.Inputs, rows, func(v onnx.Value, size int) (*runner.Tensor, error) {
			switch v.Name {
			case spec.Condition:
				return filled(v, []int64{int64(size), 3, int64(d.Height), int64(d.Width)}, conditions[k])
			case spec.Scale:
				return filled(v, []int64{1}[:len(v.Dims)], []float32{1}) // they are scaled as they are added
			}
			return nil, fmt.Errorf("what it takes is not known")
		})
		if err != nil {
			c.close()
			return nil, err
		}
		c.nets = append(c.nets, net)
	}
	return c, nil
}

func (c *controls) close() {
	if c == nil {
		return
	}
	for _, net := range c.nets {
		net.close()
	}
}

// run has those ControlNets look at the latents that count.
func (c *controls) run(ctx context.Context, scaled []float32, t float32, weights []float32) error {
	for k, net := range c.nets {
		if weights[k] == 0 && net.ran { // it has shown the shapes
			continue
		}
		if err := net.run(ctx, scaled, nil, t); err != nil {
			return err
		}
	}
	return nil
}

// add gives a row of the UNet's residuals what the ControlNets made for it.
func (c *controls) add(residuals []*runner.Tensor, at, row int, weights []float32) error {
	for j, dst := range residuals {
		n := product(dst.Shape[1:])
		first := true
		for k, net := range c.nets {
			from := row
			if c.alone {
				from--
			}
			if weights[k] == 0 || from < 0 {
				continue
			}
			src, i := net.at(from, j)
			if product(src.Shape[1:]) != n {
				return fmt.Errorf("%s: output %s has shape %v, and the UNet's %s %v", net.in.Part.Name, c.spec.Controls[k].Outputs[j], src.Shape, c.spec.Denoiser.Residuals[j], dst.Shape)
			}
			scale := weights[k]
			if c.Guess && !c.pooled { // torch.logspace(-1, 0, n): the coarser, the more
				scale *= float32(math.Pow(10, float64(j)/float64(len(residuals)-1)-1))
			}
			if err := addScaled(dst, at*n, src, i*n, n, scale, !first); err != nil {
				return fmt.Errorf("%s: %w", net.in.Part.Name, err)
			}
			first = false
		}
		if first {
			clear(dst.Bytes()[at*n*dst.Type.Size() : (at+1)*n*dst.Type.Size()])
		}
	}
	return nil
}

// addScaled makes n elements of dst those of src, scaled, or adds them.
func addScaled(dst *runner.Tensor, to int, src *runner.Tensor, from, n int, scale float32, add bool) error {
	var values, sum [4096]float32
	for k := 0; k < n; k += len(values) {
		some, had := values[:min(n-k, len(values))], sum[:min(n-k, len(values))]
		if err := get(some, src, from+k); err != nil {
			return err
		}
		for i := range some {
			some[i] *= scale
		}
		if add {
			if err := get(had, dst, to+k); err != nil {
				return err
			}
			for i := range some {
				some[i] += had[i]
			}
		}
		if err := put(dst, to+k, some); err != nil {
			return err
		}
	}
	return nil
}
