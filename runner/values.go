package runner

import (
	"math"
	"unsafe"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// ToFloat32s converts the first elements of a tensor's memory, in this machine's byte order
// and aligned for their type, to dst, which must not be longer. It returns false where the
// type has no such numbers.
func ToFloat32s(dst []float32, t onnx.ElementType, data []byte) bool {
	switch t {
	case onnx.Float:
		copy(dst, elements[float32](data)[:len(dst)])
	case onnx.Double:
		widen(dst, elements[float64](data))
	case onnx.Float16:
		half := elements[uint16](data)
		for i := range dst {
			dst[i] = float32(npz.FromHalf(half[i]))
		}
	case onnx.BFloat16:
		bits := elements[uint16](data)
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(bits[i]) << 16)
		}
	case onnx.Uint8:
		widen(dst, data)
	case onnx.Int8:
		widen(dst, elements[int8](data))
	case onnx.Uint16:
		widen(dst, elements[uint16](data))
	case onnx.Int16:
		widen(dst, elements[int16](data))
	case onnx.Int32:
		widen(dst, elements[int32](data))
	case onnx.Int64:
		widen(dst, elements[int64](data))
	default:
		return false
	}
	return true
}

// FromFloat32s writes src as the first elements of a tensor's memory, as ToFloat32s has it:
// rounded to floats, to integers cut towards zero as torch.Tensor.to does. It returns false
// where the type has no such numbers.
func FromFloat32s(data []byte, t onnx.ElementType, src []float32) bool {
	switch t {
	case onnx.Float:
		copy(elements[float32](data)[:len(src)], src)
	case onnx.Double:
		narrow(elements[float64](data), src)
	case onnx.Float16:
		half := elements[uint16](data)
		for i, v := range src {
			half[i] = npz.ToHalf(v)
		}
	case onnx.Int32:
		narrow(elements[int32](data), src)
	case onnx.Int64:
		narrow(elements[int64](data), src)
	default:
		return false
	}
	return true
}

type number interface {
	float64 | uint8 | int8 | uint16 | int16 | int32 | int64
}

func widen[T number](dst []float32, src []T) {
	for i := range dst {
		dst[i] = float32(src[i])
	}
}

func narrow[T number](dst []T, src []float32) {
	for i, v := range src {
		dst[i] = T(v)
	}
}

// elements views memory, which is aligned for them, as elements.
func elements[T any](data []byte) []T {
	var one T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(one)))
}
