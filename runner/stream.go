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
// and the sequence ends after the last result that has all before it. Where the range
// is left, f's context is done, and f is waited for, too. Only items, which may be blocked
// (on a pipe, say), is not: what waits within f for something that ends by no context is
// best called through [Await].
func Map[In, Out any](ctx context.Context, items iter.Seq[In], limit int, f func(context.Context, In) (Out, error)) iter.Seq[Result[In, Out]] {
	return stream(ctx, items, limit, 1, func(ctx context.Context, q *queue[In, Out]) {
		var j job[In]
		for q.claim(ctx, 1, nil, func(next job[In]) { j = next }) > 0 {
			out, err := f(ctx, j.item)
			q.done(ctx, j, out, err)
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
// The tokens bound how far the stream runs ahead of the first unfinished item; in and out
// have room for all of them, so that neither the puller nor a worker ever waits there.
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

// claim takes the next items, which follow one another, and begins each as soon as it is
// there: one at least, n at most, and fewer where the stream ends. From when enough is closed
// it takes only what is there already. Nothing is claimed once ctx is done.
func (q *queue[In, Out]) claim(ctx context.Context, n int, enough <-chan struct{}, begin func(job[In])) (claimed int) {
	q.claiming.Lock()
	defer q.claiming.Unlock()
	for claimed < n && ctx.Err() == nil {
		select {
		case j, ok := <-q.in:
			if !ok {
				return claimed
			}
			begin(j)
			claimed++
		case <-enough:
			return claimed + q.ready(n-claimed, begin)
		case <-ctx.Done():
		}
	}
	return claimed
}

// refill begins up to n further items if they are there now. It never waits: the
// caller holds items of its own that others may be waiting for.
func (q *queue[In, Out]) refill(n int, begin func(job[In])) (claimed int) {
	if !q.claiming.TryLock() {
		return 0
	}
	defer q.claiming.Unlock()
	return q.ready(n, begin)
}

// ready begins up to n items that are there now.
func (q *queue[In, Out]) ready(n int, begin func(job[In])) (claimed int) {
	for claimed < n {
		select {
		case j, ok := <-q.in:
			if !ok {
				return claimed
			}
			begin(j)
			claimed++
		default:
			return claimed
		}
	}
	return claimed
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
		q := &queue[In, Out]{in: make(chan job[In], window), out: make(chan finished[In, Out], window)}

		go func() {
			defer close(q.in)
			position := 0
			for item := range items {
				select {
				case tokens <- struct{}{}:
				case <-ctx.Done():
					return
				}
				q.in <- job[In]{position, item}
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
		// Also when the consumer stops early: no worker runs on after the return.
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
