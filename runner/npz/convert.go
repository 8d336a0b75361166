package npz

import (
	"encoding/binary"
	"fmt"
	"math"

	"ortho/runner/onnx"
)

// As returns the array with its elements converted between float16, bfloat16, float32 and float64,
// rounded to the nearest (ties to even, by way of float32 to those of 16 bits). Other types can
// only be had as what they are.
func (a Array) As(t onnx.ElementType) (Array, error) {
	if t == a.Type {
		return a, nil
	}
	get, put := floats[a.Type].get, floats[t].put
	if get == nil || put == nil {
		return Array{}, fmt.Errorf("array %s: %s elements can't be made of it", a, t)
	}
	out := Array{Name: a.Name, Type: t, Shape: a.Shape}
	size := a.Type.Size()
	out.Data = make([]byte, 0, len(a.Data)/size*t.Size())
	for i := 0; i+size <= len(a.Data); i += size {
		out.Data = put(out.Data, get(a.Data[i:]))
	}
	return out, nil
}

var floats = map[onnx.ElementType]struct {
	get func([]byte) float64
	put func([]byte, float64) []byte
}{
	onnx.Float16: {
		func(b []byte) float64 { return FromHalf(binary.LittleEndian.Uint16(b)) },
		func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint16(b, ToHalf(float32(v))) },
	},
	onnx.BFloat16: {
		func(b []byte) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
		},
		func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint16(b, ToBrain(float32(v))) },
	},
	onnx.Float: {
		func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
		func(b []byte, v float64) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		},
	},
	onnx.Double: {
		func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
		func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) },
	},
}

// FromHalf returns the value of IEEE 754 binary16 bits.
func FromHalf(h uint16) float64 {
	sign, exponent, fraction := uint64(h>>15)<<63, uint64(h>>10&31), uint64(h&0x3ff)
	switch exponent {
	case 0: // subnormal
		return math.Float64frombits(math.Float64bits(float64(fraction)/(1<<24)) | sign)
	case 31: // infinite, or NaN
		return math.Float64frombits(sign | 0x7ff<<52 | fraction<<42)
	}
	return math.Float64frombits(sign | (exponent+1023-15)<<52 | fraction<<42)
}

// ToHalf rounds to IEEE 754 binary16.
func ToHalf(v float32) uint16 {
	sign := uint16(math.Float32bits(v) >> 16 & 0x8000)
	switch m := math.Abs(float64(v)); {
	case m != m:
		return sign | 0x7e00
	case m >= 65520: // halfway from the largest to what would be the next
		return sign | 0x7c00
	case m < 0x1p-14:
		return sign | uint16(math.RoundToEven(m*0x1p24)) // subnormal, or the first that is not
	default:
		fraction, exponent := math.Frexp(m) // m = fraction * 2^exponent, fraction from 0.5
		// 1024 to 2048; 2048 carries into the exponent.
		return sign | uint16(int(math.RoundToEven(fraction*2048))-1024+(exponent+14)<<10)
	}
}

// ToBrain rounds to bfloat16.
func ToBrain(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40 // the fraction's upper bits may be none
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// Integers makes an array of int64 or int32 elements, which must fit the type and fill the
// shape.
func Integers(name string, t onnx.ElementType, shape []int64, values []int64) (Array, error) {
	a := Array{Name: name, Type: t, Shape: shape}
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	if n != int64(len(values)) {
		return a, fmt.Errorf("array %s: %d values for the shape %v", name, len(values), shape)
	}
	switch t {
	case onnx.Int64:
		for _, v := range values {
			a.Data = binary.LittleEndian.AppendUint64(a.Data, uint64(v))
		}
	case onnx.Int32:
		for _, v := range values {
			if v != int64(int32(v)) {
				return a, fmt.Errorf("array %s: %d is no int32", name, v)
			}
			a.Data = binary.LittleEndian.AppendUint32(a.Data, uint32(v))
		}
	default:
		return a, fmt.Errorf("array %s: type %s is neither int64 nor int32", name, t)
	}
	return a, nil
}
