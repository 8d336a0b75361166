package meaning

import (
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// Kind is what the values of an output are.
type Kind int

const (
	Unknown          Kind = iota // anything: logits, features, ...
	Probabilities                // of classes: see Meaning.Sums, Meaning.Factor
	LogProbabilities             // natural logarithms of probabilities
	UnitVector                   // a vector of length 1: an embedding
)

// Meaning is what the graph shows of an output.
type Meaning struct {
	Kind Kind
	// Sums reports, of probabilities, that those of an item sum to Factor (of logarithms, to 1): the
	// classes exclude each other. Else each class has a probability of its own, or some are left out.
	Sums bool
	// Factor is what the graph multiplies probabilities by: 100 of percent, 1 of most.
	Factor float64
	// By are the operators that show it, from the one that makes the values to the last:
	// "Softmax, Clip".
	By string
	// Quantised is how codes become values; nil where the values are not codes.
	Quantised *Quantised
	// Largest reports that the values are the largest few (TopK), and Indices is the output that
	// says of which classes; "" where none does.
	Largest bool
	Indices string
	// Index reports that the values are no scores but the number of the best class (ArgMax).
	Index bool
	// NonNegative reports that values of which no more is known are 0 or more, as few logits are.
	NonNegative bool
	// Mixed are the operators whose probabilities, logarithms of them, or numbers of classes the last one
	// combines with other values, so that they are none any more; "" where it does not.
	Mixed string
	// Last is the last operator that does more than move or convert values; "" where an input or a
	// constant is the output.
	Last string
}

// Quantised is how the codes of a tensor of integers become values: (code - Zero) * Scale.
type Quantised struct {
	// Scale and Zero hold one number, or one for each class.
	Scale, Zero []float64
	// Computed: the graph computes the scale, so that nobody knows it before the run.
	Computed bool
}

// Of tells what the values of a graph's value are, by its name.
func Of(g *onnx.Graph, name string) Meaning {
	w := walk{known: map[onnx.Edge]*value{}}
	e := g.Edge(name)
	v := w.value(e)
	m := Meaning{Factor: 1, Quantised: v.codes, Index: v.is == index}
	switch v.is {
	case probabilities:
		m.Kind, m.Sums, m.Factor = Probabilities, v.sums, v.factor
	case logarithms:
		m.Kind, m.Sums = LogProbabilities, v.sums
	case unit:
		m.Kind = UnitVector
	case positive:
		m.NonNegative = true
	}
	if v.largest != nil {
		m.Indices = indices(g, &w, v.largest)
		m.Largest = m.Indices != "" || v.largest.Is("TopK") || alone(g, name)
	}
	if m.Kind != Unknown || m.Index || m.Largest {
		m.By = strings.Join(v.by, ", ")
	}
	if n, _ := w.maker(e).From(); n != nil {
		m.Last = n.Op
	}
	if m.Kind == Unknown && !m.Index {
		m.Mixed = w.mixed(w.maker(e))
	}
	return m
}

// MadeOf reports whether a graph makes one of its values out of another.
func MadeOf(g *onnx.Graph, name, other string) bool {
	w := walk{known: map[onnx.Edge]*value{}}
	source, _ := w.kept(g.Edge(other))
	seen := map[string]bool{}
	next := []onnx.Edge{g.Edge(name)}
	for len(next) > 0 {
		e := next[len(next)-1]
		next = next[:len(next)-1]
		switch {
		case e.Name() == source.Name():
			return true
		case !seen[e.Name()]:
			seen[e.Name()] = true
			next = append(next, e.Inputs()...)
		}
	}
	return false
}

// moving are the operators that move, copy or convert values, and change none of them.
var moving = []string{"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast", "CastLike", "Dropout", "Expand",
	"QuantizeLinear", "DequantizeLinear", "ZipMap", "FeatureVectorizer", "ReorderOutput", "Contiguous", "MemcpyToHost", "MemcpyFromHost"}

// kept walks back over moving operators; ok is false where that ends in nothing that is known.
func (w *walk) kept(e onnx.Edge) (onnx.Edge, bool) {
	for range maxSteps {
		n, _ := e.From()
		if n == nil || !n.Is(moving...) {
			return e.Settled(), true
		}
		next, ok := e.In(0)
		if !ok {
			return e, false
		}
		e = next
	}
	return e, false
}

// maker is the value as the last operator that does more than move it gives it.
func (w *walk) maker(e onnx.Edge) onnx.Edge {
	for range maxPlaces {
		e, _ = w.kept(e)
		within := e.Within()
		if len(within) == 0 {
			return e
		}
		e = within[0]
	}
	return onnx.Edge{}
}

// mixed are the operators that make probabilities, or numbers of classes, of which the last operator makes
// something else.
func (w *walk) mixed(e onnx.Edge) string {
	n, _ := e.From()
	if n == nil || !n.Is("Add", "Sub", "Mul", "Div", "Pow", "Neg", "ReduceSum", "Concat") {
		return ""
	}
	for _, x := range e.Inputs() {
		if v := w.value(x); v.is == probabilities || v.is == logarithms || v.is == costs || v.is == index {
			return strings.Join(v.by, ", ")
		}
	}
	return ""
}

const (
	maxSteps  = 1 << 12 // moving operators one after the other
	maxPlaces = 32      // branches and calls within each other
	maxValues = 1 << 16 // looked at: functions may call others twice, and these others twice, ...
	maxDepth  = 512     // operators between an output and what makes its values
)

// walk finds out what values are, each once.
type walk struct {
	known map[onnx.Edge]*value
	depth int
	steps int
}

// same reports whether two edges carry the same values.
func (w *walk) same(a, b onnx.Edge) bool {
	a, _ = w.kept(a)
	b, _ = w.kept(b)
	return a == b
}

// is is what the walk knows of a value.
type is int

const (
	anything      is = iota
	probabilities    // factor times probabilities
	logarithms       // of probabilities
	positive         // at least 0, as what a softmax that is written out normalises
	onePlusExp       // 1 + exp(-x): what a sigmoid that is written out divides by
	signed           // from -factor to factor (Tanh)
	upTo             // from 0 to factor (Clip)
	unit             // divided by its own length
	index            // the number of a class
	logOfSum         // the logarithm of the sum of exponents
	costs            // minus the logarithm of probabilities
)

// value is what is known of an edge.
type value struct {
	is      is
	sums    bool
	factor  float64
	by      []string
	codes   *Quantised
	largest *onnx.Node // the TopK, ReduceMax or ArgMax node whose values it holds
	of      onnx.Edge  // positive: of which x it is exp(x), where exp; logOfSum: of which x
	exp     bool
}

// then is the value after an operator that keeps what is known of it.
func (v value) then(op string) *value {
	v.by = append(slices.Clone(v.by), op)
	return &v
}

var nothing = &value{}
