package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestSizedItems: items with shapes of their own run one at a time, and give what rows of one shape give;
// a shape that can't be, or that the graph does not take, costs its item.
func TestSizedItems(t *testing.T) {
	p := at(t, 4, 2)
	odd := errors.New("odd")
	work := painting(nil)
	work.Row, work.Load = nil, nil
	work.LoadSized = func(_ context.Context, n int, room Room) (int, error) {
		switch n {
		case 3:
			return 0, odd
		case 5:
			_, err := room([]int64{3, 1 << 40, 1 << 40})
			return 0, err
		case 7:
			_, err := room([]int64{3, 16, 48})
			return n, err
		}
		row, err := room([]int64{3, 32, 32})
		if err == nil {
			paint(n, row)
		}
		return n, err
	}
	numbers := slices.Collect(func(yield func(int) bool) {
		for n := range 20 {
			if !yield(n) {
				return
			}
		}
	})
	var want []int
	for r := range p.each(t.Context(), paintingAfter(func(context.Context, int) error { return nil }), slices.Values(numbers)) {
		want = append(want, r.Value)
	}
	for r := range p.each(t.Context(), work, slices.Values(numbers)) {
		switch r.Item {
		case 3:
			if !errors.Is(r.Err, odd) {
				t.Errorf("3: %v", r.Err)
			}
		case 5:
			if r.Err == nil || !strings.Contains(r.Err.Error(), "not supported") {
				t.Errorf("a shape that can't be: %v", r.Err)
			}
		case 7:
			if r.Err == nil {
				t.Error("a shape that the graph does not take runs")
			}
		default:
			if r.Err != nil || r.Value != want[r.Item] {
				t.Errorf("%d: %d, %v, want %d", r.Item, r.Value, r.Err, want[r.Item])
			}
		}
	}
	pool := NewPool(p.s, work, p.o)
	defer pool.Close()
	if batch, _ := pool.Batching(); batch != 1 {
		t.Errorf("batches of %d", batch)
	}
}
