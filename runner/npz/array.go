// Package npz keeps arrays on disk as NumPy does.
package npz

import "ortho/runner/onnx"

// Array is a named array: elements of one ONNX type, little-endian, row-major.
type Array struct {
	Name  string
	Type  onnx.ElementType
	Shape []int64
	Data  []byte
}
