package generate

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func floatArray(values []float32, shape ...int64) npz.Array {
	data, _ := binary.Append(nil, binary.LittleEndian, values)
	return npz.Array{Type: onnx.Float, Shape: shape, Data: data}
}

func TestLatentsOf(t *testing.T) {
	g := &Generator{name: "g", spec: &models.GeneratorSpec{Latents: &models.LatentsPort{Shape: []int64{4, 1, 1}}}}
	values := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		shape []int64
		n     int
	}{{[]int64{2, 4, 1, 1}, 2}, {[]int64{2, 4}, 2}, {[]int64{1, 4}, 1}, {[]int64{4}, 1}, {[]int64{4, 1, 1}, 1}} {
		a := floatArray(values[:4*c.n], c.shape...)
		for _, kind := range []onnx.ElementType{onnx.Float, onnx.Float16, onnx.Double} {
			b, err := a.As(kind)
			if err != nil {
				t.Fatal(err)
			}
			got, err := g.LatentsOf(b)
			if err != nil || len(got) != c.n || !slices.Equal(slices.Concat(got...), values[:4*c.n]) {
				t.Errorf("%v: %v, %v", b, got, err)
			}
		}
	}
	integers := npz.Array{Type: onnx.Int64, Shape: []int64{1, 4}, Data: make([]byte, 32)}
	for _, c := range []struct {
		array npz.Array
		want  string
	}{
		{floatArray(values[:6], 2, 3), "latents of shape [2 3]: g takes [4 1 1] (or [4]), or n of these: [n 4 1 1]"},
		{floatArray(values, 2, 4, 1), "[2 4 1]"},
		{floatArray(nil), "[]"},
		{floatArray(nil, 0, 4), "there are none"},
		{integers, "int64"},
		{floatArray([]float32{1, 2, float32(math.NaN()), 4}, 4), "number 2 is NaN"},
		{floatArray(values[:3], 4), "latents"},
	} {
		if got, err := g.LatentsOf(c.array); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, %v, want %q", c.array.Shape, got, err, c.want)
		}
	}
	g.spec.Latents.Shape = []int64{4}
	if _, err := g.LatentsOf(floatArray(values[:6], 2, 3)); err == nil || !strings.Contains(err.Error(), "g takes [4], or n of these: [n 4]") {
		t.Errorf("latents of one dimension: %v", err)
	}
	g.spec.Latents = nil
	if _, err := g.LatentsOf(floatArray(values[:4], 4)); err == nil {
		t.Error("a model without latents took some")
	}
}

func TestInterpolate(t *testing.T) {
	near := func(got, want []float32) bool {
		return slices.EqualFunc(got, want, func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-6 })
	}
	root := float32(math.Sqrt(0.5))
	for _, c := range []struct {
		a, b    []float32
		uniform bool
		middle  []float32 // of three
	}{
		{[]float32{1, 0}, []float32{0, 1}, false, []float32{root, root}},
		{[]float32{1, 0}, []float32{0, 1}, true, []float32{0.5, 0.5}},
		{[]float32{2, 0}, []float32{0, 4}, false, []float32{2 * root, 4 * root}}, // White's: the weights are of the unit vectors' arc
		{[]float32{1, 2}, []float32{1, 2}, false, []float32{1, 2}},
		{[]float32{1, 0}, []float32{-1, 0}, false, []float32{0, 0}},
		{[]float32{0, 0}, []float32{2, 4}, false, []float32{1, 2}},
	} {
		got := Interpolate(c.a, c.b, 3, c.uniform)
		if len(got) != 3 || !slices.Equal(got[0], c.a) || !slices.Equal(got[2], c.b) || !near(got[1], c.middle) {
			t.Errorf("%v to %v: %v, want %v between", c.a, c.b, got, c.middle)
		}
	}
	// Equal angles, and a length that stays.
	arc := Interpolate([]float32{3, 0}, []float32{0, 3}, 7, false)
	for i, v := range arc {
		angle := math.Pi / 2 * float64(i) / 6
		if !near(v, []float32{float32(3 * math.Cos(angle)), float32(3 * math.Sin(angle))}) {
			t.Errorf("frame %d: %v", i, v)
		}
	}
	if got := Interpolate([]float32{1}, []float32{2}, 1, false); len(got) != 1 || got[0][0] != 1 {
		t.Errorf("one frame: %v", got)
	}
	if got := Interpolate([]float32{1}, []float32{2}, 0, false); got != nil {
		t.Errorf("no frames: %v", got)
	}
	if got := Interpolate([]float32{1}, []float32{2, 3}, 2, false); got != nil {
		t.Errorf("of two lengths: %v", got)
	}
}
