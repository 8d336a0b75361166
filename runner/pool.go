package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrBusy is the error of a call of [Pool.Do] that would wait behind too many others.
var ErrBusy = errors.New("busy")

// PoolOptions say how a pool runs. The zero value suits a graph that takes any number of
// rows.
type PoolOptions struct {
	Batch       int  // rows of one run; 0: as [DefaultBatch] has it for the provider
	Concurrency int  // lanes; on the CPU one a core, each loading and running in turn; 0: as DefaultBatch has it
	Pad         bool // the graph takes exactly Batch rows: shorter runs are padded
	// Linger is how long a batch that is not full waits for further items after its first; 0:
	// no longer than that takes to load. However long it is, a batch runs only when all its
	// loads have ended: one that is slow holds up the others.
	Linger time.Duration
	// Waiting is how many calls of Do may be under way beyond those that fill all lanes;
	// further ones get [ErrBusy]. 0: any number. Streams bound themselves.
	Waiting int
}

// Pool does the work of items, in batches, on lanes that single calls ([Pool.Do]) and streams
// ([Each]) share, and that are kept from one to the next.
type Pool[In, Out any] struct {
	session *Session
	opt     PoolOptions
	row     []int64
	load    func(ctx context.Context, item In, lane *batch, row int) (func(outputs []Row) (Out, error), error)
	loaders chan struct{} // holds a token for each load under way, of all lanes; nil: not bounded
	calls   atomic.Int64  // of Do
	lanes   sync.WaitGroup
	freed   sync.Once
	ran     func(rows int) // for tests; may be nil

	mu         sync.Mutex
	closed     bool
	waiting    []*job[In, Out] // in order; none while a lane collects
	collecting *lane[In, Out]  // the lane that takes the next jobs
	running    int
	idle       []*lane[In, Out]
	sources    int // streams from which more jobs may come
}

// NewPool makes a pool for a session with one input. Close it before the session.
func NewPool[In, Mid, Out any](s *Session, w Work[In, Mid, Out], o PoolOptions) *Pool[In, Out] {
	rows, lanes := DefaultBatch(s.Provider)
	o.Batch, o.Concurrency = cmp.Or(max(0, o.Batch), rows), cmp.Or(max(0, o.Concurrency), lanes)
	sized := w.Row == nil
	if sized {
		o.Batch, o.Pad = 1, false
	}
	p := &Pool[In, Out]{session: s, opt: o, row: w.Row}
	read := w.Read
	p.load = func(ctx context.Context, item In, lane *batch, row int) (func([]Row) (Out, error), error) {
		mid, err := guarded(func() (Mid, error) {
			if sized {
				return w.LoadSized(ctx, item, lane.room)
			}
			return w.Load(ctx, item, lane.input(row))
		})
		return func(outputs []Row) (Out, error) { return read(mid, outputs) }, err
	}
	if o.Batch > 1 { // else each load has its lane's place
		p.loaders = make(chan struct{}, runtime.GOMAXPROCS(0))
	}
	return p
}

// Batching returns the rows of one run, and the lanes.
func (p *Pool[In, Out]) Batching() (batch, concurrency int) { return p.opt.Batch, p.opt.Concurrency }

// Do does the work of one item, together with others that are there: the items of a batch
// wait for the slowest of their loads. Many goroutines may call it.
//
// When ctx is done it returns ctx's error at once, or after the item's Read, if that has
// begun; others in the batch are not disturbed. The item's Load is the one thing that may run
// on then, if it has begun and goes on though its context is done: what it uses must stay
// as it is until it ends. The others of its batch, and Close, wait for it.
func (p *Pool[In, Out]) Do(ctx context.Context, item In) (value Out, err error) {
	defer p.calls.Add(-1)
	if n := p.calls.Add(1); p.opt.Waiting > 0 && n > int64(p.opt.Batch*p.opt.Concurrency+p.opt.Waiting) {
		return value, fmt.Errorf("%w: %d calls are under way", ErrBusy, n-1)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answered := make(chan struct{})
	j := &job[In, Out]{ctx: ctx, item: item, call: true, answer: func(v Out, e error) {
		value, err = v, e
		close(answered)
	}}
	if err := p.submit(j); err != nil {
		return value, err
	}
	defer context.AfterFunc(ctx, func() {
		j.fail(ctx.Err())
		p.withdraw(ctx)
	})()
	<-answered
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		err = ended
	}
	return value, err
}

// Each does the work of the inputs of items, and yields the result or error of each, with the
// item, in their order. Errors and cancellation are as in [Map].
//
// A batch takes in what comes while its first item is loaded, and then what is there
// already. So items that come quickly make full batches, and one that comes alone waits for
// no other, but where PoolOptions.Linger has it wait.
//
// Nothing of the stream runs on when it has ended: its loads and runs under way are waited
// for, with those of others in the same batches. A load should end with its context.
func Each[T, In, Out any](ctx context.Context, p *Pool[In, Out], items iter.Seq[T], input func(T) In) iter.Seq[Result[T, Out]] {
	return func(yield func(Result[T, Out]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ended := p.source()
		context.AfterFunc(ctx, func() {
			p.withdraw(ctx)
			ended()
		})
		window := 2 * (p.opt.Concurrency + 1) * p.opt.Batch
		ordered(ctx, cancel, func(yield func(T) bool) {
			defer ended()
			items(yield)
		}, window, func(item T, done func(Out, error)) {
			if err := p.submit(&job[In, Out]{ctx: ctx, item: input(item), answer: done}); err != nil {
				var none Out
				done(none, err)
			}
		}, yield)
	}
}

// Close refuses further calls and items, also of streams under way: their error is
// [ErrClosed]. It waits for those that are being worked on, and for calls that wait, and
// frees the lanes' memory. It may be called more than once, and within a range over Each,
// but not within the work.
func (p *Pool[In, Out]) Close() error {
	p.mu.Lock()
	p.closed = true
	p.waiting = p.without(func(j *job[In, Out]) error {
		if j.call {
			return nil
		}
		return errPoolClosed
	})
	p.collected(p.collecting)
	p.mu.Unlock()
	p.lanes.Wait()
	p.freed.Do(func() {
		for _, l := range p.idle {
			l.close()
		}
	})
	return nil
}

var errPoolClosed = fmt.Errorf("the pool is %w", ErrClosed)

// job is an item in the pool.
type job[In, Out any] struct {
	ctx    context.Context // the pool's own of a call, or of a stream: equal ones end together
	item   In
	call   bool // of Do
	taken  atomic.Bool
	answer func(Out, error) // called once, by the caller for whom claim returned true
}

// claim reports whether the caller is the first, who may answer.
func (j *job[In, Out]) claim() bool { return j.taken.CompareAndSwap(false, true) }

// fail answers with an error.
func (j *job[In, Out]) fail(err error) {
	if j.claim() {
		var none Out
		j.answer(none, err)
	}
}

// submit puts a job before the lanes.
func (p *Pool[In, Out]) submit(j *job[In, Out]) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errPoolClosed
	}
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if l := p.collecting; l != nil {
		l.begin(j)
		return nil
	}
	p.waiting = append(p.waiting, j)
	p.attend()
	return nil
}

// withdraw answers the waiting jobs of a context that is done. Those that a lane has taken
// leave when they are answered.
func (p *Pool[In, Out]) withdraw(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = p.without(func(j *job[In, Out]) error {
		if j.ctx != ctx {
			return nil
		}
		return ctx.Err()
	})
	p.left()
}

// without fails the waiting jobs for which refused returns an error, and returns the others.
// p.mu is held.
func (p *Pool[In, Out]) without(refused func(*job[In, Out]) error) []*job[In, Out] {
	return slices.DeleteFunc(p.waiting, func(j *job[In, Out]) bool {
		err := refused(j)
		if err != nil {
			j.fail(err)
		}
		return err != nil
	})
}

// source counts a stream that more items come from until ended is called, once or more
// often.
func (p *Pool[In, Out]) source() (ended func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sources--
		p.collected(p.collecting)
	})
}

// attend starts a lane where jobs wait and no lane will take them. p.mu is held, as in all
// functions below.
func (p *Pool[In, Out]) attend() {
	if len(p.waiting) == 0 || p.collecting != nil || p.running == p.opt.Concurrency {
		return
	}
	var l *lane[In, Out]
	if n := len(p.idle); n > 0 {
		l, p.idle = p.idle[n-1], p.idle[:n-1]
	} else {
		l = newLane(p)
	}
	p.running++
	p.lanes.Go(func() {
		for l.next() {
		}
	})
}

// take returns the next job that waits; nil where there is none.
func (p *Pool[In, Out]) take() *job[In, Out] {
	for len(p.waiting) > 0 {
		j := p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
		err := j.ctx.Err()
		if err == nil {
			return j
		}
		j.fail(err)
	}
	return nil
}

// left ends a lane's collecting where no job of its batch waits for an answer any more.
func (p *Pool[In, Out]) left() {
	waits := func(j *job[In, Out]) bool { return !j.taken.Load() }
	if l := p.collecting; l != nil && !slices.ContainsFunc(l.jobs[:l.rows], waits) {
		p.collected(l)
	}
}

// collected ends a lane's collecting, if it still does.
func (p *Pool[In, Out]) collected(l *lane[In, Out]) {
	if l == nil || p.collecting != l {
		return
	}
	p.collecting = nil
	if l.lingerer != nil {
		l.lingerer.Stop()
		l.lingerer = nil
	}
	if l.all != nil {
		close(l.all)
	}
}
