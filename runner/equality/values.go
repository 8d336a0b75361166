package equality

import (
	"encoding/binary"
	"math"
	"strconv"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// bitsAt returns element i of data, widened with zeros.
func bitsAt(data []byte, size, i int) uint64 {
	switch size {
	case 1:
		return uint64(data[i])
	case 2:
		return uint64(binary.LittleEndian.Uint16(data[2*i:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return binary.LittleEndian.Uint64(data[8*i:])
}

// number returns the element of type t whose bits are given.
func number(t onnx.ElementType, bits uint64) float64 {
	switch t {
	case onnx.Float:
		return float64(math.Float32frombits(uint32(bits)))
	case onnx.Double:
		return math.Float64frombits(bits)
	case onnx.Float16:
		return npz.FromHalf(uint16(bits))
	case onnx.BFloat16:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64:
		return float64(signed(t, bits))
	}
	return float64(bits)
}

func signed(t onnx.ElementType, bits uint64) int64 {
	shift := 64 - 8*t.Size()
	return int64(bits<<shift) >> shift
}

// distance returns |g - w| of two elements of the integer type t, without the overflow and
// rounding that 64 bits would meet.
func distance(t onnx.ElementType, w, g uint64) float64 {
	switch t {
	case onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64:
		a, b := signed(t, w), signed(t, g)
		if a < b {
			a, b = b, a
		}
		return float64(uint64(a) - uint64(b))
	}
	return float64(max(w, g) - min(w, g))
}

// Value is one element, as it is written: "0.25", "-7", "true", "NaN".
type Value string

func valueOf(t onnx.ElementType, bits uint64) Value {
	switch t {
	case onnx.Bool:
		return Value(strconv.FormatBool(bits != 0))
	case onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64:
		return Value(strconv.FormatUint(bits, 10))
	case onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64:
		return Value(strconv.FormatInt(signed(t, bits), 10))
	case onnx.Double:
		return Value(strconv.FormatFloat(number(t, bits), 'g', -1, 64))
	case onnx.Float:
		return Value(strconv.FormatFloat(number(t, bits), 'g', -1, 32))
	}
	return Value(strconv.FormatFloat(number(t, bits), 'g', 5, 64)) // more digits than 11 bits hold
}
