package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pooled is a pool of the graph that names the brightest channel.
func pooled(t *testing.T, o PoolOptions, load func(ctx context.Context, n int) error) *Pool[int, int] {
	t.Helper()
	p := NewPool(open(t, "float32_nchw", Options{}), paintingAfter(load), o)
	t.Cleanup(func() { p.Close() })
	return p
}

func nothing(context.Context, int) error { return nil }

// within fails the test where f does not end.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		buf := make([]byte, 1<<16)
		t.Fatalf("%s: it did not end\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// until waits for what another goroutine brings about.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

func TestCallsAndStreams(t *testing.T) {
	for _, o := range []PoolOptions{{}, {Batch: 1, Concurrency: 3}, {Batch: 4, Concurrency: 1}, {Batch: 3, Concurrency: 2}, {Batch: 4, Concurrency: 2, Linger: time.Millisecond}} {
		p := pooled(t, o, func(_ context.Context, n int) error {
			if n%7 == 5 {
				return fmt.Errorf("load %d", n)
			}
			return nil
		})
		check := func(n, value int, err error) {
			if failed := n%7 == 5; failed != (err != nil) || !failed && value != n%3 {
				t.Errorf("%+v: item %d: %d, %v", o, n, value, err)
			}
		}
		within(t, "the calls", func() {
			var running sync.WaitGroup
			for g := range 8 {
				running.Go(func() {
					for n := g; n < 200; n += 8 {
						value, err := p.Do(t.Context(), n)
						check(n, value, err)
					}
				})
			}
			for range 2 {
				running.Go(func() {
					n := 0
					for r := range Each(t.Context(), p, count(150), func(n int) int { return n }) {
						if r.Item != n {
							t.Errorf("item %d came where %d was due", r.Item, n)
						}
						check(n, r.Value, r.Err)
						n++
					}
					if n != 150 {
						t.Errorf("%d results of 150", n)
					}
				})
			}
			running.Wait()
		})
	}
}

// TestCallsShareRuns: calls that come within the linger of the first make one batch, and one
// that stays alone has its answer when that is over.
func TestCallsShareRuns(t *testing.T) {
	runs := func(p *Pool[int, int], calls int) (rows []int64) {
		var mu sync.Mutex
		p.ran = func(n int) {
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, int64(n))
		}
		var running sync.WaitGroup
		for n := range calls {
			running.Go(func() {
				if v, err := p.Do(t.Context(), n); err != nil || v != n%3 {
					t.Errorf("%d: %d, %v", n, v, err)
				}
			})
		}
		running.Wait()
		return rows
	}
	within(t, "full batches", func() {
		if rows := runs(pooled(t, PoolOptions{Batch: 4, Concurrency: 2, Linger: time.Hour}, nothing), 8); fmt.Sprint(rows) != "[4 4]" {
			t.Errorf("runs of %v rows, want [4 4]", rows)
		}
	})
	within(t, "one alone", func() {
		for _, linger := range []time.Duration{0, 20 * time.Millisecond} {
			start := time.Now()
			if rows := runs(pooled(t, PoolOptions{Batch: 4, Concurrency: 2, Linger: linger}, nothing), 1); fmt.Sprint(rows) != "[1]" || time.Since(start) < linger {
				t.Errorf("linger %v: runs of %v rows after %v", linger, rows, time.Since(start))
			}
		}
	})
}

func TestBusy(t *testing.T) {
	release := make(chan struct{})
	var loading atomic.Int32
	p := pooled(t, PoolOptions{Batch: 1, Concurrency: 2, Waiting: 3}, func(context.Context, int) error {
		loading.Add(1)
		<-release
		return nil
	})
	var running sync.WaitGroup
	for n := range 5 {
		running.Go(func() {
			if _, err := p.Do(t.Context(), n); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "five calls", func() bool { return p.calls.Load() == 5 && loading.Load() == 2 })
	if _, err := p.Do(t.Context(), 5); !errors.Is(err, ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
	close(release)
	running.Wait()
	if _, err := p.Do(t.Context(), 5); err != nil {
		t.Errorf("%v, when all have gone", err)
	}
}

// TestCloseAmongCalls: calls that wait have their answers, and what comes later has none.
func TestCloseAmongCalls(t *testing.T) {
	for _, o := range []PoolOptions{{Batch: 1, Concurrency: 1}, {Batch: 2, Concurrency: 1}, {Batch: 8, Concurrency: 2, Linger: time.Hour}} {
		release := make(chan struct{})
		var loading atomic.Int32
		p := pooled(t, o, func(context.Context, int) error {
			loading.Add(1)
			<-release
			return nil
		})
		within(t, fmt.Sprintf("Close with %+v", o), func() {
			var running sync.WaitGroup
			for n := range 5 {
				running.Go(func() {
					if v, err := p.Do(t.Context(), n); err != nil || v != n%3 {
						t.Errorf("%+v: call %d: %d, %v", o, n, v, err)
					}
				})
			}
			until(t, "the calls", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return loading.Load() > 0 && p.calls.Load() == 5 && int(loading.Load())+len(p.waiting) >= min(5, runtime.GOMAXPROCS(0))
			})
			time.Sleep(5 * time.Millisecond) // the last may not have come so far
			closed := make(chan struct{})
			for range 2 {
				go func() {
					p.Close()
					closed <- struct{}{}
				}()
			}
			until(t, "Close", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.closed
			})
			select {
			case <-closed:
				t.Error("Close did not wait")
			default:
			}
			if _, err := p.Do(t.Context(), 1); !errors.Is(err, ErrClosed) {
				t.Errorf("%v, want ErrClosed", err)
			}
			close(release)
			running.Wait()
			<-closed
			<-closed
			refused := 0
			for r := range Each(t.Context(), p, count(30), itself) {
				if !errors.Is(r.Err, ErrClosed) {
					t.Errorf("%v, want ErrClosed", r.Err)
				}
				refused++
			}
			if refused != 30 {
				t.Errorf("%d items refused of 30", refused)
			}
		})
	}
}

// TestCloseWithinTheRange: what follows is refused, and what was begun is not.
func TestCloseWithinTheRange(t *testing.T) {
	for _, batch := range []int{1, 4} {
		p := pooled(t, PoolOptions{Batch: batch, Concurrency: 2}, nothing)
		made, refused := 0, 0
		within(t, "Close", func() {
			for r := range Each(t.Context(), p, count(100), itself) {
				if r.Err == nil && r.Value == r.Item%3 {
					made++
				} else if errors.Is(r.Err, ErrClosed) {
					refused++
				}
				p.Close()
			}
		})
		if made < 1 || refused < 1 || made+refused != 100 {
			t.Errorf("batch %d: %d made, %d refused", batch, made, refused)
		}
	}
}

// TestCancelOfOneCall: it has ctx's error, whether it waits, loads or runs with others, and
// these have their answers.
func TestCancelOfOneCall(t *testing.T) {
	for _, o := range []PoolOptions{{Batch: 1, Concurrency: 1}, {Batch: 3, Concurrency: 1, Linger: time.Hour}, {Batch: 2, Concurrency: 2}} {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var loading atomic.Int32
		p := pooled(t, o, func(ctx context.Context, n int) error {
			loading.Add(1)
			if n < 0 {
				<-ctx.Done()
				return fmt.Errorf("told so: %w", ctx.Err())
			}
			<-release
			return nil
		})
		within(t, fmt.Sprintf("calls with %+v", o), func() {
			var gone, running sync.WaitGroup
			for n := range 3 { // the first to come load, others wait
				running.Go(func() {
					if v, err := p.Do(t.Context(), n); err != nil || v != n%3 {
						t.Errorf("%+v: call %d: %d, %v", o, n, v, err)
					}
				})
			}
			until(t, "a load", func() bool { return loading.Load() > 0 })
			for n := range 4 {
				gone.Go(func() {
					if _, err := p.Do(ctx, -1-n%2); err != context.Canceled {
						t.Errorf("%+v: %v, want context.Canceled", o, err)
					}
				})
			}
			until(t, "all calls", func() bool { return p.calls.Load() == 7 })
			cancel()
			gone.Wait() // though the others' loads go on
			close(release)
			running.Wait()
		})
	}
}

// TestCancelWithinARun: a batch of two callers runs on for the one that has not gone.
func TestCancelWithinARun(t *testing.T) {
	for _, both := range []bool{false, true} {
		p := pooled(t, PoolOptions{Batch: 2, Concurrency: 1, Linger: time.Hour}, nothing)
		first, cancel := context.WithCancel(t.Context())
		second, cancelBoth := context.WithCancel(t.Context())
		defer cancelBoth()
		l := newLane(p)
		type answer struct {
			value int
			err   error
		}
		answers := make([]chan answer, 2)
		for i, ctx := range []context.Context{first, second} {
			answers[i] = make(chan answer, 1)
			l.jobs[i] = &job[int, int]{ctx: ctx, answer: func(v int, err error) { answers[i] <- answer{v, err} }}
		}
		l.rows = 2
		ctx, stop := l.together()
		cancel()
		if a := <-answers[0]; a.err != context.Canceled {
			t.Errorf("%v, want context.Canceled", a.err)
		}
		if ctx.Err() != nil {
			t.Error("the run is cancelled with the first of two")
		}
		if l.jobs[0].claim() {
			t.Error("a call that has gone would be read")
		}
		if both {
			cancelBoth()
			<-ctx.Done()
			if a := <-answers[1]; a.err != context.Canceled {
				t.Errorf("%v, want context.Canceled", a.err)
			}
		}
		stop()
		if !both && !l.jobs[1].claim() {
			t.Error("the call that stayed has an answer")
		}
	}
}

// TestPanics: one of Load or Read costs its item.
func TestPanics(t *testing.T) {
	for _, batch := range []int{1, 3} {
		work := painting(func(_ context.Context, n int, row []byte) (int, error) {
			if n%5 == 1 {
				panic(fmt.Sprintf("load %d", n))
			}
			paint(n, row)
			return n, nil
		})
		read := work.Read
		work.Read = func(n int, outputs []Row) (int, error) {
			if n%5 == 3 {
				panic(fmt.Sprintf("read %d", n))
			}
			return read(n, outputs)
		}
		p := NewPool(open(t, "float32_nchw", Options{}), work, PoolOptions{Batch: batch, Concurrency: 2})
		defer p.Close()
		check := func(n, value int, err error) {
			var panicked *PanicError
			want := map[int]string{1: fmt.Sprintf("load %d", n), 3: fmt.Sprintf("read %d", n)}[n%5]
			switch {
			case want == "" && (err != nil || value != n%3):
				t.Errorf("item %d: %d, %v", n, value, err)
			case want != "" && (!errors.As(err, &panicked) || panicked.Error() != "panic: "+want || !strings.Contains(string(panicked.Stack), "TestPanics")):
				t.Errorf("item %d: %v, want a panic: %s", n, err, want)
			}
		}
		within(t, "items that panic", func() {
			for r := range Each(t.Context(), p, count(30), itself) {
				check(r.Item, r.Value, r.Err)
			}
			for n := range 5 {
				value, err := p.Do(t.Context(), n)
				check(n, value, err)
			}
		})
	}
}

// TestIdlePool: a pool that has nothing to do has no goroutine, and one lane's memory is
// enough for calls that follow one another.
func TestIdlePool(t *testing.T) {
	p := pooled(t, PoolOptions{Batch: 2, Concurrency: 4}, nothing)
	before := runtime.NumGoroutine()
	for n := range 20 {
		if _, err := p.Do(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		p.lanes.Wait()
	}
	until(t, "idleness", func() bool { return runtime.NumGoroutine() <= before })
	if len(p.idle) != 1 {
		t.Errorf("%d lanes, want 1", len(p.idle))
	}
}

// TestLastBatchLingersForNobody: where all streams have ended their items, a batch that is
// not full has nobody to wait for.
func TestLastBatchLingersForNobody(t *testing.T) {
	p := pooled(t, PoolOptions{Batch: 4, Concurrency: 1, Linger: time.Hour}, nothing)
	within(t, "the streams", func() {
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() {
				n := 0
				for r := range Each(t.Context(), p, count(13), itself) {
					if n++; r.Err != nil || r.Value != r.Item%3 {
						t.Errorf("item %d: %d, %v", r.Item, r.Value, r.Err)
					}
				}
				if n != 13 {
					t.Errorf("%d results of 13", n)
				}
			})
		}
		running.Wait()
	})
}
