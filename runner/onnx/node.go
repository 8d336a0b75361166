package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	maxDepth      = 16 // of branches within branches
	maxAttributes = 1 << 10
)

// node reads a NodeProto.
func (m *reader) node(v field, depth int) (*Node, error) {
	if m.nodes++; m.nodes > maxCount {
		return nil, fmt.Errorf("more than %d nodes", maxCount)
	}
	n := &Node{}
	err := m.fields(v.begin, v.end, func(v field) (err error) {
		if v.typ != protowire.BytesType {
			return nil
		}
		var name string
		switch v.number {
		case 1:
			name, err = m.text(v, maxText, "value name")
			n.Inputs = append(n.Inputs, name)
		case 2:
			name, err = m.text(v, maxText, "value name")
			n.Outputs = append(n.Outputs, name)
		case 3:
			n.Name, err = m.text(v, maxText, "node name")
		case 4:
			n.Op, err = m.text(v, maxText, "operator name")
		case 5:
			if len(n.Attributes) == maxAttributes {
				return fmt.Errorf("a node of more than %d attributes", maxAttributes)
			}
			var a Attribute
			a, err = m.attribute(v, depth)
			n.Attributes = append(n.Attributes, a)
		case 7:
			n.Domain, err = m.text(v, maxText, "domain")
		}
		return err
	})
	return n, errors.Join(err, m.keep(96))
}

// attribute reads an AttributeProto.
func (m *reader) attribute(v field, depth int) (Attribute, error) {
	var a Attribute
	err := m.fields(v.begin, v.end, func(v field) (err error) {
		var text string
		switch v.number {
		case 1:
			a.Name, err = m.text(v, maxText, "attribute name")
		case 2:
			a.Float = float64(math.Float32frombits(uint32(v.n)))
		case 3:
			a.Int = int64(v.n)
		case 4:
			if v.end-v.begin <= maxText { // ONNX Runtime's own formats keep whole models in one
				a.Text, err = m.text(v, maxText, "attribute")
			}
		case 5:
			_, a.Tensor, err = m.tensor(v)
		case 6, 11:
			var b *Body
			b, err = m.body(v, depth+1)
			a.Bodies = append(a.Bodies, b)
		case 7:
			err = m.floats(&a, v)
		case 8:
			err = m.ints(&a, v)
		case 9:
			var kept bool
			size := v.end - v.begin + 16
			if kept, err = m.room(size*int64(len(a.Texts)), size); !kept || a.Partial || err != nil {
				a.Partial, a.Texts = true, nil
				return err
			}
			text, err = m.text(v, maxText, "string")
			a.Texts = append(a.Texts, text)
		case 10: // tensors: no operator has any, but their weights may lie outside
			_, _, err = m.tensor(v)
		case 21:
			a.Ref, err = m.text(v, maxText, "attribute name")
		case 22:
			err = m.sparse(v)
		}
		return err
	})
	return a, errors.Join(err, m.keep(64))
}

// floats reads a part of a list of floats, packed or one alone.
func (m *reader) floats(a *Attribute, v field) error {
	n := int64(4)
	if v.typ == protowire.BytesType {
		n = v.end - v.begin
	}
	kept, err := m.room(8*int64(len(a.Floats)), 2*n)
	if !kept || a.Partial || err != nil {
		a.Partial, a.Floats = true, nil
		return err
	}
	if v.typ != protowire.BytesType {
		a.Floats = append(a.Floats, float64(math.Float32frombits(uint32(v.n))))
		return nil
	}
	data, err := m.bytes(v)
	for ; len(data) >= 4; data = data[4:] {
		a.Floats = append(a.Floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(data))))
	}
	return err
}

// ints reads a part of a list of whole numbers.
func (m *reader) ints(a *Attribute, v field) error {
	n := int64(1)
	if v.typ == protowire.BytesType {
		n = v.end - v.begin
	}
	kept, err := m.room(8*int64(len(a.Ints)), 8*n)
	if !kept || a.Partial || err != nil {
		a.Partial, a.Ints = true, nil
		return err
	}
	a.Ints, err = appendVarints(m.scanner, a.Ints, v, maxCount)
	return err
}

// appendVarints appends the whole numbers of a field, packed or one alone.
func appendVarints(s *scanner, to []int64, v field, most int) ([]int64, error) {
	if v.typ != protowire.BytesType {
		if len(to) == most {
			return to, fmt.Errorf("a list of more than %d numbers", most)
		}
		return append(to, int64(v.n)), nil
	}
	if v.end-v.begin > int64(most)*10 {
		return to, fmt.Errorf("a list of more than %d numbers", most)
	}
	data, err := s.bytes(v)
	for err == nil && len(data) > 0 {
		n, used := protowire.ConsumeVarint(data)
		if used < 0 {
			return to, malformed(used)
		}
		if len(to) == most {
			return to, fmt.Errorf("a list of more than %d numbers", most)
		}
		to, data = append(to, int64(n)), data[used:]
	}
	return to, err
}

// sparse reads a SparseTensorProto, whose values carry the name.
func (m *reader) sparse(v field) error {
	return m.fields(v.begin, v.end, func(v field) error {
		if (v.number == 1 || v.number == 2) && v.typ == protowire.BytesType {
			name, t, err := m.tensor(v)
			if name != "" && v.number == 1 {
				t.Kept, t.Numbers, t.Texts = false, nil, nil // they are not the elements
				m.named(name, t)
			}
			return err
		}
		return nil
	})
}

// body reads the GraphProto of a branch or a loop's body.
func (m *reader) body(v field, depth int) (*Body, error) {
	b := &Body{Constants: map[string]*Tensor{}}
	if depth > maxDepth {
		return b, fmt.Errorf("graphs nested more than %d deep", maxDepth)
	}
	outer := m.current
	m.current = b
	defer func() { m.current = outer }()
	err := m.fields(v.begin, v.end, func(v field) error {
		if v.typ != protowire.BytesType {
			return nil
		}
		switch v.number {
		case 1:
			n, err := m.node(v, depth)
			b.Nodes = append(b.Nodes, n)
			return err
		case 5:
			return m.initializer(v)
		case 11, 12:
			value, err := m.value(v)
			if v.number == 11 {
				b.Inputs = append(b.Inputs, value.Name)
			} else {
				b.Outputs = append(b.Outputs, value.Name)
			}
			return err
		case 15:
			return m.sparse(v)
		}
		return nil
	})
	b.index()
	return b, err
}

// initializer reads one of the current body.
func (m *reader) initializer(v field) error {
	name, t, err := m.tensor(v)
	m.named(name, t)
	return err
}

func (m *reader) named(name string, t *Tensor) {
	m.current.Constants[name] = t
	if m.current == m.graph.Body && t.Type.Bits() > 0 {
		m.graph.Weights[t.Type]++
	}
}

// function reads a FunctionProto.
func (m *reader) function(v field) (*function, error) {
	f := &function{Body: Body{Constants: map[string]*Tensor{}}}
	outer := m.current
	m.current = &f.Body
	defer func() { m.current = outer }()
	err := m.fields(v.begin, v.end, func(v field) (err error) {
		if v.typ != protowire.BytesType {
			return nil
		}
		var name string
		switch v.number {
		case 1:
			f.Name, err = m.text(v, maxText, "function name")
		case 4:
			name, err = m.text(v, maxText, "value name")
			f.Inputs = append(f.Inputs, name)
		case 5:
			name, err = m.text(v, maxText, "value name")
			f.Outputs = append(f.Outputs, name)
		case 7:
			var n *Node
			n, err = m.node(v, 1)
			f.Nodes = append(f.Nodes, n)
		case 10:
			f.Domain, err = m.text(v, maxText, "domain")
		}
		return err
	})
	f.index()
	return f, errors.Join(err, m.keep(96))
}
