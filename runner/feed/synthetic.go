package feed

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Synthetic makes inputs by the graph's declared shapes and types, the same ones for
// the same seed on every machine: floats are drawn from the standard normal
// distribution, int8 and uint8 (pixels) from their whole range, wider integers (token
// ids, masks, sizes) from 0 and 1, which are in range for any table, and bools are
// true or false.
//
// The open first dimension of the inputs is the batch, of rows rows; rows are rounded
// up to a multiple of a batch that is fixed. dims gives the sizes of other symbolic
// dimensions by their names, 0 where there is to be no element; an error lists those that it does not, and the flags to
// add. An input whose type or shape can't be made is an error that names it.
func Synthetic(g *onnx.Graph, dims map[string]int64, rows int, seed uint64) (*Set, error) {
	if err := carried(g); err != nil {
		return nil, err
	}
	if err := known(g, dims); err != nil {
		return nil, err
	}
	batch, fixed, open, err := batchDim(g, dims)
	if err != nil {
		return nil, err
	}
	s := &Set{Source: "synthetic", Seed: seed, Dims: maps.Clone(dims)}
	if open || fixed > 0 {
		if rows < 1 || rows > math.MaxInt32 {
			return nil, fmt.Errorf("%d rows: at least 1", rows)
		}
		s.Rows = rows
		if fixed > 0 {
			if fixed > math.MaxInt32 {
				return nil, fmt.Errorf("a batch of %d is too large", fixed)
			}
			s.Rows = (rows + int(fixed) - 1) / int(fixed) * int(fixed)
		}
	}
	shapes, whole, err := declared(g, dims, batch, open, int64(s.Rows))
	if err != nil {
		return nil, err
	}
	s.Whole = whole
	left := int64(npz.MaxBytes)
	for i, in := range g.Inputs {
		n := int64(in.Type.Size())
		if slices.Contains(shapes[i], 0) {
			continue
		}
		for _, d := range shapes[i] {
			if d > left/n {
				return nil, fmt.Errorf("input %s with the shape %v: all inputs together may take up to %d bytes", in.Name, shapes[i], int64(npz.MaxBytes))
			}
			n *= d
		}
		left -= n
	}
	for i, in := range g.Inputs {
		n := 1
		for _, d := range shapes[i] {
			n *= int(d)
		}
		// A stream for each input: its values do not depend on the inputs before it.
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		a := npz.Array{Name: in.Name, Type: in.Type, Shape: shapes[i]}
		if in.Type == onnx.Float16 {
			a.Type = onnx.Float
		}
		a.Data = draw(random, a.Type, n)
		if a, err = a.As(in.Type); err != nil {
			return nil, err
		}
		s.Arrays = append(s.Arrays, a)
	}
	return s, nil
}

// known refuses sizes for dimensions that no input has: a typing error.
func known(g *onnx.Graph, dims map[string]int64) error {
	var names []string
	for _, in := range g.Inputs {
		for _, d := range in.Dims {
			if d.Name != "" && !d.Fixed() && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no input has a symbolic dimension %q; there are: %q", name, names)
		}
		if dims[name] < 0 {
			return fmt.Errorf("dimension %s=%d: at least 0", name, dims[name])
		}
	}
	return nil
}

// declared returns the inputs' shapes, and which of them have no batch dimension.
func declared(g *onnx.Graph, dims map[string]int64, batch []string, open bool, rows int64) (shapes [][]int64, whole []bool, err error) {
	var unknown, names []string
	for _, in := range g.Inputs {
		if !in.Ranked {
			return nil, nil, fmt.Errorf("input %s: the graph states no shape: give arrays in an .npz file", in.Name)
		}
		shape := make([]int64, len(in.Dims))
		batched := len(in.Dims) > 0 && rows > 0
		var missing []string
		for i, d := range in.Dims {
			size, given := dims[d.Name]
			switch {
			case i == 0 && open && !d.Fixed() && slices.Contains(batch, d.Name), i == 0 && !open && rows > 0:
				shape[i] = rows
			case d.Fixed():
				shape[i] = d.Size
				batched = batched && i > 0
			case given && d.Name != "":
				shape[i] = size
				batched = batched && i > 0
			default:
				missing = append(missing, fmt.Sprintf("%s (dimension %d)", d, i))
				if d.Name != "" && !slices.Contains(names, d.Name) {
					names = append(names, d.Name)
				}
			}
		}
		if len(missing) > 0 {
			unknown = append(unknown, fmt.Sprintf("input %s: %s", in, strings.Join(missing, ", ")))
		}
		shapes, whole = append(shapes, shape), append(whole, !batched)
	}
	if len(unknown) == 0 {
		return shapes, whole, nil
	}
	unsized := &DimsError{Cause: "sizes of open dimensions are not known: " + strings.Join(unknown, "; "), Names: names}
	if strings.Contains(unsized.Cause, "? (dimension") {
		unsized.More = "; a nameless dimension needs arrays in an .npz file"
	}
	return nil, nil, unsized
}

// draw makes n elements, little-endian.
func draw(r *rand.Rand, t onnx.ElementType, n int) []byte {
	data := make([]byte, 0, n*t.Size())
	for range n {
		switch t {
		case onnx.Float:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(r.NormFloat64())))
		case onnx.Double:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(r.NormFloat64()))
		case onnx.BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(float32(r.NormFloat64()))>>16))
		case onnx.Int8, onnx.Uint8:
			data = append(data, byte(r.Uint32()))
		default: // wider integers and bool
			data = append(data, byte(r.Uint32()&1))
			data = append(data, make([]byte, t.Size()-1)...)
		}
	}
	return data
}
