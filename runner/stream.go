package runner

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// Result is the outcome of one item of a stream.
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
	type call struct {
		item In
		done func(Out, error)
	}
	return func(yield func(Result[In, Out]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		window := 2 * (limit + 1)
		calls := make(chan call, window)
		var workers sync.WaitGroup
		for range limit {
			workers.Go(func() {
				for ctx.Err() == nil { // what is taken is done: items before one that ends ctx, too
					c, ok := <-calls
					if !ok {
						return
					}
					c.done(f(ctx, c.item))
				}
				for c := range calls {
					var none Out
					c.done(none, ctx.Err())
				}
			})
		}
		defer workers.Wait()
		defer close(calls)
		ordered(ctx, cancel, items, window, func(item In, done func(Out, error)) { calls <- call{item, done} }, yield)
	}
}

// ordered lets begin take items, whose results come in any order, and yields them in that of
// the items:
//
//	items --(puller, a token each)--> begin ~~> done --> slots --> yield, in order
//	          ^------------- tokens come back as results are yielded ------'
//
// The tokens, as many as the window is wide, bound how far the stream runs ahead of the first
// unfinished item. begin must not wait long; it has done called once, from any goroutine,
// which never waits. When ctx is done, or the range is left, which cancels it, nothing is
// begun, and all that was is waited for.
func ordered[In, Out any](ctx context.Context, cancel context.CancelFunc, items iter.Seq[In], window int,
	begin func(item In, done func(Out, error)), yield func(Result[In, Out]) bool) {
	type slot struct {
		Result[In, Out]
		done    bool
		aborted bool // ctx was done first: the item has no result
	}
	slots := make([]slot, window) // of item i, i % window
	tokens, finished := make(chan struct{}, window), make(chan *slot, window)
	var under Gate // what has begun
	end := func() { under.Close(func() error { close(finished); return nil }) }
	context.AfterFunc(ctx, end) // items may be blocked

	go func() {
		defer end()
		i := 0
		for item := range items {
			select {
			case tokens <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if ctx.Err() != nil || under.Enter("the stream") != nil {
				return
			}
			s := &slots[i%window]
			i++
			s.Item = item
			begin(item, func(value Out, err error) {
				s.Value, s.Err = value, err
				s.aborted = err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
				finished <- s
				under.Leave()
			})
		}
	}()
	defer func() {
		cancel()
		for range finished {
		}
	}()

	next := &slots[0]
	for i := 0; ; {
		s, ok := <-finished
		if !ok {
			return
		}
		s.done = true
		for next.done && !next.aborted {
			r := next.Result
			*next = slot{}
			i++
			next = &slots[i%window]
			<-tokens
			if !yield(r) {
				return
			}
		}
	}
}
