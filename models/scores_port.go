package models

import (
	"slices"
	"strconv"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// ScoresPort is the output that gives the scores of classes.
type ScoresPort struct {
	OutputName  string
	Classes     int // values per item; 0 where only a run shows it
	Labels      []Label
	Activation  Activation
	Temperature float64 // logits are divided by it before the softmax; 0: not divided
	// Untrained are the classes for which there was no text in training, in ascending order:
	// their scores mean nothing.
	Untrained []int
	Doubt     config.Doubt
}

// Short is how many words a short text has: see [config.Doubt].
const Short = 4

// scoreTypes are the element types that a classifier's output may have.
var scoreTypes = map[onnx.ElementType]bool{
	onnx.Float: true, onnx.Float16: true, onnx.Double: true, onnx.Uint8: true, onnx.Int8: true,
}

// classesOf returns the classes of an output of shape [N,C], [N,C,1,1] or
// [N,1,1,C]; 0 where only a run shows it. ok is false where the shape is another.
func classesOf(v onnx.Value) (n int, ok bool) {
	if v.Kind != "tensor" || !scoreTypes[v.Type] {
		return 0, false
	}
	if !v.Ranked {
		return 0, true
	}
	one := func(i int) bool { return v.Dims[i].Size == 1 }
	var d onnx.Dim
	switch {
	case len(v.Dims) == 2, len(v.Dims) == 4 && one(2) && one(3):
		d = v.Dims[1]
	case len(v.Dims) == 4 && one(1) && one(2):
		d = v.Dims[3]
	default:
		return 0, false
	}
	if d.Size > config.MaxClasses || d.Size == 0 {
		return 0, false
	}
	return int(max(0, d.Size)), true
}

// scoresOrEmbedding settles which output is read, and what its numbers mean: those of an
// output that is named are taken as they are.
func (r *resolver) scoresOrEmbedding() {
	switch v, s, named := r.namedOutput(); {
	case v != nil:
		r.embedding = &EmbeddingPort{v.Name}
		r.fact("output", v.String(), s.Source)
		return
	case named:
		var all []string
		for _, v := range r.graph.Outputs {
			all = append(all, v.Name)
		}
		r.fact("output", s.Value+" (not there)", s.Source)
		r.fail("%s has no output %q; there are %s", r.name, s.Value, strings.Join(all, ", "))
		return
	}
	var picked *onnx.Value
	for i, v := range r.graph.Outputs {
		if _, ok := classesOf(v); ok && (picked == nil || v.Name == "logits") {
			picked = &r.graph.Outputs[i]
		}
	}
	if picked == nil {
		r.fact("output", "none gives classes", "graph")
		zipped := ""
		if r.graph.Ops["ZipMap"] > 0 {
			zipped = `; skl2onnx gives them as a tensor by options={"zipmap": False}`
		}
		like, output := looks(r.graph)
		why := "gives no classes: no output has the shape [batch,classes] (outputs: " + onnx.List(r.graph.Outputs) + ")" + zipped
		r.unfit("%w", &NoClassesError{Model: r.name, Why: why, Like: like, Output: output})
		return
	}
	r.scores = &ScoresPort{OutputName: picked.Name}
	r.fact("output", picked.String(), "graph")
	r.activation(picked.Op)
	r.temperature()
	r.classes(*picked)
}

func (r *resolver) activation(op string) {
	s, ok := config.OutputActivation.Find(r.layers)
	if !ok || !r.layers[s.Rank].ByUser() {
		switch op {
		case "Softmax", "Sigmoid", "HardSigmoid":
			s, ok = config.OutputActivation.Of(None, "graph ("+op+" inside)"), true
		case "LogSoftmax": // softmax of the logarithm of p is p
			s, ok = config.OutputActivation.Of(Softmax, "graph (LogSoftmax inside)"), true
		}
	}
	if !ok {
		s = config.OutputActivation.Of(Softmax, "default")
	}
	if inside := op == "Softmax" || op == "Sigmoid" || op == "HardSigmoid"; inside && s.Value != None {
		r.notice("%s states the activation %s, and the graph of %s ends in %s already: both are applied (none applies the graph's alone)", s.Source, s.Value, r.name, op)
	}
	r.scores.Activation = noted(r, config.OutputActivation, s)
}

// temperature settles what logits are divided by. Only a softmax outside of the graph
// has logits to divide; sigmoids would need a temperature and a threshold each.
func (r *resolver) temperature() {
	s, ok := config.Temperature.Find(r.layers)
	if !ok {
		return
	}
	t := noted(r, config.Temperature, s)
	why := map[Activation]string{
		Sigmoid: "the activation is sigmoid: each class has a probability of its own",
		None:    "the activation is none: the graph has made its logits probabilities already",
	}[r.scores.Activation]
	if t != 1 && why != "" {
		r.fail("%s states a temperature of %s, which divides logits before a softmax, but %s", s.Source, s.Text, why)
		return
	}
	r.scores.Temperature = t
}

// classes settles how many there are and what they are called.
func (r *resolver) classes(out onnx.Value) {
	n, _ := classesOf(out)
	source := "graph"
	list, named := config.Labels.Find(r.layers)
	if s, ok := config.Classes.Find(r.layers); n == 0 && ok {
		n, source = s.Value, s.Source
	}
	if n == 0 && named {
		n, source = len(list.Value.Labels), list.Source
	}
	r.scores.Classes = n
	if n > 0 {
		r.fact("classes", strconv.Itoa(n), source)
	} else {
		r.fact("classes", "the first run tells", "graph")
	}
	if !named {
		r.fact("labels", "none: classes are told by their index", "default")
		return
	}
	labels := r.stateLabels(list, n)
	r.scores.Labels = labels
	if len(labels) == n {
		return
	}
	more := ""
	if n == len(labels)+1 {
		more = " (one more: as TensorFlow's models often have a class of the background before all others; then a file whose first line is background, and these after it)"
	}
	err := config.Errorf("%s holds %s, but %s gives %s: give other %s%s", list.Source, many(len(labels), "label"), r.name, many(n, "class"), config.Key("labels"), more)
	if r.layers[list.Rank].Source == "flag" {
		r.wrong("labels", "", "%w", err)
	} else {
		r.fail("%w", err)
	}
}

// trained settles what was measured of a classifier of texts: its doubts and untrained classes.
func (r *resolver) trained() {
	scores := r.scores
	if scores == nil {
		scores = &ScoresPort{} // of an embedding, or none: the facts still show what is stated
	}
	if s, ok := config.DoubtBelow.Find(r.layers); ok {
		scores.Doubt = noted(r, config.DoubtBelow, s)
	}
	s, ok := config.Untrained.Find(r.layers)
	if !ok {
		return
	}
	scores.Untrained = slices.Clone(s.Value)
	r.fact("untrained", many(len(s.Value), "class"), s.Source)
	if n := scores.Classes; n > 0 && slices.Max(s.Value) >= n {
		r.fail("%s states that class %d is untrained, but %s gives %s", s.Source, slices.Max(s.Value), r.name, many(n, "class"))
	}
}
