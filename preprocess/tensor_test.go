package preprocess

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func TestTensorPacks(t *testing.T) {
	img := &Image{Width: 2, Height: 1, Channels: 3, Pix: []byte{10, 20, 30, 40, 50, 60}}
	raw := Spec{Height: 1, Width: 2, Channels: 3, Range: [2]float64{0, 255}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Type: Uint8}
	for name, c := range map[string]struct {
		change func(*Spec)
		want   []byte
	}{
		"nchw rgb":  {func(*Spec) {}, []byte{10, 40, 20, 50, 30, 60}},
		"nchw bgr":  {func(s *Spec) { s.ColorOrder = BGR }, []byte{30, 60, 20, 50, 10, 40}},
		"nhwc rgb":  {func(s *Spec) { s.Layout = NHWC }, []byte{10, 20, 30, 40, 50, 60}},
		"nhwc bgr":  {func(s *Spec) { s.Layout, s.ColorOrder = NHWC, BGR }, []byte{30, 20, 10, 60, 50, 40}},
		"invert":    {func(s *Spec) { s.Layout, s.Invert = NHWC, true }, []byte{245, 235, 225, 215, 205, 195}},
		"bgr mean":  {func(s *Spec) { s.Layout, s.ColorOrder, s.Mean = NHWC, BGR, []float64{30, 0, 0} }, []byte{0, 20, 10, 30, 50, 40}},
		"saturates": {func(s *Spec) { s.Layout, s.Range = NHWC, [2]float64{-255, 2550} }, []byte{0, 0, 75, 185, 255, 255}},
		"int8":      {func(s *Spec) { s.Layout, s.Type, s.Mean = NHWC, Int8, []float64{128, 128, 0} }, []byte{138, 148, 30, 168, 178, 60}},
		"pads":      {func(s *Spec) { s.Width, s.Layout, s.Fill = 4, NHWC, [3]uint8{1, 2, 3} }, []byte{1, 2, 3, 10, 20, 30, 40, 50, 60, 1, 2, 3}},
		"crops":     {func(s *Spec) { s.Width = 1 }, []byte{10, 20, 30}},
	} {
		spec := raw
		c.change(&spec)
		got := make([]byte, spec.Bytes())
		if err := spec.Tensor(got, img); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestTensorRefuses(t *testing.T) {
	good := Spec{Height: 2, Width: 2, Channels: 1, Range: [2]float64{0, 1}, Mean: []float64{0}, Std: []float64{1}}
	short := good
	short.Resize = Resize{Mode: ShortEdge, Size: MaxSize}
	img := &Image{Width: 2, Height: 2, Channels: 1, Pix: make([]byte, 4)}
	dst := make([]byte, 32)
	if err := good.Tensor(dst[:16], img); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spec Spec
		dst  []byte
		img  *Image
	}{
		"no spec":        {Spec{}, dst[:16], img},
		"short dst":      {good, dst[:15], img},
		"unaligned dst":  {good, dst[1:17], img},
		"channels":       {good, dst[:16], &Image{Width: 2, Height: 2, Channels: 3, Pix: make([]byte, 12)}},
		"no image":       {good, dst[:16], &Image{Channels: 1}},
		"missing pixels": {good, dst[:16], &Image{Width: 2, Height: 2, Channels: 1, Pix: make([]byte, 3)}},
		"edge":           {good, dst[:16], newImage(maxEdge+1, 1, 1)},
		"resized edge":   {short, dst[:16], newImage(20000, 1, 1)},
	} {
		if c.spec.Tensor(c.dst, c.img) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestResizedSize(t *testing.T) {
	for _, c := range []struct {
		resize              Resize
		width, height, w, h int
	}{
		{Resize{}, 5, 7, 5, 7},
		{Resize{Mode: ShortEdge, Size: 256}, 500, 375, 341, 256}, // 341.33
		{Resize{Mode: ShortEdge, Size: 256}, 375, 499, 256, 340}, // 340.65: cut
		{Resize{Mode: ShortEdge, Size: 224}, 3000, 1, 672000, 224},
		{Resize{Mode: LongEdge, Size: 224}, 500, 375, 224, 168},
		{Resize{Mode: LongEdge, Size: 5}, 10, 5, 5, 2}, // 2.5: to even
		{Resize{Mode: LongEdge, Size: 224}, 3000, 1, 224, 1},
		{Resize{Mode: Exact, Height: 3, Width: 9}, 500, 375, 9, 3},
		{Resize{Mode: Fit, Height: 100, Width: 400}, 500, 375, 133, 100},
		{Resize{Mode: Cover, Height: 100, Width: 400}, 500, 375, 400, 300},
	} {
		s := Spec{Resize: c.resize}
		if w, h := s.ResizedSize(c.width, c.height); w != c.w || h != c.h {
			t.Errorf("%+v of %dx%d: %dx%d, want %dx%d", c.resize, c.width, c.height, w, h, c.w, c.h)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		rule        CropOffset
		in, out     int
		from, to, n int
	}{
		{RoundHalfEven, 9, 4, 2, 0, 4}, {RoundHalfEven, 11, 4, 4, 0, 4}, {RoundHalfEven, 4, 4, 0, 0, 4}, {RoundHalfEven, 4, 9, 0, 2, 4},
		{Floor, 9, 4, 2, 0, 4}, {Floor, 11, 4, 3, 0, 4}, {Floor, 4, 9, 0, 3, 4}, {Floor, 4, 8, 0, 2, 4},
	} {
		s := Spec{CropOffset: c.rule}
		if from, to, n := s.window(c.in, c.out); from != c.from || to != c.to || n != c.n {
			t.Errorf("rule %d, %d to %d: %d, %d, %d; want %d, %d, %d", c.rule, c.in, c.out, from, to, n, c.from, c.to, c.n)
		}
	}
}

// FuzzTensor holds Tensor against the whole image resized by the plain
// reference, then cropped or padded, then normalised one by one.
func FuzzTensor(f *testing.F) {
	f.Add(uint8(30), uint8(20), uint8(16), uint8(12), uint8(18), uint8(3), uint8(1), uint16(0), []byte{1, 2, 3})
	f.Add(uint8(1), uint8(200), uint8(16), uint8(16), uint8(16), uint8(1), uint8(2), uint16(0x5a), []byte{200})
	f.Add(uint8(90), uint8(200), uint8(33), uint8(20), uint8(40), uint8(5), uint8(4), uint16(0x1ff), []byte{0, 255, 255, 0, 9})
	f.Add(uint8(64), uint8(64), uint8(64), uint8(80), uint8(64), uint8(0), uint8(5), uint16(0x93), []byte{77, 3})
	f.Add(uint8(9), uint8(255), uint8(8), uint8(8), uint8(9), uint8(4), uint8(3), uint16(0x101), []byte{255, 0})
	f.Fuzz(func(t *testing.T, w, h, tw, th, edge, filter, mode uint8, bits uint16, noise []byte) {
		bit := func(n int) int { return int(bits >> n & 1) }
		s := Spec{Height: int(th), Width: int(tw), Channels: 3 - 2*bit(0), Interpolation: Filter(filter % 7), Range: [2]float64{-3, 250},
			Mean: []float64{4, 5, 6}, Std: []float64{1, 2, -3}, Fill: [3]uint8{10, 20, 30}, Type: ElementType(bits >> 1 & 3), Layout: Layout(bit(3)),
			ColorOrder: ColorOrder(bit(4)), Invert: bit(5) == 1, CropOffset: CropOffset(bit(6)),
			Resize: Resize{Mode: ResizeMode(mode % 7), Size: int(edge), Height: int(edge), Width: int(tw)}}
		s.Mean, s.Std = s.Mean[:s.Channels], s.Std[:s.Channels]
		img := newImage(int(w), int(h), s.Channels)
		for i := range img.Pix {
			img.Pix[i] = byte(i * 7)
			if len(noise) > 0 {
				img.Pix[i] = noise[i%len(noise)] ^ noise[i/7%len(noise)]
			}
		}
		defer func() { vectorized = true }()
		var want []byte
		for _, vectorized = range []bool{true, false} {
			got := make([]byte, s.Bytes())
			if err := s.Tensor(got, img); err != nil {
				if s.Validate() == nil && w > 0 && h > 0 {
					t.Fatal(err)
				}
				return
			}
			if width, height := s.ResizedSize(img.Width, img.Height); width*height > 1<<20 {
				return
			}
			if want == nil {
				want = tensorReference(&s, img)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("vectorized %v: %+v: differs from the reference", vectorized, s)
			}
		}
	})
}

func BenchmarkTensor(b *testing.B) {
	defer func() { vectorized = true }()
	for _, c := range []struct {
		width, height int
		vector        bool
	}{{500, 375, true}, {4000, 3000, true}, {500, 375, false}, {4000, 3000, false}} {
		size := [2]int{c.width, c.height}
		b.Run(fmt.Sprintf("%dx%d/vector=%v", size[0], size[1], c.vector), func(b *testing.B) {
			vectorized = c.vector
			img := &Image{Width: size[0], Height: size[1], Channels: 3, Pix: make([]byte, size[0]*size[1]*3)}
			half := []float64{0.5, 0.5, 0.5}
			s := Spec{Height: 224, Width: 224, Channels: 3, Interpolation: Bicubic, Range: [2]float64{0, 1}, Mean: half, Std: half, Resize: Resize{Mode: ShortEdge, Size: 256}}
			dst := make([]byte, s.Bytes())
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Tensor(dst, img); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestShape(t *testing.T) {
	spec := Spec{Channels: 3, Height: 2, Width: 5}
	if got := spec.Shape(); !slices.Equal(got, []int64{3, 2, 5}) {
		t.Errorf("NCHW: %v", got)
	}
	spec.Layout = NHWC
	if got := spec.Shape(); !slices.Equal(got, []int64{2, 5, 3}) {
		t.Errorf("NHWC: %v", got)
	}
}
