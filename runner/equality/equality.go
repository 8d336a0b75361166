package equality

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Comparison gathers how outputs differ from a reference's, chunk by chunk.
type Comparison struct {
	tolerance Tolerance
	spans     map[string]float64
	outputs   []*sums // in the reference's order
}

// New returns a comparison that has seen nothing.
func New(t Tolerance) *Comparison { return &Comparison{tolerance: t} }

// Span states how far black and white lie apart in an output of the reference, before
// anything is added: the range that PSNR and SSIM refer to.
func (c *Comparison) Span(output string, span float64) {
	if c.spans == nil {
		c.spans = map[string]float64{}
	}
	c.spans[output] = span
}

// Add compares the outputs of one chunk of the inputs, found by name, with the reference's.
// An output whose first dimension is rows holds a row for each input; any other counts as
// one row a chunk. rows 0 says that the inputs have no batch dimension.
//
// An error says that there is nothing to compare: an output is missing or malformed, or its
// element type can't be compared with the reference's (floating-point types can, with each
// other). A shape that differs is no error, but a difference.
func (c *Comparison) Add(want, got []npz.Array, rows int) error {
	if c.outputs == nil {
		for _, w := range want {
			c.outputs = append(c.outputs, &sums{name: w.Name, want: w.Type, got: w.Type, low: math.Inf(1), high: math.Inf(-1), image: true, span: c.spans[w.Name]})
		}
	}
	if len(want) != len(c.outputs) || len(got) != len(want) {
		return fmt.Errorf("compare outputs: %d outputs and %d of the reference, not %d each", len(got), len(want), len(c.outputs))
	}
	others := make([]npz.Array, len(want))
	for i, w := range want {
		if w.Name != c.outputs[i].name {
			return fmt.Errorf("compare outputs: the reference's output %d is %q, and was %q", i, w.Name, c.outputs[i].name)
		}
		at := slices.IndexFunc(got, func(a npz.Array) bool { return a.Name == w.Name })
		if at < 0 {
			return fmt.Errorf("compare outputs: there is no output %q", w.Name)
		}
		others[i] = got[at]
		if err := c.outputs[i].check(w, others[i]); err != nil {
			return fmt.Errorf("compare output %q: %w", w.Name, err)
		}
	}
	for i, w := range want {
		o := c.outputs[i]
		o.got = others[i].Type
		o.add(w, others[i], rows, c.tolerance.of(w.Type))
	}
	return nil
}

// sums is what is known about an output so far.
type sums struct {
	name        string
	want, got   onnx.ElementType
	elements    int
	rows        []row
	shapes      [2][]int64 // the first pair that differs
	nonFinite   int
	nan, inf    int // elements that are NaN, or one and the same infinity, on both sides
	maxAbs      float64
	ww, gg, wg  float64            // sums of products
	dd          float64            // sum of squared differences
	finite      int                // elements that the sums are of
	low, high   float64            // of the reference
	byMagnitude map[int][2]float64 // binary exponent of |want| -> largest |got-want|, and relative to |want|
	image       bool
	span        float64      // that was stated; 0: none
	ssim        similarities // of the rows that are images
}

// row is a tensor's row: what its verdict needs once the scale of the whole output is known.
type row struct {
	nonFinite bool
	excess    float64    // largest |got-want| - RTol*|want|
	element   int        // where that is
	want, got uint64     // the element's bits
	texts     *[2]string // the element, of strings
	dd        float64    // sum of squared differences
	n         int
	top       [2]int  // index of the largest element; -1: the row is no vector
	gap       float64 // by how much the reference prefers its own, less the relative tolerance
}

func (o *sums) check(want, got npz.Array) error {
	for _, a := range []npz.Array{want, got} {
		size := int64(a.Type.Size())
		if size == 0 && a.Type != onnx.String {
			return fmt.Errorf("%s elements can't be compared", a.Type)
		}
		n := max(1, size)
		for _, d := range a.Shape {
			if d < 0 || d > 0 && n > math.MaxInt64/d {
				return fmt.Errorf("shape %v is none", a.Shape)
			}
			n *= d
		}
		if a.Type == onnx.String && n > 0 && len(a.Data)%int(n) == 0 {
			continue
		}
		if n != int64(len(a.Data)) {
			return fmt.Errorf("%d bytes where %s%v takes %d", len(a.Data), a.Type, a.Shape, n)
		}
	}
	if want.Type != o.want {
		return fmt.Errorf("the reference's elements are %s, and were %s", want.Type, o.want)
	}
	if got.Type != want.Type && (typePrecision[got.Type] == "" || typePrecision[want.Type] == "") {
		return fmt.Errorf("its elements are %s, the reference's %s", got.Type, want.Type)
	}
	if len(o.rows) > 0 && got.Type != o.got {
		return errors.New("its element type changes from chunk to chunk")
	}
	return nil
}

// add compares two arrays that passed check.
func (o *sums) add(want, got npz.Array, rows int, t Tolerance) {
	if !slices.Equal(want.Shape, got.Shape) {
		if o.shapes[0] == nil {
			o.shapes = [2][]int64{append([]int64{}, want.Shape...), append([]int64{}, got.Shape...)}
		}
		return
	}
	shape := want.Shape
	if rows > 0 && len(shape) > 0 && shape[0] == int64(rows) {
		shape = shape[1:]
	} else {
		rows = 1
	}
	o.image = o.image && isImage(shape)
	if o.want == onnx.String {
		o.addStrings(want, got, rows)
		return
	}
	n := len(want.Data) / want.Type.Size() / rows
	vector := n > 1 && slices.Max(shape) == int64(n)
	for r := range rows {
		w, g := want.Data[r*n*want.Type.Size():][:n*want.Type.Size()], got.Data[r*n*got.Type.Size():][:n*got.Type.Size()]
		low, high := o.addRow(w, g, vector, t)
		if o.image {
			o.ssim.add(o.similarity(gridOf(shape), w, g, high-low), len(o.rows)-1)
		}
	}
	o.elements += rows * n
}

// similarity is the SSIM of the row that was added last; NaN where there is none.
func (o *sums) similarity(g grid, want, got []byte, span float64) float64 {
	r := &o.rows[len(o.rows)-1]
	switch {
	case r.n < g.channels*g.height*g.width:
		return math.NaN()
	case r.dd == 0:
		return 1
	case o.span > 0:
		span = o.span
	case o.want == onnx.Uint8:
		span = 255
	case !(span > 0):
		return math.NaN()
	}
	return ssim(g, want, got, [2]onnx.ElementType{o.want, o.got}, span)
}

// addRow returns the range of the reference's row.
func (o *sums) addRow(want, got []byte, vector bool, t Tolerance) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	r := row{excess: math.Inf(-1), top: [2]int{-1, -1}}
	ws, gs := o.want.Size(), o.got.Size()
	float := typePrecision[o.want] != ""
	maxW, maxG := math.Inf(-1), math.Inf(-1)
	for i := range len(want) / ws {
		wb, gb := bitsAt(want, ws, i), bitsAt(got, gs, i)
		if o.want == onnx.Bool {
			wb, gb = min(wb, 1), min(gb, 1)
		}
		w, g := number(o.want, wb), number(o.got, gb)
		if vector && w > maxW {
			maxW, r.top[0] = w, i
		}
		if vector && g > maxG {
			maxG, r.top[1] = g, i
		}
		var d float64
		switch {
		case !float:
			d = distance(o.want, wb, gb)
		case w-w != 0 || g-g != 0: // NaN or infinite
			switch {
			case w != w && g != g:
				o.nan++
			case w == g:
				o.inf++
			default:
				o.nonFinite++
				if !r.nonFinite {
					r.nonFinite, r.element, r.want, r.got = true, i, wb, gb
				}
			}
			continue
		default:
			d = math.Abs(g - w)
		}
		m := math.Abs(w)
		o.ww, o.gg, o.wg = o.ww+w*w, o.gg+g*g, o.wg+w*g
		r.dd += d * d
		r.n++
		low, high = min(low, w), max(high, w)
		if d == 0 {
			continue
		}
		o.maxAbs = max(o.maxAbs, d)
		o.magnitude(m, d)
		if e := d - t.RTol*m; e > r.excess && !r.nonFinite {
			r.excess, r.element, r.want, r.got = e, i, wb, gb
		}
	}
	o.low, o.high = min(o.low, low), max(o.high, high)
	o.dd += r.dd
	o.finite += r.n
	if r.top[0] >= 0 && r.top[1] >= 0 {
		w := number(o.want, bitsAt(want, ws, r.top[1]))
		r.gap = maxW - w - 2*t.RTol*math.Abs(maxW)
	}
	o.rows = append(o.rows, r)
	return low, high
}

// magnitude remembers a difference d at a reference of magnitude m, so that the largest
// relative difference above a floor is known when the floor is.
func (o *sums) magnitude(m, d float64) {
	e := math.MinInt
	if m > 0 {
		e = math.Ilogb(m)
	}
	if o.byMagnitude == nil {
		o.byMagnitude = map[int][2]float64{}
	}
	v := o.byMagnitude[e]
	o.byMagnitude[e] = [2]float64{max(v[0], d), max(v[1], d/m)}
}

const smallestImage = 16 // pixels of an edge

// isImage reports whether a tensor's row is an image: 1, 3 or 4 channels, first or last, of at
// least 16x16 pixels.
func isImage(shape []int64) bool {
	if len(shape) != 3 {
		return false
	}
	return channelCount(shape[0]) && shape[1] >= smallestImage && shape[2] >= smallestImage ||
		channelCount(shape[2]) && shape[0] >= smallestImage && shape[1] >= smallestImage
}

func channelCount(n int64) bool { return n == 1 || n == 3 || n == 4 }
