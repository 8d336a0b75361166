package runner

import (
	"slices"
	"testing"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func TestValues(t *testing.T) {
	values := []float32{0, 1, -2.5, 100.25, -7}
	whole := []float32{0, 1, -2, 100, -7}
	for kind, want := range map[onnx.ElementType][]float32{
		onnx.Float: values, onnx.Double: values, onnx.Float16: values, onnx.Int32: whole, onnx.Int64: whole,
	} {
		data := bytesOf(make([]uint64, 6))[:6*kind.Size()]
		last := data[5*kind.Size():]
		if !FromFloat32s(data, kind, values) || slices.Max(last) != 0 {
			t.Errorf("%s: not written, or more than that: %v", kind, data)
		}
		got := make([]float32, len(values))
		if !ToFloat32s(got, kind, data) || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
		if two := make([]float32, 2); !ToFloat32s(two, kind, data[2*kind.Size():]) || !slices.Equal(two, want[2:4]) {
			t.Errorf("%s: %v, want %v", kind, two, want[2:4])
		}
	}
	got := make([]float32, 2)
	if !ToFloat32s(got, onnx.Uint8, []byte{255, 3}) || got[0] != 255 || got[1] != 3 {
		t.Errorf("uint8: %v", got)
	}
	if !ToFloat32s(got, onnx.Int8, []byte{255, 3}) || got[0] != -1 || got[1] != 3 {
		t.Errorf("int8: %v", got)
	}
	half := bytesOf([]uint16{npz.ToHalf(65504), npz.ToHalf(1e6)})
	if !ToFloat32s(got, onnx.Float16, half) || got[0] != 65504 || got[1]-got[1] == 0 {
		t.Errorf("float16: %v", got)
	}
	if !ToFloat32s(got, onnx.BFloat16, bytesOf([]uint16{0x3fc0, 0xc000})) || got[0] != 1.5 || got[1] != -2 {
		t.Errorf("bfloat16: %v", got)
	}
	for _, kind := range []onnx.ElementType{onnx.String, onnx.Bool} {
		if data := make([]byte, 16); ToFloat32s(got, kind, data) || FromFloat32s(data, kind, got) {
			t.Errorf("%s has numbers", kind)
		}
	}
}
