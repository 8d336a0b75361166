package classify_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"ortho/models/classify"
	"ortho/runner"
)

// TestClosed: a classifier that is closed, by several at once and while it works, refuses images
// with an error; those under way end well.
func TestClosed(t *testing.T) {
	data, err := os.ReadFile("../../cmd/ortho/testdata/photos/chelsea.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []classify.Options{{}, {Batch: 2, Concurrency: 2}, {Waiting: 1}} {
		c := open(t, "../testdata/float32_nchw", opt, "mean", "0.5,0.5,0.5", "std", "0.5,0.5,0.5")
		input := classify.Input{Name: "one", Read: func(context.Context) ([]byte, error) { return data, nil }}
		fine := func(err error) bool {
			return err == nil || errors.Is(err, runner.ErrClosed) || errors.Is(err, runner.ErrBusy)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 20 {
					if _, err := c.Image(t.Context(), data); !fine(err) {
						t.Errorf("%+v: %v", opt, err)
					}
				}
			})
			all.Go(func() {
				for item := range c.Stream(t.Context(), slices.Values(slices.Repeat([]classify.Input{input}, 20))) {
					if !fine(item.Err) {
						t.Errorf("%+v: %v", opt, item.Err)
					}
				}
			})
		}
		for range 2 {
			all.Go(func() {
				if err := c.Close(); err != nil {
					t.Errorf("%+v: %v", opt, err)
				}
			})
		}
		all.Wait()
		if err := c.Close(); err != nil {
			t.Errorf("%+v: closed once more: %v", opt, err)
		}
		if _, err := c.Image(t.Context(), data); !errors.Is(err, runner.ErrClosed) {
			t.Errorf("%+v: %v, want that it is closed", opt, err)
		}
		n := 0
		for item := range c.Stream(t.Context(), slices.Values([]classify.Input{input, input})) {
			if n++; !errors.Is(item.Err, runner.ErrClosed) {
				t.Errorf("%+v: %v, want that it is closed", opt, item.Err)
			}
		}
		if n != 2 || c.Spec() == nil || c.Session().Provider != runner.CPU {
			t.Errorf("%+v: %d items of a closed classifier", opt, n)
		}
	}
}

// TestSessionClosed: so does one whose session alone was closed.
func TestSessionClosed(t *testing.T) {
	data, err := os.ReadFile("../../cmd/ortho/testdata/photos/chelsea.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []int{0, 1} { // images before
		c := open(t, "../testdata/float32_nchw", classify.Options{}, "mean", "0.5,0.5,0.5", "std", "0.5,0.5,0.5")
		for range before {
			if _, err := c.Image(t.Context(), data); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Session().Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Image(t.Context(), data); !errors.Is(err, runner.ErrClosed) {
			t.Errorf("after %d images: %v, want that it is closed", before, err)
		}
	}
}
