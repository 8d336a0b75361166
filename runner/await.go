package runner

import (
	"context"
	"errors"
)

// Await calls f and returns what it returns, but waits no longer than ctx: an f that goes on
// when ctx is done (a read from a drive that has gone away) is left behind, and its result
// is dropped. An f that is nil is an error.
func Await[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	return await(ctx, f, func(T) {})
}

// await is Await; dropped gets a value for which nobody waits any more.
func await[T any](ctx context.Context, f func(context.Context) (T, error), late func(T)) (none T, err error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if f == nil { // calling it would panic on another goroutine, where its caller can't recover
		return none, errors.New("there is no function to call: a Read is nil")
	}
	if ctx.Done() == nil {
		return f(ctx)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result)
	go func() {
		value, err := f(ctx)
		select {
		case done <- result{value, err}:
		case <-ctx.Done():
			if err == nil {
				late(value)
			}
		}
	}()
	select {
	case r := <-done:
		if r.err != nil && ctx.Err() != nil {
			return none, ctx.Err()
		}
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
