package config

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// For is the value for an input: of its element type, if that can hold it.
func (c *Constant) For(in onnx.Value) (onnx.Given, error) {
	g := onnx.Given{Name: in.Name, Shape: c.shape, Input: in}
	if in.Kind != "tensor" || in.Type.Size() == 0 {
		return g, fmt.Errorf("input %s can't be given a value: only tensors of numbers can", in)
	}
	if c.array != nil && c.array.Type == in.Type {
		g.Data = c.array.Data
		return g, nil
	}
	numbers := c.numbers
	if c.array != nil {
		if numbers = texts(*c.array); numbers == nil {
			return g, fmt.Errorf("input %s: %s holds %s", in, c.File, c.array)
		}
	}
	for _, n := range numbers {
		data, err := element(g.Data, in.Type, n)
		if err != nil {
			return g, fmt.Errorf("input %s: %w", in, err)
		}
		g.Data = data
	}
	return g, nil
}

// integers are the bits of the integer types, and which have a sign.
var integers = map[onnx.ElementType]struct {
	bits   int
	signed bool
}{
	onnx.Int8: {8, true}, onnx.Int16: {16, true}, onnx.Int32: {32, true}, onnx.Int64: {64, true},
	onnx.Uint8: {8, false}, onnx.Uint16: {16, false}, onnx.Uint32: {32, false}, onnx.Uint64: {64, false},
}

// element appends a number, true or false as an element of a type, little-endian.
func element(data []byte, t onnx.ElementType, text string) ([]byte, error) {
	truth := text == "true" || text == "false"
	switch {
	case t == onnx.Bool && (text == "true" || text == "1"):
		return append(data, 1), nil
	case t == onnx.Bool && (text == "false" || text == "0"):
		return append(data, 0), nil
	case t == onnx.Bool:
		return nil, fmt.Errorf("%s is no %s: give true or false", text, t)
	case truth:
		return nil, fmt.Errorf("%s is no %s: give a number, such as 1 or 0", text, t)
	}
	if k, ok := integers[t]; ok {
		n, err := integer(text)
		if err != nil {
			return nil, fmt.Errorf("%s is no %s: %w", text, t, err)
		}
		least, most := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(k.bits))
		if k.signed {
			most.Rsh(most, 1)
			least.Neg(most)
		}
		most.Sub(most, big.NewInt(1))
		if n.Cmp(least) < 0 || n.Cmp(most) > 0 {
			return nil, fmt.Errorf("%s is no %s: that goes from %s to %s", text, t, least, most)
		}
		bits := uint64(n.Int64())
		if !k.signed {
			bits = n.Uint64()
		}
		return append(data, binary.LittleEndian.AppendUint64(nil, bits)[:k.bits/8]...), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	single, wide := strconv.ParseFloat(text, 32)
	tooLarge := fmt.Errorf("%s is more than a %s holds", text, t)
	switch {
	case t == onnx.Double && err == nil:
		return binary.LittleEndian.AppendUint64(data, math.Float64bits(v)), nil
	case t == onnx.Double || wide != nil:
		return nil, tooLarge
	case t == onnx.Float:
		return binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(single))), nil
	case t == onnx.Float16:
		half := npz.ToHalf(float32(single))
		if math.IsInf(npz.FromHalf(half), 0) && !math.IsInf(v, 0) {
			return nil, tooLarge
		}
		return binary.LittleEndian.AppendUint16(data, half), nil
	case t == onnx.BFloat16:
		bits := math.Float32bits(float32(single))
		if single == single { // to the nearest, ties to even
			bits += 0x7fff + bits>>16&1
		}
		if bits&0x7fffffff >= 0x7f800000 && !math.IsInf(v, 0) && v == v {
			return nil, tooLarge
		}
		return binary.LittleEndian.AppendUint16(data, uint16(bits>>16)), nil
	}
	return nil, fmt.Errorf("elements of type %s can't be given", t)
}

// integer reads a number that has no fraction, such as 3, 3.0 or 1e3.
func integer(text string) (*big.Int, error) {
	if n, ok := new(big.Int).SetString(text, 10); ok && len(text) <= 40 {
		return n, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(v) >= 1<<64:
		return nil, fmt.Errorf("it is too large")
	case v != math.Trunc(v):
		return nil, fmt.Errorf("it has a fraction")
	}
	n, _ := big.NewFloat(v).Int(nil)
	return n, nil
}

// texts are an array's elements as texts that name them exactly; nil where the type has none.
func texts(a npz.Array) []string {
	size := a.Type.Size()
	if size == 0 {
		return nil
	}
	var out []string
	for i := 0; i+size <= len(a.Data); i += size {
		var b [8]byte
		copy(b[:], a.Data[i:i+size])
		bits := binary.LittleEndian.Uint64(b[:])
		k, whole := integers[a.Type]
		switch {
		case a.Type == onnx.Bool:
			out = append(out, strconv.FormatUint(min(bits, 1), 10))
		case whole && k.signed:
			out = append(out, strconv.FormatInt(int64(bits<<(64-k.bits))>>(64-k.bits), 10))
		case whole:
			out = append(out, strconv.FormatUint(bits, 10))
		default:
			wide, err := npz.Array{Type: a.Type, Data: a.Data[i : i+size]}.As(onnx.Double)
			if err != nil {
				return nil
			}
			out = append(out, strconv.FormatFloat(math.Float64frombits(binary.LittleEndian.Uint64(wide.Data)), 'g', -1, 64))
		}
	}
	return out
}
