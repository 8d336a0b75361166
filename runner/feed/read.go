package feed

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// ReadNPZ reads a graph's inputs from an .npz file that holds them by their names, or
// from an .npy for a graph with one input. Types must be the graph's, shapes what it
// declares; see [Of].
func ReadNPZ(path string, g *onnx.Graph) (*Set, error) {
	arrays, err := npz.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Of("npz", arrays, g)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Of makes a graph's inputs of the arrays that have their names, or of a single nameless
// one. Where the graph has a batch dimension (see [BatchDim]), the arrays may have any
// number of rows, or any multiple of one that is fixed. Arrays that are no input are
// passed over, such as the outputs that belong to them.
func Of(source string, arrays []npz.Array, g *onnx.Graph) (*Set, error) {
	if err := carried(g); err != nil {
		return nil, err
	}
	if len(arrays) == 1 && arrays[0].Name == "" && len(g.Inputs) == 1 {
		arrays = slices.Clone(arrays)
		arrays[0].Name = g.Inputs[0].Name
	}
	s := &Set{Source: source, Dims: map[string]int64{}}
	for _, in := range g.Inputs {
		a, err := find(arrays, in.Name)
		if err != nil {
			return nil, err
		}
		if a.Type != in.Type {
			return nil, fmt.Errorf("input %s: the array is %s", in, a.Type)
		}
		if in.Ranked && len(a.Shape) != len(in.Dims) {
			return nil, fmt.Errorf("input %s: the array has the shape %v: %d dimensions, not %d", in, a.Shape, len(a.Shape), len(in.Dims))
		}
		for i, d := range a.Shape {
			if d < 1 || d > math.MaxInt32 {
				return nil, fmt.Errorf("input %s: the array has the shape %v: dimension %d can't be used", in, a.Shape, i)
			}
		}
		s.Arrays = append(s.Arrays, a)
	}
	fixed, open := BatchDim(g)
	for i, in := range g.Inputs {
		a := s.Arrays[i]
		batched := len(in.Dims) > 0 && (fixed > 0 || open && !in.Dims[0].Fixed())
		s.Whole = append(s.Whole, !batched)
		if !batched {
			continue
		}
		rows := int(a.Shape[0])
		if s.Rows == 0 {
			s.Rows = rows
		}
		switch {
		case rows != s.Rows:
			return nil, fmt.Errorf("input %s: the array has %d rows where another has %d", in, rows, s.Rows)
		case fixed > 0 && int64(rows)%fixed != 0:
			return nil, fmt.Errorf("input %s: the array has %d rows, and the graph takes multiples of %d", in, rows, fixed)
		}
	}
	for i, in := range g.Inputs {
		for at, d := range in.Dims {
			size := s.Arrays[i].Shape[at]
			if at == 0 && !s.Whole[i] {
				continue
			}
			want, bound := d.Size, d.Fixed()
			if !bound && d.Name != "" {
				if want, bound = s.Dims[d.Name]; !bound {
					s.Dims[d.Name] = size
				}
			}
			if bound && size != want {
				return nil, fmt.Errorf("input %s: the array has the shape %v: dimension %d is %d, not %d", in, s.Arrays[i].Shape, at, size, want)
			}
		}
	}
	return s, nil
}

// Whole makes the inputs of one run of the arrays that have a graph's inputs' names: all are
// taken as they are, whatever their first dimensions.
func Whole(source string, arrays []npz.Array, g *onnx.Graph) (*Set, error) {
	if err := carried(g); err != nil {
		return nil, err
	}
	s := &Set{Source: source, Dims: map[string]int64{}}
	for _, in := range g.Inputs {
		a, err := find(arrays, in.Name)
		if err != nil {
			return nil, err
		}
		if a.Type != in.Type || in.Ranked && len(a.Shape) != len(in.Dims) {
			return nil, fmt.Errorf("input %s: the array is %s", in, a)
		}
		s.Arrays, s.Whole = append(s.Arrays, a), append(s.Whole, true)
	}
	return s, nil
}

func find(arrays []npz.Array, name string) (npz.Array, error) {
	var there []string
	for _, a := range arrays {
		if a.Name == name {
			return a, nil
		}
		there = append(there, a.String())
	}
	if len(arrays) == 1 && arrays[0].Name == "" {
		return npz.Array{}, fmt.Errorf("an .npy holds one input, and the graph has several: save them by name, numpy.savez(FILE, **{%q: array, ...})", name)
	}
	return npz.Array{}, fmt.Errorf("there is no array for input %q; it holds: %s", name, strings.Join(there, ", "))
}
