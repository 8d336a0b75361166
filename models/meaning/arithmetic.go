package meaning

import (
	"math"

	"ortho/runner/onnx"
)

// arithmetic follows probabilities through sums, means and multiples of them, and knows a
// softmax or a sigmoid that is written out. nil: the operator is none of these.
func (w *walk) arithmetic(e onnx.Edge, n *onnx.Node, in func(int) *value) *value {
	a, okA := e.In(0)
	b, okB := e.In(1)
	switch {
	case n.Is("Exp") && okA:
		if v := in(0); v.is == logarithms {
			return &value{is: probabilities, sums: v.sums, factor: 1, by: append(v.by[:len(v.by):len(v.by)], n.Op)}
		}
		at, _ := w.kept(a)
		return &value{is: positive, exp: true, of: at, by: []string{n.Op}}
	case n.Is("Log") && okA:
		return w.log(a, in(0))
	case n.Is("ReduceLogSumExp") && okA:
		at, _ := w.kept(a)
		return &value{is: logOfSum, of: at, by: []string{n.Op}}
	case n.Is("Reciprocal") && in(0).is == onePlusExp:
		return sigmoid(n)
	case n.Is("Add", "Sum", "Mean"):
		return w.sum(e, n)
	case n.Is("Sub") && okA && okB:
		return w.difference(a, b, in)
	case n.Is("Mul") && okA && okB:
		if v := w.multiple(a, b, in(0), n, false); v != nil {
			return v
		}
		if v := w.multiple(b, a, in(1), n, false); v != nil {
			return v
		}
		return w.product(a, b, in, n)
	case n.Is("Div") && okA && okB:
		if v := w.multiple(a, b, in(0), n, true); v != nil {
			return v
		}
		return w.quotient(a, b, in, n)
	case n.Is("ReduceSum") && in(0).is == probabilities:
		return w.stacked(e, n)
	case n.Is("Square"), n.Is("ReduceSum") && in(0).is == positive:
		return &value{is: positive, by: []string{n.Op}}
	}
	return nil
}

func sigmoid(n *onnx.Node) *value {
	return &value{is: probabilities, factor: 1, by: []string{"sigmoid written out, " + n.Op}}
}

func softmax(n *onnx.Node) *value {
	return &value{is: probabilities, sums: true, factor: 1, by: []string{"softmax written out, " + n.Op}}
}

// log is the logarithm of probabilities, or of a sum of exponents.
func (w *walk) log(of onnx.Edge, v *value) *value {
	if v.is == probabilities && near(v.factor, 1) {
		return &value{is: logarithms, sums: v.sums, by: append(v.by[:len(v.by):len(v.by)], "Log")}
	}
	if v.is == onePlusExp {
		return &value{is: costs, by: []string{"sigmoid written out, Log"}}
	}
	if x, ok := w.total(of); ok {
		if made := w.value(x); made.is == positive && made.exp {
			return &value{is: logOfSum, of: made.of, by: []string{"Log"}}
		}
	}
	return nothing
}

// total returns what an edge is the sum of over an axis, where it is.
func (w *walk) total(e onnx.Edge) (of onnx.Edge, ok bool) {
	e, _ = w.kept(e)
	n, _ := e.From()
	if n != nil && n.Is("Add", "Max", "Clip") { // a small number against division by 0
		for i := range 2 {
			x, have := e.In(1 - i)
			if v, isNumber := number(x); have && isNumber && (math.Abs(v) <= 1e-3 || n.Is("Clip")) || n.Is("Clip") && i == 0 {
				if in, have := e.In(i); have {
					e, _ = w.kept(in)
					n, _ = e.From()
					break
				}
			}
		}
	}
	if n == nil || !n.Is("ReduceSum", "ReduceL1") {
		return e, false
	}
	of, ok = e.In(0)
	if !ok {
		return e, false
	}
	of, _ = w.kept(of)
	return of, true
}

// sum is that of several values. Sums of probabilities are probabilities times as many.
func (w *walk) sum(e onnx.Edge, n *onnx.Node) *value {
	v := value{is: probabilities, sums: true}
	parts := 0
	plain := 0.0
	inputs := e.Inputs()
	for _, x := range inputs {
		if c, ok := number(x); ok {
			plain += c
			continue
		}
		one := w.value(x)
		switch {
		case len(inputs) == 2 && one.is == signed && w.other(inputs, x, one.factor):
			return &value{is: probabilities, factor: 2 * one.factor, by: append(one.by[:len(one.by):len(one.by)], n.Op)}
		case len(inputs) == 2 && one.is == positive && one.exp && w.other(inputs, x, 1):
			return &value{is: onePlusExp, of: one.of, by: []string{n.Op}}
		case one.is == positive && len(inputs) == 2:
			return w.raised(inputs, x, one, n)
		case one.is != probabilities:
			return nothing
		}
		v.factor += one.factor
		v.sums = v.sums && one.sums
		v.by = one.by
		parts++
	}
	if parts == 0 || math.Abs(plain) > 1e-3 { // a small number, against logarithms of 0
		return nothing
	}
	if n.Is("Mean") {
		v.factor /= float64(len(inputs))
	}
	return v.then(n.Op)
}

// stacked is the sum of values over the axis along which they were stacked.
func (w *walk) stacked(e onnx.Edge, n *onnx.Node) *value {
	stack, _ := e.In(0)
	c, _ := stack.From()
	axis, ok := axisOf(e)
	if c == nil || !c.Is("Concat") || !ok || integer(stack, "axis", 0) != axis {
		return nothing
	}
	parts := stack.Inputs()
	for _, x := range parts {
		if u, _ := x.From(); u == nil || !u.Is("Unsqueeze") {
			return nothing
		}
		if at, ok := axisOf(x); !ok || at != axis {
			return nothing
		}
	}
	v := *w.merged(parts)
	if v.is != probabilities {
		return nothing
	}
	v.factor *= float64(len(parts))
	return v.then(n.Op)
}

// axisOf is the one axis that an operator works on, as its second input or an attribute has it.
func axisOf(e onnx.Edge) (int64, bool) {
	if by, ok := e.In(1); ok {
		t := by.Constant()
		if t == nil || !t.Kept || len(t.Numbers) != 1 {
			return 0, false
		}
		return int64(t.Numbers[0]), true
	}
	a, ok := e.Attribute("axes")
	if !ok || len(a.Ints) != 1 {
		return 0, false
	}
	return a.Ints[0], true
}

// raised is what is at least 0 with a number added that is, too.
func (w *walk) raised(two []onnx.Edge, e onnx.Edge, v *value, n *onnx.Node) *value {
	for _, x := range two {
		if c, ok := number(x); x != e && ok && c >= 0 {
			return (&value{is: positive, by: v.by}).then(n.Op)
		}
	}
	return nothing
}

// other reports whether, of two, the one that is not e is a constant v.
func (w *walk) other(two []onnx.Edge, e onnx.Edge, v float64) bool {
	for _, x := range two {
		if x != e {
			return constant(x, v)
		}
	}
	return false
}

// difference is 1 - p, or a logarithm of a softmax that is written out.
func (w *walk) difference(a, b onnx.Edge, in func(int) *value) *value {
	if v := in(1); v.is == probabilities && near(v.factor, 1) && constant(a, 1) {
		return (&value{is: probabilities, factor: 1, by: v.by}).then("Sub")
	}
	if v := in(1); v.is == logOfSum {
		if x, _ := w.kept(a); x == v.of {
			return &value{is: logarithms, sums: true, by: []string{"log-softmax written out, Sub"}}
		}
	}
	if v := in(0); v.is == probabilities {
		if n, ok := number(b); ok && math.Abs(n) <= 1e-3 {
			return v.then("Sub")
		}
	}
	if n, _ := b.From(); n != nil && n.Is("Softplus") { // log(sigmoid(x)) = x - softplus(x)
		if x, ok := b.In(0); ok && w.same(a, x) {
			return &value{is: logarithms, by: []string{"Softplus, Sub"}}
		}
	}
	return nothing
}

// multiple is a constant times what is known, or that divided by one; nil where there is no
// constant.
func (w *walk) multiple(x, by onnx.Edge, v *value, n *onnx.Node, divided bool) *value {
	c, scalar := number(by)
	t := by.Constant()
	switch {
	case !scalar && t == nil:
		return nil
	case v.is != probabilities && v.is != signed && v.is != upTo || scalar && c <= 0:
		if scalar && c > 0 && v.is == positive {
			return v
		}
		return nothing
	case !scalar && (divided || v.is != probabilities || !bounded(t, 0, 1)):
		return nothing
	case !scalar: // each class by a constant of its own
		o := *v
		o.sums = false
		return o.then(n.Op)
	case divided:
		c = 1 / c
	}
	o := *v
	o.factor *= c
	if near(o.factor, 1) {
		o.factor = 1
		if o.is == upTo {
			o.is = probabilities
		}
	}
	return o.then(n.Op)
}

// product is that of two computed values.
func (w *walk) product(a, b onnx.Edge, in func(int) *value, n *onnx.Node) *value {
	for _, x := range [][2]onnx.Edge{{a, b}, {b, a}} { // x * (1 / sum of x)
		inverse, _ := w.kept(x[1])
		if r, _ := inverse.From(); r != nil && r.Is("Reciprocal") {
			if of, ok := inverse.In(0); ok {
				if v := w.normalised(x[0], of, w.value(x[0]), n); v != nil {
					return v
				}
			}
		}
	}
	p, q := in(0), in(1)
	if p.is == probabilities && q.is == probabilities && p.factor <= 1 && q.factor <= 1 {
		return (&value{is: probabilities, factor: p.factor * q.factor, by: p.by}).then(n.Op)
	}
	if a == b {
		return &value{is: positive, by: []string{n.Op}}
	}
	return nothing
}

// quotient is that of two computed values: a softmax or sigmoid that is written out, or
// a vector by its length.
func (w *walk) quotient(a, b onnx.Edge, in func(int) *value, n *onnx.Node) *value {
	if v := w.normalised(a, b, in(0), n); v != nil {
		return v
	}
	if under := in(1); under.is == onePlusExp {
		over := in(0)
		if c, ok := number(a); ok && near(c, 1) || over.is == positive && over.exp && over.of == under.of {
			return sigmoid(n)
		}
	}
	if w.length(a, b) {
		return &value{is: unit, by: []string{"ReduceL2", n.Op}}
	}
	return nothing
}

// normalised is x divided by its own sum; nil where it is not.
func (w *walk) normalised(x, by onnx.Edge, v *value, n *onnx.Node) *value {
	of, ok := w.total(by)
	if !ok || !w.same(x, of) {
		return nil
	}
	switch v.is {
	case positive:
		return softmax(n)
	case probabilities:
		return (&value{is: probabilities, sums: true, factor: 1, by: v.by}).then(n.Op)
	}
	return nil
}

// length reports whether by is the Euclidean length of x.
func (w *walk) length(x, by onnx.Edge) bool {
	by, _ = w.kept(by)
	for range 4 { // Clip, Max and Add keep it off 0
		n, _ := by.From()
		if n == nil || !n.Is("Clip", "Max", "Add", "Expand", "Sqrt", "Pow", "ReduceSum", "ReduceL2") {
			return false
		}
		in, ok := by.In(0)
		if !ok {
			return false
		}
		in, _ = w.kept(in)
		if n.Is("ReduceL2") {
			return w.same(in, x)
		}
		if n.Is("ReduceSum") {
			square, _ := in.From()
			if square == nil || !square.Is("Mul", "Pow", "Square") {
				return false
			}
			of, ok := in.In(0)
			return ok && w.same(of, x)
		}
		by = in
	}
	return false
}
