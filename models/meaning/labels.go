package meaning

import (
	"fmt"
	"slices"

	"ortho/runner/onnx"
)

// Labels are the names of classes that the graph itself holds, as exports of scikit-learn, ML.NET
// and Custom Vision do, and the operator that has them; nil where there are none, or where they are
// no more than the classes' numbers.
func Labels(g *onnx.Graph) (labels []string, by string) {
	if g.Body == nil {
		return nil, ""
	}
	for _, op := range []string{"ZipMap", "LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"} {
		for _, n := range g.Body.Nodes {
			if !n.Is(op) {
				continue
			}
			for _, name := range []string{"classlabels_strings", "classlabels_int64s", "classlabels_ints"} {
				if a, ok := n.Attribute(name); ok {
					if labels := named(a); labels != nil {
						return labels, op
					}
				}
			}
		}
	}
	for _, n := range g.Body.Nodes { // names[ArgMax(scores)]
		if n.Is("ArrayFeatureExtractor") && len(n.Inputs) > 0 {
			if t := g.Edge(n.Inputs[0]).Constant(); t != nil && t.Kept && len(t.Texts) > 1 {
				return t.Texts, n.Op
			}
		}
		if n.Is("LabelEncoder") {
			keys, _ := n.Attribute("keys_int64s")
			values, _ := n.Attribute("values_strings")
			if inOrder(keys.Ints) && len(values.Texts) == len(keys.Ints) && len(keys.Ints) > 1 {
				return values.Texts, n.Op
			}
		}
	}
	return nil, ""
}

// named are labels as an attribute has them.
func named(a onnx.Attribute) []string {
	if len(a.Texts) > 0 {
		return slices.Clone(a.Texts)
	}
	if len(a.Ints) == 0 || inOrder(a.Ints) {
		return nil
	}
	var labels []string
	for _, v := range a.Ints {
		labels = append(labels, fmt.Sprint(v))
	}
	return labels
}

// inOrder reports whether numbers are 0, 1, 2, ...
func inOrder(numbers []int64) bool {
	for i, v := range numbers {
		if v != int64(i) {
			return false
		}
	}
	return true
}

// Zipped returns the tensor of scores that ZipMap makes a list of maps of, where that is what
// the output is; "" elsewhere.
func Zipped(g *onnx.Graph, output string) string {
	e := g.Edge(output)
	for range maxSteps {
		n, _ := e.From()
		if n == nil || !n.Is("Identity", "ZipMap") || len(e.Within()) > 0 {
			return ""
		}
		in, ok := e.In(0)
		if !ok {
			return ""
		}
		if n.Is("ZipMap") {
			if slices.Contains(g.Body.Outputs, in.Name()) || g.Body.Gives(in.Name()) {
				return in.Name()
			}
			return ""
		}
		e = in
	}
	return ""
}
