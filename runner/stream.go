package runner

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// Result is what became of one item of a stream.
type Result[In, Out any] struct {
	Item  In
	Value Out
	Err   error
}

// Map applies f to every item, at most limit at once, and yields the results in
// the order of the items. An error is its item's result; the stream goes on. At
// most a few times limit items are held at any time, however many there are.
//
// When ctx is done, no further item is begun, what is under way is waited for,
// and the sequence ends after the last result that has all before it. A source
// that is blocked (on a pipe, say) is not waited for.
func Map[In, Out any](ctx context.Context, items iter.Seq[In], limit int, f func(context.Context, In) (Out, error)) iter.Seq[Result[In, Out]] {
	return stream(ctx, items, limit, 1, func(ctx context.Context, q *queue[In, Out]) {
		for jobs := q.claim(ctx, 1); len(jobs) > 0; jobs = q.claim(ctx, 1) {
			out, err := f(ctx, jobs[0].item)
			q.done(ctx, jobs[0], out, err)
		}
	})
}

// job is an item with its position in the stream.
type job[In any] struct {
	position int
	item     In
}

// queue is what the workers of one stream share:
//
//	items --(puller, a token each)--> in --claim--> workers --done--> out --> consumer, in order
//	          ^------------------------ tokens come back as results are yielded ------'
//
// The tokens bound how far the stream runs ahead of the first unfinished item.
type queue[In, Out any] struct {
	in       chan job[In]
	out      chan finished[In, Out]
	claiming sync.Mutex
}

type finished[In, Out any] struct {
	job[In]
	value   Out
	err     error
	aborted bool // ctx was done first: the item has no result
}

// claim takes the next n items, which follow one another; fewer only where the
// stream ends. Nothing is claimed once ctx is done.
func (q *queue[In, Out]) claim(ctx context.Context, n int) []job[In] {
	q.claiming.Lock()
	defer q.claiming.Unlock()
	jobs := make([]job[In], 0, n)
	for len(jobs) < n && ctx.Err() == nil {
		select {
		case j, ok := <-q.in:
			if !ok {
				return jobs
			}
			jobs = append(jobs, j)
		case <-ctx.Done():
		}
	}
	return jobs
}

// refill takes up to n further items if they are there now. It never waits: the
// caller holds items of its own that others may be waiting for.
func (q *queue[In, Out]) refill(n int) []job[In] {
	if !q.claiming.TryLock() {
		return nil
	}
	defer q.claiming.Unlock()
	var jobs []job[In]
	for len(jobs) < n {
		select {
		case j, ok := <-q.in:
			if !ok {
				return jobs
			}
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

func (q *queue[In, Out]) done(ctx context.Context, j job[In], value Out, err error) {
	aborted := err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
	q.out <- finished[In, Out]{j, value, err, aborted}
}

// stream runs workers over items and yields what they finish in order. size is
// the most items that one worker claims together.
func stream[In, Out any](parent context.Context, items iter.Seq[In], workers, size int, work func(context.Context, *queue[In, Out])) iter.Seq[Result[In, Out]] {
	return func(yield func(Result[In, Out]) bool) {
		ctx, cancel := context.WithCancel(parent)
		defer cancel()
		window := 2 * (workers + 1) * size
		tokens := make(chan struct{}, window)
		q := &queue[In, Out]{in: make(chan job[In]), out: make(chan finished[In, Out], window)}

		go func() {
			defer close(q.in)
			position := 0
			for item := range items {
				select {
				case tokens <- struct{}{}:
				case <-ctx.Done():
					return
				}
				select {
				case q.in <- job[In]{position, item}:
				case <-ctx.Done():
					return
				}
				position++
			}
		}()

		var running sync.WaitGroup
		for range workers {
			running.Go(func() { work(ctx, q) })
		}
		go func() {
			running.Wait()
			close(q.out)
		}()
		// Also when the consumer stops early: nothing may run on after the return.
		defer func() {
			cancel()
			for range q.out {
			}
		}()

		early := make(map[int]finished[In, Out])
		next := 0
		for r := range q.out {
			early[r.position] = r
			for r, ok := early[next]; ok && !r.aborted; r, ok = early[next] {
				delete(early, next)
				next++
				<-tokens
				if !yield(Result[In, Out]{r.item, r.value, r.err}) {
					return
				}
			}
		}
	}
}
