package onnx

import "testing"

func TestList(t *testing.T) {
	values := []Value{
		{Name: "x", Kind: "tensor", Type: Float, Ranked: true, Dims: []Dim{{Size: -1, Name: "n"}, {Size: 3}}},
		{Name: "y", Kind: "tensor", Type: Int64, Ranked: true},
	}
	if got, want := List(values), values[0].String()+", "+values[1].String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := List(nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}
