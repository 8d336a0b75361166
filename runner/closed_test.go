package runner

import (
	"errors"
	"sync"
	"testing"

	"ortho/runner/onnx"
)

// TestClosed: sessions and tensors are closed by several at once, while runs use them: the runs
// under way end well, and later ones are refused.
func TestClosed(t *testing.T) {
	for range 20 {
		s := open(t, "float32_nchw", Options{})
		in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
		if err != nil {
			t.Fatal(err)
		}
		given, err := NewTensor(onnx.Float, []int64{1, 3})
		if err != nil {
			t.Fatal(err)
		}
		run := func(out []*Tensor) error {
			err := s.Run(t.Context(), []*Tensor{in}, out)
			if out[0] != nil && out[0] != given {
				out[0].Close()
			}
			return err
		}
		started := make(chan struct{})
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for j := range 50 {
					out := []*Tensor{nil}
					if i == 0 {
						out[0] = given
					}
					if err := run(out); err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					if i == 1 && j == 2 {
						close(started)
					}
				}
			})
		}
		<-started
		for _, c := range []func(){in.Close, given.Close, in.Close, func() { s.Close() }, func() { s.Close() }} {
			all.Go(c)
		}
		all.Wait()
		if err := run(make([]*Tensor, 1)); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed session: %v", err)
		}
		if _, _, err := s.Overhead(t.Context(), []*Tensor{in}, []*Tensor{given}, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed session: %v", err)
		}
		if n := len(in.Float32s()); n != 3*32*32 { // they are Go's
			t.Errorf("%d elements of a closed tensor", n)
		}
		in.Close()
		s.Close()
	}
	s := open(t, "float32_nchw", Options{})
	in, err := NewTensor(onnx.Float, []int64{1, 3, 32, 32})
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := s.Run(t.Context(), []*Tensor{in}, make([]*Tensor, 1)); !errors.Is(err, ErrClosed) || err.Error() != "input input: the tensor is closed" {
		t.Errorf("a closed tensor: %v", err)
	}
}
