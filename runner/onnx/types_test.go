package onnx

import (
	"strings"
	"testing"
)

// TestElementTypes: each number that ONNX gives out has a name, and its bits; names are
// onnx.TensorProto's in small letters, or NumPy's.
func TestElementTypes(t *testing.T) {
	for e, want := range map[ElementType]struct {
		name        string
		bytes, bits int
	}{
		1: {"float32", 4, 32}, 8: {"string", 0, 0}, 9: {"bool", 1, 8}, 14: {"complex64", 0, 64}, 15: {"complex128", 0, 128}, 16: {"bfloat16", 2, 16},
		17: {"float8e4m3fn", 0, 8}, 18: {"float8e4m3fnuz", 0, 8}, 19: {"float8e5m2", 0, 8}, 20: {"float8e5m2fnuz", 0, 8},
		21: {"uint4", 0, 4}, 22: {"int4", 0, 4}, 23: {"float4e2m1", 0, 4}, 24: {"float8e8m0", 0, 8}, 25: {"uint2", 0, 2}, 26: {"int2", 0, 2},
		27: {"float6e2m3", 0, 6}, 28: {"float6e3m2", 0, 6}, 29: {"unknown(29)", 0, 0},
	} {
		if e.String() != want.name || e.Size() != want.bytes || e.Bits() != want.bits {
			t.Errorf("%d: %s of %d bytes, %d bits; want %v", e, e, e.Size(), e.Bits(), want)
		}
	}
	for e := Undefined; e <= Float6E3M2; e++ {
		if strings.HasPrefix(e.String(), "unknown") {
			t.Errorf("%d has no name", e)
		}
		if e.Size() > 0 && e.Bits() != 8*e.Size() {
			t.Errorf("%s has %d bytes and %d bits", e, e.Size(), e.Bits())
		}
	}
}
