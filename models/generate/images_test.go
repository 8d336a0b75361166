package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ortho/models"
	"ortho/preprocess"
)

// blank is an image whose pixels nobody looks at.
func blank(_ context.Context, edge int) (*preprocess.Picture, error) {
	return &preprocess.Picture{Image: &preprocess.Image{Width: edge, Height: edge}}, nil
}

// TestImages: results come in order, and a large image is made while no other is.
func TestImages(t *testing.T) {
	var now atomic.Int32
	bad := errors.New("bad")
	m := &Images[int, string]{
		Generator: &Generator{spec: &models.GeneratorSpec{Image: &models.ImagePort{}}, concurrency: 4},
		Read: func(ctx context.Context, edge int) (*preprocess.Picture, error) {
			if edge < 0 {
				return nil, bad
			}
			return blank(ctx, edge)
		},
		Make: func(_ context.Context, edge int, p *preprocess.Picture) (string, error) {
			began := now.Add(1)
			defer now.Add(-1)
			time.Sleep(time.Millisecond)
			if ended := now.Load(); p.Width > 1024 && max(began, ended) > 1 {
				t.Errorf("%d images beside a large one", max(began, ended)-1)
			}
			return fmt.Sprint(edge), nil
		},
	}
	var got []string
	for r := range m.All(t.Context(), slices.Values([]int{8, 9, 1025, 10, -1, 11, 2000, 12})) {
		if (r.Err != nil) != (r.Item < 0) || r.Err != nil && r.Err != bad {
			t.Errorf("%d: %v", r.Item, r.Err)
		}
		got = append(got, r.Value)
	}
	if want := []string{"8", "9", "1025", "10", "", "11", "2000", "12"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if made, err := m.One(t.Context(), 13); made != "13" || err != nil {
		t.Errorf("alone: %q, %v", made, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.One(done, 14); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestImagesAtOnce: small images, and large ones that a graph gets at its own size, are made
// at once, but no more than are to be in memory.
func TestImagesAtOnce(t *testing.T) {
	for _, c := range []struct{ edge, fixed, concurrency, want int }{{8, 0, 1, 2}, {8, 0, 4, 4}, {8, 0, 99, most}, {2000, 0, 4, 1}, {2000, 64, 4, 4}} {
		var mutex sync.Mutex
		now, peak := 0, 0
		full := make(chan struct{})
		m := &Images[int, int]{
			Generator: &Generator{spec: &models.GeneratorSpec{Image: &models.ImagePort{Spec: preprocess.Spec{Height: c.fixed}}}, concurrency: c.concurrency},
			Read:      blank,
			Make: func(context.Context, int, *preprocess.Picture) (int, error) {
				mutex.Lock()
				if now++; now > peak {
					if peak = now; peak == c.want {
						close(full)
					}
				}
				mutex.Unlock()
				select {
				case <-full:
				case <-time.After(10 * time.Second):
					t.Errorf("%+v: no more than %d at once", c, peak)
				}
				mutex.Lock()
				now--
				mutex.Unlock()
				return 0, nil
			},
		}
		for range m.All(t.Context(), slices.Values(slices.Repeat([]int{c.edge}, 20))) {
		}
		if peak != c.want {
			t.Errorf("%+v: %d at once", c, peak)
		}
	}
}
