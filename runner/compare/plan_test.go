package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ortho/runner/equality"
	"ortho/runner/feed"
)

func TestNewPlan(t *testing.T) {
	single, half, fixed, other := side(t, "float32_nchw"), side(t, "float16_nchw"), side(t, "batch4"), side(t, "two_images")
	other.Graph = side(t, "batch4").Graph
	other.Graph.Inputs = slices.Clone(other.Graph.Inputs)
	other.Graph.Inputs[0].Dims = slices.Clone(other.Graph.Inputs[0].Dims)
	other.Graph.Inputs[0].Dims[0].Size = 2
	huge := other
	graph := *other.Graph
	huge.Graph = &graph
	graph.Inputs = slices.Clone(graph.Inputs)
	graph.Inputs[0].Dims = slices.Clone(graph.Inputs[0].Dims)
	graph.Inputs[0].Dims[0].Size = 4097
	scalars := side(t, "scalar_types")
	for _, c := range []struct {
		sides     []Side
		wanted    int
		precision equality.Precision
		names     string
		batch     int
		tolerance equality.Precision // of the last candidate
		err       string
		refused   *BatchError
	}{
		{[]Side{single, half, single, single}, 0, "", "[float32_nchw float16_nchw float32_nchw (2) float32_nchw (3)]", 1, equality.Float32, "", nil},
		{[]Side{single, half}, 3, "", "[float32_nchw float16_nchw]", 3, equality.Float16, "", nil},
		{[]Side{single, half}, 3, equality.Float64, "[float32_nchw float16_nchw]", 3, equality.Float64, "", nil},
		{[]Side{single, fixed}, 0, "", "[float32_nchw batch4]", 4, equality.Float32, "", nil},
		{[]Side{single, fixed}, 4, "", "[float32_nchw batch4]", 4, equality.Float32, "", nil},
		{[]Side{scalars, scalars}, 1, "", "[scalar_types scalar_types (2)]", 1, equality.Exact, "", nil},
		{[]Side{single, fixed}, 2, "", "", 0, "", "batch4 takes batches of exactly 4, not of 2", &BatchError{"batch4", 4, 2}},
		{[]Side{scalars, scalars}, 2, "", "", 0, "", "no batch dimension", &BatchError{"scalar_types", 0, 2}},
		{[]Side{fixed, other}, 0, "", "", 0, "", "batch4 takes batches of exactly 4 and two_images of 2", nil},
		{[]Side{single, huge}, 0, "", "", 0, "", "4097: more than 4096", nil},
	} {
		p, err := NewPlan(c.sides, c.wanted, c.precision)
		if c.err != "" {
			var refused *BatchError
			if err == nil || !strings.Contains(err.Error(), c.err) || errors.As(err, &refused) != (c.refused != nil) || refused != nil && *refused != *c.refused {
				t.Errorf("%v, want %q", err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.names, err)
			continue
		}
		var names []string
		for _, s := range p.Sides {
			names = append(names, s.Name)
		}
		if last := p.Tolerances[len(p.Tolerances)-1]; fmt.Sprint(names) != c.names || p.Batch != c.batch || len(p.Tolerances) != len(c.sides)-1 || last.Precision != c.tolerance {
			t.Errorf("%v, batch %d, %+v; want %s, %d, %s", names, p.Batch, p.Tolerances, c.names, c.batch, c.tolerance)
		}
	}
}

func TestChunks(t *testing.T) {
	plan := &Plan{Sides: []Side{side(t, "float32_nchw"), side(t, "float16_nchw")}}
	set, err := feed.Synthetic(plan.Sides[0].Graph, nil, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	sets, notices, err := plan.Inputs(set)
	if err != nil || len(sets) != 2 || sets[0] != set || len(notices) != 1 || !strings.HasPrefix(notices[0], "float16_nchw: ") {
		t.Fatalf("%v, %q, %v", sets, notices, err)
	}
	var rowBytes int64
	room := func(n int64) int { rowBytes = n; return 2 }
	var names []string
	for chunk, err := range Chunks(t.Context(), sets, room) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, chunk.Names...)
		for i, s := range chunk.Sets {
			if s.Rows != len(chunk.Names) || s.Arrays[0].Shape[0] != int64(s.Rows) || len(s.Arrays[0].Data) != len(sets[i].Arrays[0].Data)/5*s.Rows {
				t.Errorf("%v: %+v", chunk.Names, s.Arrays[0].Shape)
			}
		}
	}
	if fmt.Sprint(names) != "[row 0 row 1 row 2 row 3 row 4]" || rowBytes != int64(len(sets[0].Arrays[0].Data)+len(sets[1].Arrays[0].Data))/5 {
		t.Errorf("%q; rows of %d bytes", names, rowBytes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range Chunks(ctx, sets, room) {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d chunks, interrupted in the first", n)
	}
	whole := []*feed.Set{{Arrays: set.Arrays}}
	n = 0
	for chunk, err := range Chunks(t.Context(), whole, room) {
		if n++; err != nil || len(chunk.Names) != 1 || chunk.Sets[0] != whole[0] {
			t.Errorf("%+v, %v", chunk, err)
		}
	}
	if n != 1 {
		t.Errorf("%d chunks of arrays without a batch", n)
	}
	plan.Sides = append(plan.Sides, side(t, "two_images"))
	if _, notices, err = plan.Inputs(set); err == nil || !strings.HasPrefix(err.Error(), "two_images: ") || len(notices) != 1 {
		t.Errorf("%q, %v", notices, err)
	}
}

// TestFullBatches: a chunk of fewer rows than a graph's fixed batch.
func TestFullBatches(t *testing.T) {
	needLibrary(t)
	s := side(t, "batch4")
	set, err := feed.Synthetic(s.Graph, nil, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := set.Slice(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan([]Side{s, s}, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), plan, command(t, "serve"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	three := &feed.Set{Source: "images", Arrays: arrays, Rows: 3}
	if err := c.Add(t.Context(), Chunk{Names: []string{"a", "b", "c"}, Sets: []*feed.Set{three, three}}); err != nil {
		t.Fatal(err)
	}
	if r := c.Results(Thresholds{})[0]; !r.Equal || r.Rows != 3 {
		t.Errorf("%+v", r)
	}
}
