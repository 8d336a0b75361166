package runner

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Tensor is a value that a session reads or writes: elements of one type in
// row-major order, in memory that Go owns.
type Tensor struct {
	Type  onnx.ElementType
	Shape []int64 // none: a scalar

	data      []byte
	gate      Gate // runs are inside
	native    *native
	forgotten runtime.Cleanup
}

// tensorOver makes a tensor. Where its Close is forgotten, a cleanup closes it: the garbage
// collector panics on memory that is still pinned.
func tensorOver(t onnx.ElementType, shape []int64, data []byte, n *native) *Tensor {
	tensor := &Tensor{Type: t, Shape: shape, data: data, native: n}
	tensor.forgotten = runtime.AddCleanup(tensor, (*native).free, n)
	return tensor
}

// NewTensor returns a tensor of zeros. Its element type must have a fixed size; a dimension
// of 0 makes one without elements, and none a scalar. The library must be loaded.
func NewTensor(t onnx.ElementType, shape []int64) (*Tensor, error) {
	n, err := byteSize(t, shape)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, (n+7)/8) // aligned for every element type
	return wrap(t, shape, bytesOf(words)[:n])
}

// TensorOf returns a tensor with an array's elements, copied. What NewTensor refuses, but for
// strings, is an error that names the array.
func TensorOf(a npz.Array) (*Tensor, error) {
	if a.Type == onnx.String {
		t, err := newStrings(a.Shape, a.Data)
		if err != nil {
			err = fmt.Errorf("input %s: %w", a.Name, err)
		}
		return t, err
	}
	t, err := NewTensor(a.Type, a.Shape)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", a.Name, err)
	}
	if len(a.Data) != len(t.data) {
		t.Close()
		return nil, fmt.Errorf("input %s: %d bytes for a tensor of %d", a.Name, len(a.Data), len(t.data))
	}
	copy(t.data, a.Data)
	swapOrder(t.data, t.Type)
	return t, nil
}

// Array returns a copy of the tensor under a name.
func (t *Tensor) Array(name string) npz.Array {
	data := slices.Clone(t.data)
	swapOrder(data, t.Type)
	return npz.Array{Name: name, Type: t.Type, Shape: slices.Clone(t.Shape), Data: data}
}

// swapOrder converts between little-endian and this machine's byte order.
func swapOrder(data []byte, t onnx.ElementType) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 || t.Size() < 2 {
		return
	}
	for e := range slices.Chunk(data, t.Size()) {
		slices.Reverse(e)
	}
}

func byteSize(t onnx.ElementType, shape []int64) (int, error) {
	n := int64(t.Size())
	if n == 0 {
		return 0, fmt.Errorf("a tensor of %s elements is not supported", t)
	}
	for _, d := range shape {
		if d < 0 || n > math.MaxInt32*int64(8)/max(1, d) {
			return 0, fmt.Errorf("a tensor of shape %v is not supported", shape)
		}
		n *= max(1, d)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	return int(n), nil
}

func wrap(t onnx.ElementType, shape []int64, data []byte) (*Tensor, error) {
	n, err := newNative(t, shape, data)
	if err != nil {
		return nil, fmt.Errorf("create tensor %s%v: %w", t, shape, err)
	}
	return tensorOver(t, append([]int64(nil), shape...), data, n), nil
}

// bytesOf returns the memory of elements.
func bytesOf[T any](elements []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(elements))), len(elements)*int(unsafe.Sizeof(one)))
}

// head returns a tensor over the first n rows of t, in the same memory.
func (t *Tensor) head(n int64) (*Tensor, error) {
	shape := append([]int64{n}, t.Shape[1:]...)
	return wrap(t.Type, shape, t.data[:int64(len(t.data))/max(1, t.Shape[0])*n])
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

// hold keeps the tensors of a run from being freed until release is called with what it returns.
// Those that are nil or closed are left out.
func hold(inputs, outputs []*Tensor) (held []*Tensor) {
	held = make([]*Tensor, 0, len(inputs)+len(outputs))
	for _, tensors := range [...][]*Tensor{inputs, outputs} {
		for _, t := range tensors {
			if t != nil && t.gate.Enter("the tensor") == nil {
				held = append(held, t)
			}
		}
	}
	return held
}

func release(held []*Tensor) {
	for _, t := range held {
		t.gate.Leave()
	}
}

// Close frees ONNX Runtime's side of the tensor, after the runs that use it; later ones fail
// with [ErrClosed]. It may be called more than once.
func (t *Tensor) Close() {
	t.gate.Close(func() error {
		t.forgotten.Stop()
		t.native.free()
		return nil
	})
}
