package diffusion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/onnx"
)

func cores() int { return runtime.GOMAXPROCS(0) }

// opened is a part in memory.
type opened struct {
	*runner.Session
	sizes map[string]int64 // of the symbolic dimensions that it was opened for
}

// use opens a part, if it is not open. With LowMemory all others are closed first, but for those that run at each step together. sizes are
// those that its symbolic dimensions will have: ONNX Runtime then knows all shapes, and
// makes a faster graph. Where they change it is opened anew, once, for any size; and where other
// outputs are wanted.
func (p *Pipeline) use(ctx context.Context, part *Part, sizes map[string]int64) (*runner.Session, error) {
	o := p.open[part.Name]
	used := p.outputs(part.Name)
	same := o != nil && len(used) == len(o.Outputs) && slices.EqualFunc(used, o.Outputs, func(name string, v onnx.Value) bool { return name == v.Name })
	if same && (!o.Fixed || maps.Equal(o.sizes, sizes)) {
		return o.Session, nil
	}
	opt := p.opt.Runner
	opt.Outputs = used
	opt.Dims = func(string) map[string]int64 { return sizes }
	if o != nil {
		if same {
			opt.Dims = nil
		}
		delete(p.open, part.Name)
		if err := o.Close(); err != nil {
			return nil, err
		}
	}
	if p.opt.LowMemory {
		if err := p.closeAll(func(other string) bool { return !(stepped(part.Name) && stepped(other)) }); err != nil {
			return nil, err
		}
	}
	s, err := runner.Open(ctx, runner.Model{Path: part.Path, Graph: part.Graph}, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part.Name, err)
	}
	p.open[part.Name] = &opened{s, sizes}
	if p.opt.Opened != nil {
		p.opt.Opened(part.Name, s)
	}
	return s, nil
}

// sizesOf are the sizes of the symbolic dimensions of inputs. A name that has two, as older
// exporters' batch, is left open.
func sizesOf(values []onnx.Value, inputs []*runner.Tensor) map[string]int64 {
	sizes, two := map[string]int64{}, map[string]bool{}
	for i, v := range values {
		for k, d := range v.Dims {
			if d.Fixed() || d.Name == "" || k >= len(inputs[i].Shape) {
				continue
			}
			size, known := sizes[d.Name]
			two[d.Name] = two[d.Name] || known && size != inputs[i].Shape[k]
			sizes[d.Name] = inputs[i].Shape[k]
		}
	}
	maps.DeleteFunc(sizes, func(name string, _ int64) bool { return two[name] })
	return sizes
}

// outputs are those of a part that are used.
func (p *Pipeline) outputs(part string) []string {
	switch part {
	case UNet:
		return []string{p.spec.Denoiser.Output}
	case VAEDecoder:
		return []string{p.spec.Decoder.Output}
	case VAEEncoder:
		return []string{p.spec.Encoder.Output}
	}
	for _, c := range p.spec.Controls {
		if c.Part.Name == part {
			return c.Outputs
		}
	}
	for _, e := range p.spec.Texts {
		if e.Part.Name != part {
			continue
		}
		used := []string{e.Context}
		if e.Pooled != "" {
			used = append(used, e.Pooled)
		}
		for _, skip := range p.skips {
			if l, err := e.layer(skip); err == nil && !slices.Contains(used, l.value) {
				used = append(used, l.value)
			}
		}
		return used
	}
	return nil
}

// stepped reports whether a part runs at each step: such parts are held together, since opening one takes longer than a step.
func stepped(part string) bool { return part == UNet || isControlNet(part) }

// closeAll closes the parts that are open, of those that which reports.
func (p *Pipeline) closeAll(which func(part string) bool) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.open)) {
		if which(name) {
			errs = append(errs, p.open[name].Close())
			delete(p.open, name)
		}
	}
	return errors.Join(errs...)
}

// run runs a part.
func (p *Pipeline) run(ctx context.Context, part string, s *runner.Session, inputs, outputs []*runner.Tensor) error {
	begin := time.Now()
	if err := s.Run(ctx, inputs, outputs); err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	if p.opt.Ran != nil {
		p.opt.Ran(Run{part, time.Since(begin), s, inputs, outputs})
	}
	return nil
}

// once runs a part on inputs that are made for it, and closes them. The outputs are the
// caller's to close.
func (p *Pipeline) once(ctx context.Context, part *Part, input func(onnx.Value) (*runner.Tensor, error)) ([]*runner.Tensor, error) {
	inputs, err := tensors(part, input)
	defer closeTensors(inputs)
	if err != nil {
		return nil, err
	}
	var sizes map[string]int64
	if inputs[0].Type == onnx.Float { // text encoders take no time
		sizes = sizesOf(part.Graph.Inputs, inputs)
	}
	s, err := p.use(ctx, part, sizes)
	if err != nil {
		return nil, err
	}
	outputs := make([]*runner.Tensor, len(s.Outputs))
	if err := p.run(ctx, part.Name, s, inputs, outputs); err != nil {
		return nil, err
	}
	return outputs, nil
}

// tensors makes all inputs of a part. Also on an error those made so far are returned, to be
// closed.
func tensors(part *Part, input func(onnx.Value) (*runner.Tensor, error)) ([]*runner.Tensor, error) {
	var all []*runner.Tensor
	for _, v := range part.Graph.Inputs {
		t, err := input(v)
		if err != nil {
			return all, fmt.Errorf("%s: input %s: %w", part.Name, v, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func closeTensors(all []*runner.Tensor) {
	for _, t := range all {
		if t != nil {
			t.Close()
		}
	}
}

// rowsOf is how many rows a run of a graph has: those that its input fixes, else n.
func rowsOf(v onnx.Value, n int) int64 {
	if len(v.Dims) > 0 && v.Dims[0].Fixed() {
		return v.Dims[0].Size
	}
	return int64(n)
}

// filled makes a tensor for an input; the values are repeated until they fill it.
func filled(v onnx.Value, shape []int64, values []float32) (*runner.Tensor, error) {
	t, err := runner.NewTensor(v.Type, shape)
	if err != nil {
		return nil, err
	}
	n := len(t.Bytes()) / v.Type.Size()
	for at := 0; at+len(values) <= n && len(values) > 0; at += len(values) {
		if err := put(t, at, values); err != nil {
			t.Close()
			return nil, err
		}
	}
	return t, nil
}

// put writes values into a tensor from element at, converted to its type.
func put(t *runner.Tensor, at int, values []float32) error {
	if !runner.FromFloat32s(t.Bytes()[at*t.Type.Size():], t.Type, values) {
		return fmt.Errorf("elements of type %s can't be made: export the graph with float32, float16, int64 or int32", t.Type)
	}
	return nil
}

// get reads a tensor's elements from at into dst.
func get(dst []float32, t *runner.Tensor, at int) error {
	if n := len(t.Bytes()) / t.Type.Size(); at+len(dst) > n {
		return fmt.Errorf("it has %d values (shape %v), and not %d", n, t.Shape, at+len(dst))
	}
	fractions := t.Type == onnx.Float || t.Type == onnx.Float16 || t.Type == onnx.Double
	if !fractions || !runner.ToFloat32s(dst, t.Type, t.Bytes()[at*t.Type.Size():]) {
		return fmt.Errorf("elements of type %s can't be read as numbers with fractions", t.Type)
	}
	return nil
}

// finite fails on NaN and infinite values in a part's output.
func finite(part string, values []float32) error {
	bad := 0
	for _, v := range values {
		if v-v != 0 { // NaN or infinite
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return models.StageOutput.Wrap(fmt.Errorf("%s: %d of %d values are NaN or infinite: the usual cause is float16 overflow, so that this part in float32 "+
		"helps (of SDXL above all the VAE), or another provider; else latents, a size or a guidance that it was not made for", part, bad, len(values)))
}

func product(shape []int64) int {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return -1
		}
		n *= d
	}
	return int(n)
}
