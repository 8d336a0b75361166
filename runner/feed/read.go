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
func ReadNPZ(path string, g *onnx.Graph, dims map[string]int64) (*Set, error) {
	if err := known(g, dims); err != nil {
		return nil, err
	}
	arrays, err := npz.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Of("npz", arrays, g, dims)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Of makes a graph's inputs of the arrays that have their names, or of a single nameless
// one. Where the graph has a batch dimension (see [BatchDim], which dims are for), the arrays
// may have any number of rows; those of a batch that is fixed are repeated to fill the last
// one. Where inputs name the batch differently and have not as many rows, each run takes all. Arrays
// of a graph that is Single may have a first dimension more, of rows that are run one by one.
// Arrays that are no input are passed over, such as the outputs that belong to them.
func Of(source string, arrays []npz.Array, g *onnx.Graph, dims map[string]int64) (*Set, error) {
	if err := carried(g); err != nil {
		return nil, err
	}
	if len(arrays) == 1 && arrays[0].Name == "" && len(g.Inputs) == 1 {
		arrays = slices.Clone(arrays)
		arrays[0].Name = g.Inputs[0].Name
	}
	s := &Set{Source: source, Dims: map[string]int64{}}
	for _, in := range g.Inputs {
		for _, d := range in.Dims {
			if size, ok := dims[d.Name]; ok && d.Name != "" && !d.Fixed() {
				s.Dims[d.Name] = size
			}
		}
		a, err := find(arrays, in.Name)
		if err != nil {
			return nil, err
		}
		if a.Type != in.Type {
			return nil, fmt.Errorf("input %s: the array is %s", in, a.Type)
		}
		if g.Single && len(s.Arrays) == 0 {
			s.Single = in.Ranked && len(a.Shape) == len(in.Dims)+1
		}
		if dims := len(in.Dims) + s.first(); in.Ranked && len(a.Shape) != dims {
			return nil, fmt.Errorf("input %s: the array has the shape %v: %d dimensions, not %d", in, a.Shape, len(a.Shape), dims)
		}
		for i, d := range a.Shape {
			if d > math.MaxInt32 {
				return nil, fmt.Errorf("input %s: the array has the shape %v: dimension %d can't be used", in, a.Shape, i)
			}
		}
		s.Arrays = append(s.Arrays, a)
	}
	if err := s.countRows(g, dims); err != nil {
		return nil, err
	}
	for i, in := range g.Inputs {
		for at, d := range in.Dims {
			size := s.Arrays[i].Shape[at+s.first()]
			if at == 0 && !s.Whole[i] && !s.Single {
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

// first is where an array's dimensions begin that the graph knows of.
func (s *Set) first() int {
	if s.Single {
		return 1
	}
	return 0
}

// countRows finds which arrays have the batch, and how many rows it has.
func (s *Set) countRows(g *onnx.Graph, dims map[string]int64) error {
	if s.Single {
		s.Rows = int(s.Arrays[0].Shape[0])
		s.Whole = make([]bool, len(g.Inputs))
		for i, a := range s.Arrays {
			if a.Shape[0] != int64(s.Rows) || s.Rows == 0 {
				return fmt.Errorf("input %s: the array has %d rows where another has %d", g.Inputs[i], a.Shape[0], s.Rows)
			}
		}
		return nil
	}
	names, fixed, open, _ := batchDim(g, dims)
	s.Whole = make([]bool, len(g.Inputs))
	var rows []int // of those that have the batch
	for i, in := range g.Inputs {
		batched := len(in.Dims) > 0 && (fixed > 0 || open && !in.Dims[0].Fixed() && slices.Contains(names, in.Dims[0].Name))
		if s.Whole[i] = !batched; !batched {
			continue
		}
		rows = append(rows, int(s.Arrays[i].Shape[0]))
		if n := rows[len(rows)-1]; n != rows[0] && len(names) < 2 {
			return fmt.Errorf("input %s: the array has %d rows where another has %d", in, n, rows[0])
		}
	}
	if len(rows) == 0 || rows[0] == 0 || slices.Max(rows) != slices.Min(rows) {
		s.Whole = slices.Repeat([]bool{true}, len(g.Inputs))
		return nil
	}
	s.Rows = rows[0]
	return nil
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
