package retrieval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ortho/models/nearest"
)

// TestRank: places are those of sorting all cosines.
func TestRank(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n, width = 60, 8
	var index nearest.Index
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, width)
		for k := range vectors[i] {
			vectors[i][k] = float32(random.NormFloat64())
		}
		if err := index.Add("", vectors[i]); err != nil {
			t.Fatal(err)
		}
	}
	e := New(n, "image")
	hits := [3]int{}
	for i := range vectors {
		order := []int{}
		for k := range n {
			if k != i {
				order = append(order, k)
			}
		}
		cosine := func(k int) float64 {
			dot, a, b := 0.0, 0.0, 0.0
			for c := range width {
				dot, a, b = dot+float64(vectors[i][c]*vectors[k][c]), a+float64(vectors[i][c]*vectors[i][c]), b+float64(vectors[k][c]*vectors[k][c])
			}
			return dot / math.Sqrt(a*b)
		}
		slices.SortFunc(order, func(a, b int) int {
			if cosine(a) > cosine(b) {
				return -1
			}
			return 1
		})
		right := func(k int) bool { return k%7 == i%7 }
		want := slices.IndexFunc(order, right) + 1
		for k, depth := range Depths {
			if want <= depth {
				hits[k]++
			}
		}
		if want > 10 {
			want = 0
		}
		got, err := Rank(&index, vectors[i], i, right)
		if err != nil || got != want {
			t.Errorf("place %d, want %d: %v", got, want, err)
		}
		if err := e.Add(0, i, got); err != nil {
			t.Fatal(err)
		}
	}
	figures := e.Figures(nil)
	for k, h := range hits {
		if figures[k] != float64(h)/n {
			t.Errorf("%s is %v, want %v", e.Names()[k], figures[k], float64(h)/n)
		}
	}
	if e.Questions()[0] != n || e.Add(1, 0, 1) == nil || e.Add(0, n, 1) == nil || !math.IsNaN(New(3, "a", "b").Figures(nil)[4]) {
		t.Error("what is not there was taken")
	}
	if got, err := Rank(&index, vectors[0], -1, func(k int) bool { return k == 0 }); got != 1 || err != nil {
		t.Errorf("place %d of itself", got)
	}
}
