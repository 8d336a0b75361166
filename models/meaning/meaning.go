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
	}
	if v.largest != nil {
		m.Largest, m.Indices = true, indices(g, &w, v.largest)
	}
	if m.Kind != Unknown || m.Index || m.Largest {
		m.By = strings.Join(v.by, ", ")
	}
	m.Last = w.last(e)
	return m
}

// indices is the output of the graph that holds the indices of a TopK node, or that of the
// largest value of which a ReduceMax node gives the value.
func indices(g *onnx.Graph, w *walk, largest *onnx.Node) string {
	for _, out := range g.Outputs {
		at, ok := w.kept(g.Edge(out.Name))
		n, output := at.From()
		switch {
		case !ok || n == nil:
		case n == largest && output == 1,
			n.Is("ArgMax") && largest.Is("ReduceMax") && len(n.Inputs) > 0 && len(largest.Inputs) > 0 && n.Inputs[0] == largest.Inputs[0]:
			return out.Name
		}
	}
	return ""
}

// moving are the operators that move, copy or convert values, and change none of them.
var moving = []string{"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast", "CastLike", "Dropout", "Expand",
	"QuantizeLinear", "DequantizeLinear", "ZipMap", "FeatureVectorizer", "Contiguous", "MemcpyToHost", "MemcpyFromHost"}

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

// last is the operator that makes the values.
func (w *walk) last(e onnx.Edge) string {
	for range maxPlaces {
		e, _ = w.kept(e)
		n, _ := e.From()
		if n == nil {
			return ""
		}
		within := e.Within()
		if len(within) == 0 {
			return n.Op
		}
		e = within[0]
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
	signed           // from -1 to 1 (Tanh)
	unit             // divided by its own length
	index            // the number of a class
	logOfSum         // the logarithm of the sum of exponents
)

// value is what is known of an edge.
type value struct {
	is      is
	sums    bool
	factor  float64
	by      []string
	codes   *Quantised
	largest *onnx.Node // the TopK or ReduceMax node whose values it holds
	of      onnx.Edge  // positive: of which x it is exp(x), where exp; logOfSum: of which x
	exp     bool
}

// then is the value after an operator that keeps what is known of it.
func (v value) then(op string) *value {
	v.by = append(slices.Clone(v.by), op)
	return &v
}

var nothing = &value{}
