package onnx

import (
	"iter"
	"slices"
)

// Body is what computes: the nodes of a graph, of a branch or body within one of its nodes, or
// of a function.
type Body struct {
	Nodes           []*Node
	Inputs, Outputs []string // names of its values
	// Constants are its initializers, by name.
	Constants map[string]*Tensor

	givers map[string]giver // value -> what gives it
}

// giver is the node that gives a value, and as which of its outputs.
type giver struct {
	node   *Node
	output int
}

// Node is one use of an operator or of a function.
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string // names of values; "" where an optional one is left out
	Attributes       []Attribute
}

// Attribute is one attribute of a node. Its type is that of the fields which are set.
type Attribute struct {
	Name    string
	Int     int64
	Float   float64
	Text    string
	Ints    []int64
	Floats  []float64
	Texts   []string
	Tensor  *Tensor
	Bodies  []*Body
	Ref     string // in a function's body: the attribute of the function whose value it has
	Partial bool   // a list that is too long to be kept: it is empty
}

// Attribute returns the attribute of that name; the zero Attribute and false where the node
// has none.
func (n *Node) Attribute(name string) (Attribute, bool) {
	for _, a := range n.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Int returns an attribute's whole number, or else what it is where nothing states it.
func (n *Node) Int(name string, byDefault int64) int64 {
	if a, ok := n.Attribute(name); ok {
		return a.Int
	}
	return byDefault
}

// Is reports whether the node is one of ONNX's own operators, or of those of ONNX Runtime
// and of classic machine learning, of one of these names.
func (n *Node) Is(ops ...string) bool {
	switch n.Domain {
	case "", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc":
		return slices.Contains(ops, n.Op)
	}
	return false
}

// Bodies returns the branches or the body that a node holds (If, Loop, Scan, ...).
func (n *Node) Bodies() []*Body {
	var all []*Body
	for _, a := range n.Attributes {
		all = append(all, a.Bodies...)
	}
	return all
}

// NewBody is a body of these nodes, as of a graph that was not read from a file.
func NewBody(nodes ...*Node) *Body {
	b := &Body{Nodes: nodes}
	b.index()
	return b
}

// index finds out which node gives which value.
func (b *Body) index() {
	b.givers = make(map[string]giver, len(b.Nodes))
	for _, n := range b.Nodes {
		for i, name := range n.Outputs {
			if name != "" {
				b.givers[name] = giver{n, i}
			}
		}
	}
}

// all yields the body's nodes, and those within them.
func (b *Body) all(yield func(*Node) bool) bool {
	for _, n := range b.Nodes {
		if !yield(n) {
			return false
		}
		for _, inner := range n.Bodies() {
			if !inner.all(yield) {
				return false
			}
		}
	}
	return true
}

// EveryNode yields all nodes: of the graph, of branches and bodies within it, and of functions.
func (g *Graph) EveryNode() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if g.Body == nil || !g.Body.all(yield) {
			return
		}
		for _, f := range g.functions {
			if !f.Body.all(yield) {
				return
			}
		}
	}
}

// Consumers returns the nodes of the main graph that take a value.
func (g *Graph) Consumers(value string) []*Node {
	if g.Body == nil {
		return nil
	}
	var all []*Node
	for _, n := range g.Body.Nodes {
		if value != "" && slices.Contains(n.Inputs, value) {
			all = append(all, n)
		}
	}
	return all
}

// function is one of the functions that a file brings along.
type function struct {
	Domain, Name string
	Body
}

// Gives reports whether a node of the body gives a value of that name.
func (b *Body) Gives(name string) bool { return b.givers[name].node != nil }
