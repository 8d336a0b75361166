package onnx

import "slices"

// Edge is a value as it flows in a graph, in a branch or body within it, or in a function that
// it calls. Walking from edge to edge finds out what a value is made of.
type Edge struct {
	at   *place
	name string
}

// place is a body, as it is reached: a function's body stands for each of its calls.
type place struct {
	graph *Graph
	body  *Body
	outer *place          // where names that the body does not give are looked up; nil in a function
	bound map[string]Edge // inputs of the body whose values are known
	call  *Node           // of a function: the node that calls it
	depth int
}

// maxPlaces is how deep bodies and calls are followed.
const maxPlaces = 32

// Edge returns a value of the graph by its name.
func (g *Graph) Edge(name string) Edge {
	return Edge{&place{graph: g, body: g.Body}, name}
}

// Name is the value's name, in the body that it is in.
func (e Edge) Name() string { return e.name }

// From returns the node that gives the value, and as which of its outputs; nil where it is
// an input of the graph, a constant, or nothing that is known.
func (e Edge) From() (n *Node, output int) {
	e = e.Settled()
	if e.at == nil {
		return nil, 0
	}
	g := e.at.body.givers[e.name]
	return g.node, g.output
}

// In returns the value that the node of [Edge.From] takes as its i-th input, from 0; ok is
// false where it takes none.
func (e Edge) In(i int) (in Edge, ok bool) {
	e = e.Settled()
	n, _ := e.From()
	if n == nil || i < 0 || i >= len(n.Inputs) || n.Inputs[i] == "" {
		return Edge{}, false
	}
	return Edge{e.at, n.Inputs[i]}.Settled(), true
}

// Inputs returns the values that the node of [Edge.From] takes, those left out passed over.
func (e Edge) Inputs() []Edge {
	n, _ := e.From()
	if n == nil {
		return nil
	}
	var all []Edge
	for i := range n.Inputs {
		if in, ok := e.In(i); ok {
			all = append(all, in)
		}
	}
	return all
}

// Attribute returns an attribute of the node of [Edge.From]: within a function, that of the
// call, where the body refers to it.
func (e Edge) Attribute(name string) (Attribute, bool) {
	e = e.Settled()
	n, _ := e.From()
	if n == nil {
		return Attribute{}, false
	}
	a, ok := n.Attribute(name)
	if ok && a.Ref != "" && e.at.call != nil {
		return e.at.call.Attribute(a.Ref)
	}
	return a, ok
}

// Constant returns the tensor that the value always is; nil where the graph computes it.
func (e Edge) Constant() *Tensor {
	e = e.Settled()
	if e.at == nil {
		return nil
	}
	if t, ok := e.at.body.Constants[e.name]; ok {
		return t
	}
	n, _ := e.From()
	if n == nil || !n.Is("Constant") {
		return nil
	}
	for _, a := range n.Attributes {
		if a.Ref != "" && e.at.call != nil {
			a, _ = e.at.call.Attribute(a.Ref)
		}
		switch a.Name {
		case "value":
			return a.Tensor
		case "value_float":
			return &Tensor{Type: Float, Kept: true, Numbers: []float64{a.Float}}
		case "value_int":
			return &Tensor{Type: Int64, Kept: true, Numbers: []float64{float64(a.Int)}}
		case "value_floats":
			return &Tensor{Type: Float, Shape: []int64{int64(len(a.Floats))}, Kept: !a.Partial, Numbers: a.Floats}
		case "value_ints":
			t := &Tensor{Type: Int64, Shape: []int64{int64(len(a.Ints))}, Kept: !a.Partial}
			for _, v := range a.Ints {
				t.Numbers = append(t.Numbers, float64(v))
			}
			return t
		}
	}
	return nil
}

// Within returns the values inside of the node of [Edge.From] any of which may become this
// one: of an If those of its branches, of a Loop or Scan that of its body, of a function's
// call that of the function. It is empty for other nodes.
func (e Edge) Within() []Edge {
	e = e.Settled()
	n, output := e.From()
	if n == nil || e.at.depth >= maxPlaces {
		return nil
	}
	if f := e.at.graph.called(n); f != nil {
		if output >= len(f.Outputs) {
			return nil
		}
		in := &place{graph: e.at.graph, body: &f.Body, call: n, bound: map[string]Edge{}, depth: e.at.depth + 1}
		for i, name := range f.Inputs {
			if i < len(n.Inputs) && n.Inputs[i] != "" {
				in.bound[name] = Edge{e.at, n.Inputs[i]}
			}
		}
		return []Edge{{in, f.Outputs[output]}}
	}
	if n.Is("Loop") {
		output++ // the body's first output is whether it goes on
	}
	var all []Edge
	if n.Is("If", "Loop", "Scan") {
		for _, b := range n.Bodies() {
			if output < len(b.Outputs) {
				all = append(all, Edge{&place{graph: e.at.graph, body: b, outer: e.at, call: e.at.call, depth: e.at.depth + 1}, b.Outputs[output]})
			}
		}
	}
	return all
}

// Settled returns the edge as the body has it that gives its value: its own, one around it, or
// that of a call. Edges that carry one value, with no operator between them, are equal then.
func (e Edge) Settled() Edge {
	for range 2*maxPlaces + 2 {
		if e.at == nil || e.at.body == nil {
			return Edge{name: e.name}
		}
		if to, ok := e.at.bound[e.name]; ok {
			e = to
			continue
		}
		_, constant := e.at.body.Constants[e.name]
		if _, given := e.at.body.givers[e.name]; given || constant || e.at.outer == nil || slices.Contains(e.at.body.Inputs, e.name) {
			return e
		}
		e.at = e.at.outer
	}
	return Edge{name: e.name}
}

// called returns the function that a node calls; nil where it is an operator.
func (g *Graph) called(n *Node) *function {
	return g.functions[n.Domain+"\x00"+n.Op]
}
