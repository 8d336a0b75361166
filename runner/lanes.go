package runner

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"ortho/runner/onnx"
)

// Lanes stream items through a session with one input: each item fills one
// row of a batch, and reads its row of the outputs. A ring of reused batches
// lets the next ones load while some run.
type Lanes struct {
	Session     *Session
	Batch       int  // rows of one run
	Pad         bool // the graph takes exactly Batch rows: the last run is padded
	Concurrency int  // batches in flight; on the CPU one a core, each loading and running in turn
	// Linger is how long a batch that is not full waits for further items after its first; 0:
	// no longer than that takes to load.
	Linger time.Duration
}

// DefaultBatch returns the rows of one run and the batches in flight that suit a
// provider without options: on the CPU one row, and a batch for each core that the
// process may use (cgroup quotas included); elsewhere larger batches, so that the
// device is kept busy.
func DefaultBatch(provider string) (batch, concurrency int) {
	return Options{}.DefaultBatch(provider)
}

// DefaultBatch is as the function, for a provider with the options that it has here:
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

// Stream does the work of every item, and yields the results in the order of the items.
// Loads run on one goroutine for each batch in flight, or for batches of several rows one a
// core. Errors and cancellation are as in [Map].
//
// A batch takes in what comes while its first item is loaded, and then what is there
// already. So items that come quickly make full batches, and one that comes alone waits for
// no other, but where p.Linger has it wait.
//
// Nothing of the stream runs on when it has ended: a load and a run under way are waited
// for. A load should end with its context.
func Stream[In, Mid, Out any](ctx context.Context, p *Lanes, w Work[In, Mid, Out], items iter.Seq[In]) iter.Seq[Result[In, Out]] {
	var loaders chan struct{}
	if p.Batch > 1 { // else each load has its lane's place
		loaders = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))
	}
	return stream(ctx, items, p.Concurrency, p.Batch, func(ctx context.Context, q *queue[In, Out]) {
		l := newLane(p, w, q, loaders)
		defer l.close()
		for l.serve(ctx) {
		}
	})
}

// batch is the memory of one batch: the input, the outputs where the graph
// states their shape, and views of both for the shorter last run.
type batch struct {
	p   *Lanes
	row []int64 // the input's shape without the batch dimension
	in  *Tensor
	out []*Tensor // nil: ONNX Runtime allocates it in every run
}

func (b *batch) open() error {
	if b.in != nil {
		return nil
	}
	size := int64(b.p.Batch)
	in, err := NewTensor(b.p.Session.Inputs[0].Type, append([]int64{size}, b.row...))
	if err != nil {
		return fmt.Errorf("input %s: %w", b.p.Session.Inputs[0].Name, err)
	}
	b.out = make([]*Tensor, len(b.p.Session.Outputs))
	for i, v := range b.p.Session.Outputs {
		if shape := outputShape(v, size); shape != nil {
			if b.out[i], err = NewTensor(v.Type, shape); err != nil {
				in.Close()
				return fmt.Errorf("output %s: %w", v.Name, err)
			}
		}
	}
	b.in = in
	return nil
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

// run runs the first n rows, and returns what reads a row of the outputs.
func (b *batch) run(ctx context.Context, n int) (func(row int) []Row, error) {
	in, out := b.in, append([]*Tensor(nil), b.out...)
	var temporary []*Tensor
	defer func() {
		for _, t := range temporary {
			t.Close()
		}
	}()
	switch {
	case n == b.p.Batch:
	case b.p.Pad:
		clear(b.in.data[n*len(b.in.Row(0)):])
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
	if err := b.p.Session.entered(ctx, []*Tensor{in}, out); err != nil {
		return nil, err
	}
	for i, t := range out {
		if b.out[i] == nil {
			temporary = append(temporary, t)
		}
		if len(t.Shape) == 0 || t.Shape[0] != in.Shape[0] {
			return nil, fmt.Errorf("output %s has shape %v for a batch of %d: its first dimension is not the batch",
				b.p.Session.Outputs[i].Name, t.Shape, in.Shape[0])
		}
	}
	return func(row int) []Row {
		rows := make([]Row, len(out))
		for i, t := range out {
			rows[i] = Row{b.p.Session.Outputs[i].Name, t.Type, t.Shape[1:], t.Row(row)}
		}
		return rows
	}, nil
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
