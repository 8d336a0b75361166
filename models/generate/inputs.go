package generate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// inputs makes the tensors of one run, in the graph's order. Where the graph fixes its
// batch, every row of it is the same. Also on an error the tensors made so far are
// returned, to be closed.
func (g *Generator) inputs(c conditions) ([]*runner.Tensor, error) {
	var tensors []*runner.Tensor
	for _, v := range g.session.Inputs {
		a, err := g.input(v, c)
		if err != nil {
			return tensors, fmt.Errorf("input %s: %w", v, err)
		}
		t, err := runner.TensorOf(a)
		if err != nil {
			return tensors, err
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}

func (g *Generator) input(v onnx.Value, c conditions) (npz.Array, error) {
	s := g.spec
	batch := int64(max(1, s.Batch))
	switch {
	case s.Latents != nil && v.Name == s.Latents.Name:
		return array(v.Name, s.Latents.Type, rows(batch, s.Latents.Shape), c.latents, nil)
	case s.Class != nil && v.Name == s.Class.Name:
		return classArray(s.Class, batch, *c.class)
	case s.Text != nil && v.Name == s.Text.Name:
		return array(v.Name, s.Text.Type, []int64{batch, int64(s.Text.Length)}, nil, c.text.IDs)
	case s.Text != nil && v.Name == s.Text.Mask:
		mask := make([]int64, s.Text.Length)
		for i := range c.text.Tokens {
			mask[i] = 1
		}
		return array(v.Name, s.Text.MaskType, []int64{batch, int64(s.Text.Length)}, nil, mask)
	case v.Name == s.Truncation:
		shape := []int64{} // a scalar, or one a row
		for _, d := range v.Dims {
			if d.Fixed() {
				shape = append(shape, d.Size)
			} else {
				shape = append(shape, batch)
			}
		}
		return array(v.Name, v.Type, shape, []float32{c.truncation}, nil)
	}
	return npz.Array{}, errors.New("what it takes is not known")
}

func classArray(in *models.ClassPort, batch int64, class int) (npz.Array, error) {
	shape := rows(batch, in.Shape)
	if !in.OneHot {
		return array(in.Name, in.Type, shape, nil, []int64{int64(class)})
	}
	hot := make([]float32, count(in.Shape))
	if class >= len(hot) {
		return npz.Array{}, fmt.Errorf("class %d of %d", class, len(hot))
	}
	hot[class] = 1
	return array(in.Name, in.Type, shape, hot, nil)
}

func rows(batch int64, shape []int64) []int64 { return append([]int64{batch}, shape...) }

// array makes an array of floats or integers, which are repeated until they fill the shape.
func array(name string, t onnx.ElementType, shape []int64, floats []float32, integers []int64) (npz.Array, error) {
	a := npz.Array{Name: name, Type: t, Shape: shape}
	isInteger := t == onnx.Int64 || t == onnx.Int32
	if isInteger != (floats == nil) {
		return a, fmt.Errorf("a type of %s does not suit it", t)
	}
	n := count(shape)
	var err error
	switch {
	case isInteger:
		a, err = npz.Integers(name, t, []int64{int64(len(integers))}, integers)
		a.Shape = shape
	default:
		a.Type = onnx.Float
		if a.Data, err = binary.Append(nil, binary.LittleEndian, floats); err == nil {
			a, err = a.As(t)
		}
	}
	a.Data = slices.Repeat(a.Data, n*t.Size()/max(1, len(a.Data)))
	return a, err
}
