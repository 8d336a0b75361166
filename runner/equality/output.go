package equality

import (
	"fmt"
	"math"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// maxListed bounds the disagreeing rows that are listed.
const maxListed = 5

// floorBits sets the floor of relative differences, 2^-4 of the RMS.
const floorBits = 4

// Output says how one output differs from the reference's. Figures are of the pairs of
// finite elements; one that is not defined is nil. Strings have none.
type Output struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // the reference's element type
	Rows     int    `json:"rows"`
	Elements int    `json:"elements"`

	Within bool   `json:"within"`           // the tolerance
	Exact  bool   `json:"exact"`            // every element is the same
	Reason string `json:"reason,omitempty"` // why not within

	Shapes *[2][]int64 `json:"shapes,omitempty"` // the reference's and its own, where they differ: the first pair

	RMS       *float64 `json:"rms"`       // of the reference: the scale of the tolerance
	MaxAbs    *float64 `json:"max_abs"`   // largest |got - want|
	MaxRel    *float64 `json:"max_rel"`   // largest |got - want| / max(|want|, floor); the floor is the power of two at or below RMS / 16
	Cosine    *float64 `json:"cosine"`    // of the angle between the two; nil where one is all zeros
	SQNR      *float64 `json:"sqnr_db"`   // 10 log10(sum want^2 / sum (got-want)^2); nil where nothing differs or the reference is all zeros
	PSNR      *float64 `json:"psnr_db"`   // of images: the peak is the span that is stated, else 255 of uint8, else the reference's range; nil where nothing differs
	SSIM      *SSIM    `json:"ssim"`      // of images; nil where it is not defined
	Image     bool     `json:"image"`     // rows of 1, 3 or 4 channels of 16x16 pixels or more
	NonFinite int      `json:"nonfinite"` // elements where only one is NaN or infinite, or both are in another way
	NaN       int      `json:"nan"`       // elements that are NaN on both sides: nothing says that they are equal
	Infinite  int      `json:"infinite"`  // elements that are the same infinity on both sides, as logits of masked classes are

	Top1   *Top1 `json:"top1"`            // nil: the rows are no vectors
	Beyond int   `json:"rows_beyond"`     // rows beyond the tolerance
	First  []Row `json:"first,omitempty"` // of them
}

// Top1 says for how many rows the largest element is the same one. Where it is not, but the
// reference's own values of the two are within twice the tolerance, the row is a tie.
type Top1 struct {
	Same      int     `json:"same"`
	Ties      int     `json:"ties"`
	Differ    int     `json:"differ"`
	Agreement float64 `json:"agreement"` // (same + ties) / rows
}

// Row is a row beyond the tolerance: the element that is furthest off (the first of those
// that are not finite), and the largest elements' indices where they differ.
type Row struct {
	Row     int     `json:"row"`     // from 0, in the order in which they were added
	Element int     `json:"element"` // within the flattened row
	Want    Value   `json:"want"`
	Got     Value   `json:"got"`
	Top1    *[2]int `json:"top1,omitempty"` // want, got
}

// Notice says in words what was found and not compared as numbers; empty where all was.
func (o *Output) Notice() string {
	switch {
	case o.Elements == 0 && o.Rows > 0 && o.Shapes == nil:
		return "no run gave an element of it"
	case o.Infinite > 0:
		return fmt.Sprintf("%d of %d elements are the same infinity on both sides", o.Infinite, o.Elements)
	}
	return ""
}

// Comparable divides a graph's outputs into those that can be compared and those that can't:
// sequences, maps, and tensors of elements that NumPy has no form for.
func Comparable(outputs []onnx.Value) (can, not []onnx.Value) {
	for _, v := range outputs {
		if v.Kind == "tensor" && npz.Holds(v.Type) {
			can = append(can, v)
		} else {
			not = append(not, v)
		}
	}
	return can, not
}

// Nothing reports whether the output is not within the tolerance for want of numbers: it is
// NaN or infinite on both sides.
func (o *Output) Nothing() bool {
	return !o.Within && o.Shapes == nil && o.NonFinite == 0 && o.Beyond == 0 && o.NaN+o.Infinite > 0
}

// Within reports whether all outputs are within their tolerance. Of none it is false:
// nothing was compared.
func Within(outputs []Output) bool {
	for _, o := range outputs {
		if !o.Within {
			return false
		}
	}
	return len(outputs) > 0
}

// Outputs returns what was found so far, in the reference's order.
func (c *Comparison) Outputs() []Output {
	var outputs []Output
	for _, g := range c.outputs {
		outputs = append(outputs, g.output(c.tolerance.of(g.want)))
	}
	return outputs
}

func (o *sums) output(t Tolerance) Output {
	out := Output{Name: o.name, Type: o.want.String(), Rows: len(o.rows), Elements: o.elements, NonFinite: o.nonFinite, NaN: o.nan, Infinite: o.inf}
	out.Exact = o.nonFinite+o.nan == 0 && (o.finite > 0 || o.elements == 0 || o.want == onnx.String) && o.maxAbs == 0 && o.shapes[0] == nil && o.want == o.got
	if o.shapes[0] != nil {
		out.Shapes = &o.shapes
	}
	out.Image = o.image && len(o.rows) > 0
	scale := 0.0
	if o.finite > 0 {
		n := float64(o.finite)
		if scale = math.Sqrt(o.ww / n); math.IsInf(scale, 0) { // beyond 1e154
			scale = max(math.Abs(o.low), math.Abs(o.high)) / math.Sqrt(n)
		}
		out.RMS, out.MaxAbs = finite(scale), finite(o.maxAbs)
		out.MaxRel = finite(o.maxRel(scale))
		out.Cosine = finite(o.wg / math.Sqrt(o.ww) / math.Sqrt(o.gg))
		out.SQNR = finite(10 * math.Log10(o.ww/o.dd))
		if peak := o.high - o.low; out.Image {
			switch {
			case o.span > 0:
				peak = o.span
			case o.want == onnx.Uint8:
				peak = 255
			}
			out.PSNR = finite(10 * math.Log10(peak*peak*n/o.dd))
			out.SSIM = o.ssim.figure()
		}
	}
	o.countRows(t, scale, &out)
	out.Reason = o.reason(t, scale, &out)
	out.Within = out.Reason == ""
	return out
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (o *sums) maxRel(scale float64) float64 {
	if scale == 0 && o.maxAbs > 0 {
		return math.Inf(1)
	}
	floor := math.Ilogb(scale) - floorBits
	largest := 0.0
	for e, v := range o.byMagnitude {
		if e >= floor {
			largest = max(largest, v[1])
		} else {
			largest = max(largest, v[0]/math.Ldexp(1, floor))
		}
	}
	return largest
}

// countRows counts the rows beyond the tolerance, and those whose largest element differs.
func (o *sums) countRows(t Tolerance, scale float64, out *Output) {
	var top Top1
	margin := 2 * max(t.ATol, t.RowRMS) * scale
	rowRMS := t.RowRMS
	if o.noisy(t) { // some row is above the noise that is allowed on average
		rowRMS = math.Pow(10, -t.MinSQNR/20)
	}
	for i, r := range o.rows {
		differs := false
		switch {
		case r.top[0] < 0 && r.top[1] < 0:
		case r.top[0] == r.top[1]:
			top.Same++
		case r.top[0] >= 0 && r.top[1] >= 0 && r.gap <= margin:
			top.Ties++
		default:
			top.Differ++
			differs = true
		}
		beyond := r.nonFinite
		if t.RowRMS > 0 {
			beyond = beyond || math.Sqrt(r.dd/float64(max(r.n, 1))) > rowRMS*scale
		} else {
			beyond = beyond || r.excess > t.ATol*scale
		}
		if !beyond {
			continue
		}
		if out.Beyond++; len(out.First) < maxListed {
			listed := Row{Row: i, Element: r.element, Want: valueOf(o.want, r.want), Got: valueOf(o.got, r.got)}
			if r.texts != nil {
				listed.Want, listed.Got = textValue(r.texts[0]), textValue(r.texts[1])
			}
			if differs {
				listed.Top1 = &r.top
			}
			out.First = append(out.First, listed)
		}
	}
	if n := top.Same + top.Ties + top.Differ; n > 0 {
		top.Agreement = float64(top.Same+top.Ties) / float64(n)
		out.Top1 = &top
	}
}

// noisy reports whether the SQNR is below what the tolerance asks for.
func (o *sums) noisy(t Tolerance) bool {
	return t.RowRMS > 0 && o.dd > 0 && !(10*math.Log10(o.ww/o.dd) >= t.MinSQNR)
}

// reason says in words why the output is not within the tolerance; empty if it is.
func (o *sums) reason(t Tolerance, scale float64, out *Output) string {
	switch {
	case o.shapes[0] != nil:
		return fmt.Sprintf("its shape is %v, the reference's %v", o.shapes[1], o.shapes[0])
	case len(o.rows) == 0:
		return "nothing was compared"
	case o.nonFinite > 0:
		return fmt.Sprintf("%d of %d elements are NaN or infinite where the reference's are not, or the other way round", o.nonFinite, o.elements)
	case o.nan > 0 && o.nan == o.elements:
		return "every element is NaN on both sides: there is nothing to compare"
	case o.nan > 0:
		return fmt.Sprintf("%d of %d elements are NaN on both sides: nothing says that they are equal", o.nan, o.elements)
	case o.inf > 0 && o.nan+o.inf == o.elements:
		return "every element is infinite on both sides: there is nothing to compare"
	case o.want == onnx.String && out.Beyond > 0:
		return fmt.Sprintf("the text is another one in %d of %d rows", out.Beyond, out.Rows)
	case t.RowRMS == 0 && out.Beyond > 0 && t.exact():
		return fmt.Sprintf("%d of %d rows differ, by at most %.3g; they must be the same", out.Beyond, out.Rows, o.maxAbs)
	case t.RowRMS == 0 && out.Beyond > 0:
		return fmt.Sprintf("%d of %d rows differ by more than %g * RMS + %g * |want|; the largest difference is %.2g, and the RMS %.2g",
			out.Beyond, out.Rows, t.ATol, t.RTol, o.maxAbs, scale)
	case t.RowRMS == 0:
		return ""
	case o.noisy(t):
		return fmt.Sprintf("its SQNR is %.1f dB, below %g dB", 10*math.Log10(o.ww/o.dd), t.MinSQNR)
	case out.Beyond > 0:
		return fmt.Sprintf("the RMS error of %d of %d rows is above %g of the output's RMS", out.Beyond, out.Rows, t.RowRMS)
	case out.Top1 != nil && out.Top1.Agreement < t.MinTop1:
		return fmt.Sprintf("the largest element is another one in %d of %d rows", out.Top1.Differ, out.Rows)
	}
	return ""
}
