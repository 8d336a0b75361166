package classify

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestLargest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		values := make([]float64, 1+rng.IntN(40))
		for i := range values {
			values[i] = float64(rng.IntN(12)) // many ties
		}
		want := make([]int, len(values))
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
		for _, n := range []int{0, 1, 5, len(values), len(values) + 3} {
			k := len(values)
			if n > 0 {
				k = min(n, k)
			}
			if got := largest(values, n); !slices.Equal(got, want[:k]) {
				t.Fatalf("the %d largest of %v: %v, want %v", n, values, got, want[:k])
			}
		}
	}
}
