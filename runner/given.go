package runner

import (
	"fmt"
	"slices"
	"sync"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// constant is an input that every run gets the same value of. Its tensors are made once for
// each shape, and runs only read them.
type constant struct {
	onnx.Given

	mu   sync.Mutex
	made []*Tensor // of different shapes
}

// maxMade bounds the shapes for which a constant's tensors are kept: further ones are made for
// the run. Batches of up to so many rows, cut short anywhere, need no more.
const maxMade = 64

func constants(given []onnx.Given) []*constant {
	out := make([]*constant, len(given))
	for i, g := range given {
		out[i] = &constant{Given: g}
	}
	return out
}

// constants returns the tensors of what is given for a run with inputs, and what frees those
// that are not kept.
func (s *Session) constants(inputs []*Tensor) (tensors []*Tensor, release func(), err error) {
	var own []*Tensor
	release = func() {
		for _, t := range own {
			t.Close()
		}
	}
	if len(s.given) == 0 {
		return nil, release, nil
	}
	sizes, batch := s.sizes(inputs)
	for _, c := range s.given {
		t, kept, err := c.tensor(sizes, batch)
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("input %s: %w", c.Input, err)
		}
		if !kept {
			own = append(own, t)
		}
		tensors = append(tensors, t)
	}
	return tensors, release, nil
}

// sizes are those of the inputs' symbolic dimensions in a run, and its items: the first
// dimension that is open, or else the first of an input.
func (s *Session) sizes(inputs []*Tensor) (sizes map[string]int64, batch int64) {
	sizes, batch = map[string]int64{}, 1
	open := false
	for i, in := range s.Inputs {
		if i >= len(inputs) || inputs[i] == nil || len(in.Dims) != len(inputs[i].Shape) {
			continue
		}
		for at, d := range in.Dims {
			size := inputs[i].Shape[at]
			if !d.Fixed() && d.Name != "" {
				sizes[d.Name] = size
			}
			if at == 0 && (i == 0 || !open && !d.Fixed()) {
				batch, open = size, open || !d.Fixed()
			}
		}
	}
	for _, c := range s.given { // one may give the size of another's dimension
		for at, d := range c.Input.Dims {
			if _, known := sizes[d.Name]; !known && d.Name != "" && !d.Fixed() && len(c.Shape) == len(c.Input.Dims) && (at > 0 || c.Shape[at] > 1) {
				sizes[d.Name] = c.Shape[at]
			}
		}
	}
	return sizes, batch
}

// tensor returns the constant in a run's shape, and whether it is kept.
func (c *constant) tensor(sizes map[string]int64, batch int64) (t *Tensor, kept bool, err error) {
	shape, err := c.ShapeIn(sizes, batch)
	if err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.made {
		if slices.Equal(t.Shape, shape) {
			return t, true, nil
		}
	}
	if _, err := byteSize(c.Input.Type, shape); err != nil {
		return nil, false, err
	}
	if t, err = TensorOf(npz.Array{Name: c.Name, Type: c.Input.Type, Shape: shape, Data: c.Spread(shape)}); err != nil {
		return nil, false, err
	}
	if kept = len(c.made) < maxMade; kept {
		c.made = append(c.made, t)
	}
	return t, kept, nil
}

func (s *Session) freeConstants() {
	for _, c := range s.given {
		for _, t := range c.made {
			t.Close()
		}
		c.made = nil
	}
}
