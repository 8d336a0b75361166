package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// images are the arrays of a call of n images, of which each has another channel that is the brightest.
func images(n int) []npz.Array {
	const size = 3 * 32 * 32 * 4
	data := make([]byte, n*size)
	for i := range n {
		paint(i, data[i*size:(i+1)*size])
	}
	return []npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{int64(n), 3, 32, 32}, Data: data}}
}

// TestCalls: calls have the graph's outputs, alone and in runs that they share.
func TestCalls(t *testing.T) {
	s := open(t, "float32_nchw", Options{})
	alone := NewCalls(s, CallsOptions{})
	defer alone.Close()
	want := map[int][]npz.Array{}
	for n := 1; n <= 3; n++ {
		outputs, err := alone.Do(t.Context(), images(n))
		if err != nil || len(outputs) != len(s.Outputs) || outputs[0].Shape[0] != int64(n) {
			t.Fatalf("%d images: %v, %v", n, outputs, err)
		}
		want[n] = outputs
	}
	for _, o := range []CallsOptions{{Batch: 8, Concurrency: 1}, {Batch: 8, Concurrency: 2, Linger: 20 * time.Millisecond}, {Batch: 1, Concurrency: 3}, {Batch: 2, Concurrency: 2}} {
		c := NewCalls(s, o)
		var mu sync.Mutex
		shared, rows := 0, int64(0)
		c.Observe(func(r int64, calls int) {
			mu.Lock()
			defer mu.Unlock()
			rows += r
			if calls > 1 {
				shared++
			}
			if r > max(3, int64(o.Batch)) {
				t.Errorf("%+v: a run of %d", o, r)
			}
		})
		var group sync.WaitGroup
		for i := range 60 {
			group.Go(func() {
				n := 1 + i%3
				outputs, err := c.Do(t.Context(), images(n))
				if err != nil || !slices.EqualFunc(outputs, want[n], equal) {
					t.Errorf("%+v: %d images: %v", o, n, err)
				}
			})
		}
		group.Wait()
		c.Close()
		if rows != 120 || c.Shares() != (o.Batch > 1) || o.Batch == 8 && shared == 0 || o.Batch < 2 && shared > 0 {
			t.Errorf("%+v: %d rows, %d runs were shared", o, rows, shared)
		}
		if _, err := c.Do(t.Context(), images(1)); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func equal(a, b npz.Array) bool {
	return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && slices.Equal(a.Data, b.Data)
}

// TestOneBadCall: a call that makes a run fail costs itself, not those that share its run.
func TestOneBadCall(t *testing.T) {
	s := open(t, "../bundled/imagenet-descriptions", Options{})
	c := NewCalls(s, CallsOptions{Batch: 8, Concurrency: 1, Linger: 10 * time.Second}) // a full run begins at once
	defer c.Close()
	tokens := func(id int64) []npz.Array {
		a, err := npz.Integers("input_ids", onnx.Int64, []int64{1, 16}, slices.Repeat([]int64{id}, 16))
		if err != nil {
			t.Fatal(err)
		}
		return []npz.Array{a}
	}
	runs := 0
	c.Observe(func(int64, int) { runs++ })
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			id := int64(i)
			if i == 3 {
				id = 1 << 40 // beyond the table of embeddings
			}
			_, errs[i] = c.Do(t.Context(), tokens(id))
		})
	}
	group.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 3) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if runs != 9 {
		t.Errorf("%d runs, want one together and eight alone", runs)
	}
}

// TestCallsInputs: what does not fit the graph's inputs is refused before it runs, and is the caller's mistake.
func TestCallsInputs(t *testing.T) {
	c := NewCalls(open(t, "float32_nchw", Options{}), CallsOptions{})
	defer c.Close()
	one := images(1)[0]
	for name, test := range map[string]struct {
		inputs []npz.Array
		want   string
	}{
		"none":    {nil, "input input float32[batch,3,32,32] is missing"},
		"unknown": {[]npz.Array{one, {Name: "mask"}}, `there is no input "mask"; the model takes`},
		"twice":   {[]npz.Array{one, one}, `input "input" is given twice`},
		"type":    {[]npz.Array{{Name: "input", Type: onnx.Double, Shape: one.Shape, Data: one.Data}}, "is given as float64"},
		"rank":    {[]npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{3, 32, 32}, Data: one.Data}}, "is given with shape [3 32 32]"},
		"size":    {[]npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{1, 3, 16, 64}, Data: one.Data}}, "is given with shape [1 3 16 64]"},
		"bytes":   {[]npz.Array{{Name: "input", Type: onnx.Float, Shape: one.Shape, Data: one.Data[4:]}}, "12284 bytes for float32[1 3 32 32], which has 12288"},
		"vast":    {[]npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{1 << 60, 3, 32, 32}}}, "is not supported"},
	} {
		_, err := c.Do(t.Context(), test.inputs)
		if bad := (*InputError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestCallsBounded: calls beyond those that may wait are refused, those whose caller goes leave, and others go on.
func TestCallsBounded(t *testing.T) {
	c := NewCalls(open(t, "float32_nchw", Options{}), CallsOptions{Batch: 4, Concurrency: 1, Waiting: 2, Linger: time.Hour})
	defer c.Close()
	going, leave := context.WithCancel(t.Context())
	defer leave()
	answers := make(chan error, 3)
	for n := range 3 { // of three rows: the first waits for another row, and the others for the first
		go func() {
			_, err := c.Do(going, images(3))
			answers <- err
		}()
		for there := false; !there; time.Sleep(time.Millisecond) {
			c.mu.Lock()
			there = c.linger == 1 && len(c.waiting) == n
			c.mu.Unlock()
		}
	}
	if _, err := c.Do(t.Context(), images(3)); !errors.Is(err, ErrBusy) {
		t.Errorf("a third that would wait: %v", err)
	}
	leave()
	for range 3 {
		if err := <-answers; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if _, err := c.Do(t.Context(), images(4)); err != nil {
		t.Error(err)
	}
}

// TestCallsWithStrings: strings of any length, empty ones among them, come back as they were.
func TestCallsWithStrings(t *testing.T) {
	c := NewCalls(open(t, "strings", Options{}), CallsOptions{Batch: 4})
	defer c.Close()
	for _, given := range []npz.Array{
		{Shape: []int64{3}, Data: []byte("a\x00\x00\x00\x00\x00bcd")},
		{Shape: []int64{1}, Data: []byte("\x00")},
		{Shape: []int64{1}, Data: []byte("ü\xff\x00x")},
		{Shape: []int64{0}},
	} {
		given.Name, given.Type = c.session.Inputs[0].Name, onnx.String
		got, err := c.Do(t.Context(), []npz.Array{given})
		if err != nil || string(got[0].Data) != string(given.Data) || !slices.Equal(got[0].Shape, given.Shape) {
			t.Errorf("%q: %+v, %v", given.Data, got, err)
		}
	}
	for _, bad := range []npz.Array{{Shape: []int64{2}, Data: []byte("abc")}, {Shape: []int64{0}, Data: []byte("abc")}, {Shape: []int64{-1}, Data: []byte("a")}, {Shape: []int64{1, 1}, Data: []byte("a")}} {
		bad.Name, bad.Type = c.session.Inputs[0].Name, onnx.String
		var input *InputError
		if _, err := c.Do(t.Context(), []npz.Array{bad}); !errors.As(err, &input) {
			t.Errorf("%v: %v", bad.Shape, err)
		}
	}
}
