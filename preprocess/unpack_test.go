package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"
	"unsafe"
)

// pictureGoldens is what scripts/goldens/pictures.py wrote; arrays are base64.
type pictureGoldens struct {
	Unpacked []struct {
		Type, Layout, Order    string
		Invert                 bool
		Channels               int
		Range                  [2]float64
		Tensor, Values, Pixels string
	}
	Padded []struct {
		Size          [3]int
		Image, Padded string
		To            [2]int
	}
	Resized []struct {
		Filter         string
		Size           [3]int
		Image, Resized string
		To             [2]int
	}
	YCbCr, RGB string
}

func readPictureGoldens(t *testing.T) (g pictureGoldens) {
	t.Helper()
	data, err := os.ReadFile("testdata/pictures/cases.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil || len(g.Unpacked) == 0 || len(g.Padded) == 0 || len(g.Resized) == 0 {
		t.Fatal("no golden arrays", err)
	}
	return g
}

// aligned is an array's bytes, aligned for float32.
func aligned(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	words := make([]float32, (len(data)+3)/4)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(data))
	copy(out, data)
	return out
}

// TestUnpack is against NumPy, in whole and by parts of rows.
func TestUnpack(t *testing.T) {
	for _, g := range readPictureGoldens(t).Unpacked {
		p := Pixels{Height: 5, Width: 7, Channels: g.Channels, Range: g.Range, Invert: g.Invert}
		var err error
		if p.Type, err = ParseElementType(g.Type); err != nil {
			t.Fatal(err)
		}
		if p.Layout, err = ParseLayout(g.Layout); err != nil {
			t.Fatal(err)
		}
		if p.ColorOrder, err = ParseColorOrder(g.Order); err != nil {
			t.Fatal(err)
		}
		tensor, want := aligned(t, g.Tensor), view[float32](aligned(t, g.Values))
		got := make([]float32, len(want))
		if bad, err := p.Unpack(got, tensor, 0, 0, 5*7); bad != 0 || err != nil {
			t.Fatal(bad, err)
		}
		check := func(what string) {
			t.Helper()
			for i, v := range got {
				if v != want[i] {
					t.Errorf("%+v, %s: value %d is %v, want %v", p, what, i, v, want[i])
					return
				}
			}
		}
		check("whole")
		clear(got)
		for y := range 5 {
			for _, part := range [][2]int{{0, 3}, {3, 4}} {
				x, n := part[0], part[1]
				at := (y*7 + x) * p.Channels
				if _, err := p.Unpack(got[at:at+n*p.Channels], tensor, x, y, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		check("by parts")
		pixels := make([]byte, len(got))
		if Round(pixels, got); !bytes.Equal(pixels, aligned(t, g.Pixels)) {
			t.Errorf("%+v: pixels %v, want %v", p, pixels, aligned(t, g.Pixels))
		}
	}
}

func TestUnpackOdd(t *testing.T) {
	p := Pixels{Height: 1, Width: 6, Channels: 1, Range: [2]float64{0, 1}}
	values := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, 1, 0.5}
	tensor := unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 24)
	got := make([]float32, 6)
	if bad, err := p.Unpack(got, tensor, 0, 0, 6); bad != 3 || err != nil {
		t.Errorf("%d are odd, %v", bad, err)
	}
	halves := []uint16{0x7e00, 0x7c00, 0xfc00, 0, 0x3c00, 0x3800}
	p.Type = Float16
	if bad, err := p.Unpack(got, unsafe.Slice((*byte)(unsafe.Pointer(&halves[0])), 12), 0, 0, 6); bad != 3 || err != nil {
		t.Errorf("%d halves are odd, %v", bad, err)
	}
	pixels := make([]byte, 6)
	if Round(pixels, got); !bytes.Equal(pixels, []byte{0, 255, 0, 0, 255, 128}) {
		t.Error(pixels)
	}
	// Halves go to the even neighbour.
	if Round(pixels, []float32{0.5, 1.5, 2.5, 254.5, 255.4, 0.49999997}); !bytes.Equal(pixels, []byte{0, 2, 2, 254, 255, 0}) {
		t.Error(pixels)
	}
	for _, call := range []struct{ x, y, n, dst, tensor int }{{0, 0, 7, 7, 12}, {-1, 0, 1, 1, 12}, {0, 1, 1, 1, 12}, {5, 0, 2, 2, 12}, {0, 0, 6, 5, 12}, {0, 0, 6, 6, 11}} {
		if _, err := p.Unpack(make([]float32, call.dst), make([]byte, call.tensor), call.x, call.y, call.n); err == nil {
			t.Errorf("%+v is taken", call)
		}
	}
}

func TestUnpackAllocatesNothing(t *testing.T) {
	p := Pixels{Height: 16, Width: 16, Channels: 3, Type: Float16, Range: [2]float64{0, 1}}
	tensor, dst, pixels := make([]byte, p.Bytes()), make([]float32, 16*16*3), make([]byte, 16*16*3)
	n := testing.AllocsPerRun(100, func() {
		if _, err := p.Unpack(dst, tensor, 0, 0, 256); err != nil {
			t.Fatal(err)
		}
		Round(pixels, dst)
	})
	if n > 0 && !instrumented {
		t.Errorf("%v allocations", n)
	}
}

func TestPadded(t *testing.T) {
	for _, g := range readPictureGoldens(t).Padded {
		m := &Image{Width: g.Size[0], Height: g.Size[1], Channels: g.Size[2], Pix: aligned(t, g.Image)}
		got := m.Padded(g.To[0], g.To[1])
		if got.Width != g.To[0] || got.Height != g.To[1] || !bytes.Equal(got.Pix, aligned(t, g.Padded)) {
			t.Errorf("%v to %v: %v", g.Size, g.To, got.Pix)
		}
	}
}

// TestResamplerAlpha is against Pillow's resize of LA and RGBA.
func TestResamplerAlpha(t *testing.T) {
	for _, g := range readPictureGoldens(t).Resized {
		f, err := ParseFilter(g.Filter)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		r, err := NewResampler(&out, g.Size[0], g.Size[1], g.Size[2], g.To[0], g.To[1], f)
		if err == nil {
			_, err = r.Write(aligned(t, g.Image))
		}
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), aligned(t, g.Resized)) {
			t.Errorf("%v to %v by %s: not as Pillow has it", g.Size, g.To, f)
		}
	}
}

// TestYCbCr goes through all colours, there and back.
func TestYCbCr(t *testing.T) {
	g := readPictureGoldens(t)
	there, back := sha256.New(), sha256.New()
	colors := newImage(256, 256, 3)
	for first := range 256 {
		for i := range 256 * 256 {
			copy(colors.Pix[3*i:], []byte{byte(first), byte(i >> 8), byte(i)})
		}
		y, cb, cr := SplitYCbCr(colors)
		var out []byte
		for i := range y.Pix {
			out = append(out, y.Pix[i], cb.Pix[i], cr.Pix[i])
		}
		there.Write(out)
		for i := range y.Pix {
			p := colors.Pix[3*i:]
			y.Pix[i], cb.Pix[i], cr.Pix[i] = p[0], p[1], p[2]
		}
		MergeYCbCr(out, y.Pix, cb.Pix, cr.Pix)
		back.Write(out)
	}
	if got := hex.EncodeToString(there.Sum(nil)); got != g.YCbCr {
		t.Errorf("to YCbCr: digest %s, want %s", got, g.YCbCr)
	}
	if got := hex.EncodeToString(back.Sum(nil)); got != g.RGB {
		t.Errorf("to RGB: digest %s, want %s", got, g.RGB)
	}
}

func BenchmarkUnpack(b *testing.B) {
	for _, p := range []Pixels{{Type: Float32}, {Type: Float32, Layout: NHWC}, {Type: Float16}} {
		p.Height, p.Width, p.Channels, p.Range = 512, 512, 3, [2]float64{0, 1}
		tensor, dst := make([]byte, p.Bytes()), make([]float32, 512*512*3)
		b.Run(p.Type.String()+" "+p.Layout.String(), func(b *testing.B) {
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				if _, err := p.Unpack(dst, tensor, 0, 0, 512*512); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("round", func(b *testing.B) {
		src, dst := make([]float32, 512*512*3), make([]byte, 512*512*3)
		for i := range src {
			src[i] = float32(i%2000)/6 - 30
		}
		b.SetBytes(int64(len(dst)))
		for b.Loop() {
			Round(dst, src)
		}
	})
}
