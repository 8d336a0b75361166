package meaning

import (
	"slices"

	"ortho/runner/onnx"
)

// codesAt is, by quantised operator, at which of its inputs the scale of its output stands, and
// after it the zero point.
var codesAt = map[string]int{
	"QLinearConv": 6, "QLinearMatMul": 6, "QGemm": 7, "QLinearAdd": 6, "QLinearMul": 6, "QLinearConcat": 0, "QLinearAveragePool": 3,
	"QLinearGlobalAveragePool": 3, "QLinearLeakyRelu": 3, "QLinearReduceMean": 3, "QLinearWhere": 7,
}

// quantised reads the scale and zero point that stand at two inputs of an operator.
func quantised(e onnx.Edge, scale, zero int) *Quantised {
	q := &Quantised{Zero: []float64{0}}
	s, ok := e.In(scale)
	if !ok {
		return nil // of operators whose output is quantised only where a scale is given
	}
	t := s.Constant()
	if t == nil || !t.Kept || len(t.Numbers) == 0 {
		return &Quantised{Computed: true}
	}
	q.Scale = t.Numbers
	if z, ok := e.In(zero); ok {
		t := z.Constant()
		if t == nil || !t.Kept || len(t.Numbers) == 0 {
			return &Quantised{Computed: true}
		}
		q.Zero = t.Numbers
	}
	return q
}

// codes is how the codes of several values that are put together become values; nil where they are
// none.
func (w *walk) codes(all []onnx.Edge) (q *Quantised) {
	for i, e := range all {
		o := w.value(e).codes
		if i > 0 && !q.same(o) {
			return &Quantised{Computed: true}
		}
		q = o
	}
	return q
}

// same reports whether two tensors of codes are of one scale.
func (q *Quantised) same(o *Quantised) bool {
	if q == nil || o == nil {
		return q == o
	}
	return q.Computed == o.Computed && slices.Equal(q.Scale, o.Scale) && slices.Equal(q.Zero, o.Zero)
}
