package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// collectedRows is how many jobs the lane that collects has.
func (p *Pool[In, Out]) collectedRows() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.collecting == nil {
		return 0
	}
	return p.collecting.rows
}

// TestLingerEndsWithItsCalls: a call goes when its context is done, however long its batch
// would wait for others, and the batch ends when the last has gone, or has failed.
func TestLingerEndsWithItsCalls(t *testing.T) {
	for _, load := range []func(context.Context, int) error{nothing, func(_ context.Context, n int) error {
		if n < 0 {
			return errors.New("broken")
		}
		return nil
	}} {
		p := pooled(t, PoolOptions{Batch: 4, Concurrency: 1, Linger: time.Hour}, load)
		broken := load(t.Context(), -1)
		within(t, "calls alone", func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := p.Do(ctx, 1); err != context.DeadlineExceeded {
				t.Errorf("%v, want context.DeadlineExceeded", err)
			}
			p.lanes.Wait()
			if broken != nil {
				if _, err := p.Do(t.Context(), -1); err == nil || err.Error() != "broken" {
					t.Errorf("%v, want broken", err)
				}
				p.lanes.Wait()
			}
		})
		within(t, "one after the other", func() {
			var running sync.WaitGroup
			var cancels []context.CancelFunc
			for n := range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				cancels = append(cancels, cancel)
				running.Go(func() {
					if _, err := p.Do(ctx, n); err != context.Canceled {
						t.Errorf("%v, want context.Canceled", err)
					}
				})
				until(t, "a row", func() bool { return p.collectedRows() == n+1 })
			}
			for i, cancel := range cancels {
				if p.collectedRows() != 3 {
					t.Errorf("the batch is over with %d of 3 gone", i)
				}
				cancel()
				until(t, "the end of a call", func() bool { return p.calls.Load() == int64(2-i) })
			}
			running.Wait()
			p.lanes.Wait()
		})
	}
}

// TestCancelBesideASlowLoad: a call whose context is done waits neither for another's load
// nor for its own. Others don't join the batch of one that has gone, and what is left of it
// is not read.
func TestCancelBesideASlowLoad(t *testing.T) {
	release := make(chan struct{})
	var slow, reads atomic.Int32
	work := paintingAfter(func(_ context.Context, n int) error {
		if n < 0 {
			slow.Add(1)
			<-release
		}
		return nil
	})
	read := work.Read
	work.Read = func(n int, outputs []Row) (int, error) {
		reads.Add(1)
		return read(n, outputs)
	}
	p := NewPool(open(t, "float32_nchw", Options{}), work, PoolOptions{Batch: 4, Concurrency: 2, Linger: time.Hour})
	defer p.Close()
	within(t, "the calls", func() {
		call := func(n int) (cancel func(), err chan error) {
			ctx, stop := context.WithCancel(t.Context())
			err = make(chan error, 1)
			go func() {
				_, e := p.Do(ctx, n)
				err <- e
			}()
			return stop, err
		}
		cancelSlow, slowErr := call(-1)
		until(t, "the slow load", func() bool { return slow.Load() == 1 })
		cancelFast, fastErr := call(1)
		until(t, "both in a batch", func() bool { return p.collectedRows() == 2 })
		cancelFast()
		if err := <-fastErr; err != context.Canceled {
			t.Errorf("beside a slow load: %v, want context.Canceled", err)
		}
		cancelSlow()
		if err := <-slowErr; err != context.Canceled {
			t.Errorf("while it loads: %v, want context.Canceled", err)
		}
		until(t, "the end of collecting", func() bool { return p.collectedRows() == 0 })
		var running sync.WaitGroup
		for n := range 4 { // on the other lane
			running.Go(func() {
				if v, err := p.Do(t.Context(), n); err != nil || v != n%3 {
					t.Errorf("call %d: %d, %v", n, v, err)
				}
			})
		}
		running.Wait()
		closed := make(chan struct{})
		go func() {
			p.Close()
			close(closed)
		}()
		select {
		case <-closed:
			t.Error("Close did not wait for the load that runs on")
		case <-time.After(10 * time.Millisecond):
		}
		close(release)
		<-closed
	})
	if reads.Load() != 4 {
		t.Errorf("%d items are read, want 4", reads.Load())
	}
}

// TestSlowLoadOfOneThatHasGone: the others of its batch have their answers when it ends.
func TestSlowLoadOfOneThatHasGone(t *testing.T) {
	release := make(chan struct{})
	p := pooled(t, PoolOptions{Batch: 2, Concurrency: 1}, func(_ context.Context, n int) error {
		if n < 0 {
			<-release
		}
		return nil
	})
	within(t, "the calls", func() {
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := p.Do(ctx, -1)
			gone <- err
		}()
		until(t, "the first", func() bool { return p.collectedRows() == 1 })
		stays := make(chan struct{})
		go func() {
			defer close(stays)
			if v, err := p.Do(t.Context(), 2); err != nil || v != 2 {
				t.Errorf("%d, %v", v, err)
			}
		}()
		until(t, "the second", func() bool { return p.calls.Load() == 2 && p.collectedRows() == 0 })
		cancel()
		if err := <-gone; err != context.Canceled {
			t.Errorf("%v, want context.Canceled", err)
		}
		close(release)
		<-stays
	})
}

// TestNothingIsLoadedForOneThatHasGone: an item that waits for its load, in a batch or
// before one, is not touched after its call has ended.
func TestNothingIsLoadedForOneThatHasGone(t *testing.T) {
	loaders := runtime.GOMAXPROCS(0)
	for _, o := range []PoolOptions{{Batch: loaders + 2, Concurrency: 1}, {Batch: 1, Concurrency: loaders}} {
		release := make(chan struct{})
		var loading atomic.Int32
		p := pooled(t, o, func(_ context.Context, n int) error {
			if n < 0 {
				t.Error("the item of a call that has gone is loaded")
			}
			loading.Add(1)
			<-release
			return nil
		})
		within(t, fmt.Sprintf("calls with %+v", o), func() {
			var stay, gone sync.WaitGroup
			for n := range loaders {
				stay.Go(func() {
					if v, err := p.Do(t.Context(), n); err != nil || v != n%3 {
						t.Errorf("call %d: %d, %v", n, v, err)
					}
				})
			}
			until(t, "all loaders", func() bool { return int(loading.Load()) == loaders })
			ctx, cancel := context.WithCancel(t.Context())
			for range 2 {
				gone.Go(func() {
					if _, err := p.Do(ctx, -1); err != context.Canceled {
						t.Errorf("%v, want context.Canceled", err)
					}
				})
			}
			until(t, "all calls", func() bool { return int(p.calls.Load()) == loaders+2 })
			time.Sleep(5 * time.Millisecond) // the last may not have come so far
			cancel()
			gone.Wait()
			close(release)
			stay.Wait()

			l := newLane(p) // where the call goes just before its load
			if err := l.open(); err != nil {
				t.Error(err)
				return
			}
			defer l.close()
			answer := make(chan error, 1)
			l.load(0, &job[int, int]{ctx: ctx, item: -1, answer: func(_ int, err error) { answer <- err }})
			if err := <-answer; err != context.Canceled {
				t.Errorf("%v, want context.Canceled", err)
			}
		})
	}
}

// TestCallsThatComeAndGo is for the race detector: items and results belong to the callers,
// who write them again when Do has returned.
func TestCallsThatComeAndGo(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	for _, o := range []PoolOptions{{Batch: 1, Concurrency: 2}, {Batch: 4, Concurrency: 2}, {Batch: 4, Concurrency: 2, Linger: time.Millisecond}} {
		type item struct {
			mu     sync.Mutex // a Load that runs on takes it
			n      int
			result *int
		}
		p := NewPool(s, Work[*item, *item, int]{
			Row: []int64{3, 32, 32},
			Load: func(_ context.Context, i *item, row []byte) (*item, error) {
				i.mu.Lock()
				defer i.mu.Unlock()
				paint(i.n, row)
				return i, nil
			},
			Read: func(i *item, outputs []Row) (int, error) {
				*i.result = brightest(outputs[0])
				return *i.result, nil
			},
		}, o)
		within(t, fmt.Sprintf("calls with %+v", o), func() {
			var running sync.WaitGroup
			for g := range 8 {
				running.Go(func() {
					var result int
					for n := g; n < 300; n += 8 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%5)*200*time.Microsecond)
						if n%5 == 4 {
							cancel()
							ctx, cancel = context.WithCancel(t.Context())
						}
						i := &item{n: n, result: &result}
						v, err := p.Do(ctx, i)
						if err == nil && (v != n%3 || result != v) || err != nil && err != context.DeadlineExceeded {
							t.Errorf("%+v: call %d: %d, %d, %v", o, n, v, result, err)
						}
						result = -1
						i.mu.Lock()
						i.n = -1
						i.mu.Unlock()
						cancel()
					}
				})
			}
			running.Wait()
			p.lanes.Wait()
			p.Close()
		})
	}
}
