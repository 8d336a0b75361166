package config

import (
	"testing"

	"ortho/runner/onnx"
)

// FuzzConstant: a value that is read is of the shape that it says, for every type, or refused.
func FuzzConstant(f *testing.F) {
	for _, seed := range []string{"a=1", "a=[1,2]", "a=[[1,2],[3,4]]", "a=[[[true]]]", "a=[[1],[]]", "a=-1e400", "a=@x.npy", "a=1e999999999", "a=[1,[2]]", "=", "a=0.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConstant(text)
		if err != nil || c.File != "" {
			return
		}
		n := int64(1)
		for _, d := range c.shape {
			n *= d
		}
		if n != int64(len(c.numbers)) {
			t.Fatalf("%q: %d numbers of the shape %v", text, len(c.numbers), c.shape)
		}
		for _, e := range []onnx.ElementType{onnx.Float, onnx.Float16, onnx.BFloat16, onnx.Double, onnx.Int8, onnx.Uint64, onnx.Int64, onnx.Bool} {
			g, err := c.For(onnx.Value{Name: "a", Kind: "tensor", Type: e})
			if err == nil && int64(len(g.Data)) != n*int64(e.Size()) {
				t.Fatalf("%q as %s: %d bytes", text, e, len(g.Data))
			}
		}
	})
}
