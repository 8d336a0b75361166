package runner

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"ortho/runner/onnx"
)

// DefaultBatch returns the rows of one run and the batches in flight that suit a
// provider without options: on the CPU one row, and a batch for each core that the
// process may use (cgroup quotas included); elsewhere larger batches, so that the
// device is kept busy.
func DefaultBatch(provider string) (batch, concurrency int) {
	return Options{}.DefaultBatch(provider)
}

// DefaultBatch is as the function [DefaultBatch], but knows this provider's options:
// OpenVINO computes on the CPU, where device_type names nothing else.
func (o Options) DefaultBatch(provider string) (batch, concurrency int) {
	p := Provider{Name: provider}
	if i := slices.IndexFunc(o.Providers, func(p Provider) bool { return p.Name == provider }); i >= 0 {
		p = o.Providers[i]
	}
	if p.onCPU() {
		return 1, runtime.GOMAXPROCS(0)
	}
	return 16, 3
}

// batch is the memory of one batch: the input, the outputs where the graph
// states their shape, and views of both for the shorter last run.
type batch struct {
	session *Session
	row     []int64 // the input's shape without the batch dimension; nil: each item has its own
	size    int     // rows
	pad     bool    // no run has fewer

	// Where items have their own shapes: the input's memory, and the dimensions of the last item.
	memory []uint64
	own    int

	in  *Tensor
	out []*Tensor // nil: ONNX Runtime allocates it in every run
}

func (b *batch) open() error {
	if b.in != nil || b.row == nil { // see room
		return nil
	}
	size := int64(b.size)
	shape := append([]int64{size}, b.row...)
	if b.alone() {
		if size != 1 {
			return fmt.Errorf("input %s has no dimension of the batch: batches of %d can't be run", b.session.Inputs[0], size)
		}
		shape = b.row
	}
	in, err := NewTensor(b.session.Inputs[0].Type, shape)
	if err != nil {
		return fmt.Errorf("input %s: %w", b.session.Inputs[0].Name, err)
	}
	b.in, b.out = in, make([]*Tensor, len(b.session.Outputs))
	for i, v := range b.session.Outputs {
		shape := outputShape(v, size)
		if b.alone() {
			shape = fixedShape(v)
		}
		if shape != nil {
			if b.out[i], err = NewTensor(v.Type, shape); err != nil {
				b.close()
				b.in = nil
				return fmt.Errorf("output %s: %w", v.Name, err)
			}
		}
	}
	return nil
}

// room is the memory of the one item of the run that has its own shape.
func (b *batch) room(shape []int64) ([]byte, error) {
	in, whole := b.session.Inputs[0], append([]int64{1}, shape...)
	if b.own = len(shape); b.alone() {
		whole = shape
	}
	if b.in != nil && slices.Equal(b.in.Shape, whole) {
		return b.in.data, nil
	}
	n, err := byteSize(in.Type, whole)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", in.Name, err)
	}
	if b.in != nil {
		b.in.Close()
		b.in = nil
	}
	if words := (n + 7) / 8; cap(b.memory) < words {
		b.memory = make([]uint64, words)
	}
	if b.in, err = wrap(in.Type, whole, bytesOf(b.memory[:cap(b.memory)])[:n]); err != nil {
		return nil, fmt.Errorf("input %s: %w", in.Name, err)
	}
	if b.out == nil {
		b.out = make([]*Tensor, len(b.session.Outputs))
	}
	return b.in.data, nil
}

// alone reports whether the graph takes one item, without a dimension for several.
func (b *batch) alone() bool {
	in := b.session.Inputs[0]
	return in.Ranked && len(in.Dims) == b.rank()
}

// rank is how many dimensions an item has.
func (b *batch) rank() int {
	if b.row == nil {
		return b.own
	}
	return len(b.row)
}

// input is the memory of one row of the input.
func (b *batch) input(row int) []byte {
	if b.alone() {
		return b.in.data
	}
	return b.in.Row(row)
}

// fixedShape returns an output's shape where all of it is stated.
func fixedShape(v onnx.Value) (shape []int64) {
	for _, d := range v.Dims {
		if d.Size <= 0 {
			return nil
		}
		shape = append(shape, d.Size)
	}
	return shape
}

// outputShape returns the shape of an output for n rows; nil where it is only
// known after a run.
func outputShape(v onnx.Value, n int64) []int64 {
	if !v.Ranked || len(v.Dims) == 0 || v.Dims[0].Fixed() && v.Dims[0].Size != n {
		return nil
	}
	shape := []int64{n}
	for _, d := range v.Dims[1:] {
		if d.Size <= 0 {
			return nil
		}
		shape = append(shape, d.Size)
	}
	return shape
}

// run runs the first n rows, and returns the function that reads a row of the output tensors.
func (b *batch) run(ctx context.Context, n int) (func(row int) []Row, error) {
	in, out := b.in, append([]*Tensor(nil), b.out...)
	var temporary []*Tensor
	defer func() {
		for _, t := range temporary {
			t.Close()
		}
	}()
	switch {
	case n == b.size:
	case b.pad:
		clear(b.in.data[n*len(b.input(0)):])
	default:
		for i, t := range append([]*Tensor{b.in}, b.out...) {
			if t == nil {
				continue
			}
			head, err := t.head(int64(n))
			if err != nil {
				return nil, err
			}
			temporary = append(temporary, head)
			if i == 0 {
				in = head
			} else {
				out[i-1] = head
			}
		}
	}
	if err := b.session.entered(ctx, []*Tensor{in}, out); err != nil {
		return nil, err
	}
	for i, t := range out {
		if b.out[i] == nil {
			temporary = append(temporary, t)
		}
		if b.whole(t) {
			continue
		}
		if len(t.Shape) == 0 || t.Shape[0] != in.Shape[0] {
			return nil, fmt.Errorf("output %s has shape %v for a batch of %d: its first dimension is not the batch",
				b.session.Outputs[i].Name, t.Shape, in.Shape[0])
		}
	}
	return func(row int) []Row {
		rows := make([]Row, len(out))
		for i, t := range out {
			if b.whole(t) {
				rows[i] = Row{b.session.Outputs[i].Name, t.Type, t.Shape, t.data}
				continue
			}
			rows[i] = Row{b.session.Outputs[i].Name, t.Type, t.Shape[1:], t.Row(row)}
		}
		return rows
	}, nil
}

// whole reports whether an output is that of the one item of the run, all of it: it has no
// dimension of the batch.
func (b *batch) whole(t *Tensor) bool {
	return b.alone() || b.size == 1 && (len(t.Shape) == 0 || t.Shape[0] != 1)
}

func (b *batch) close() {
	if b.in != nil {
		b.in.Close()
	}
	for _, t := range b.out {
		if t != nil {
			t.Close()
		}
	}
}
