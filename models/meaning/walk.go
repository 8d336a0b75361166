package meaning

import (
	"math"
	"slices"

	"ortho/runner/onnx"
)

// value tells what is known of an edge.
func (w *walk) value(e onnx.Edge) *value {
	e = e.Settled()
	if v, ok := w.known[e]; ok {
		return v
	}
	w.known[e] = nothing // a damaged graph may run in a circle
	v := nothing
	if w.depth < maxDepth && w.steps < maxValues {
		w.depth++
		w.steps++
		v = w.ofLargest(e, w.made(e))
		w.depth--
	}
	w.known[e] = v
	return v
}

// made tells what an operator makes of its inputs.
func (w *walk) made(e onnx.Edge) *value {
	n, output := e.From()
	if n == nil {
		return nothing
	}
	if within := e.Within(); len(within) > 0 {
		return w.merged(within).named(n)
	}
	in := func(i int) *value {
		if x, ok := e.In(i); ok {
			return w.value(x)
		}
		return nothing
	}
	switch {
	case n.Is("FusedGemm", "FusedConv", "NhwcFusedConv", "FusedMatMulActivation", "Conv"):
		return fused(n, text(e, "activation"))
	case n.Is("Softmax", "BiasSoftmax"), n.Is("LpNormalization") && integer(e, "p", 2) == 1 && in(0).is != anything, n.Is("Normalizer") && text(e, "norm") == "L1" && in(0).is != anything:
		return &value{is: probabilities, sums: true, factor: 1, by: []string{n.Op}}
	case n.Is("LogSoftmax"):
		return &value{is: logarithms, sums: true, by: []string{n.Op}}
	case n.Is("SoftmaxCrossEntropyLoss") && output == 1:
		return &value{is: logarithms, sums: true, by: []string{n.Op}}
	case n.Is("Neg") && w.isOp(e, "Softplus"): // log(sigmoid(x)) = -softplus(-x)
		return &value{is: logarithms, by: []string{"Softplus, Neg"}}
	case n.Is("Neg") && in(0).is == costs:
		return &value{is: logarithms, sums: in(0).sums, by: append(slices.Clone(in(0).by), n.Op)}
	case n.Is("Neg") && in(0).is == logarithms:
		return &value{is: costs, sums: in(0).sums, by: append(slices.Clone(in(0).by), n.Op)}
	case n.Is("Sigmoid", "HardSigmoid"):
		return &value{is: probabilities, factor: 1, by: []string{n.Op}}
	case n.Is("Tanh"):
		return &value{is: signed, factor: 1, by: []string{n.Op}}
	case n.Is("LpNormalization"), n.Is("Normalizer") && text(e, "norm") == "L2":
		return &value{is: unit, by: []string{n.Op}}
	case n.Is("ArgMax"):
		return &value{is: index, by: []string{n.Op}}
	case n.Is("TopK"):
		switch {
		case output == 1 && integer(e, "largest", 1) == 0:
			return nothing
		case output == 1:
			return &value{is: index, by: []string{n.Op}}
		}
		v := *in(0)
		v.sums, v.largest = false, n
		return v.then(n.Op)
	case n.Is("LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"):
		return w.classifier(e, n, output)
	case n.Is("ZipMap"):
		return in(0)
	case n.Is("QuantizeLinear"):
		v := *in(0)
		v.codes = quantised(e, 1, 2)
		return &v
	case n.Is("DequantizeLinear"):
		v := *in(0)
		v.codes = nil
		return &v
	case n.Is("QLinearSoftmax"):
		return &value{is: probabilities, sums: true, factor: 1, by: []string{n.Op}, codes: quantised(e, 3, 4)}
	case n.Is("QLinearSigmoid"):
		return &value{is: probabilities, factor: 1, by: []string{n.Op}, codes: quantised(e, 3, 4)}
	case n.Is("DynamicQuantizeLinear"):
		return &value{codes: &Quantised{Computed: true}}
	case n.Is(moving...):
		return in(0)
	}
	if at, ok := codesAt[n.Op]; ok && n.Is(n.Op) {
		return &value{codes: quantised(e, at, at+1)}
	}
	if v := w.kept1(e, n, in); v != nil {
		return v
	}
	if v := w.arithmetic(e, n, in); v != nil {
		return v
	}
	return nothing
}

// kept1 is of operators that choose among the values of one input, or limit them.
func (w *walk) kept1(e onnx.Edge, n *onnx.Node, in func(int) *value) *value {
	switch {
	case n.Is("Clip") && in(0).is == anything:
		return limited(e, n)
	case n.Is("Clip", "Round", "Floor", "Ceil"): // to a few digits, or off 0 and 1
		return in(0).then(n.Op)
	case n.Is("Slice", "Gather", "GatherElements", "GatherND", "Split", "Compress", "ArrayFeatureExtractor", "MaxPool", "ReduceMax", "ReduceMin", "Pad", "Trilu"):
		v := *in(0)
		v.sums = false
		if v.is == unit {
			v.is = anything
		}
		switch {
		case n.Is("ReduceMax"):
			v.largest = n
		case n.Is("GatherElements", "Gather", "GatherND"): // by the classes that TopK or ArgMax chose
			if at, ok := e.In(1); ok && in(1).is == index {
				at, _ = w.kept(at)
				v.largest, _ = at.From()
			}
		case n.Is("MaxPool", "ReduceMin"):
			v.largest = nil
		}
		return v.then(n.Op)
	case n.Is("Max", "Min", "Where", "Concat"):
		return w.joined(e, n)
	case n.Is("Pow", "Sqrt"):
		return w.power(e, n, in(0))
	case n.Is("ReduceMean", "GlobalAveragePool", "AveragePool"):
		v := *in(0)
		if v.is != probabilities {
			return nothing
		}
		v.largest = nil
		return v.then(n.Op)
	case n.Is("ReduceProd"):
		v := *in(0)
		if v.is != probabilities || !near(v.factor, 1) {
			return nothing
		}
		v.sums, v.largest = false, nil
		return v.then(n.Op)
	case n.Is("Relu", "Abs", "Softplus", "Softsign"):
		if v := in(0); v.is == probabilities {
			return v.then(n.Op)
		}
		return &value{is: positive, by: []string{n.Op}}
	}
	return nil
}

// joined is of operators by which probabilities stay between 0 and 1, whose sum is another, and
// codes of one scale are codes still.
func (w *walk) joined(e onnx.Edge, n *onnx.Node) *value {
	inputs := e.Inputs()
	if n.Is("Where") {
		inputs = inputs[min(len(inputs), 1):]
	}
	v := value{is: probabilities}
	if n.Is("Concat") {
		v.codes = w.codes(inputs)
	}
	shares := 0
	for _, x := range inputs {
		if c, ok := number(x); !n.Is("Concat") && (ok && c >= 0 && c <= 1 || bounded(x.Constant(), 0, 1)) {
			continue
		}
		one := w.value(x)
		if one.is != probabilities || shares > 0 && !near(one.factor, v.factor) {
			return &value{codes: v.codes}
		}
		v.factor = one.factor
		shares++
		v.by = one.by
	}
	if shares == 0 {
		return nothing
	}
	if n.Is("Concat") && len(inputs) == 2 && (w.rest(inputs[0], inputs[1]) || w.rest(inputs[1], inputs[0])) {
		v.sums = true
	}
	if n.Is("Concat") && len(inputs) == 1 {
		v.sums = w.value(inputs[0]).sums
	}
	return v.then(n.Op)
}

// fused is of operators into which ONNX Runtime, where it saves a graph that it has optimised, has
// put the activation after them.
func fused(n *onnx.Node, activation string) *value {
	by := []string{n.Op + " with " + activation}
	switch activation {
	case "Sigmoid", "HardSigmoid":
		return &value{is: probabilities, factor: 1, by: by}
	case "Tanh":
		return &value{is: signed, factor: 1, by: by}
	case "Relu":
		return &value{is: positive, by: by}
	}
	return nothing
}

// limited is what Clip keeps from 0 to a number: hard sigmoids that are written out end so, or are
// divided by it.
func limited(e onnx.Edge, n *onnx.Node) *value {
	var limits [2]float64
	for i, name := range []string{"min", "max"} {
		if x, ok := e.In(i + 1); ok {
			if limits[i], ok = number(x); !ok {
				return nothing
			}
		} else if a, ok := e.Attribute(name); ok {
			limits[i] = a.Float
		} else {
			return nothing
		}
	}
	switch {
	case limits[0] != 0 || limits[1] <= 0:
		return nothing
	case limits[1] == 1:
		return &value{is: probabilities, factor: 1, by: []string{n.Op}}
	}
	return &value{is: upTo, factor: limits[1], by: []string{n.Op}}
}

// power is of probabilities, which stay so, and of what a sigmoid that is written out divides by.
func (w *walk) power(e onnx.Edge, n *onnx.Node, v *value) *value {
	exponent, known := 0.5, true
	if n.Is("Pow") {
		if by, ok := e.In(1); ok {
			exponent, known = number(by)
		}
	}
	switch {
	case v.is == onePlusExp && known && exponent == -1:
		return sigmoid(n)
	case v.is == probabilities && near(v.factor, 1) && known && exponent > 0:
		o := *v
		o.sums = o.sums && exponent == 1
		return o.then(n.Op)
	case known && (exponent == 2 || n.Is("Sqrt")):
		return &value{is: positive, by: []string{n.Op}}
	}
	return nothing
}

// rest reports whether a is 1 - b.
func (w *walk) rest(a, b onnx.Edge) bool {
	a, _ = w.kept(a)
	n, _ := a.From()
	if n == nil || !n.Is("Sub") {
		return false
	}
	one, ok := a.In(0)
	if !ok || !constant(one, 1) {
		return false
	}
	p, ok := a.In(1)
	return ok && w.same(p, b)
}

// merged is what all of several values are, any of which may come.
func (w *walk) merged(all []onnx.Edge) *value {
	v := *w.value(all[0])
	for _, e := range all[1:] {
		o := w.value(e)
		if o.is != v.is || !near(o.factor, v.factor) || !v.codes.same(o.codes) {
			return nothing
		}
		v.sums = v.sums && o.sums
		if o.largest != v.largest {
			v.largest = nil
		}
	}
	return &v
}

// named adds a function or branch through which the values come.
func (v *value) named(n *onnx.Node) *value {
	if v.is == anything {
		return v
	}
	return v.then(n.Op)
}

// isOp reports whether what an edge's node takes comes from an operator of that name.
func (w *walk) isOp(e onnx.Edge, op string) bool {
	in, ok := e.In(0)
	if !ok {
		return false
	}
	in, _ = w.kept(in)
	n, _ := in.From()
	return n != nil && n.Is(op)
}

// classifier is of the operators of classic machine learning: their second output are scores.
func (w *walk) classifier(e onnx.Edge, n *onnx.Node, output int) *value {
	if output == 0 {
		return &value{is: index, by: []string{n.Op}}
	}
	by := func(post string) []string { return []string{n.Op + " (post_transform " + post + ")"} }
	switch post := text(e, "post_transform"); post {
	case "SOFTMAX", "SOFTMAX_ZERO":
		return &value{is: probabilities, sums: true, factor: 1, by: by(post)}
	case "LOGISTIC", "PROBIT":
		return &value{is: probabilities, factor: 1, by: by(post)}
	}
	if a, ok := e.Attribute("prob_a"); ok && (len(a.Floats) > 0 || a.Partial) {
		return &value{is: probabilities, sums: true, factor: 1, by: []string{n.Op + " (prob_a)"}}
	}
	return nothing
}

func integer(e onnx.Edge, name string, byDefault int64) int64 {
	if a, ok := e.Attribute(name); ok {
		return a.Int
	}
	return byDefault
}

func text(e onnx.Edge, name string) string {
	a, _ := e.Attribute(name)
	return a.Text
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-3*math.Max(math.Abs(a), math.Abs(b)) }

// constant reports whether an edge is a constant all of whose elements are v, but for float16's
// rounding.
func constant(e onnx.Edge, v float64) bool {
	c, ok := number(e)
	return ok && near(c, v)
}

// number is the one number that a constant holds, however often.
func number(e onnx.Edge) (float64, bool) {
	for range maxSteps {
		n, _ := e.From()
		if n == nil || !n.Is("Identity", "Cast", "CastLike", "Reshape", "Expand", "Unsqueeze", "Squeeze") || e.Constant() != nil {
			break
		}
		next, ok := e.In(0)
		if !ok {
			break
		}
		e = next
	}
	t := e.Constant()
	if n, _ := e.From(); t == nil && n != nil && n.Is("ConstantOfShape") {
		if a, ok := e.Attribute("value"); ok {
			return a.Tensor.Number()
		}
		return 0, true
	}
	if t == nil || !t.Kept || len(t.Numbers) == 0 {
		return 0, false
	}
	for _, v := range t.Numbers {
		if v != t.Numbers[0] {
			return 0, false
		}
	}
	return t.Numbers[0], true
}

// bounded reports whether all elements of a constant are from lo to hi.
func bounded(t *onnx.Tensor, lo, hi float64) bool {
	return t != nil && t.Kept && len(t.Numbers) > 0 && slices.Min(t.Numbers) >= lo && slices.Max(t.Numbers) <= hi
}
