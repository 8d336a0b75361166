package models

import (
	"fmt"
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/models/meaning"
	"ortho/runner/onnx"
)

// scoreTypes are the element types that a classifier's output may have.
var scoreTypes = map[onnx.ElementType]bool{
	onnx.Float: true, onnx.Float16: true, onnx.BFloat16: true, onnx.Double: true, onnx.Uint8: true, onnx.Int8: true,
}

// wholeTypes are those that an output of scores has only where the graph shows what its integers
// are: codes, or multiples of probabilities; or the number of a class.
var wholeTypes = map[onnx.ElementType]bool{onnx.Int16: true, onnx.Uint16: true, onnx.Int32: true, onnx.Int64: true}

// scoresOutput is an output that may hold the scores of classes.
type scoresOutput struct {
	value   onnx.Value
	read    string // the name of the tensor that is read: within the graph, where ZipMap makes maps of it
	classes int    // values per item; 0 where only a run shows it
	means   meaning.Meaning
}

// scoresOf tells how an output holds scores: as a tensor [N,C], [N,C,1,1], [N,1,1,C], [N,1,C] or
// [C], as maps from classes to scores (ZipMap), or as the number of the class alone (ArgMax). ok is
// false where it does not.
func scoresOf(g *onnx.Graph, v onnx.Value) (s scoresOutput, ok bool) {
	if v.Kind != "tensor" {
		inner := meaning.Zipped(g, v.Name)
		if inner == "" {
			return s, false
		}
		return scoresOutput{value: v, read: inner, means: meaning.Of(g, inner)}, true
	}
	if wholeTypes[v.Type] {
		m := meaning.Of(g, v.Name)
		if m.Index || m.Kind == meaning.Unknown && m.Quantised == nil {
			return scoresOutput{value: v, read: v.Name, means: m}, m.Index && len(v.Dims) <= 4 && onePerItem(v) && (m.Last == "ArgMax" || m.Last == "TopK")
		}
	}
	n, ok := classesOf(v, batchOf(g))
	if !ok && len(v.Dims) == 3 && v.Dims[2].Size == 1 && len(g.Outputs) == 1 && scoreTypes[v.Type] {
		// [N,C,1], as detectors have the scores of places: classes where the graph makes a distribution.
		m := meaning.Of(g, v.Name)
		return scoresOutput{value: v, read: v.Name, classes: int(max(0, v.Dims[1].Size)), means: m}, m.Sums
	}
	if !ok {
		return s, false
	}
	return scoresOutput{value: v, read: v.Name, classes: n, means: meaning.Of(g, v.Name)}, true
}

// onePerItem reports whether an output has one value for each item.
func onePerItem(v onnx.Value) bool {
	for i, d := range v.Dims {
		if i > 0 && d.Size != 1 {
			return false
		}
	}
	return v.Ranked
}

// batchOf is the first dimension of the graph's first input.
func batchOf(g *onnx.Graph) onnx.Dim {
	if len(g.Inputs) > 0 && len(g.Inputs[0].Dims) > 0 {
		return g.Inputs[0].Dims[0]
	}
	return onnx.Dim{Size: -1}
}

// classesOf returns the classes of an output of shape [N,C], [N,C,1,1], [N,1,1,C], [N,1,C], of [N]
// where N is the batch, or of [C]; 0 where only a run shows it. ok is false where the shape
// is another.
func classesOf(v onnx.Value, batch onnx.Dim) (n int, ok bool) {
	if v.Kind != "tensor" || !scoreTypes[v.Type] && !wholeTypes[v.Type] {
		return 0, false
	}
	if !v.Ranked {
		return 0, true
	}
	one := func(i int) bool { return v.Dims[i].Size == 1 }
	var d onnx.Dim
	switch {
	case len(v.Dims) == 1 && !v.Dims[0].Fixed():
		if v.Dims[0].Name == "" || v.Dims[0].Name != batch.Name {
			return 0, false
		}
		return 1, true
	case len(v.Dims) == 1:
		d = v.Dims[0]
	case len(v.Dims) == 2, len(v.Dims) == 4 && one(2) && one(3):
		d = v.Dims[1]
	case len(v.Dims) == 4 && one(1) && one(2):
		d = v.Dims[3]
	case len(v.Dims) == 3 && one(1):
		d = v.Dims[2]
	default:
		return 0, false
	}
	if d.Size > config.MaxClasses || d.Size == 0 {
		return 0, false
	}
	return int(max(0, d.Size)), true
}

// ofBoxes reports whether outputs are the boxes of a detector, [N,K,4] or [K,4], and a value for each
// of them.
func ofBoxes(g *onnx.Graph) bool {
	same := func(a, b onnx.Dim) bool { return a.Size == b.Size && a.Name == b.Name && (a.Fixed() || a.Name != "") }
	for _, boxes := range g.Outputs {
		last := len(boxes.Dims) - 1
		if last < 1 || boxes.Dims[last].Size != 4 || boxes.Dims[last-1].Size == 1 || same(boxes.Dims[last-1], batchOf(g)) {
			continue
		}
		if slices.ContainsFunc(g.Outputs, func(v onnx.Value) bool {
			return slices.EqualFunc(v.Dims, boxes.Dims[:last], same) && scoreTypes[v.Type]
		}) {
			return true
		}
	}
	return false
}

// scoresOutputs are all that may hold scores. The number of the class alone counts only where
// nothing else does: the scores say more.
func scoresOutputs(g *onnx.Graph) []scoresOutput {
	if ofBoxes(g) {
		return nil
	}
	var scores, numbers []scoresOutput
	for _, v := range g.Outputs {
		s, ok := scoresOf(g, v)
		switch {
		case !ok:
		case s.means.Index:
			numbers = append(numbers, s)
		default:
			scores = append(scores, s)
		}
	}
	if len(scores) == 0 {
		return numbers
	}
	return scores
}

// evidence tells, of several outputs, those that hold the scores; by says what it is in words.
type evidence struct {
	by    string
	holds func(r *resolver, s scoresOutput, all []scoresOutput) bool
}

// scoreNames are what exporters and people call the output with the scores.
var scoreNames = []string{"logits", "probabilities", "output_probability", "probability", "probs", "prob", "scores", "score", "softmax", "sigmoid", "predictions", "classes", "class_probs", "output_probabilities"}

// featureNames are parts of the names of outputs that hold no scores.
var featureNames = []string{"feat", "embed", "hidden", "pool", "repr", "attention", "aux", "box", "landmark", "keypoint", "mask"}

func calledFeatures(v onnx.Value) bool {
	return slices.ContainsFunc(featureNames, func(part string) bool { return strings.Contains(strings.ToLower(v.Name), part) })
}

// byEnd is the evidence that is what the graph makes of its values.
const byEnd = "how the graph ends"

// evidences are by precedence: the first that some outputs have and others have not decides.
var evidences = []evidence{
	{"its name", func(_ *resolver, s scoresOutput, _ []scoresOutput) bool { return bare(s.value.Name) == "logits" }},
	{"its name", func(_ *resolver, s scoresOutput, _ []scoresOutput) bool {
		return slices.Contains(scoreNames, bare(s.value.Name))
	}},
	{"the number of labels", func(r *resolver, s scoresOutput, _ []scoresOutput) bool {
		list, ok := config.Labels.Find(r.layers)
		return ok && len(list.Value.Labels) == s.classes
	}},
	{"the number of classes in its files", func(r *resolver, s scoresOutput, _ []scoresOutput) bool {
		n, ok := config.Classes.Find(r.layers)
		return ok && n.Value == s.classes
	}},
	{"the others' names", func(_ *resolver, s scoresOutput, _ []scoresOutput) bool { return !calledFeatures(s.value) }},
	{byEnd, func(_ *resolver, s scoresOutput, _ []scoresOutput) bool { return s.means.Kind != meaning.UnitVector }},
	{byEnd, func(r *resolver, s scoresOutput, all []scoresOutput) bool {
		// Weights of places are a softmax, too: of these the scores are made.
		return (s.means.Kind != meaning.Unknown || s.means.Largest) && !slices.ContainsFunc(all, func(o scoresOutput) bool {
			return o.read != s.read && o.means.Kind == meaning.Unknown && meaning.MadeOf(r.graph, o.read, s.read)
		})
	}},
}

// bare is an output's name without what TensorFlow and ML.NET put around it: "head/Softmax:0",
// "Score.output".
func bare(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return strings.ToLower(strings.TrimSuffix(name, ".output"))
}

// chooseOutput picks the output that holds the scores: as stated, the only one that may, or
// the one that evidence points to. Where two could it asks, and returns nil.
func (r *resolver) chooseOutput() *scoresOutput {
	switch v, s, named := r.namedOutput(config.ScoresOutput); {
	case v != nil:
		picked, ok := scoresOf(r.graph, *v)
		if !ok {
			r.fact("output", v.String(), s.Source)
			r.fail("%s: output %s can't hold the scores of classes: they are [batch,classes] in floats, or in integers that the graph explains; give %s to have its values as they are", r.name, v, config.Key("output-name"))
			return nil
		}
		r.fact("output", v.String(), s.Source)
		return &picked
	case named:
		r.noOutput(s)
		return nil
	}
	all := scoresOutputs(r.graph)
	if len(all) == 0 {
		return nil
	}
	source, others := "graph (the only one that can hold scores)", all
	if len(r.graph.Outputs) == 1 {
		source = "graph (its only output)"
	}
	for _, e := range evidences {
		var some []scoresOutput
		for _, s := range all {
			if e.holds(r, s, all) {
				some = append(some, s)
			}
		}
		if len(some) > 0 && len(some) < len(all) {
			others = all
			all, source = some, fmt.Sprintf("graph (%s, of several)", e.by)
		}
		if len(all) == 1 {
			break
		}
	}
	if len(all) > 1 {
		var names []string
		for _, s := range all {
			names = append(names, s.value.String())
		}
		r.gap("output", "which of its outputs holds the scores of classes ("+strings.Join(names, " or ")+")", all[0].value.Name, "scores-output")
		return nil
	}
	// A softmax says little where the others are not what it is made of, but heads of their own.
	if picked := all[0]; picked.means.Kind != meaning.Unknown && strings.Contains(source, byEnd) {
		for _, o := range others {
			if o.read != picked.read && o.means.Kind == meaning.Unknown && !meaning.MadeOf(r.graph, picked.read, o.read) {
				r.notice("output %s of %s is taken for the scores of classes, since it comes from %s, and not %s (%s says otherwise)", picked.value.Name, r.name, picked.means.By, o.value.Name, config.Key("scores-output"))
				break
			}
		}
	}
	r.fact("output", all[0].value.String(), source)
	return &all[0]
}
