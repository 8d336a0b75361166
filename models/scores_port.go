package models

import (
	"fmt"
	"slices"
	"strconv"

	"ortho/models/config"
	"ortho/models/meaning"
	"ortho/runner/onnx"
)

// ScoresPort is the output that gives the scores of classes.
type ScoresPort struct {
	OutputName string // the tensor that is read: an output, or what ZipMap makes maps of
	// IndicesName is the output that says of which classes the values are, where they are the
	// largest few (TopK); "" where they are of all.
	IndicesName string
	Index       bool // the value is the number of the best class (ArgMax)
	Classes     int  // 0 where only a run shows it
	Labels      []Label
	Codes       *meaning.Quantised // how codes become values; nil where they are values
	Divisor     float64            // of probabilities that the graph multiplies: 100 of percent; 0: none
	Logarithms  bool               // of probabilities of their own: they are exponentiated
	// Single: one value stands for two classes, that of its class and the complement; First: its
	// class is the first of the two, not the second.
	Single, First bool
	Activation    Activation
	Certain       bool    // the activation is stated, or the graph shows it; else see [ScoresPort.Read]
	Temperature   float64 // logits are divided by it before the softmax; 0: not divided
	// Untrained are the classes for which there was no text in training, in ascending order:
	// their scores mean nothing.
	Untrained []int
	Doubt     config.Doubt
}

// Short is how many words a short text has: see [config.Doubt].
const Short = 4

// scoresOrEmbedding settles which output is read, and what its numbers mean: those of an
// output that is named are taken as they are.
func (r *resolver) scoresOrEmbedding() {
	switch v, s, named := r.namedOutput(config.OutputName); {
	case v != nil:
		r.embedding = &EmbeddingPort{v.Name}
		r.fact("output", v.String(), s.Source)
		return
	case named:
		r.noOutput(s)
		return
	}
	gaps, errs := len(r.gaps), len(r.errs)
	picked := r.chooseOutput()
	switch {
	case picked != nil:
	case len(r.gaps) > gaps || len(r.errs) > errs:
		return
	default:
		r.fact("output", "none gives classes", "graph")
		like, output := looks(r.graph)
		why := "gives no classes: no output has the shape [batch,classes]"
		if ofBoxes(r.graph) {
			why = "gives no classes of the image: its scores are those of boxes"
		}
		why += " (outputs: " + onnx.List(r.graph.Outputs) + ")"
		r.unfit("%w", &NoClassesError{Model: r.name, Why: why, Like: like, Output: output})
		return
	}
	if r.regression(picked) {
		return
	}
	r.scores = &ScoresPort{OutputName: picked.read}
	r.reading(picked)
	r.activation(picked)
	r.temperature()
	r.classes(picked)
}

// regression settles that the values of a model are no scores but what it measures.
func (r *resolver) regression(out *scoresOutput) bool {
	s, ok := config.ProblemType.Find(r.layers)
	_, stated := config.OutputActivation.Find(r.layers)
	if !ok || s.Value != config.Regression || stated {
		return false
	}
	r.embedding = &EmbeddingPort{out.read}
	r.fact("problem-type", "regression: its values are no scores of classes, and are given as they are", s.Source)
	return true
}

// reading settles how the numbers of the output become what the activation is applied to.
func (r *resolver) reading(out *scoresOutput) {
	m := out.means
	if m.Largest {
		if m.Indices == "" {
			r.fail("%s: output %s holds the largest of the scores (%s), and no output says of which classes they are: export the indices, too, or give %s", r.name, out.value.Name, m.By, config.Key("output-name"))
			return
		}
		r.scores.IndicesName = m.Indices
		r.fact("indices", m.Indices+": of which classes the scores are", "graph (TopK)")
	}
	if m.Index {
		r.scores.Index = true
		r.notice("output %s of %s is the number of the best class alone (%s): it is shown with a probability of 1, which the graph does not give", out.value.Name, r.name, m.By)
	}
	switch q := m.Quantised; {
	case q == nil:
		if (out.value.Type == onnx.Uint8 || out.value.Type == onnx.Int8) && m.Kind == meaning.Unknown {
			r.notice("output %s of %s is %s, and nothing in the graph says by which scale it is quantised: its numbers are taken as they are", out.value.Name, r.name, out.value.Type)
		}
	case q.Computed:
		r.fail("%s: output %s is quantised, and by no one scale that the graph holds (it computes it for each run, or puts several together): export the model with the values dequantised", r.name, out.value.Name)
	default:
		r.scores.Codes = q
		r.fact("quantised", fmt.Sprintf("(value - %s) * %s", numberOrMany(q.Zero), numberOrMany(q.Scale)), "graph")
	}
	if m.Kind == meaning.LogProbabilities && !m.Sums {
		r.scores.Logarithms = true
		r.fact("logarithms", "its values are those of probabilities", "graph ("+m.By+")")
	}
	if m.Kind == meaning.Probabilities && m.Factor > 1 {
		r.scores.Divisor = m.Factor
		r.fact("divisor", strconv.FormatFloat(m.Factor, 'g', 6, 64)+": the graph multiplies its probabilities by it", "graph ("+m.By+")")
	}
}

func numberOrMany(numbers []float64) string {
	if len(numbers) == 1 {
		return strconv.FormatFloat(numbers[0], 'g', 6, 64)
	}
	return fmt.Sprintf("%d numbers, one for each class", len(numbers))
}

// applied is what the graph has applied itself, as the activation that is left to do.
func applied(m meaning.Meaning) (left Activation, inside string, ok bool) {
	switch m.Kind {
	case meaning.Probabilities:
		return None, m.By, true
	case meaning.LogProbabilities:
		if m.Sums { // softmax of the logarithm of p is p
			return Softmax, m.By, true
		}
		return None, m.By, true // see reading
	}
	return "", "", false
}

// activation settles what is applied to the output: as the user says; what the graph leaves to do;
// as the model's files say; of one logit alone a sigmoid; else a softmax.
func (r *resolver) activation(out *scoresOutput) {
	if r.scores.Index {
		r.scores.Activation, r.scores.Certain = None, true
		return
	}
	s, ok := config.OutputActivation.Find(r.layers)
	byUser := ok && r.layers[s.Rank].ByUser()
	left, inside, done := applied(out.means)
	single := out.classes == 1 && !r.scores.several()
	switch {
	case byUser && done && left == None && s.Value != None:
		r.notice("%s states the activation %s, and the graph of %s has applied %s already: both are applied (none applies the graph's alone)", s.Source, s.Value, r.name, inside)
	case byUser:
	case done:
		s, ok = config.OutputActivation.Of(left, "graph ("+inside+" inside)"), true
	case single:
		source := "one logit"
		if ok {
			source = s.Source + ", one label"
		} else {
			r.notice("output %s of %s is one number: it is taken for the logit of a class, and its sigmoid for the probability (%s none gives the number itself)", out.value.Name, r.name, config.Key("activation"))
		}
		s, ok = config.OutputActivation.Of(Sigmoid, source), true
	case out.means.Largest && !ok:
		s, ok = config.OutputActivation.Of(None, "default"), true
		r.notice("output %s of %s holds the largest scores alone (TopK), before any softmax: no probabilities can be made of them, and they are shown as they are (%s says otherwise)", out.value.Name, r.name, config.Key("activation"))
	}
	// What files say of a model need not be true of the graph that it was exported to: see Read.
	certain := ok && (byUser || done || s.Value != Softmax)
	if !ok {
		s = config.OutputActivation.Of(Softmax, "default (no file states one, and the graph applies none)")
		if mixed := out.means.Mixed; mixed != "" {
			r.notice("output %s of %s is what %s gives, combined with other values by %s: softmax is applied all the same (%s says otherwise)", out.value.Name, r.name, mixed, out.means.Last, config.Key("activation"))
		} else if odd := odd(out.means); odd != "" {
			r.notice("output %s of %s comes from %s, %s: softmax is applied all the same (%s says otherwise)", out.value.Name, r.name, out.means.Last, odd, config.Key("activation"))
		} else if _, labelled := config.Labels.Find(r.layers); calledFeatures(out.value) && !labelled {
			r.notice("output %s of %s is called as what are no scores: it is taken for the logits of classes all the same (%s gives its values as they are)", out.value.Name, r.name, config.Key("output-name"))
		}
	}
	if single && done && out.means.Sums && !byUser {
		r.notice("output %s of %s is one number, and %s of one number is a constant, whatever the image: the export, or its training, is wrong", out.value.Name, r.name, inside)
	}
	if single && (s.Value == Sigmoid || done && left == None) {
		r.pair()
	}
	r.scores.Certain = certain
	r.scores.Activation = s.Value
	if !certain && s.Value == Softmax {
		r.fact("activation", "softmax; none where the values are probabilities already (0 to 1, with a sum of 1)", s.Source)
		return
	}
	noted(r, config.OutputActivation, s)
}

// oddEnds are operators by which no classifier's logits end.
var oddEnds = map[string]string{
	"Tanh": "which gives -1 to 1", "Clip": "which sets limits to them", "LeakyRelu": "as hidden layers do", "Gelu": "as hidden layers do",
	"LayerNormalization": "as features do", "ReduceL2": "a length", "ReduceL1": "a length", "ReduceSumSquare": "a length",
}

// odd says in what way the values of an output are not as logits are; "" where nothing is known.
func odd(m meaning.Meaning) string {
	if why := oddEnds[m.Last]; why != "" || !m.NonNegative {
		return why
	}
	return "which gives no negative numbers"
}

// pair settles that one value stands for two classes: that of the class that it is of, and its
// rest.
func (r *resolver) pair() {
	r.scores.Single = true
	if list, ok := config.Labels.Find(r.layers); ok && len(list.Value.Labels) == 1 {
		r.scores.First = true
	}
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
	}[r.scores.Applied()] // the sigmoid of one logit is the softmax of two
	if t != 1 && why != "" {
		r.fail("%s states a temperature of %s, which divides logits before a softmax, but %s", s.Source, s.Text, why)
		return
	}
	r.scores.Temperature = t
}

// classes settles how many there are and what they are called.
func (r *resolver) classes(out *scoresOutput) {
	n, source := out.classes, "graph"
	if out.means.Largest || out.means.Index {
		n = 0 // how many the graph chooses among it does not say
	}
	list, named := config.Labels.Find(r.layers)
	if own, by := meaning.Labels(r.graph); !named && own != nil {
		var labels []Label
		for _, name := range own {
			labels = append(labels, Label{Name: name})
		}
		list, named = config.Labels.Of(config.LabelList{Labels: labels}, "graph ("+by+")"), true
	}
	if r.scores.Single {
		n, source = 2, "graph (one value: the class and its complement)"
		if labels := list.Value.Labels; named && len(labels) == 1 {
			list.Value.Labels = []Label{labels[0], {Name: "not " + labels[0].Name}}
		}
	}
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
	if list.Rank < len(r.layers) && r.layers[list.Rank].Source == "flag" {
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
