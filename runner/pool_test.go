package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// painted streams items through the graph that names the brightest channel.
func painted(ctx context.Context, p opened, items iter.Seq[int], load func(ctx context.Context, n int) error) iter.Seq[Result[int, int]] {
	return p.each(ctx, paintingAfter(load), items)
}

// opened is a session, and how a pool of it is made.
type opened struct {
	s *Session
	o PoolOptions
}

// each streams items through a pool that is there for them alone.
func (p opened) each(ctx context.Context, w Work[int, int, int], items iter.Seq[int]) iter.Seq[Result[int, int]] {
	return func(yield func(Result[int, int]) bool) {
		pool := NewPool(p.s, w, p.o)
		defer pool.Close()
		Each(ctx, pool, items, itself)(yield)
	}
}

func itself(n int) int { return n }

func paintingAfter(load func(ctx context.Context, n int) error) Work[int, int, int] {
	return painting(func(ctx context.Context, n int, row []byte) (int, error) {
		if err := load(ctx, n); err != nil {
			return 0, err
		}
		paint(n, row)
		return n, nil
	})
}

// painting is the work around that graph.
func painting(load func(ctx context.Context, n int, row []byte) (int, error)) Work[int, int, int] {
	return Work[int, int, int]{Row: []int64{3, 32, 32}, Load: load, Read: func(_ int, outputs []Row) (int, error) { return brightest(outputs[0]), nil }}
}

func at(t *testing.T, batch, concurrency int) opened {
	t.Helper()
	return opened{open(t, "float32_nchw", Options{}), PoolOptions{Batch: batch, Concurrency: concurrency}}
}

// TestBatchWaitsForNobody: an item that comes alone has its result before the next one is
// there, whether it can be loaded or not, also where the graph takes no fewer.
func TestBatchWaitsForNobody(t *testing.T) {
	fixed := opened{open(t, "batch4", Options{}), PoolOptions{Batch: 4, Pad: true, Concurrency: 2}}
	for _, p := range []opened{at(t, 4, 2), fixed} {
		answered := make(chan struct{})
		late := time.After(20 * time.Second)
		source := func(yield func(int) bool) {
			for n := range 6 {
				if !yield(n) {
					return
				}
				select {
				case <-answered:
				case <-late:
					t.Errorf("no result of item %d", n)
					return
				}
			}
		}
		results := 0
		for r := range painted(t.Context(), p, source, func(_ context.Context, n int) error {
			if n%3 == 2 {
				return errors.New("broken")
			}
			return nil
		}) {
			if failed := r.Item%3 == 2; failed != (r.Err != nil) || !failed && r.Value != r.Item%3 {
				t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
			}
			results++
			answered <- struct{}{}
		}
		if results != 6 {
			t.Errorf("%d results of 6", results)
		}
	}
}

// TestFullBatchesAreTheRule: what a source has given by when the first item is loaded makes
// full batches, and a batch that may linger waits for it.
func TestFullBatchesAreTheRule(t *testing.T) {
	const items, batch = 13, 4
	for _, linger := range []time.Duration{0, time.Hour} {
		given := make(chan struct{})
		source := func(yield func(int) bool) {
			for n := range items {
				if !yield(n) {
					return
				}
			}
			close(given)
		}
		p := at(t, batch, 1)
		p.o.Linger = linger
		var mu sync.Mutex
		loaded := 0
		var batches []int // the loads before each run's first read
		work := painting(func(_ context.Context, n int, row []byte) (int, error) {
			if n == 0 && linger == 0 {
				<-given // all are in the stream: its window is wide enough
			}
			paint(n, row)
			mu.Lock()
			defer mu.Unlock()
			loaded++
			return n, nil
		})
		work.Read = func(n int, outputs []Row) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			if loaded > 0 {
				batches, loaded = append(batches, loaded), 0
			}
			return brightest(outputs[0]), nil
		}
		for r := range p.each(t.Context(), work, source) {
			if r.Err != nil || r.Value != r.Item%3 {
				t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
			}
		}
		if want := []int{4, 4, 4, 1}; !slices.Equal(batches, want) {
			t.Errorf("linger %v: batches of %v, want %v", linger, batches, want)
		}
	}
}

// TestFailedRowsAreFilled: items that can't be loaded don't make batches smaller.
func TestFailedRowsAreFilled(t *testing.T) {
	given := make(chan struct{})
	source := func(yield func(int) bool) {
		for n := range 12 {
			if !yield(n) {
				return
			}
		}
		close(given)
	}
	var loaded, reads atomic.Int32
	work := painting(func(_ context.Context, n int, row []byte) (int, error) {
		<-given
		if n < 6 {
			return 0, fmt.Errorf("load %d", n)
		}
		paint(n, row)
		loaded.Add(1)
		return n, nil
	})
	work.Read = func(n int, outputs []Row) (int, error) {
		if reads.Add(1) == 1 && loaded.Load() != 4 {
			t.Errorf("%d rows of the first run, want 4", loaded.Load())
		}
		return brightest(outputs[0]), nil
	}
	for r := range at(t, 4, 1).each(t.Context(), work, source) {
		if failed := r.Item < 6; failed != (r.Err != nil) || !failed && r.Value != r.Item%3 {
			t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
		}
	}
}

// TestNothingRunsOn: when a range has been left, or has ended with its context, loads have
// been cancelled and have ended; those that Await left behind are all that may go on.
func TestNothingRunsOn(t *testing.T) {
	for _, batch := range []int{1, 3} {
		for _, left := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			var active, loaded atomic.Int32
			stuck, dozen := make(chan struct{}), make(chan struct{})
			source := func(yield func(int) bool) {
				for n := range 100 {
					if n == 12 { // those that end with ctx alone take nobody's turn
						select {
						case <-dozen:
						case <-ctx.Done():
						}
					}
					if !yield(n) {
						return
					}
				}
			}
			results := 0
			for r := range painted(ctx, at(t, batch, 2), source, func(ctx context.Context, n int) error {
				if n < 12 {
					if loaded.Add(1) == 12 {
						close(dozen)
					}
					return nil
				}
				active.Add(1)
				defer active.Add(-1)
				if !left {
					cancel()
				}
				if n%2 == 0 { // a drive that has gone away
					_, err := Await(ctx, func(context.Context) (struct{}, error) { <-stuck; return struct{}{}, nil })
					return err
				}
				<-ctx.Done()
				time.Sleep(5 * time.Millisecond) // what it then puts in order
				return ctx.Err()
			}) {
				if r.Err != nil || r.Value != r.Item%3 {
					t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
				}
				if results++; left && results == 9 {
					for active.Load() == 0 { // until there is what could run on
						time.Sleep(time.Millisecond)
					}
					break
				}
			}
			if n := active.Load(); n != 0 {
				t.Errorf("batch %d, left %t: %d loads ran on", batch, left, n)
			}
			if results > 12 {
				t.Errorf("batch %d: %d results, though item 12 was never loaded", batch, results)
			}
			close(stuck)
			cancel()
		}
	}
}

// TestCloseAmongBatches: items that are being loaded get their results before the session is
// closed; others are refused.
func TestCloseAmongBatches(t *testing.T) {
	for _, batch := range []int{1, 4} {
		p := at(t, batch, 1)
		closed := make(chan error)
		begun, release := make(chan struct{}), make(chan struct{})
		go func() {
			<-begun
			for range 2 {
				go func() { closed <- p.s.Close() }()
			}
			for p.s.enter() == nil { // until Close has begun
				p.s.gate.Leave()
			}
			select {
			case <-closed:
				t.Error("Close did not wait")
			default:
			}
			close(release)
		}()
		made, refused := 0, 0
		for r := range painted(t.Context(), p, count(20), func(_ context.Context, n int) error {
			if n == 0 {
				close(begun)
				<-release
			}
			return nil
		}) {
			switch {
			case errors.Is(r.Err, ErrClosed):
				refused++
			case r.Err != nil || r.Value != r.Item%3:
				t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
			default:
				made++
			}
		}
		if made < 1 || made > batch || made+refused != 20 {
			t.Errorf("batch %d: %d made, %d refused", batch, made, refused)
		}
		for range 2 {
			if err := <-closed; err != nil {
				t.Error(err)
			}
		}
	}
}
