package matte

import (
	"math"
	"slices"
	"testing"

	"ortho/runner/onnx"
)

func TestRead(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		what, rule string
		shape      []int
		values     []float32
		inside     bool
		want       []byte // nil: an error
	}{
		{"stretched and cut", "u2net", []int{1, 1, 3}, []float32{0.25, 0.5, 0.75}, true, []byte{0, 127, 255}},
		{"of one value, which can't be stretched", "isnet", []int{1, 1, 2}, []float32{0.7, 0.7}, true, []byte{0, 0}},
		{"logits, stretched behind the sigmoid", "birefnet", []int{1, 3}, []float32{-800, 0, 800}, false, []byte{0, 127, 255}},
		{"no sigmoid twice", "birefnet", []int{1, 2}, []float32{0, 1}, true, []byte{0, 255}},
		{"rounded, and clipped", "probability", []int{2, 2, 1}, []float32{-1, 0.5, 0.998, 7}, false, []byte{0, 128, 254, 255}},
		{"cut", "modnet", []int{1, 2}, []float32{0.5, 0.999}, false, []byte{127, 254}},
		{"no number", "u2net", []int{1, 2}, []float32{0, nan}, false, nil},
		{"infinite", "u2net", []int{1, 2}, []float32{0, inf}, false, nil},
		{"infinite, where nothing is stretched", "probability", []int{1, 2}, []float32{0, inf}, false, []byte{0, 255}},
		{"of several channels", "u2net", []int{2, 1, 2}, make([]float32, 4), false, nil},
		{"of nothing", "u2net", []int{1, 0, 2}, nil, false, nil},
		{"too few values", "u2net", []int{4, 4}, make([]float32, 3), false, nil},
	} {
		m, err := Named(c.rule).Read(c.shape, c.values, c.inside)
		if (err != nil) != (c.want == nil) || err == nil && !slices.Equal(m.Pix, c.want) {
			t.Errorf("%s: %v, want %v: %v", c.what, m.Pix, c.want, err)
		}
	}
}

// TestAlpha: every rule's filter brings a map to any size.
func TestAlpha(t *testing.T) {
	for _, r := range Rules {
		m, err := r.Read([]int{1, 2, 2}, []float32{0, 0, 1, 1}, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range [][2]int{{2, 2}, {1, 1}, {5, 300}} {
			got, err := m.Alpha(size[0], size[1])
			if err != nil || len(got) != size[0]*size[1] || size[1] > 2 && (got[0] != 0 || got[len(got)-1] != 255) {
				t.Errorf("%s, %v: %d values: %v", r.Name, size, len(got), err)
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	of := func(dims ...int64) onnx.Value {
		v := onnx.Value{Name: "v", Kind: "tensor", Type: onnx.Float, Ranked: true}
		for _, d := range dims {
			v.Dims = append(v.Dims, onnx.Dim{Size: d})
		}
		return v
	}
	for _, c := range []struct {
		v    onnx.Value
		want bool
	}{{of(1, 1, 320, 320), true}, {of(-1, 1, -1, -1), true}, {of(1, 256, 256, 1), true}, {of(1, 64, 64), true}, {of(1, 1000), false}, {of(1, 3, 64, 64), false}, {of(1, 1, 1, 1), false}} {
		if got := IsMap(c.v); got != c.want {
			t.Errorf("IsMap(%v) = %v", c.v.Dims, got)
		}
	}
	if r := OfOutputs(slices.Repeat([]onnx.Value{of(1, 1, 320, 320)}, 7)); r != Named("u2net") {
		t.Errorf("seven maps: %v", r)
	}
	if r := OfOutputs(slices.Repeat([]onnx.Value{of(1, 1, 320, 320)}, 6)); r != nil {
		t.Errorf("six maps: %v", r)
	}
}

// FuzzRead: whatever values and shapes come, nothing panics, and a map has all its bytes.
func FuzzRead(f *testing.F) {
	f.Add(1, 2, 3, []byte{1, 2, 3}, byte(0))
	f.Add(-1, 1<<40, 1<<40, []byte{}, byte(3))
	f.Fuzz(func(t *testing.T, a, b, c int, data []byte, rule byte) {
		values := make([]float32, len(data))
		for i, v := range data {
			values[i] = math.Float32frombits(uint32(v) << 24)
		}
		m, err := Rules[int(rule)%len(Rules)].Read([]int{a, b, c}, values, rule > 127)
		if err == nil && (len(m.Pix) != len(values) || m.Width*m.Height != len(values)) {
			t.Errorf("%dx%d in %d bytes", m.Width, m.Height, len(m.Pix))
		}
	})
}
