package oip

import (
	"encoding/binary"
	"math"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/runner/onnx"
)

// maxRank and maxElements bound what the shape of a tensor may claim.
const (
	maxRank     = 16
	maxElements = 1 << 31
)

// count is how many elements a shape has.
func count(name string, shape []int64) (int, error) {
	if len(shape) > maxRank {
		return 0, fault.Input("tensor %.200q has %d dimensions: at most %d can be", name, len(shape), maxRank)
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > maxElements/d {
			return 0, fault.Input("tensor %.200q has shape %v, which can't be", name, shape)
		}
		n *= d
	}
	return int(n), nil
}

// fromRaw makes a tensor of its raw bytes: little-endian and row-major; of BYTES, each element with
// its length before it, as 4 bytes.
func fromRaw(t *tensor, raw []byte) error {
	n, err := count(t.Name, t.Shape)
	if err != nil {
		return err
	}
	if t.Type != onnx.String {
		if want := n * t.Type.Size(); len(raw) != want {
			return fault.Input("tensor %.200q has %d bytes: %s of shape %v has %d", t.Name, len(raw), nameOf(t.Type), t.Shape, want)
		}
		t.Data = raw
		return nil
	}
	rest := raw
	for len(rest) >= 4 && len(t.Texts) < n {
		size := binary.LittleEndian.Uint32(rest)
		if uint64(size) > uint64(len(rest)-4) {
			break
		}
		t.Texts = append(t.Texts, rest[4:4+size])
		rest = rest[4+size:]
	}
	if len(rest) > 0 || len(t.Texts) != n {
		return fault.Input("tensor %.200q: its %d bytes are not %d elements, each with its length as 4 bytes before it", t.Name, len(raw), n)
	}
	return nil
}

// raw are a tensor's raw bytes.
func (t *tensor) raw() []byte {
	if t.Type != onnx.String {
		return t.Data
	}
	var b []byte
	for _, text := range t.Texts {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

// number is a value of a tensor as it is written: what its bits mean is the type's matter.
type number interface {
	int64 | uint64 | float64
}

// put appends a value as an element of a type, and reports whether it can be one.
func put[T number](b []byte, of onnx.ElementType, v T) ([]byte, bool) {
	f := float64(v)
	whole := func(low, high float64) bool { return f == math.Trunc(f) && f >= low && f <= high }
	switch of {
	case onnx.Float:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v))), true
	case onnx.Double:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(f)), true
	case onnx.Uint8:
		return append(b, uint8(v)), whole(0, math.MaxUint8)
	case onnx.Int8:
		return append(b, uint8(int8(v))), whole(math.MinInt8, math.MaxInt8)
	case onnx.Uint16:
		return binary.LittleEndian.AppendUint16(b, uint16(v)), whole(0, math.MaxUint16)
	case onnx.Int16:
		return binary.LittleEndian.AppendUint16(b, uint16(int16(v))), whole(math.MinInt16, math.MaxInt16)
	case onnx.Uint32:
		return binary.LittleEndian.AppendUint32(b, uint32(v)), whole(0, math.MaxUint32)
	case onnx.Int32:
		return binary.LittleEndian.AppendUint32(b, uint32(int32(v))), whole(math.MinInt32, math.MaxInt32)
	case onnx.Uint64:
		return binary.LittleEndian.AppendUint64(b, uint64(v)), v >= 0 && whole(0, math.MaxUint64)
	case onnx.Int64:
		return binary.LittleEndian.AppendUint64(b, uint64(int64(v))), whole(math.MinInt64, math.MaxInt64)
	case onnx.Bool:
		return append(b, uint8(v)), f == 0 || f == 1
	}
	return b, false
}
