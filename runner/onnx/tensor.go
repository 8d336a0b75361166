package onnx

import (
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Tensor is a constant of a graph. What it holds is kept only where it is small.
type Tensor struct {
	Type  ElementType
	Shape []int64
	// Kept reports whether Numbers or Texts hold the elements, in row-major order.
	Kept    bool
	Numbers []float64 // of any type of numbers and of Bool; int64 beyond 2^53 is rounded
	Texts   []string

	outside *external // where the elements are, if not in the graph's file
}

// Number returns the one element of a tensor that has one; ok is false elsewhere.
func (t *Tensor) Number() (v float64, ok bool) {
	if t == nil || !t.Kept || len(t.Numbers) != 1 {
		return 0, false
	}
	return t.Numbers[0], true
}

// Elements is how many there are by the shape; -1 where they can't be counted.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/d {
			return -1
		}
		n *= d
	}
	return n
}

// Limits on the constants that are kept: small ones always, as far as the limit of all
// that is kept goes, and larger ones of one dimension, such as scales and names of classes, as
// long as there is room.
const (
	smallConstant = 1 << 10 // bytes
	largeConstant = 1 << 20 // bytes
	roomConstants = 4 << 20 // bytes of all large ones
)

// room reports whether n more bytes of a constant or list are kept of which so many are, and
// counts them.
func (s *scanner) room(kept, n int64) (bool, error) {
	switch {
	case kept+n <= smallConstant:
		return true, s.keep(n)
	case kept+n > largeConstant, s.constants+n > roomConstants:
		return false, nil
	}
	s.constants += n
	return true, nil
}

// tensor reads a TensorProto: all of it but what it holds, where that is large.
func (m *reader) tensor(v field) (name string, t *Tensor, err error) {
	t = &Tensor{Kept: true}
	var outside external
	inside := true
	var raw []byte
	err = m.fields(v.begin, v.end, func(v field) (err error) {
		switch v.number {
		case 1:
			t.Shape, err = appendVarints(m.scanner, t.Shape, v, maxRank)
		case 2:
			t.Type = ElementType(v.n)
		case 4, 5, 7, 10, 11: // float_data, int32_data, int64_data, double_data, uint64_data
			err = m.elements(t, v)
		case 6:
			err = m.string(t, v)
		case 8:
			name, err = m.text(v, maxText, "initializer name")
		case 9:
			var kept bool
			size := v.end - v.begin
			if size > smallConstant && len(t.Shape) > 1 {
				t.Kept = false
				return nil
			}
			if kept, err = m.room(0, size); kept && err == nil {
				raw, err = m.bytes(v)
				raw = slices.Clone(raw)
			}
			t.Kept = t.Kept && kept
		case 13:
			err = m.external(v, &outside)
		case 14:
			inside = v.n != 1 // data_location
		}
		return err
	})
	if err != nil {
		return name, t, err
	}
	if outside.name != "" && !inside {
		at := outside
		t.Kept, t.outside = false, &at
		m.outside(at, t)
	}
	t.settle(raw)
	return name, t, m.keep(64)
}

// settle brings raw bytes, and bits that stand for floats, to numbers.
func (t *Tensor) settle(raw []byte) {
	if t.Kept && raw != nil {
		t.Numbers, t.Kept = numbers(t.Type, raw)
	} else if t.Kept {
		for i, v := range t.Numbers { // 16-bit floats lie in int32_data as their bits
			switch t.Type {
			case Float16:
				t.Numbers[i] = float16(uint16(v))
			case BFloat16:
				t.Numbers[i] = bfloat16(uint16(v))
			}
		}
	}
	if t.Kept = t.Kept && int64(len(t.Numbers)+len(t.Texts)) == t.Elements(); !t.Kept {
		t.Numbers, t.Texts = nil, nil
	}
}

// string reads one element of string_data.
func (m *reader) string(t *Tensor, v field) error {
	size := v.end - v.begin + 16
	kept, err := m.room(size*int64(len(t.Texts)), size)
	if !kept || !t.Kept || err != nil || v.typ != protowire.BytesType {
		t.Kept = false
		return err
	}
	text, err := m.text(v, maxText, "string")
	t.Texts = append(t.Texts, text)
	return err
}

// elements reads elements of a typed field, packed or one alone.
func (m *reader) elements(t *Tensor, v field) error {
	size := int64(1) // of an element, at least
	switch v.number {
	case 4:
		size = 4
	case 10:
		size = 8
	}
	if v.typ != protowire.BytesType {
		v.begin, v.end = 0, size
	}
	if n := v.end - v.begin; n > smallConstant && len(t.Shape) > 1 {
		t.Kept = false
		return nil
	}
	kept, err := m.room(8*int64(len(t.Numbers)), (v.end-v.begin)*8/size)
	if !kept || !t.Kept || err != nil {
		t.Kept = false
		return err
	}
	if v.typ != protowire.BytesType {
		t.Numbers = append(t.Numbers, number(v.number, v.n))
		return nil
	}
	data, err := m.bytes(v)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		var n uint64
		used := int(size)
		switch {
		case len(data) < used:
			return errTruncated
		case size == 4:
			n = uint64(binary.LittleEndian.Uint32(data))
		case size == 8:
			n = binary.LittleEndian.Uint64(data)
		default:
			if n, used = protowire.ConsumeVarint(data); used < 0 {
				return malformed(used)
			}
		}
		t.Numbers = append(t.Numbers, number(v.number, n))
		data = data[used:]
	}
	return nil
}

// number is the value of one element by the field that holds it.
func number(field protowire.Number, n uint64) float64 {
	switch field {
	case 4:
		return float64(math.Float32frombits(uint32(n)))
	case 10:
		return math.Float64frombits(n)
	case 11:
		return float64(n)
	}
	return float64(int64(n))
}

// numbers reads raw_data; ok is false for types of less than a byte and others that no number
// stands for.
func numbers(t ElementType, raw []byte) (out []float64, ok bool) {
	size := t.Size()
	if size == 0 || len(raw)%size != 0 {
		return nil, false
	}
	le := binary.LittleEndian
	read := map[ElementType]func(b []byte) float64{
		Float:    func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) },
		Double:   func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) },
		Float16:  func(b []byte) float64 { return float16(le.Uint16(b)) },
		BFloat16: func(b []byte) float64 { return bfloat16(le.Uint16(b)) },
		Uint8:    func(b []byte) float64 { return float64(b[0]) },
		Bool:     func(b []byte) float64 { return float64(b[0]) },
		Int8:     func(b []byte) float64 { return float64(int8(b[0])) },
		Uint16:   func(b []byte) float64 { return float64(le.Uint16(b)) },
		Int16:    func(b []byte) float64 { return float64(int16(le.Uint16(b))) },
		Uint32:   func(b []byte) float64 { return float64(le.Uint32(b)) },
		Int32:    func(b []byte) float64 { return float64(int32(le.Uint32(b))) },
		Uint64:   func(b []byte) float64 { return float64(le.Uint64(b)) },
		Int64:    func(b []byte) float64 { return float64(int64(le.Uint64(b))) },
	}[t]
	if read == nil {
		return nil, false
	}
	out = make([]float64, 0, len(raw)/size)
	for ; len(raw) > 0; raw = raw[size:] {
		out = append(out, read(raw))
	}
	return out, true
}

func bfloat16(bits uint16) float64 {
	return float64(math.Float32frombits(uint32(bits) << 16))
}

func float16(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
