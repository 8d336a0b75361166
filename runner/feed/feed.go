package feed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Set holds the inputs of a graph for several rows (items of its batch dimension).
type Set struct {
	Source string           // "images", "npz" or "synthetic"
	Arrays []npz.Array      // in the graph's order
	Rows   int              // the first dimension of the arrays that have the batch; 0: there is no batch, or no row of it, and each run takes all
	Whole  []bool           // by array: it has no batch dimension, and each run takes it as it is; nil: all have one
	Single bool             // each run takes one row of all arrays, without the dimension of rows, as the graph is Single
	Seed   uint64           // of synthetic values
	Dims   map[string]int64 // sizes of symbolic dimensions other than the batch, by their names
}

// BatchDim returns the graph's batch dimension. It is open where inputs begin with a
// symbolic dimension that is one and the same (by name, or nameless in all of them), or with
// several whose names say that each is a batch (image_batch, text_batch); inputs that begin
// with a fixed one are then taken whole. Otherwise it is fixed at the first dimension that
// all inputs begin with, inputs of rank 1 not being batches by themselves. Scalars are always
// taken whole. A symbolic dimension that an input has in another place too, as in [N,N], is no
// batch, nor is one where another place has the batch by its name, as in [length,batch,8], and
// neither is one to which dims gives a size. A graph without one, or one that is Single, gives 0
// and false.
func BatchDim(g *onnx.Graph, dims map[string]int64) (fixed int64, open bool) {
	_, fixed, open, err := batchDim(g, dims)
	return fixed, open && err == nil
}

// batchDim returns the names of the batch, too. The error names those among which it is
// ambiguous.
func batchDim(g *onnx.Graph, dims map[string]int64) (batch []string, fixed int64, open bool, err error) {
	if g.Single {
		return nil, 0, false, nil
	}
	var names []string
	rank := 0
	sizes, within := map[int64]bool{}, batchWithin(g)
	for _, in := range g.Inputs {
		if len(in.Dims) == 0 {
			continue
		}
		first := in.Dims[0]
		size, given := dims[first.Name]
		switch {
		case within && !first.Fixed() && !first.SaysBatch():
			sizes[-1] = true
		case first.Fixed():
			sizes[first.Size] = true
			rank = max(rank, len(in.Dims))
		case given && first.Name != "" && elsewhere(g, first.Name):
			sizes[-1] = true
		case given && first.Name != "":
			sizes[size] = true
			rank = max(rank, len(in.Dims))
		case !slices.Contains(names, first.Name):
			names = append(names, first.Name)
		}
	}
	unclear := slices.ContainsFunc(names, func(name string) bool { return !onnx.Dim{Name: name}.SaysBatch() })
	switch {
	case len(names) > 1 && unclear:
		return nil, 0, false, &DimsError{Ambiguous: true, Names: names,
			Cause: fmt.Sprintf("the inputs begin with different dimensions (%s), and one only can be the batch: give the others sizes", strings.Join(quoted(names), ", "))}
	case slices.ContainsFunc(names, func(name string) bool { return elsewhere(g, name) }):
		return nil, 0, false, nil
	case len(names) > 0:
		return names, 0, true, nil
	case len(sizes) == 1 && rank > 1 && !sizes[-1]:
		for size := range sizes {
			fixed = size
		}
	}
	return nil, fixed, false, nil
}

// elsewhere reports whether an input has the dimension in another place than the first.
func elsewhere(g *onnx.Graph, name string) bool {
	for _, in := range g.Inputs {
		for i, d := range in.Dims {
			if i > 0 && name != "" && !d.Fixed() && d.Name == name {
				return true
			}
		}
	}
	return false
}

// batchWithin reports whether an input has, in another place than the first, a dimension whose
// name says that it is the batch, as [sequence,batch,features] has.
func batchWithin(g *onnx.Graph) bool {
	return slices.ContainsFunc(g.Inputs, func(in onnx.Value) bool {
		return len(in.Dims) > 1 && slices.ContainsFunc(in.Dims[1:], func(d onnx.Dim) bool { return !d.Fixed() && d.SaysBatch() })
	})
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = cmp.Or(n, "nameless")
	}
	return out
}

// DimsError says that dimensions need sizes that nobody has given.
type DimsError struct {
	Cause     string   // what is open, in words
	Ambiguous bool     // it can't be told which of the dimensions is the batch
	Names     []string // of the dimensions of which sizes would help; "" for one without
	More      string   // what else would help, in words
}

func (e *DimsError) Error() string { return e.Cause + e.More }

// Batch returns the inputs of one run of n rows, the first ones, beginning again where
// there are fewer. n is not looked at where there is no batch.
func (s *Set) Batch(n int) ([]npz.Array, error) { return s.Slice(0, n) }

// Slice is Batch from row first on (counted from 0, and beginning again at Rows).
func (s *Set) Slice(first, n int) ([]npz.Array, error) {
	if s.Rows == 0 {
		return s.Arrays, nil
	}
	if n < 1 || first < 0 {
		return nil, fmt.Errorf("a batch of %d rows from row %d", n, first)
	}
	out := slices.Clone(s.Arrays)
	for i, a := range out {
		if s.whole(i) {
			continue
		}
		if s.Single && n != 1 {
			return nil, fmt.Errorf("input %s: runs take one row, not %d", a, n)
		}
		if a.Shape[0] != int64(s.Rows) {
			return nil, fmt.Errorf("input %s: %d rows where others have %d", a, a.Shape[0], s.Rows)
		}
		if first%s.Rows == 0 && n == s.Rows && !s.Single {
			continue
		}
		size := len(a.Data) / s.Rows
		if size > 0 && int64(n) > npz.MaxBytes/int64(size) {
			return nil, fmt.Errorf("input %s: %d rows are more than %d bytes", a, n, int64(npz.MaxBytes))
		}
		if out[i].Shape = a.Shape[1:]; !s.Single {
			out[i].Shape = append([]int64{int64(n)}, a.Shape[1:]...)
		}
		if from := first % s.Rows; from+n <= s.Rows {
			out[i].Data = a.Data[from*size : (from+n)*size : (from+n)*size]
			continue
		}
		data := make([]byte, 0, n*size)
		for row := range n {
			from := (first + row) % s.Rows
			data = append(data, a.Data[from*size:(from+1)*size]...)
		}
		out[i].Data = data
	}
	return out, nil
}

func (s *Set) whole(i int) bool {
	return len(s.Arrays[i].Shape) == 0 || i < len(s.Whole) && s.Whole[i]
}

// carried returns an error that names the inputs which no tensor can hold.
func carried(g *onnx.Graph) error {
	if len(g.Inputs) == 0 {
		return errors.New("the graph has no inputs: ONNX Runtime's Go binding can't run it")
	}
	for _, in := range g.Inputs {
		switch {
		case in.Kind != "tensor":
			return fmt.Errorf("input %s is a %s: only tensors can be given", in.Name, in.Kind)
		case in.Type.Size() == 0:
			return fmt.Errorf("input %s: elements of type %s can't be given", in.Name, in.Type)
		}
	}
	return nil
}
