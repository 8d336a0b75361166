package onnx

import (
	"fmt"
	"slices"
)

// Given is an input that every run gets the same value of, such as a mask of ones or a flag
// of training: see [Graph.Give].
type Given struct {
	Name  string
	Shape []int64 // of Data; spread over the input's as NumPy broadcasts
	Data  []byte  // elements of the input's type, little-endian and row-major

	Input Value `json:"-"` // as the graph declares it
}

// Give returns the graph with values for some of its inputs, or of its initializers that may
// be replaced (Defaults): Inputs are those that are left.
func (g *Graph) Give(values []Given) (*Graph, error) {
	if len(values) == 0 {
		return g, nil
	}
	out := *g
	out.Given = slices.Clone(g.Given)
	for _, v := range values {
		input, ok := g.Takes(v.Name)
		if !ok {
			return nil, fmt.Errorf("the graph has no input %q; it has %q", v.Name, names(g.Inputs))
		}
		v.Input = input
		out.Given = append(out.Given, v)
	}
	out.Inputs = slices.DeleteFunc(slices.Clone(g.Inputs), func(in Value) bool {
		return slices.ContainsFunc(values, func(v Given) bool { return v.Name == in.Name })
	})
	return &out, nil
}

// Takes returns the input of a name, or the initializer that may be replaced.
func (g *Graph) Takes(name string) (Value, bool) {
	for _, all := range [][]Value{g.Inputs, g.Defaults} {
		for _, in := range all {
			if in.Name == name {
				return in, true
			}
		}
	}
	return Value{}, false
}

// ShapeIn returns the input's shape in a run where symbolic dimensions have sizes, by their
// names, and which is of batch items. A first dimension of which nothing is known counts the
// items, and any other is the value's own.
func (v *Given) ShapeIn(sizes map[string]int64, batch int64) ([]int64, error) {
	if !v.Input.Ranked {
		return v.Shape, nil
	}
	shape := make([]int64, len(v.Input.Dims))
	more := len(shape) - len(v.Shape)
	for i, d := range v.Input.Dims {
		size, known := sizes[d.Name]
		switch own := i - more; {
		case d.Fixed():
			shape[i] = d.Size
		case known && d.Name != "":
			shape[i] = size
		case own >= 0 && (i > 0 || v.Shape[own] > 1):
			shape[i] = v.Shape[own]
		case i == 0:
			shape[i] = batch
		default:
			return nil, fmt.Errorf("the size of its dimension %s (dimension %d) is not known", d, i)
		}
	}
	return shape, v.Fits(shape)
}

// Fits returns why the value can't be spread over a shape; nil where it can.
func (v *Given) Fits(shape []int64) error {
	more := len(shape) - len(v.Shape)
	if more < 0 {
		for _, d := range v.Shape[:-more] {
			if d != 1 {
				return fmt.Errorf("a value of the shape %v can't be spread over %v", v.Shape, shape)
			}
		}
	}
	for i, d := range v.Shape[max(0, -more):] {
		if d != 1 && d != shape[max(0, more)+i] {
			return fmt.Errorf("a value of the shape %v can't be spread over %v", v.Shape, shape)
		}
	}
	return nil
}

// Spread returns the value's elements in a shape that it fits: repeated along the dimensions
// that it lacks, or of which it has one.
func (v *Given) Spread(shape []int64) []byte {
	own := v.Shape[max(0, len(v.Shape)-len(shape)):]
	data, inner := v.Data, v.Input.Type.Size()
	for i := len(shape) - 1; i >= 0; i-- { // inner: bytes of one item of dimension i, as it is now
		have := int64(1)
		if at := i - (len(shape) - len(own)); at >= 0 {
			have = own[at]
		}
		if have == 1 && shape[i] > 1 {
			out := make([]byte, 0, len(data)*int(shape[i]))
			for from := 0; from < len(data); from += inner {
				for range shape[i] {
					out = append(out, data[from:from+inner]...)
				}
			}
			data = out
		}
		inner *= int(shape[i])
	}
	return data
}
