package generate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"ortho/models"
	"ortho/runner/onnx"
)

// TestGrid: for whatever sizes, tiles cover the image, each pixel's weights are one in sum,
// and what lies nearer to a cut edge than a quarter of the overlap has none.
func TestGrid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		unit := 1 + random.IntN(9)*random.IntN(2)
		tile := roundUp(smallestTile+random.IntN(100), unit)
		c := tiling{tile, tile, 1 + random.IntN(tile/2), 1, random.IntN(4) == 0}
		r := ratio{1 + random.IntN(4), 1}
		for _, den := range []int{2, 3} {
			if random.IntN(4) == 0 && unit%den == 0 {
				r.den = den
			}
		}
		size := 1 + random.IntN(600)
		e := c.cut(size, tile, unit)
		if e.padded < size || e.padded%unit != 0 && !c.exact || e.tile > tile || c.exact && e.tile != tile {
			t.Fatalf("%+v, unit %d: %+v", c, unit, e)
		}
		spans := e.spans(r)
		out := e.padded * r.num / r.den
		weights := make([]float64, out)
		for i, s := range spans {
			start := e.starts[i]
			if start%unit != 0 || start+e.tile > e.padded || s.start*r.den != start*r.num {
				t.Fatalf("%+v, unit %d: %+v: starts at %d", c, unit, e, s.start)
			}
			for x := s.from; x < s.to; x++ {
				w := 1.0
				if s.before != nil && x < s.before.hi {
					w *= float64(s.before.weight[x-s.before.lo])
				}
				if s.after != nil && x >= s.after.lo {
					w *= 1 - float64(s.after.weight[x-s.after.lo])
				}
				weights[x] += w
				quarter := float64(e.overlap*r.num/r.den) / 4
				last := s.start + e.tile*r.num/r.den
				if s.before != nil && float64(x)+0.5 < float64(s.start)+quarter || s.after != nil && float64(x)+0.5 > float64(last)-quarter {
					t.Fatalf("%+v, unit %d: %+v: pixel %d of tile %d has weight %v", c, unit, e, x, i, w)
				}
			}
			if s.before != nil && s.after != nil && s.before.hi > s.after.lo {
				t.Fatalf("%+v, unit %d: %+v: seams of tile %d meet", c, unit, e, i)
			}
		}
		for x, w := range weights {
			if math.Abs(w-1) > 1e-5 {
				t.Fatalf("%+v, unit %d, ratio %v: %+v: pixel %d has the weight %v", c, unit, r, e, x, w)
			}
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		out, in int
		want    ratio
		ok      bool
	}{
		{1024, 256, ratio{4, 1}, true}, {16, 32, ratio{1, 2}, true}, {48, 32, ratio{3, 2}, true}, {7, 7, ratio{1, 1}, true}, {28, 32, ratio{7, 8}, true},
		{15, 31, ratio{1, 2}, true}, {16, 31, ratio{1, 2}, true}, {64, 256, ratio{1, 4}, true}, {63, 253, ratio{1, 4}, true},
		{62, 64, ratio{}, false}, {254, 256, ratio{}, false}, {255, 256, ratio{}, false}, {1022, 256, ratio{}, false},
	} {
		if got, ok := ratioOf(c.out, c.in); got != c.want || ok != c.ok {
			t.Errorf("%d of %d: %v %v, want %v", c.out, c.in, got, ok, c.want)
		}
	}
}

func TestTiling(t *testing.T) {
	for _, c := range []struct {
		name, graph string
		spec        *models.GeneratorSpec
		opt         Options
		want        tiling
		err         string
	}{
		{"nothing stated, a local graph", "radius3_x3", spec(), Options{}, tiling{256, 256, 32, 1, false}, ""},
		{"nothing stated, a mean over all", "gray", spec(), Options{}, tiling{}, ""},
		{"stated", "gray", spec(func(s *models.GeneratorSpec) { s.Tile, s.Overlap = 64, 16 }), Options{}, tiling{64, 64, 16, 1, false}, ""},
		{"asked for", "gray", spec(func(s *models.GeneratorSpec) { s.Tile, s.Overlap = 64, 16 }), Options{Tile: 40, Overlap: 12}, tiling{40, 40, 12, 1, false}, ""},
		{"not at all", "radius3_x3", spec(), Options{Tile: -1}, tiling{}, ""},
		{"of a multiple", "radius3_x3", spec(multiple(16)), Options{Tile: 40}, tiling{48, 48, 6, 1, false}, ""},
		{"one size", "style_32x48", spec(fixed(48, 32)), Options{}, tiling{}, ""},
		{"one size, and a tile", "style_32x48", spec(fixed(48, 32)), Options{Tile: 32}, tiling{}, "48x32"},
		{"one size that is a tile", "fixed_32x32_x2", spec(fixed(32, 32)), Options{Tile: 32}, tiling{32, 32, 4, 1, true}, ""},
		{"too small", "radius3_x3", spec(), Options{Tile: 8}, tiling{}, "too small"},
		{"overlap", "radius3_x3", spec(), Options{Tile: 32, Overlap: 17}, tiling{}, "can't overlap by 17"},
	} {
		g, err := onnx.ReadFile(graph(c.graph))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tilingOf(c.spec, g, c.opt)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v, want %+v, %q", c.name, got, err, c.want, c.err)
		}
	}
}
