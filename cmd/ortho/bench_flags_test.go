package main

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"ortho/runner/bench"
)

// What a benchmark that is run again is fed with, the earlier one says, where no flag does.
func TestBenchInputAs(t *testing.T) {
	asked := benchInput{what: "synthetic", seed: 1}
	for _, c := range []struct {
		name  string
		flags func(*benchInput)
		was   bench.Input
		what  string
		seed  uint64
		dims  map[string]int64
	}{
		{"synthetic", func(*benchInput) {}, bench.Input{Source: "synthetic", Seed: 9, Dims: map[string]int64{"n": 3}}, "synthetic", 9, map[string]int64{"n": 3}},
		{"images", func(*benchInput) {}, bench.Input{Source: "images", Name: "photos", Seed: 0}, "photos", 1, nil},
		{"arrays", func(*benchInput) {}, bench.Input{Source: "npz", Name: "x.npz"}, "x.npz", 1, nil},
		{"other seed", func(i *benchInput) { i.seed, i.givenSeed = 7, true }, bench.Input{Source: "synthetic", Seed: 9}, "synthetic", 7, nil},
		{"other images", func(i *benchInput) { i.what, i.givenWhat = "others", true }, bench.Input{Source: "images", Name: "photos"}, "others", 1, nil},
		{"other size", func(i *benchInput) { i.dims, i.givenDims = map[string]int64{"n": 5}, true }, bench.Input{Source: "synthetic", Seed: 9, Dims: map[string]int64{"n": 3}}, "synthetic", 9, map[string]int64{"n": 5}},
	} {
		in := asked
		c.flags(&in)
		if got := in.as(c.was); got.what != c.what || got.seed != c.seed || !reflect.DeepEqual(got.dims, c.dims) {
			t.Errorf("%s: %q, seed %d, %v", c.name, got.what, got.seed, got.dims)
		}
	}
}

func TestBenchSweepPlan(t *testing.T) {
	open := (&benchSweep{}).plan([]int{4}, time.Minute)
	if !slices.Equal(open.Batch, []int{4}) || !slices.Equal(open.Threads, coreCounts()) || !slices.Equal(open.Concurrency, coreCounts()) || open.BudgetS != 60 {
		t.Errorf("%+v", open)
	}
	said := (&benchSweep{asked: bench.Plan{Threads: []int{0}, Batch: []int{2}, Concurrency: []int{3}, Iterations: 5}}).plan([]int{4}, time.Minute)
	if !slices.Equal(said.Threads, []int{0}) || !slices.Equal(said.Batch, []int{2}) || !slices.Equal(said.Concurrency, []int{3}) || said.BudgetS != 0 {
		t.Errorf("%+v", said)
	}
}
