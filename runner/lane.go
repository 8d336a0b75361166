package runner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// lane makes the results of one batch of jobs after the other:
//
//	take, and collect, each loaded as it comes --> all are loaded --> failed ones replaced --> run --> read
//
// It has a goroutine as long as there are jobs, and its memory as long as the pool.
type lane[In, Out any] struct {
	batch
	pool *Pool[In, Out]

	// While the lane collects, under the pool's lock.
	rows     int // that are taken
	jobs     []*job[In, Out]
	call     bool // there is one among them
	since    time.Time
	lingerer *time.Timer
	all      chan struct{} // closed when it collects no more

	reads   []func(outputs []Row) (Out, error)
	errs    []error
	loading sync.WaitGroup
}

func newLane[In, Out any](p *Pool[In, Out]) *lane[In, Out] {
	n := p.opt.Batch
	return &lane[In, Out]{batch: batch{session: p.session, row: p.row, size: n, pad: p.opt.Pad}, pool: p,
		jobs: make([]*job[In, Out], n), reads: make([]func([]Row) (Out, error), n), errs: make([]error, n)}
}

// next runs the next batch, and returns false where no job waits: then the lane is idle.
func (l *lane[In, Out]) next() bool {
	p := l.pool
	closed := l.enter()
	if closed == nil {
		defer l.session.gate.Leave()
	}
	p.mu.Lock()
	if len(p.waiting) == 0 || p.collecting != nil {
		p.running--
		p.idle = append(p.idle, l)
		p.mu.Unlock()
		return false
	}
	if closed != nil {
		for j := p.take(); j != nil; j = p.take() {
			j.fail(closed)
		}
		p.mu.Unlock()
		return true
	}
	l.rows, l.call = 0, false
	if l.size > 1 {
		l.all = make(chan struct{})
	}
	p.collecting = l
	if p.opt.Linger > 0 {
		l.since = time.Now()
	}
	for p.collecting == l {
		j := p.take()
		if j == nil {
			break
		}
		l.begin(j)
	}
	if l.rows == 0 { // nobody waits for them any more
		p.collected(l)
	}
	p.attend()
	p.mu.Unlock()

	if l.size > 1 {
		<-l.all
	}
	for failed := l.settle(0); failed > 0 && l.rows > 0; { // with none left, the next batch collects anew
		from := l.rows
		l.refill(failed)
		failed = l.settle(from)
	}
	if l.rows > 0 {
		l.answer()
	}
	clear(l.jobs)
	clear(l.reads)
	return true
}

// enter makes the lane's memory, and makes the session's Close wait for the lane.
func (l *lane[In, Out]) enter() error {
	if err := l.session.enter(); err != nil {
		return err
	}
	if err := l.open(); err != nil {
		l.session.gate.Leave()
		return err
	}
	return nil
}

// begin starts to load a job into the next row of the input. The pool's lock is held.
func (l *lane[In, Out]) begin(j *job[In, Out]) {
	row, all := l.rows, l.all
	l.rows++
	l.jobs[row] = j
	l.call = l.call || j.call
	if l.size > 1 { // else settle loads it
		l.loading.Go(func() {
			l.load(row, j)
			if row == 0 {
				l.linger(all)
			}
		})
	}
	if l.rows == l.size {
		l.pool.collected(l)
	}
}

// load fills a row of the input. A job that fails, or that nobody waits for any more, is answered
// at once.
func (l *lane[In, Out]) load(row int, j *job[In, Out]) {
	l.errs[row] = func() (err error) {
		if loaders := l.pool.loaders; loaders != nil {
			select {
			case loaders <- struct{}{}:
				defer func() { <-loaders }()
			case <-j.ctx.Done():
				return j.ctx.Err()
			}
		}
		if err := j.ctx.Err(); err != nil {
			return err // its caller may have gone: nothing of the item may be used
		}
		l.reads[row], err = l.pool.load(j.ctx, j.item, &l.batch, row)
		return err
	}()
	if l.errs[row] == nil {
		l.errs[row] = j.ctx.Err()
	}
	if l.errs[row] != nil {
		j.fail(l.errs[row])
		l.pool.mu.Lock()
		l.pool.left()
		l.pool.mu.Unlock()
	}
}

// linger lets a lane whose first row is loaded collect for as long as is left, if more jobs
// may come.
func (l *lane[In, Out]) linger(all chan struct{}) {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.all != all {
		return // the lane has gone on to a later batch
	}
	left := p.opt.Linger - time.Since(l.since)
	if p.collecting != l || p.closed || left <= 0 || p.sources == 0 && !l.call {
		p.collected(l)
		return
	}
	l.lingerer = time.AfterFunc(left, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if l.all == all {
			p.collected(l)
		}
	})
}

// refill begins up to n further jobs if they are there now. It never waits: the lane holds
// jobs of its own that others may be waiting for.
func (l *lane[In, Out]) refill(n int) {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	for range n {
		j := l.pool.take()
		if j == nil {
			return
		}
		l.begin(j)
	}
}

// settle waits for the loads of the rows from one on, and returns how many failed: these
// are done, and the others move together.
func (l *lane[In, Out]) settle(from int) (failed int) {
	begun := l.rows
	if l.size == 1 && begun > from {
		l.load(0, l.jobs[0])
	}
	l.loading.Wait()
	l.rows = from
	for row := from; row < begun; row++ {
		err := l.errs[row]
		if err == nil {
			err = l.jobs[row].ctx.Err()
		}
		if err != nil {
			l.jobs[row].fail(err)
			failed++
			continue
		}
		if l.rows != row {
			copy(l.input(l.rows), l.input(row))
			l.jobs[l.rows], l.reads[l.rows] = l.jobs[row], l.reads[row]
		}
		l.rows++
	}
	return failed
}

// answer runs the batch.
func (l *lane[In, Out]) answer() {
	ctx, stop := l.together()
	outputs, err := l.run(ctx, l.rows)
	stop()
	if l.pool.ran != nil {
		l.pool.ran(l.rows)
	}
	for i, j := range l.jobs[:l.rows] {
		if err != nil && j.ctx.Err() != nil {
			j.fail(j.ctx.Err())
		} else if err != nil {
			j.fail(err)
		} else if j.claim() {
			j.answer(guarded(func() (Out, error) { return l.reads[i](outputs(i)) }))
		}
	}
}

// together returns a context that is done when those of all jobs are. Until stop, where they
// differ, a job whose own context is done earlier is answered at once.
func (l *lane[In, Out]) together() (ctx context.Context, stop func()) {
	jobs := l.jobs[:l.rows]
	ctx = jobs[0].ctx
	same := true
	for _, j := range jobs {
		same = same && j.ctx == ctx
	}
	if same {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var left atomic.Int64
	left.Store(int64(len(jobs)))
	stops := make([]func() bool, len(jobs))
	for i, j := range jobs {
		stops[i] = context.AfterFunc(j.ctx, func() {
			j.fail(j.ctx.Err())
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
