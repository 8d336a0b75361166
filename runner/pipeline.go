package runner

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"ortho/runner/onnx"
)

// Pipeline streams items through a session with one input: each item fills one
// row of a batch, and reads its row of the outputs. A ring of reused batches
// lets the next ones load while some run.
type Pipeline struct {
	Session     *Session
	Row         []int64 // the input's shape without the batch dimension
	Batch       int     // rows of one run
	Pad         bool    // the graph takes exactly Batch rows: the last run is padded
	Concurrency int     // batches in flight; on the CPU one a core, each loading and running in turn
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

// Row is one item's part of an output: its shape without the batch dimension.
type Row struct {
	Name  string
	Type  onnx.ElementType
	Shape []int64
	Data  []byte
}

// Stream loads every item into a row with load, runs the graph, and makes the
// item's result from its rows of the outputs with read. mid carries what load
// learned. load may be called by several goroutines: one for each batch in flight, or
// for batches of several rows one a core. Order, errors and cancellation are as in
// [Map], but that a load under way when ctx is done is not waited for: it ends by
// itself, and its result is dropped.
func Stream[In, Mid, Out any](ctx context.Context, p *Pipeline, items iter.Seq[In],
	load func(ctx context.Context, item In, row []byte) (Mid, error),
	read func(mid Mid, outputs []Row) (Out, error)) iter.Seq[Result[In, Out]] {
	loaders := make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))
	return stream(ctx, items, p.Concurrency, p.Batch, func(ctx context.Context, q *queue[In, Out]) {
		b := &batch{p: p}
		defer b.close()
		var none Out
		rows := make([]job[In], p.Batch) // the item in each row
		mids := make([]Mid, p.Batch)
		errs := make([]error, p.Batch)
		for jobs := q.claim(ctx, p.Batch); len(jobs) > 0; jobs = q.claim(ctx, p.Batch) {
			if err := b.open(); err != nil {
				for _, j := range jobs {
					q.done(ctx, j, none, err)
				}
				continue
			}
			n := 0 // rows filled; a failed load's row goes to another item
			for len(jobs) > 0 {
				these, first := jobs, n
				err := loadAll(ctx, len(these), loaders, func(i int) {
					mids[first+i], errs[first+i] = load(ctx, these[i].item, b.in.Row(first+i))
				})
				if err != nil {
					return // ctx is done: no result of these is due
				}
				for i, j := range these {
					from := first + i
					if err := errs[from]; err != nil {
						q.done(ctx, j, none, err)
						continue
					}
					if from != n {
						copy(b.in.Row(n), b.in.Row(from))
						mids[n] = mids[from]
					}
					rows[n] = j
					n++
				}
				jobs = nil
				if n < p.Batch {
					jobs = q.refill(p.Batch - n)
				}
				if len(jobs) == 0 {
					break
				}
			}
			if n == 0 {
				continue
			}
			outputs, err := b.run(ctx, n)
			for i := range n {
				out, err := none, err
				if err == nil {
					out, err = read(mids[i], outputs(i))
				}
				q.done(ctx, rows[i], out, err)
			}
		}
	})
}

// loadAll calls f(0..n-1), side by side where loaders has room, and waits for all of
// them; where ctx is done first, it returns ctx's error while some run on.
func loadAll(ctx context.Context, n int, loaders chan struct{}, f func(i int)) error {
	loaded := make(chan struct{}, n)
	for i := range n {
		if n > 1 { // a single one takes its caller's place
			select {
			case loaders <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		go func() {
			f(i)
			if n > 1 {
				<-loaders
			}
			loaded <- struct{}{}
		}()
	}
	for range n {
		select {
		case <-loaded:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// batch is the memory of one batch: the input, the outputs where the graph
// states their shape, and views of both for the shorter last run.
type batch struct {
	p   *Pipeline
	in  *Tensor
	out []*Tensor // nil: ONNX Runtime allocates it in every run
}

func (b *batch) open() error {
	if b.in != nil {
		return nil
	}
	size := int64(b.p.Batch)
	in, err := NewTensor(b.p.Session.Inputs[0].Type, append([]int64{size}, b.p.Row...))
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
	if err := b.p.Session.Run(ctx, []*Tensor{in}, out); err != nil {
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
