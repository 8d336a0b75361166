package equality

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// picture is a float32 image of 20x18 pixels, channels last.
func picture(value func(i int) float32) []float32 {
	pixels := make([]float32, 20*18*3)
	for i := range pixels {
		pixels[i] = value(i)
	}
	return pixels
}

// TestSSIMOfRows is of what is no figure of two images that differ; TestRealOutputs has those.
func TestSSIMOfRows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	noise := picture(func(int) float32 { return random.Float32() })
	flat := picture(func(int) float32 { return 0.5 })
	brighter := picture(func(i int) float32 { return noise[i] + 0.25 })
	holed := picture(func(i int) float32 { return noise[i] })
	holed[7] = float32(math.NaN())
	for _, c := range []struct {
		name      string
		want, got [][]float32
		ssim      *SSIM
	}{
		{"the same", [][]float32{noise, flat}, [][]float32{noise, flat}, &SSIM{1, 1, 0}},
		{"the same, not finite", [][]float32{holed, noise}, [][]float32{holed, noise}, &SSIM{1, 1, 1}},
		{"a flat reference", [][]float32{flat}, [][]float32{noise}, nil},
		{"a flat reference among others", [][]float32{noise, flat}, [][]float32{noise, noise}, &SSIM{1, 1, 0}},
		{"not finite", [][]float32{noise, noise}, [][]float32{holed, noise}, &SSIM{1, 1, 1}},
	} {
		shape := []int64{int64(len(c.want)), 20, 18, 3}
		var want, got []float32
		for i := range c.want {
			want, got = append(want, c.want[i]...), append(got, c.got[i]...)
		}
		o := compare(t, Float32, array(onnx.Float, shape, want...), array(onnx.Float, shape, got...), len(c.want))
		if (o.SSIM == nil) != (c.ssim == nil) || o.SSIM != nil && *o.SSIM != *c.ssim {
			t.Errorf("%s: %+v, want %+v", c.name, o.SSIM, c.ssim)
		}
	}
	// The worst row is found, in whatever chunk.
	one := func(x []float32) []npz.Array { return []npz.Array{array(onnx.Float, []int64{1, 20, 18, 3}, x...)} }
	c := New(Float32.Tolerance())
	for _, got := range [][]float32{noise, brighter, flat, noise} {
		if err := c.Add(one(noise), one(got), 1); err != nil {
			t.Fatal(err)
		}
	}
	if s := c.Outputs()[0].SSIM; s == nil || s.Row != 2 || !(s.Worst < 0.5 && s.Worst < s.Mean && s.Mean < 1) {
		t.Errorf("%+v", s)
	}
	// What is no image has none: fewer pixels than an image's, or another number of channels.
	for _, shape := range [][]int64{{1, 3, 15, 24}, {1, 2, 18, 30}, {1, 1080}} {
		if o := compare(t, Float32, array(onnx.Float, shape, noise...), array(onnx.Float, shape, brighter...), 1); o.SSIM != nil || o.Image {
			t.Errorf("%v: %+v", shape, o)
		}
	}
}

func FuzzSSIM(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0}, []byte{0, 0, 0x80, 0x7f}, int32(onnx.Float), true)
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7}, []byte{7, 6, 5, 4, 3, 2, 1}, int32(onnx.Uint8), false)
	f.Fuzz(func(t *testing.T, a, b []byte, typ int32, last bool) {
		kind := onnx.ElementType(typ)
		if len(a) == 0 || len(b) == 0 || kind.Size() == 0 {
			return
		}
		shape := []int64{1, 1, 17, 16}
		if last {
			shape = []int64{1, 17, 16, 1}
		}
		fill := func(with []byte) npz.Array {
			n := 17 * 16 * kind.Size()
			return npz.Array{Name: "y", Type: kind, Shape: shape, Data: bytes.Repeat(with, n/len(with)+1)[:n]}
		}
		o := compare(t, Float32, fill(a), fill(b), 1)
		if _, err := json.Marshal(o); err != nil {
			t.Error(err)
		}
		if o.Exact && o.SSIM != nil && o.SSIM.Mean != 1 || o.SSIM != nil && o.SSIM.Worst != o.SSIM.Mean {
			t.Errorf("%+v", o.SSIM)
		}
	})
}

func BenchmarkSSIM(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	for name, shape := range map[string][]int64{"nchw": {3, 1024, 1024}, "nhwc": {1024, 1024, 3}} {
		images := make([]npz.Array, 2)
		for i := range images {
			values := make([]float32, 3<<20)
			for j := range values {
				values[j] = random.Float32()
			}
			images[i] = array(onnx.Float, shape, values...)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ssim(gridOf(shape), images[0].Data, images[1].Data, [2]onnx.ElementType{onnx.Float, onnx.Float}, 1)
			}
		})
	}
}

// TestSpan: the figures of images are by the range that is stated, whatever the reference's is.
func TestSpan(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	noise := picture(func(int) float32 { return random.Float32() })
	noise[0], noise[1] = 0, 1
	brighter := picture(func(i int) float32 { return noise[i] + 0.25 })
	figures := func(span float64) (psnr, ssim float64) {
		c := New(Float32.Tolerance())
		if span > 0 {
			c.Span("x", span)
		}
		want, got := array(onnx.Float, []int64{1, 20, 18, 3}, noise...), array(onnx.Float, []int64{1, 20, 18, 3}, brighter...)
		want.Name, got.Name = "x", "x"
		if err := c.Add([]npz.Array{want}, []npz.Array{got}, 1); err != nil {
			t.Fatal(err)
		}
		o := c.Outputs()[0]
		return *o.PSNR, o.SSIM.Mean
	}
	psnr, ssim := figures(0)
	if one, same := figures(1); one != psnr || same != ssim {
		t.Errorf("its own range, stated: %v and %v, not %v and %v", one, same, psnr, ssim)
	}
	for span, more := range map[float64]float64{2: 20 * math.Log10(2), 255: 20 * math.Log10(255)} {
		if p, s := figures(span); math.Abs(p-psnr-more) > 1e-9 || s <= ssim {
			t.Errorf("span %v: %v and %v after %v and %v", span, p, s, psnr, ssim)
		}
	}
}
