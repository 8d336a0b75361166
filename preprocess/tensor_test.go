package preprocess

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"testing"
)

// transformGoldens is preprocess/testdata/transforms, written by
// scripts/goldens/transforms.py: arrays lie in one file, at byte offsets.
type transformGoldens struct {
	Resizes []struct {
		Input  [4]int // width, height, channels, offset
		Filter string
		Output [3]int // width, height, offset
	}
	Cases []struct {
		Library string
		Config  json.RawMessage
		Spec    goldenSpec
		Tensors []struct {
			Input  [4]int
			Tensor int
		}
	}
	data []byte
}

type goldenSpec struct {
	Height, Width int
	Resize        []any
	Interpolation string
	Mean, Std     []float64
	Range         [2]float64
	CropOffset    string `json:"crop_offset"`
	Fill          [3]uint8
	ColorOrder    string `json:"color_order"`
}

func (g goldenSpec) spec(t *testing.T) *Spec {
	t.Helper()
	filter, err := ParseFilter(g.Interpolation)
	if err != nil {
		t.Fatal(err)
	}
	s := &Spec{Height: g.Height, Width: g.Width, Channels: 3, Interpolation: filter, Mean: g.Mean, Std: g.Std, Range: g.Range, Fill: g.Fill}
	edge := int(g.Resize[1].(float64))
	switch g.Resize[0] {
	case "short":
		s.Resize = Resize{Mode: ShortEdge, Size: edge}
	case "long":
		s.Resize = Resize{Mode: LongEdge, Size: edge}
	case "exact":
		s.Resize = Resize{Mode: Exact, Height: edge, Width: int(g.Resize[2].(float64))}
	}
	if g.CropOffset == "floor" {
		s.CropOffset = Floor
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func loadTransforms(t *testing.T) *transformGoldens {
	t.Helper()
	text, err := os.ReadFile("testdata/transforms/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(transformGoldens)
	if err := json.Unmarshal(text, g); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/transforms/arrays.bin.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if g.data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *transformGoldens) image(in [4]int) *Image {
	return &Image{Width: in[0], Height: in[1], Channels: in[2], Pix: g.data[in[3] : in[3]+in[0]*in[1]*in[2]]}
}

func TestResampleEqualsPillow(t *testing.T) {
	g := loadTransforms(t)
	for _, c := range g.Resizes {
		filter, err := ParseFilter(c.Filter)
		if err != nil {
			t.Fatal(err)
		}
		got := Resample(g.image(c.Input), c.Output[0], c.Output[1], filter)
		want := g.data[c.Output[2]:][:len(got.Pix)]
		if !bytes.Equal(got.Pix, want) {
			t.Errorf("%v to %v by %s differs from Pillow", c.Input[:3], c.Output[:2], c.Filter)
		}
	}
}

func TestTensorEqualsPython(t *testing.T) {
	g := loadTransforms(t)
	for _, c := range g.Cases {
		spec := c.Spec.spec(t)
		dst := make([]byte, spec.Bytes())
		for _, golden := range c.Tensors {
			img := g.image(golden.Input)
			if err := spec.Tensor(dst, img); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i := 0; i < len(dst); i += 4 {
				got := float64(math.Float32frombits(binary.NativeEndian.Uint32(dst[i:])))
				want := float64(math.Float32frombits(binary.LittleEndian.Uint32(g.data[golden.Tensor+i:])))
				worst = max(worst, math.Abs(got-want)/max(1, math.Abs(want)))
			}
			if worst > 1e-6 {
				t.Errorf("%s %s: %dx%d: differs by %g", c.Library, c.Config, img.Width, img.Height, worst)
			}
		}
	}
}

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

func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		f := Float16ToFloat32(uint16(h))
		if back := ToFloat16(f); back != uint16(h) && f == f {
			t.Fatalf("%#04x widens to %v, which rounds to %#04x", h, f, back)
		}
	}
	// Halfway between two neighbours: to the even one; beside it: to the nearer.
	for _, c := range []struct {
		f    float32
		want uint16
	}{
		{1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, {1 + 1.0/2048 + 1e-6, 0x3c01}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00},
		{float32(math.Inf(-1)), 0xfc00}, {1.0 / (1 << 25), 0}, {1.1 / (1 << 25), 1}, {-3.0 / (1 << 25), 0x8002}, {1e-30, 0}, {float32(math.NaN()), 0x7e00},
	} {
		if got := ToFloat16(c.f); got != c.want {
			t.Errorf("ToFloat16(%v) = %#04x, want %#04x", c.f, got, c.want)
		}
	}
}

func TestWriteNPY(t *testing.T) {
	var b bytes.Buffer
	if err := WriteNPY(&b, Float32, []int{1, 3, 2, 2}, make([]byte, 48)); err != nil {
		t.Fatal(err)
	}
	want := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 2, 2,), }"
	if got := b.String(); got[:len(want)] != want || b.Len() != 128+48 || got[127] != '\n' {
		t.Errorf("%d bytes: %q", b.Len(), got[:128])
	}
}

func TestValidate(t *testing.T) {
	good := Spec{Height: 8, Width: 8, Channels: 1, Range: [2]float64{0, 1}, Mean: []float64{0}, Std: []float64{1}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Spec){
		"size 0":        func(s *Spec) { s.Height = 0 },
		"size too high": func(s *Spec) { s.Width = MaxSize + 1 },
		"channels":      func(s *Spec) { s.Channels = 2 },
		"mean length":   func(s *Spec) { s.Mean = []float64{0, 0, 0} },
		"std 0":         func(s *Spec) { s.Std = []float64{0} },
		"std NaN":       func(s *Spec) { s.Std = []float64{math.NaN()} },
		"range":         func(s *Spec) { s.Range = [2]float64{1, 1} },
		"resize 0":      func(s *Spec) { s.Resize.Mode = ShortEdge },
		"resize far":    func(s *Spec) { s.Resize = Resize{Mode: Exact, Height: 1 << 20, Width: 1} },
	} {
		s := good
		if change(&s); s.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzTensor holds the crop-only computation against a crop of the whole.
func FuzzTensor(f *testing.F) {
	f.Add(uint8(30), uint8(20), uint8(16), uint8(12), uint8(18), uint8(3), uint8(1), []byte{1, 2, 3})
	f.Add(uint8(1), uint8(200), uint8(16), uint8(16), uint8(16), uint8(1), uint8(2), []byte{200})
	f.Fuzz(func(t *testing.T, w, h, tw, th, edge, filter, mode uint8, noise []byte) {
		if w == 0 || h == 0 || len(noise) == 0 {
			t.Skip()
		}
		img := &Image{Width: int(w), Height: int(h), Channels: 3, Pix: make([]byte, int(w)*int(h)*3)}
		for i := range img.Pix {
			img.Pix[i] = noise[i%len(noise)] + byte(i*7)
		}
		s := Spec{Height: int(th), Width: int(tw), Channels: 3, Interpolation: Filter(filter % 6), Range: [2]float64{0, 255},
			Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Type: Uint8, Layout: NHWC,
			Resize: Resize{Mode: ResizeMode(mode % 4), Size: int(edge), Height: int(edge), Width: int(tw)}}
		width, height := s.ResizedSize(img.Width, img.Height)
		if s.Validate() != nil || width*height > 1<<20 {
			t.Skip()
		}
		got := make([]byte, s.Bytes())
		if err := s.Tensor(got, img); err != nil {
			t.Fatal(err)
		}
		whole := Resample(img, width, height, s.Interpolation)
		x0, left, n := s.window(width, s.Width)
		y0, top, m := s.window(height, s.Height)
		for y := range m {
			want := whole.Pix[((y0+y)*width+x0)*3:][:n*3]
			if row := got[((top+y)*s.Width+left)*3:][:n*3]; !bytes.Equal(row, want) {
				t.Fatalf("row %d of the crop differs from the whole", y)
			}
		}
	})
}

func BenchmarkTensor(b *testing.B) {
	for _, size := range [][2]int{{500, 375}, {4000, 3000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
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
