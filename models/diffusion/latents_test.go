package diffusion

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func TestLatentsOf(t *testing.T) {
	p := &Pipeline{name: "p", spec: &Spec{Scale: 8}}
	p.spec.Denoiser.Latents = 2
	values := make([]float32, 24)
	for i := range values {
		values[i] = float32(i)
	}
	array := func(shape ...int64) npz.Array {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		data, _ := binary.Append(nil, binary.LittleEndian, values[:n])
		return npz.Array{Type: onnx.Float, Shape: shape, Data: data}
	}
	for _, c := range []struct {
		array npz.Array
		n     int
	}{{array(2, 2, 2, 3), 2}, {array(1, 2, 2, 3), 1}, {array(2, 2, 3), 1}} {
		for _, kind := range []onnx.ElementType{onnx.Float, onnx.Float16, onnx.Double} {
			a, err := c.array.As(kind)
			if err != nil {
				t.Fatal(err)
			}
			all, width, height, err := p.LatentsOf(a)
			if err != nil || len(all) != c.n || width != 24 || height != 16 || !slices.Equal(slices.Concat(all...), values[:12*c.n]) {
				t.Errorf("%v: %v of %dx%d, %v", a, all, width, height, err)
			}
		}
	}
	nan := array(1, 2, 1, 1)
	binary.LittleEndian.PutUint32(nan.Data[4:], math.Float32bits(float32(math.Inf(1))))
	for want, a := range map[string]npz.Array{
		"latents of shape [3 2 2]: p takes [n,2,height/8,width/8]": array(3, 2, 2),
		"latents of shape [2 2]":                                   array(2, 2),
		"latents of shape [0 2 2 2]":                               array(0, 2, 2, 2),
		"latents of shape [1 2 0 2]":                               array(1, 2, 0, 2),
		"latents: number 1 is +Inf":                                nan,
		"int64":                                                    {Type: onnx.Int64, Shape: []int64{1, 2, 1, 1}, Data: make([]byte, 16)},
	} {
		if all, _, _, err := p.LatentsOf(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, %v, want %q", a.Shape, all, err, want)
		}
	}
}
