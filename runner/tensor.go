package runner

import (
	"fmt"
	"math"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// Tensor is a value that a session reads or writes: elements of one type in
// row-major order, in memory that Go owns.
type Tensor struct {
	Type  onnx.ElementType
	Shape []int64

	data  []byte
	value *ort.CustomDataTensor
}

// NewTensor returns a tensor of zeros. Its element type must have a fixed size,
// its shape at least one dimension, all of them positive. The library must be
// loaded.
func NewTensor(t onnx.ElementType, shape []int64) (*Tensor, error) {
	n, err := byteSize(t, shape)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, (n+7)/8) // aligned for every element type
	return wrap(t, shape, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n))
}

func byteSize(t onnx.ElementType, shape []int64) (int, error) {
	n := int64(t.Size())
	if n == 0 {
		return 0, fmt.Errorf("a tensor of %s elements is not supported", t)
	}
	if len(shape) == 0 {
		return 0, fmt.Errorf("a tensor without dimensions is not supported")
	}
	for _, d := range shape {
		if d <= 0 || n > math.MaxInt32*int64(8)/d {
			return 0, fmt.Errorf("a tensor of shape %v is not supported", shape)
		}
		n *= d
	}
	return int(n), nil
}

func wrap(t onnx.ElementType, shape []int64, data []byte) (*Tensor, error) {
	value, err := ort.NewCustomDataTensor(ort.NewShape(shape...), data, ort.TensorElementDataType(t))
	if err != nil {
		return nil, fmt.Errorf("create tensor %s%v: %w", t, shape, err)
	}
	return &Tensor{Type: t, Shape: append([]int64(nil), shape...), data: data, value: value}, nil
}

// head returns a tensor over the first n rows of t, in the same memory.
func (t *Tensor) head(n int64) (*Tensor, error) {
	shape := append([]int64{n}, t.Shape[1:]...)
	return wrap(t.Type, shape, t.data[:int64(len(t.data))/t.Shape[0]*n])
}

// Bytes returns the elements in native byte order; they may be written.
func (t *Tensor) Bytes() []byte { return t.data }

// Float32s returns the elements of a float32 tensor without copying.
func (t *Tensor) Float32s() []float32 {
	if t.Type != onnx.Float {
		panic("Float32s of a tensor of " + t.Type.String())
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)/4)
}

// Row returns item i of the first dimension: its bytes, in the same memory.
func (t *Tensor) Row(i int) []byte {
	n := len(t.data) / int(t.Shape[0])
	return t.data[i*n : (i+1)*n]
}

// Close frees ONNX Runtime's side of the tensor. No run may be using it.
func (t *Tensor) Close() {
	if t.value != nil {
		t.value.Destroy()
		t.value = nil
	}
}

// fromAllocated copies an output that ONNX Runtime allocated, and frees it.
func fromAllocated(v ort.Value) (*Tensor, error) {
	defer v.Destroy()
	shape := v.GetShape()
	switch x := v.(type) {
	case *ort.Tensor[float32]:
		return copied(onnx.Float, shape, x.GetData())
	case *ort.Tensor[float64]:
		return copied(onnx.Double, shape, x.GetData())
	case *ort.Tensor[uint8]:
		return copied(onnx.Uint8, shape, x.GetData())
	case *ort.Tensor[int8]:
		return copied(onnx.Int8, shape, x.GetData())
	case *ort.Tensor[int32]:
		return copied(onnx.Int32, shape, x.GetData())
	case *ort.Tensor[int64]:
		return copied(onnx.Int64, shape, x.GetData())
	}
	return nil, fmt.Errorf("an output whose shape the graph does not state can't be carried as %T", v)
}

func copied[T any](t onnx.ElementType, shape []int64, data []T) (*Tensor, error) {
	out, err := NewTensor(t, shape)
	if err != nil {
		return nil, err
	}
	copy(unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(out.data))), len(data)), data)
	return out, nil
}
