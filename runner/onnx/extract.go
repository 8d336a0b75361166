package onnx

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Extract returns an ONNX file with the part of a graph that leads from some of its values to
// others: a graph of its own, with the same weights as far as they are used. inputs are values of
// the file, of which those that the outputs need become the part's inputs; a value within the graph
// becomes one of the type t. It fails where the outputs need anything else, or are not there.
// Weights in files of their own stay there.
func Extract(file []byte, t ElementType, inputs, outputs []string) ([]byte, error) {
	graph, rest, err := split(file)
	if err != nil {
		return nil, err
	}
	p := part{makers: map[string]int{}, kept: map[int]bool{}, needed: map[string]bool{}}
	if err := p.read(graph); err != nil {
		return nil, err
	}
	for _, name := range outputs {
		if _, made := p.makers[name]; !made {
			return nil, fmt.Errorf("no node gives the value %q", name)
		}
	}
	p.walk(inputs, outputs)
	for name := range p.needed {
		if slices.ContainsFunc(p.inputs, func(v namedField) bool { return v.name == name }) && !slices.Contains(inputs, name) && !p.constants[name] {
			return nil, fmt.Errorf("the part also needs the input %q", name)
		}
	}
	body := p.write(t, inputs, outputs)
	return protowire.AppendBytes(protowire.AppendTag(rest, 7, protowire.BytesType), body), nil
}

// split returns the graph of a model, whose parts are joined where it has several, and all else.
func split(file []byte) (graph, rest []byte, err error) {
	err = eachField(file, func(number protowire.Number, whole, body []byte) error {
		if number == 7 && body != nil {
			graph = append(graph, body...)
		} else {
			rest = append(rest, whole...)
		}
		return nil
	})
	return graph, rest, err
}

// eachField calls f with each field of a message: all of it, and what it holds where that is bytes.
func eachField(data []byte, f func(number protowire.Number, whole, body []byte) error) error {
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return malformed(n)
		}
		whole := data[:n]
		data = data[n:]
		var body []byte
		if typ == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(whole)
			body, _ = protowire.ConsumeBytes(whole[tag:])
			if body == nil {
				body = []byte{}
			}
		}
		if err := f(number, whole, body); err != nil {
			return err
		}
	}
	return nil
}

// namedField is a field that has a name, as it stands in the file.
type namedField struct {
	name  string
	whole []byte
}

// part finds out which nodes lead to a value.
type part struct {
	nodes           []partNode
	makers          map[string]int // value -> node
	constants       map[string]bool
	weights         []namedField // initializers
	inputs, outputs []namedField
	shapes          []namedField // value_info
	others          [][]byte

	kept   map[int]bool
	needed map[string]bool
}

type partNode struct {
	whole           []byte
	inputs, outputs []string // inputs: those of nodes within it, too
}

func (p *part) read(graph []byte) error {
	p.constants = map[string]bool{}
	return eachField(graph, func(number protowire.Number, whole, body []byte) error {
		if body == nil {
			p.others = append(p.others, whole)
			return nil
		}
		named := func(at protowire.Number) (namedField, error) {
			name, err := nameIn(body, at)
			return namedField{name, whole}, err
		}
		var one namedField
		var err error
		switch number {
		case 1:
			n := partNode{whole: whole}
			if err := n.read(body, 0); err != nil {
				return err
			}
			for _, name := range n.outputs {
				p.makers[name] = len(p.nodes)
			}
			p.nodes = append(p.nodes, n)
		case 5: // TensorProto.name
			one, err = named(8)
			p.weights = append(p.weights, one)
			p.constants[one.name] = true
		case 15: // SparseTensorProto.values, whose name it is
			err = eachField(body, func(number protowire.Number, _, values []byte) (err error) {
				if number == 1 && values != nil {
					one.name, err = nameIn(values, 8)
				}
				return err
			})
			one.whole = whole
			p.weights = append(p.weights, one)
			p.constants[one.name] = true
		case 11:
			one, err = named(1)
			p.inputs = append(p.inputs, one)
		case 12:
			one, err = named(1)
			p.outputs = append(p.outputs, one)
		case 13:
			one, err = named(1)
			p.shapes = append(p.shapes, one)
		default:
			p.others = append(p.others, whole)
		}
		return err
	})
}

// nameIn is the text of a field of a message.
func nameIn(message []byte, at protowire.Number) (name string, err error) {
	err = eachField(message, func(number protowire.Number, _, body []byte) error {
		if number == at && body != nil {
			name = string(body)
		}
		return nil
	})
	return name, err
}

// deepestNode is how deep nodes may be nested within one another.
const deepestNode = 50

// read reads which values a node takes and gives. Those of nodes in its branches it may take from
// around it.
func (n *partNode) read(node []byte, depth int) error {
	if depth > deepestNode {
		return fmt.Errorf("its nodes are nested too deeply")
	}
	graph := func(body []byte) error {
		return eachField(body, func(number protowire.Number, _, inner []byte) error {
			switch {
			case number == 1 && inner != nil:
				within := partNode{}
				if err := within.read(inner, depth+1); err != nil {
					return err
				}
				n.inputs = append(n.inputs, within.inputs...)
			case number == 12 && inner != nil: // an output of a branch may be a value around it
				name, err := nameIn(inner, 1)
				if err != nil {
					return err
				}
				n.inputs = append(n.inputs, name)
			}
			return nil
		})
	}
	return eachField(node, func(number protowire.Number, _, body []byte) error {
		switch {
		case body == nil:
		case number == 1 && len(body) > 0:
			n.inputs = append(n.inputs, string(body))
		case number == 2 && len(body) > 0:
			n.outputs = append(n.outputs, string(body))
		case number == 5:
			return eachField(body, func(number protowire.Number, _, inner []byte) error {
				if (number == 6 || number == 11) && inner != nil {
					return graph(inner)
				}
				return nil
			})
		}
		return nil
	})
}

// walk goes from outputs to inputs.
func (p *part) walk(inputs, outputs []string) {
	for wanted := slices.Clone(outputs); len(wanted) > 0; {
		name := wanted[len(wanted)-1]
		wanted = wanted[:len(wanted)-1]
		if p.needed[name] {
			continue
		}
		p.needed[name] = true
		node, made := p.makers[name]
		if slices.Contains(inputs, name) || !made || p.kept[node] {
			continue
		}
		p.kept[node] = true
		wanted = append(wanted, p.nodes[node].inputs...)
	}
}

// write writes the part as a graph.
func (p *part) write(t ElementType, inputs, outputs []string) []byte {
	var b []byte
	for i, n := range p.nodes {
		if p.kept[i] {
			b = append(b, n.whole...)
		}
	}
	for _, w := range p.weights {
		if p.needed[w.name] {
			b = append(b, w.whole...)
		}
	}
	declare := func(number protowire.Number, name string, known []namedField) {
		for _, v := range known {
			if v.name == name {
				b = append(b, v.whole...)
				return
			}
		}
		tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(t))
		kind := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), tensor)
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
		value = protowire.AppendBytes(protowire.AppendTag(value, 2, protowire.BytesType), kind)
		b = protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
	}
	for _, v := range p.inputs { // in their order; defaults of weights stay
		if p.needed[v.name] {
			b = append(b, v.whole...)
		}
	}
	for _, name := range inputs {
		if p.needed[name] && !slices.ContainsFunc(p.inputs, func(v namedField) bool { return v.name == name }) {
			declare(11, name, nil)
		}
	}
	for _, name := range outputs {
		declare(12, name, p.outputs)
	}
	for _, v := range p.shapes {
		if p.needed[v.name] && !slices.Contains(inputs, v.name) && !slices.Contains(outputs, v.name) {
			b = append(b, v.whole...)
		}
	}
	for _, other := range p.others {
		b = append(b, other...)
	}
	return b
}
