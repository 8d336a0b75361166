package meaning

import (
	"slices"

	"ortho/runner/onnx"
)

// indices is the output of the graph that holds the indices of a TopK node, or that of the
// largest value of which a ReduceMax node gives the value.
func indices(g *onnx.Graph, w *walk, largest *onnx.Node) string {
	for _, out := range g.Outputs {
		n, output := w.maker(g.Edge(out.Name)).From()
		switch {
		case n == nil:
		case n == largest && (output == 1 || n.Is("ArgMax")),
			n.Is("ArgMax") && largest.Is("ReduceMax") && w.sameOrder(g, n, largest):
			return out.Name
		}
	}
	return ""
}

// sameOrder reports whether two nodes look for the largest of the same values, or of what has
// the same order, as logits and their softmax.
func (w *walk) sameOrder(g *onnx.Graph, a, b *onnx.Node) bool {
	var of [2]onnx.Edge
	for i, n := range []*onnx.Node{a, b} {
		if len(n.Inputs) == 0 {
			return false
		}
		of[i] = g.Edge(n.Inputs[0])
		for range maxSteps {
			of[i], _ = w.kept(of[i])
			n, _ := of[i].From()
			next, ok := of[i].In(0)
			if n == nil || !ok || !n.Is("Softmax", "LogSoftmax", "Sigmoid", "Exp", "Log") {
				break
			}
			of[i] = next
		}
	}
	return of[0].Name() == of[1].Name()
}

// alone reports whether an output is known to have one value for an item: of maps that are pooled by
// ReduceMax there is one of each class, and not the largest alone.
func alone(g *onnx.Graph, name string) bool {
	for _, v := range g.Outputs {
		if v.Name == name && v.Ranked {
			return !slices.ContainsFunc(v.Dims[min(1, len(v.Dims)):], func(d onnx.Dim) bool { return d.Size != 1 })
		}
	}
	return false
}

// inPlace are operators that make a value of each value, at the place where that stood.
var inPlace = []string{"Softmax", "LogSoftmax", "Sigmoid", "HardSigmoid", "Tanh", "Exp", "Log", "Neg", "Sqrt", "Pow", "Relu", "Abs", "Add", "Sub", "Mul", "Div",
	"LpNormalization"}

// ofLargest is the value that is made of an edge where it is one of each of the largest few: theirs,
// too, are of the classes that TopK chose, whatever they are.
func (w *walk) ofLargest(e onnx.Edge, v *value) *value {
	n, _ := e.From()
	if v.largest != nil || n == nil || !n.Is(inPlace...) {
		return v
	}
	computed := 0
	for _, x := range e.Inputs() {
		if x.Constant() == nil {
			computed++
		}
	}
	for _, x := range e.Inputs() {
		of := w.value(x)
		// What is subtracted before a softmax, or divided by, is the largest value, too.
		if of.largest == nil || computed > 1 && !of.largest.Is("TopK") {
			continue
		}
		o := *v
		o.largest = of.largest
		if len(o.by) == 0 {
			return (&value{largest: of.largest, by: of.by}).then(n.Op)
		}
		return &o
	}
	return v
}
