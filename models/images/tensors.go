package images

import (
	"fmt"
	"unsafe"

	"ortho/models/boxes"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Tensors are an image's rows of outputs as float32, without a copy where they are that already: they
// are valid as long as the rows. Values need not be finite; whole numbers beyond 2^24 are rounded.
func Tensors(rows []runner.Row) ([]boxes.Tensor, error) {
	tensors := make([]boxes.Tensor, len(rows))
	for i, row := range rows {
		t := boxes.Tensor{Name: row.Name, Shape: make([]int, len(row.Shape))}
		for k, d := range row.Shape {
			t.Shape[k] = int(d)
		}
		n := len(row.Data) / max(1, row.Type.Size())
		switch {
		case n == 0:
		case row.Type == onnx.Float:
			t.Values = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(row.Data))), n)
		default:
			t.Values = make([]float32, n)
			if !runner.ToFloat32s(t.Values, row.Type, row.Data) {
				return nil, fmt.Errorf("output %s: values of type %s can't be read as numbers", row.Name, row.Type)
			}
		}
		tensors[i] = t
	}
	return tensors, nil
}
