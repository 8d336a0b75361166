package preprocess

import (
	"math"
	"slices"
	"testing"
)

// TestBFloat16: the values are what ml_dtypes 0.5 makes of NumPy's float32.
func TestBFloat16(t *testing.T) {
	for bits, want := range map[uint32]uint16{
		0x3b808081: 0x3b81, 0x3dcccccd: 0x3dcd, 0xc0078bbd: 0xc008, 0x3f808000: 0x3f80, 0x3f818000: 0x3f82, 0x7f7fc99e: 0x7f80,
		0x477fe000: 0x4780, 0x7fc00000: 0x7fc0, 0xff800000: 0xff80, 0x116c2: 1,
	} {
		if got := bfloat16(math.Float32frombits(bits)); got != want {
			t.Errorf("%#x: %#x, want %#x", bits, got, want)
		}
	}
}

// TestElementTypes holds that a tensor of any type has the values that its pixels become, rounded
// as the type wants it, wherever the pixels lie.
func TestElementTypes(t *testing.T) {
	img := newImage(23, 17, 3)
	for i := range img.Pix {
		img.Pix[i] = byte(i * 37)
	}
	clip := func(lo, hi float64) func(float64) float64 {
		return func(v float64) float64 { return min(max(math.RoundToEven(v), lo), hi) }
	}
	read := func(t ElementType, b []byte, i int) float64 {
		switch t {
		case Float64:
			return view[float64](b)[i]
		case BFloat16:
			return float64(math.Float32frombits(uint32(view[uint16](b)[i]) << 16))
		case Uint16:
			return float64(view[uint16](b)[i])
		case Int16:
			return float64(view[int16](b)[i])
		case Uint32:
			return float64(view[uint32](b)[i])
		case Int32:
			return float64(view[int32](b)[i])
		}
		return float64(view[int64](b)[i])
	}
	for kind, round := range map[ElementType]func(float64) float64{
		Float64:  func(v float64) float64 { return v },
		BFloat16: func(v float64) float64 { return float64(math.Float32frombits(uint32(bfloat16(float32(v))) << 16)) },
		Uint16:   clip(0, math.MaxUint16), Int16: clip(math.MinInt16, math.MaxInt16), Uint32: clip(0, math.MaxUint32),
		Int32: clip(math.MinInt32, math.MaxInt32), Int64: clip(math.MinInt64, math.MaxInt64),
	} {
		for _, layout := range []Layout{NCHW, NHWC} {
			for _, order := range []ColorOrder{RGB, BGR} {
				raw := Spec{Height: 19, Width: 11, Channels: 3, Resize: Resize{Mode: ShortEdge, Size: 13}, Interpolation: Bilinear, Fill: [3]uint8{9, 99, 199},
					Range: [2]float64{0, 255}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Layout: layout, ColorOrder: order, Type: Uint8}
				s := raw
				s.Type, s.Range, s.Mean, s.Std = kind, [2]float64{-1, 1}, []float64{0.1, 0.2, 0.3}, []float64{0.0021, 0.0032, 0.00043}
				pixels, got := make([]byte, raw.Bytes()), make([]byte, s.Bytes())
				if err := raw.Tensor(pixels, img); err != nil {
					t.Fatal(err)
				}
				if err := s.Tensor(got, img); err != nil {
					t.Fatal(err)
				}
				for i, p := range pixels {
					c := i / (19 * 11)
					if layout == NHWC {
						c = i % 3
					}
					if v, want := read(kind, got, i), round(s.value(float64(p), c)); v != want {
						t.Fatalf("%s, %s, %s: element %d is %v, want %v", kind, layout, order, i, v, want)
					}
				}
			}
		}
	}
}

func TestForm(t *testing.T) {
	s := Spec{Height: 4, Width: 6, Channels: 1}
	for form, want := range map[Form][]int64{Full: {1, 4, 6}, Plane: {4, 6}, Row: {24}} {
		if s.Form = form; !slices.Equal(s.Shape(), want) {
			t.Errorf("form %d: %v", form, s.Shape())
		}
	}
}
