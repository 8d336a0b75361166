package generate

import (
	"cmp"
	"fmt"
	"strings"

	"ortho/models"
	"ortho/runner/onnx"
)

// tiling is how images are cut; a width of 0: they are not.
type tiling struct {
	width, height int  // of a tile, in pixels of the input
	overlap       int  // that neighbours share at least
	unit          int  // tiles begin at multiples of it
	exact         bool // tiles are of that size and no other: the graph's
}

// Where nothing states them: the quarter of the overlap that has no weight covers a
// receptive field of 8 pixels about one, and a third is computed twice.
const defaultTile, defaultOverlap = 256, 32

const smallestTile = 16

// tilingOf is how images are cut, as far as it is stated, or follows from the graph's operators. For
// a graph of one size, see [Generator.trial].
func tilingOf(spec *models.GeneratorSpec, graph *onnx.Graph, opt Options) (tiling, error) {
	tile, t := cmp.Or(opt.Tile, spec.Tile), tiling{overlap: cmp.Or(opt.Overlap, spec.Overlap), unit: 1}
	in := &spec.Image.Spec
	if in.Height > 0 {
		// The settings may say that the graph's size is that of a tile.
		if tile != in.Height || tile != in.Width {
			if opt.Tile > 0 {
				return tiling{}, fmt.Errorf("tiles of %d pixels for a graph that takes %dx%d: images are resized to that, or a square is their tile", opt.Tile, in.Width, in.Height)
			}
			return tiling{}, nil
		}
		t.exact = true
	}
	if tile == 0 && local(graph) {
		tile = defaultTile
	}
	if tile <= 0 {
		return tiling{}, nil
	}
	if !t.exact {
		tile = roundUp(tile, max(1, spec.Image.Multiple))
	}
	if t.overlap == 0 {
		t.overlap = min(defaultOverlap, tile/8)
	}
	if tile < smallestTile {
		return tiling{}, fmt.Errorf("tiles of %d pixels are too small: give at least %d", tile, smallestTile)
	}
	if t.overlap < 0 || t.overlap > tile/2 {
		return tiling{}, fmt.Errorf("tiles of %d pixels can't overlap by %d: at most half of the tile can be shared", tile, t.overlap)
	}
	t.width, t.height = tile, tile
	return t, nil
}

// local reports whether each of the graph's outputs depends on inputs near it alone, as far as
// its operators show: then tiles give what the whole image would.
func local(g *onnx.Graph) bool {
	for op := range g.Ops {
		if !strings.Contains(localOps, " "+op+" ") {
			return false
		}
	}
	return len(g.Ops) > 0
}

// localOps look at the neighbourhood of a pixel. Softmax and ReduceMean, MatMul and the
// normalisations over an image are not among them, nor are loops and custom operators.
const localOps = " Abs Add AveragePool BatchNormalization Cast CastLike Clip Concat Constant ConstantOfShape Conv ConvTranspose " +
	"DepthToSpace DequantizeLinear Div Elu Erf Exp Floor Gather Gelu HardSigmoid HardSwish Identity LeakyRelu Log Max MaxPool Min " +
	"Mul Neg PRelu Pad Pow QLinearConv QuantizeLinear Range Reciprocal Relu Reshape Resize Round Selu Shape Sigmoid Sign Slice " +
	"Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Tanh ThresholdedRelu Transpose Unsqueeze Upsample "

// edge is one axis of an image cut into tiles, in pixels of the input. The tiles are of
// one size, and their starts are multiples of the unit.
type edge struct {
	size, padded int // without and with what is added at the end
	tile         int
	overlap      int // that neighbours share at least
	starts       []int
}

// cut places as few tiles of that length as will do, at even steps: tiles that can be smaller then are.
func (t tiling) cut(size, tile, unit int) edge {
	e := edge{size: size, padded: roundUp(size, unit)}
	if t.exact {
		e.padded = max(e.padded, tile)
	}
	if tile == 0 || e.padded <= tile {
		e.tile, e.starts = e.padded, []int{0} // exact: padded to a tile at least
		return e
	}
	e.tile, e.overlap = tile, roundUp(t.overlap, unit)
	if !t.exact {
		e.tile = roundUp(e.tile, unit)
	}
	e.overlap = min(e.overlap, e.tile/2/unit*unit)
	n := 1 + divideUp(e.padded-e.tile, max(unit, e.tile-e.overlap))
	if !t.exact {
		// Edges of multiples of 8 suit processors, and graphs that halve them.
		e.tile = min(e.tile, roundUp(divideUp(e.padded+(n-1)*e.overlap, n), leastCommonMultiple(unit, 8)))
	}
	for i := range n {
		e.starts = append(e.starts, (e.padded-e.tile)/unit*i/max(1, n-1)*unit)
	}
	return e
}

// uncut is an axis of one tile.
func uncut(size int) edge { return edge{size: size, padded: size, tile: size, starts: []int{0}} }

// placed reports whether the output's length must be computed from the input's.
func (e edge) placed() bool { return len(e.starts) > 1 || e.padded != e.size }

// length is the axis's length in the output; out is a tile's.
func (e edge) length(r ratio, out int) int {
	if e.placed() {
		return max(1, r.of(e.size))
	}
	return out
}

func divideUp(a, b int) int { return (a + b - 1) / b }

func roundUp(a, unit int) int { return divideUp(a, unit) * unit }

func leastCommonMultiple(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// ratio is an output's edge over an input's, in lowest terms.
type ratio struct{ num, den int }

// ratioOf is that of two lengths, by which one part in eight is the finest: 31/32 is a
// convolution without padding, and no scale. Where the lengths give none it may be one
// that does not divide the input, whose output has been cut off or filled up: 15/31 is a half.
func ratioOf(out, in int) (r ratio, ok bool) {
	for _, near := range []bool{false, true} {
		for den := 1; den <= 8; den++ {
			num := (2*out*den + in) / (2 * in)
			off := out*den - in*num
			if num > 0 && (off == 0 || near && -den < off && off < den) {
				return ratio{num, den}, true
			}
		}
	}
	return ratio{}, false
}

// of scales a length, rounding down as Resize and pooling do. Whether a graph
// rounds up, tiles can't show: their own lengths are multiples of den.
func (r ratio) of(n int) int { return max(1, n*r.num/r.den) }

// span is a tile's part of an axis of the output. Before and after are the seams that it
// shares with its neighbours; none at the image's edges.
type span struct {
	start         int // of the tile
	from, to      int // that count: what has a weight
	before, after *seam
}

// seam is where a tile fades into the next: from lo to hi the next one's weight grows
// from 0 to 1. Nearer to a cut edge than a quarter of the overlap a tile has no weight,
// since it has seen too little context there; across the middle half the weight is linear.
type seam struct {
	lo, hi int
	weight []float32 // of the next tile
}

// spans are the tiles' parts of the scaled axis.
func (e edge) spans(r ratio) []span {
	scale := func(n int) int { return n * r.num / r.den } // of multiples of den
	tile, quarter := scale(e.tile), float64(scale(e.overlap))/4
	spans := make([]span, len(e.starts))
	for i, start := range e.starts {
		spans[i] = span{start: scale(start), to: scale(start) + tile}
		spans[i].from = spans[i].start
		if i == 0 {
			continue
		}
		last, this := &spans[i-1], &spans[i]
		middle := float64(this.start+last.to) / 2
		last.after = seamAt(middle-quarter, middle+quarter)
		this.before = last.after
		last.to, this.from = last.after.hi, last.after.lo
	}
	return spans
}

// seamAt takes in the pixels whose centres lie between from and to.
func seamAt(from, to float64) *seam {
	first := func(x float64) int { // the first pixel with its centre at x or after
		n := int(x)
		if float64(n)+0.5 < x {
			n++
		}
		return n
	}
	s := &seam{lo: first(from), hi: first(to)}
	for x := s.lo; x < s.hi; x++ {
		s.weight = append(s.weight, float32((float64(x)+0.5-from)/(to-from)))
	}
	return s
}
