package runner

import (
	"context"
	"errors"
	"testing"
)

func TestAwait(t *testing.T) {
	failed := errors.New("failed")
	ctx, cancel := context.WithCancel(t.Context())
	for _, ctx := range []context.Context{context.Background(), ctx} {
		if v, err := Await(ctx, func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		if _, err := Await(ctx, func(context.Context) (int, error) { return 0, failed }); err != failed {
			t.Errorf("%v, want %v", err, failed)
		}
	}
	// One that goes on is left behind, and what it makes is given away.
	release, late := make(chan struct{}), make(chan int)
	_, err := await(ctx, func(context.Context) (int, error) {
		cancel()
		<-release
		return 7, nil
	}, func(v int) { late <- v })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	close(release)
	if v := <-late; v != 7 {
		t.Errorf("%d was given away, want 7", v)
	}
	if _, err := Await(ctx, func(context.Context) (int, error) { t.Error("called"); return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}
