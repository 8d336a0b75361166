package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// CallsOptions say how Calls run. The zero value runs each call alone.
type CallsOptions struct {
	Batch       int           // rows that calls may share a run with; 0 or 1: each call runs alone, of any size
	Concurrency int           // runs in flight; 0: as [DefaultBatch] has it for the provider
	Linger      time.Duration // how long a run that is not full waits for further calls after its first
	Waiting     int           // calls that may wait for a run; further ones get [ErrBusy]; 0: any number
}

// Calls run a graph with the arrays of calls, each the whole of the graph's inputs, as a server
// gets them. Calls that come together share a run where they can: where all inputs and outputs
// begin with a dimension that is open, and calls are of one shape beyond it.
//
//	Do --arrays, context--+                 +--> run --> rows --+--> Do
//	Do --arrays, context--+--> calls wait --+    together       +--> Do
//
// [Pool] is for items of which each becomes a row of one input.
type Calls struct {
	session *Session
	opt     CallsOptions
	rows    bool // calls may share runs
	ran     func(rows int64, calls int)
	active  sync.WaitGroup
	more    chan struct{} // another call has come
	spare   spareTensors

	mu      sync.Mutex
	closed  bool
	waiting []*arrayCall
	running int
	linger  int // of those that run, how many take further calls
}

// InputError says that the inputs of a call are not those that the graph takes.
type InputError struct{ Reason string }

func (e *InputError) Error() string { return e.Reason }

func badInput(format string, args ...any) error { return &InputError{fmt.Sprintf(format, args...)} }

// arrayCall is a call that is under way.
type arrayCall struct {
	ctx     context.Context
	inputs  []npz.Array // as the session has them
	rows    int64
	shape   string // beyond the first dimensions
	taken   atomic.Bool
	answer  chan struct{}
	outputs []npz.Array
	err     error
}

// settle answers a call, once.
func (c *arrayCall) settle(outputs []npz.Array, err error) {
	if c.taken.CompareAndSwap(false, true) {
		c.outputs, c.err = outputs, err
		close(c.answer)
	}
}

// NewCalls makes Calls of a session. Close them before the session.
func NewCalls(s *Session, o CallsOptions) *Calls {
	_, concurrency := DefaultBatch(s.Provider)
	o.Concurrency = cmp.Or(max(0, o.Concurrency), concurrency)
	return &Calls{session: s, opt: o, rows: o.Batch > 1 && !s.Fixed && !slices.ContainsFunc(slices.Concat(s.Inputs, s.Outputs), oneSize),
		more: make(chan struct{}, 1), spare: spareTensors{most: o.Concurrency * len(s.Inputs)}}
}

// oneSize reports whether a value has no first dimension that is open.
func oneSize(v onnx.Value) bool { return !v.Ranked || len(v.Dims) == 0 || v.Dims[0].Fixed() }

// Shares reports whether calls that come together may share a run.
func (c *Calls) Shares() bool { return c.rows }

// Observe has ran called after each run, with its rows and its calls. It must be called before Do.
func (c *Calls) Observe(ran func(rows int64, calls int)) { c.ran = ran }

// Do runs the graph with the inputs of a call, which are found by their names, and returns its
// outputs in the graph's order. Inputs that the graph does not take so are an [InputError]. When
// ctx is done it returns ctx's error at once: the run goes on only while others share it. What
// is in the arrays must stay as it is, also then.
func (c *Calls) Do(ctx context.Context, inputs []npz.Array) ([]npz.Array, error) {
	call := &arrayCall{ctx: ctx, answer: make(chan struct{})}
	if err := call.take(c.session.Inputs, inputs); err != nil {
		return nil, err
	}
	if err := c.submit(call); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { call.settle(nil, ctx.Err()) })()
	<-call.answer
	return call.outputs, call.err
}

// take puts the arrays into the order of the graph's inputs, and checks them.
func (call *arrayCall) take(wanted []onnx.Value, given []npz.Array) error {
	for i, a := range given {
		if !slices.ContainsFunc(wanted, func(v onnx.Value) bool { return v.Name == a.Name }) {
			return badInput("there is no input %q; the model takes %s", a.Name, onnx.List(wanted))
		}
		if slices.ContainsFunc(given[:i], func(b npz.Array) bool { return b.Name == a.Name }) {
			return badInput("input %q is given twice", a.Name)
		}
	}
	for _, v := range wanted {
		i := slices.IndexFunc(given, func(a npz.Array) bool { return a.Name == v.Name })
		if i < 0 {
			return badInput("input %s is missing", v)
		}
		if err := suits(v, given[i]); err != nil {
			return err
		}
		call.inputs = append(call.inputs, given[i])
	}
	for i, a := range call.inputs {
		if len(a.Shape) == 0 || a.Type == onnx.String { // strings of two calls are of two sizes
			call.rows = 0
			return nil
		}
		if i == 0 {
			call.rows = a.Shape[0]
		} else if call.rows != a.Shape[0] {
			call.rows = 0 // their first dimensions are not of one batch
			return nil
		}
	}
	for _, a := range call.inputs {
		call.shape += fmt.Sprint(a.Shape[1:])
	}
	return nil
}

// suits returns why an array is not what an input takes.
func suits(v onnx.Value, a npz.Array) error {
	if a.Type != v.Type {
		return badInput("input %s is given as %s", v, a.Type)
	}
	size, err := byteSize(a.Type, a.Shape)
	if a.Type == onnx.String {
		size = len(a.Data)
		_, _, err = stringSize(a.Shape, a.Data)
	}
	if err != nil {
		return badInput("input %s: %v", v.Name, err)
	}
	if len(a.Data) != size {
		return badInput("input %s: %d bytes for %s%v, which has %d", v.Name, len(a.Data), a.Type, a.Shape, size)
	}
	fits := !v.Ranked || len(v.Dims) == len(a.Shape)
	for i := 0; fits && v.Ranked && i < len(v.Dims); i++ {
		fits = !v.Dims[i].Fixed() || v.Dims[i].Size == a.Shape[i]
	}
	if !fits {
		return badInput("input %s is given with shape %v", v, a.Shape)
	}
	return nil
}

func (c *Calls) submit(call *arrayCall) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errCallsClosed
	}
	c.waiting = slices.DeleteFunc(c.waiting, func(w *arrayCall) bool { return w.taken.Load() })
	if c.linger == 0 && c.running < c.opt.Concurrency {
		c.waiting = append(c.waiting, call)
		c.begin()
		return nil
	}
	if c.opt.Waiting > 0 && len(c.waiting) >= c.opt.Waiting {
		return fmt.Errorf("%w: %d calls wait", ErrBusy, len(c.waiting))
	}
	c.waiting = append(c.waiting, call)
	select {
	case c.more <- struct{}{}:
	default:
	}
	return nil
}

// begin begins to run what waits. The lock is held.
func (c *Calls) begin() {
	c.running++
	c.active.Go(c.serve)
}

var errCallsClosed = fmt.Errorf("the model is %w", ErrClosed)

// serve runs what waits, until nothing does.
func (c *Calls) serve() {
	for {
		calls := c.next()
		if calls == nil {
			return
		}
		c.collect(&calls)
		c.run(calls)
	}
}

// collect waits for further calls where a run is not full. Those that it can't take go to others.
func (c *Calls) collect(calls *[]*arrayCall) {
	if c.opt.Linger <= 0 || !c.rows {
		return
	}
	c.lingers(1)
	defer c.lingers(-1)
	timer := time.NewTimer(c.opt.Linger)
	defer timer.Stop()
	for total(*calls) < int64(c.opt.Batch) {
		select {
		case <-timer.C:
			return
		case <-(*calls)[0].answer: // its caller has gone
			return
		case <-c.more:
			c.mu.Lock()
			*calls = c.join(*calls)
			c.spread()
			c.mu.Unlock()
		}
	}
}

func (c *Calls) lingers(n int) {
	c.mu.Lock()
	c.linger += n
	c.spread()
	c.mu.Unlock()
}

// spread has what nobody takes run, as far as there is room. The lock is held.
func (c *Calls) spread() {
	if len(c.waiting) > 0 && c.running < c.opt.Concurrency {
		c.begin()
	}
}

// next takes the first call that waits, with those that may share its run; nil ends the lane.
func (c *Calls) next() []*arrayCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) > 0 {
		call := c.waiting[0]
		c.waiting = c.waiting[1:]
		if !call.taken.Load() {
			return c.join([]*arrayCall{call})
		}
	}
	c.running--
	return nil
}

// join adds the calls that wait and may share a run with the first, in their order. The lock is held.
func (c *Calls) join(calls []*arrayCall) []*arrayCall {
	first, n := calls[0], total(calls)
	if !c.rows || first.rows < 1 {
		return calls
	}
	c.waiting = slices.DeleteFunc(c.waiting, func(w *arrayCall) bool {
		if w.taken.Load() {
			return true
		}
		if w.rows < 1 || w.shape != first.shape || n+w.rows > int64(c.opt.Batch) {
			return false
		}
		n += w.rows
		calls = append(calls, w)
		return true
	})
	return calls
}

func total(calls []*arrayCall) (rows int64) {
	for _, call := range calls {
		rows += call.rows
	}
	return rows
}

// run runs calls together; where that fails, each alone, so that one costs itself.
func (c *Calls) run(calls []*arrayCall) {
	calls = slices.DeleteFunc(calls, func(call *arrayCall) bool { return call.taken.Load() })
	if len(calls) == 0 {
		return
	}
	ctx, stop := whileAnyWaits(calls)
	outputs, err := c.together(ctx, calls)
	stop()
	if c.ran != nil {
		c.ran(total(calls), len(calls))
	}
	if err != nil && len(calls) > 1 && !errors.Is(err, ErrClosed) {
		for _, call := range calls {
			c.run([]*arrayCall{call})
		}
		return
	}
	for i, call := range calls {
		if err != nil {
			call.settle(nil, err)
		} else {
			call.settle(outputs[i], nil)
		}
	}
}

// whileAnyWaits is a context that is done when those of all calls are.
func whileAnyWaits(calls []*arrayCall) (context.Context, func()) {
	if len(calls) == 1 {
		return calls[0].ctx, func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var left atomic.Int64
	left.Store(int64(len(calls)))
	stops := make([]func() bool, len(calls))
	for i, call := range calls {
		stops[i] = context.AfterFunc(call.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// together runs the graph once for calls, and returns the outputs of each.
func (c *Calls) together(ctx context.Context, calls []*arrayCall) ([][]npz.Array, error) {
	var inputs []*Tensor
	outputs := make([]*Tensor, len(c.session.Outputs))
	defer func() {
		c.spare.give(inputs)
		for _, t := range outputs {
			if t != nil {
				t.Close()
			}
		}
	}()
	rows := total(calls)
	for i, v := range c.session.Inputs {
		if v.Type == onnx.String {
			t, err := TensorOf(calls[0].inputs[i])
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, t)
			continue
		}
		shape := slices.Clone(calls[0].inputs[i].Shape)
		if len(calls) > 1 {
			shape[0] = rows
		}
		t, err := c.spare.take(v.Type, shape)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", v.Name, err)
		}
		inputs = append(inputs, t)
		at := 0
		for _, call := range calls {
			at += copy(t.data[at:], call.inputs[i].Data)
		}
		swapOrder(t.data, t.Type)
	}
	if err := c.session.Run(ctx, inputs, outputs); err != nil {
		return nil, err
	}
	all := make([][]npz.Array, len(calls))
	for i, t := range outputs {
		swapOrder(t.data, t.Type) // its memory is Go's, and the run was its last
		whole := npz.Array{Name: c.session.Outputs[i].Name, Type: t.Type, Shape: t.Shape, Data: t.data}
		if len(calls) == 1 {
			all[0] = append(all[0], whole)
			continue
		}
		if len(t.Shape) == 0 || t.Shape[0] != rows {
			return nil, fmt.Errorf("output %s has shape %v for a batch of %d: its first dimension is not the batch", whole.Name, t.Shape, rows)
		}
		row := len(whole.Data) / int(max(1, rows))
		at := 0
		for k, call := range calls {
			part := whole
			part.Shape = append([]int64{call.rows}, t.Shape[1:]...)
			n := row * int(call.rows)
			part.Data = whole.Data[at : at+n : at+n]
			at += n
			all[k] = append(all[k], part)
		}
	}
	return all, nil
}

// Close refuses further calls, whose error is [ErrClosed], and waits for those that are there.
func (c *Calls) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.active.Wait()
	c.spare.close()
}
