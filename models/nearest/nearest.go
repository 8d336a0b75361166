// Package nearest finds among many embeddings those that point most in the direction of another, by
// looking at all of them: exact, and fast enough for a million.
//
// Dot products are of float32, by gonum's vector code, as NumPy's float32 products are.
package nearest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	blas "gonum.org/v1/gonum/blas/gonum"
)

// What an index holds at most: embeddings, and numbers of one.
const (
	MaxCount = 1 << 22
	MaxWidth = 1 << 16
)

// Index is named embeddings, scaled to a length of 1.
type Index struct {
	Names   []string
	Width   int       // numbers of an embedding
	Vectors []float32 // Width for each name
}

// Match is an embedding of an index, by its place in it.
type Match struct {
	Place  int
	Cosine float32 // of the angle between the two: 1 where they point in one direction
}

// Add adds an embedding, which is copied. The first one says how many numbers all have.
func (x *Index) Add(name string, vector []float32) error {
	switch {
	case len(x.Names) == 0:
		if len(vector) == 0 || len(vector) > MaxWidth {
			return fmt.Errorf("an embedding of %d numbers: from 1 to %d are taken", len(vector), MaxWidth)
		}
		x.Width = len(vector)
	case len(vector) != x.Width:
		return fmt.Errorf("an embedding of %d numbers among those of %d", len(vector), x.Width)
	case len(x.Names) == MaxCount:
		return fmt.Errorf("more than %d embeddings", MaxCount)
	}
	x.Names = append(x.Names, name)
	x.Vectors = append(x.Vectors, vector...)
	return unit(x.Vectors[len(x.Vectors)-x.Width:])
}

// Len is how many embeddings there are.
func (x *Index) Len() int { return len(x.Names) }

// At is an embedding, which must not be written.
func (x *Index) At(place int) []float32 { return x.Vectors[place*x.Width : (place+1)*x.Width] }

// Search returns the k embeddings that are nearest to a query, nearest first and ties by place.
func (x *Index) Search(query []float32, k int) ([]Match, error) {
	if len(query) != x.Width {
		return nil, fmt.Errorf("a query of %d numbers among embeddings of %d", len(query), x.Width)
	}
	query = slices.Clone(query)
	if err := unit(query); err != nil {
		return nil, err
	}
	best := make([]Match, 0, min(k, x.Len())+1)
	for i := range x.Len() {
		cosine := x.dot(query, i)
		if len(best) == k && cosine <= best[k-1].Cosine {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, cosine, func(m Match, c float32) int {
			if m.Cosine >= c {
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, Match{i, cosine})
		best = best[:min(len(best), k)]
	}
	return best, nil
}

// Pairs calls f with all pairs of embeddings whose cosine is at least least, the first before the
// second, until it returns false.
func (x *Index) Pairs(least float32, f func(a, b int, cosine float32) bool) {
	for a := range x.Len() {
		of := x.At(a)
		for b := a + 1; b < x.Len(); b++ {
			if cosine := x.dot(of, b); cosine >= least && !f(a, b, cosine) {
				return
			}
		}
	}
}

func (x *Index) dot(query []float32, place int) float32 {
	return blas.Implementation{}.Sdot(x.Width, query, 1, x.At(place), 1)
}

// unit scales a vector to a length of 1.
func unit(v []float32) error {
	sum := 0.0
	for _, value := range v {
		sum += float64(value) * float64(value)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return errors.New("an embedding has no direction: its values are 0, or not finite")
	}
	length := math.Sqrt(sum)
	for i, value := range v {
		v[i] = float32(float64(value) / length)
	}
	return nil
}
