package runner

import (
	"context"
	"sync"
	"time"
)

// lane makes the results of one batch of items after the other:
//
//	claim, each loaded as it comes --> all are loaded --> failed ones replaced --> run --> read
type lane[In, Mid, Out any] struct {
	batch
	queue   *queue[In, Out]
	work    Work[In, Mid, Out]
	loaders chan struct{} // holds a token for each load under way, of all lanes; nil: not bounded

	rows    int // that are taken
	jobs    []job[In]
	mids    []Mid
	errs    []error
	loading sync.WaitGroup
}

func newLane[In, Mid, Out any](p *Lanes, w Work[In, Mid, Out], q *queue[In, Out], loaders chan struct{}) *lane[In, Mid, Out] {
	return &lane[In, Mid, Out]{batch: batch{p: p, row: w.Row}, queue: q, work: w, loaders: loaders,
		jobs: make([]job[In], p.Batch), mids: make([]Mid, p.Batch), errs: make([]error, p.Batch)}
}

// serve makes the results of the next items, and returns false where there are none.
func (l *lane[In, Mid, Out]) serve(ctx context.Context) bool {
	var (
		none     Out
		inside   bool // the session waits for this call
		lingerer *time.Timer
	)
	enough := make(chan struct{})
	l.rows = 0
	begin := func(j job[In]) {
		if inside {
			l.begin(ctx, j, nil)
			return
		}
		if err := l.enter(); err != nil {
			l.queue.done(ctx, j, none, err)
			return
		}
		inside = true
		since := time.Now()
		l.begin(ctx, j, func() {
			if left := l.p.Linger - time.Since(since); left > 0 {
				lingerer = time.AfterFunc(left, func() { close(enough) })
			} else {
				close(enough)
			}
		})
	}
	claimed := l.queue.claim(ctx, l.p.Batch, enough, begin)
	if !inside {
		return claimed > 0
	}
	defer l.p.Session.gate.Leave()
	failed := l.settle(ctx, 0)
	if lingerer != nil {
		lingerer.Stop()
	}
	for failed > 0 {
		from := l.rows
		if l.queue.refill(failed, begin) == 0 {
			break
		}
		failed = l.settle(ctx, from)
	}
	if l.rows == 0 {
		return true
	}
	outputs, err := l.run(ctx, l.rows)
	for i := range l.rows {
		out, err := none, err
		if err == nil {
			out, err = l.work.Read(l.mids[i], outputs(i))
		}
		l.queue.done(ctx, l.jobs[i], out, err)
	}
	return true
}

// enter makes the lane's memory, and has the session wait for what it is for.
func (l *lane[In, Mid, Out]) enter() error {
	if err := l.p.Session.enter(); err != nil {
		return err
	}
	if err := l.open(); err != nil {
		l.p.Session.gate.Leave()
		return err
	}
	return nil
}

// begin has an item loaded into the next row, and then calls ended, where it is not nil.
func (l *lane[In, Mid, Out]) begin(ctx context.Context, j job[In], ended func()) {
	row := l.rows
	l.rows++
	l.jobs[row], l.errs[row] = j, nil
	l.loading.Go(func() {
		if ended != nil {
			defer ended()
		}
		if l.loaders != nil {
			select {
			case l.loaders <- struct{}{}:
				defer func() { <-l.loaders }()
			case <-ctx.Done():
				l.errs[row] = ctx.Err()
				return
			}
		}
		l.mids[row], l.errs[row] = l.work.Load(ctx, j.item, l.in.Row(row))
	})
}

// settle waits for the loads of the rows from one on, and returns how many failed: these
// are done, and the others move together.
func (l *lane[In, Mid, Out]) settle(ctx context.Context, from int) (failed int) {
	l.loading.Wait()
	var none Out
	begun := l.rows
	l.rows = from
	for row := from; row < begun; row++ {
		if err := l.errs[row]; err != nil {
			l.queue.done(ctx, l.jobs[row], none, err)
			failed++
			continue
		}
		if l.rows != row {
			copy(l.in.Row(l.rows), l.in.Row(row))
			l.mids[l.rows], l.jobs[l.rows] = l.mids[row], l.jobs[row]
		}
		l.rows++
	}
	return failed
}
