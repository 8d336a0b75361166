package preprocess

import (
	"math"
	"testing"
	"unsafe"
)

// TestLinearTorch: what torchvision 0.29's v2.functional.resize(x.float(), antialias=True) gives.
func TestLinearTorch(t *testing.T) {
	for _, c := range []struct {
		size [3]int
		to   [2]int
		want []float32
	}{
		{[3]int{5, 4, 1}, [2]int{3, 2}, []float32{152.653060, 75.0952377, 144.734695, 120.306129, 120.079360, 158.591827}},
		{[3]int{7, 3, 3}, [2]int{2, 1}, []float32{119.554817, 124.325576, 90.7043151, 118.089698, 100.960128, 109.820602}},
		{[3]int{2, 2, 1}, [2]int{3, 3}, []float32{184.0, 209.5, 235.0, 205.5, 220.25, 235.0, 227.0, 231.0, 235.0}},
		{[3]int{9, 1, 1}, [2]int{4, 1}, []float32{99.5428543, 152.634124, 94.0243835, 210.914291}},
		{[3]int{2, 2, 1}, [2]int{2, 2}, nil}, // as it is
	} {
		img := congruential(c.size[0], c.size[1], c.size[2])
		if c.want == nil {
			for _, v := range img.Pix {
				c.want = append(c.want, float32(v))
			}
		}
		spec := raw(c.to[0], c.to[1], c.size[2], LinearTorch)
		got := make([]float32, len(c.want))
		if err := spec.Tensor(unsafe.Slice((*byte)(unsafe.Pointer(&got[0])), 4*len(got)), img); err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if math.Abs(float64(v-c.want[i])) > 5e-5 {
				t.Errorf("%v to %v: %v, want %v", c.size, c.to, got, c.want)
				break
			}
		}
		// Part of a result is what the whole has there.
		bytes := Resample(img, c.to[0], c.to[1], LinearTorch)
		rows := make([]byte, c.to[0]*c.size[2])
		ResampleRows(rows, img, c.to[0], c.to[1], LinearTorch, c.to[1]-1, c.to[1])
		for i, v := range rows {
			if at := len(c.want) - len(rows) + i; v != bytes.Pix[at] || v != uint8(math.RoundToEven(float64(c.want[at]))) {
				t.Errorf("%v to %v: row %v", c.size, c.to, rows)
				break
			}
		}
	}
}
