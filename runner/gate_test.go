package runner

import (
	"errors"
	"sync"
	"testing"
	"time"

	"ortho/runner/onnx"
)

// TestCloseAmongRuns: a session that is closed while it runs lets the runs end, and refuses
// what comes later.
func TestCloseAmongRuns(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	var running, begun sync.WaitGroup
	for range 4 {
		begun.Add(1)
		running.Go(func() {
			in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
			if err != nil {
				t.Error(err)
			}
			defer in.Close()
			first := sync.OnceFunc(begun.Done)
			defer first()
			for {
				out := make([]*Tensor, 1)
				err := s.Run(t.Context(), []*Tensor{in}, out)
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Errorf("%v, want ErrClosed", err)
					}
					return
				}
				out[0].Close()
				first()
			}
		})
	}
	begun.Wait()
	for range 3 {
		running.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if _, _, err := s.Overhead(t.Context(), nil, nil, time.Millisecond); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

func TestGate(t *testing.T) {
	var g Gate
	if err := g.Enter("it"); err != nil {
		t.Fatal(err)
	}
	freed := 0
	closed := make(chan error)
	for range 2 {
		go func() { closed <- g.Close(func() error { freed++; return nil }) }()
	}
	for g.Enter("it") == nil { // until a Close has begun
		g.Leave()
	}
	if err := g.Enter("it"); !errors.Is(err, ErrClosed) || err.Error() != "it is closed" {
		t.Error(err)
	}
	select {
	case <-closed:
		t.Error("Close did not wait")
	default:
	}
	g.Leave()
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	if failed := errors.New("failed"); freed != 1 || g.Close(func() error { return failed }) != nil {
		t.Errorf("freed %d times", freed)
	}
}
