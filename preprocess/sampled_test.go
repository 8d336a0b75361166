package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// congruential is the picture of scripts/goldens/filters.py.
func congruential(width, height, channels int) *Image {
	m := newImage(width, height, channels)
	state := uint64(width*65536 + height*256 + channels)
	for i := range m.Pix {
		state = state*6364136223846793005 + 1442695040888963407
		m.Pix[i] = byte(state >> 33)
	}
	return m
}

// raw is a spec whose tensor is the resized image's own values.
func raw(width, height, channels int, f Filter) Spec {
	return Spec{Width: width, Height: height, Channels: channels, Resize: Resize{Mode: Exact, Width: width, Height: height},
		Interpolation: f, Layout: NHWC, Range: [2]float64{0, 255}, Mean: make([]float64, channels), Std: bytesOfOnes(channels)}
}

func bytesOfOnes(n int) []float64 {
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	return ones
}

// TestFilters: cv2.resize's bytes, and the values of TensorFlow's kernel.
func TestFilters(t *testing.T) {
	data, err := os.ReadFile("testdata/filters/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Filter string
		Size   [3]int
		To     [2]int
		SHA256 string
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		f, err := ParseFilter(c.Filter)
		if err != nil {
			t.Fatal(err)
		}
		img := congruential(c.Size[0], c.Size[1], c.Size[2])
		made := Resample(img, c.To[0], c.To[1], f).Pix
		if f == LinearTF {
			made = valuesOf(t, raw(c.To[0], c.To[1], c.Size[2], f), img)
		}
		if sum := sha256.Sum256(made); hex.EncodeToString(sum[:]) != c.SHA256 {
			t.Errorf("%s: %v to %v differs", c.Filter, c.Size, c.To)
		}
	}
}

// valuesOf are the float32 values of a tensor, the low byte first. Values from 0 to 255 come
// through Range with an error of some 1e-14, which float32 does not show.
func valuesOf(t *testing.T, s Spec, img *Image) []byte {
	t.Helper()
	dst := make([]byte, s.Bytes())
	if err := s.Tensor(dst, img); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, v := range view[uint32](dst) {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	return out
}

// TestFilteredParts: rows of a resize, and a tensor's window, are those of the whole, whatever
// the layout, the order of colours and the type.
func TestFilteredParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		size := func() int { return 1 + rng.IntN(1+rng.IntN(60)) }
		f := NearestCV2 + Filter(rng.IntN(4))
		img := congruential(size(), size(), 1+2*rng.IntN(2))
		width, height := size(), size()
		whole := Resample(img, width, height, f)
		row := width * img.Channels
		from := rng.IntN(height)
		to := from + 1 + rng.IntN(height-from)
		rows := make([]byte, (to-from)*row)
		ResampleRows(rows, img, width, height, f, from, to)
		if !bytes.Equal(rows, whole.Pix[from*row:to*row]) {
			t.Errorf("%s: rows %d to %d of %dx%d to %dx%d differ", f, from, to, img.Width, img.Height, width, height)
		}
		s := raw(width, height, img.Channels, f)
		s.Width, s.Height = size(), size()
		s.Type, s.Layout = Uint8, Layout(rng.IntN(2))
		s.Invert = rng.IntN(2) == 0
		if img.Channels == 3 {
			s.ColorOrder = ColorOrder(rng.IntN(2))
		}
		got := make([]byte, s.Bytes())
		if err := s.Tensor(got, img); err != nil {
			t.Fatal(err)
		}
		already := s
		already.Resize, already.Interpolation = Resize{}, Nearest
		want := make([]byte, s.Bytes())
		if err := already.Tensor(want, whole); err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			// Half a level rounds to even before the inversion, or after it.
			if d := int(got[i]) - int(v); d != 0 && (f != LinearTF || d*d > 1) {
				t.Errorf("%s: %dx%dx%d to %dx%d, window %dx%d: %d is %d, want %d", f, img.Width, img.Height, img.Channels, width, height, s.Width, s.Height, i, got[i], v)
				break
			}
		}
	}
}

// TestLinearTFIsFine: what lies between two levels stays there, in every float type.
func TestLinearTFIsFine(t *testing.T) {
	img := &Image{Width: 2, Height: 1, Channels: 1, Pix: []byte{10, 11}}
	s := raw(4, 1, 1, LinearTF)
	for i, v := range view[float32](alignedTensor(t, s, img)) {
		if want := []float32{10, 10.25, 10.75, 11}[i]; math.Abs(float64(v-want)) > 1e-6 {
			t.Errorf("value %d: %v, want %v", i, v, want)
		}
	}
	s.Type = Float16
	for i, v := range view[uint16](alignedTensor(t, s, img)) {
		if want := ToFloat16([]float32{10, 10.25, 10.75, 11}[i]); v != want {
			t.Errorf("value %d: %x, want %x", i, v, want)
		}
	}
}

func alignedTensor(t *testing.T, s Spec, img *Image) []byte {
	t.Helper()
	dst := make([]byte, s.Bytes())
	if err := s.Tensor(dst, img); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestResamplerRefuses: what can't be done row by row is refused, and not done otherwise.
func TestResamplerRefuses(t *testing.T) {
	if _, err := NewResampler(nil, 4, 4, 3, 2, 2, LinearCV2); err == nil {
		t.Error("linear-cv2 is taken")
	}
}

// FuzzFilters: no size makes a filter read or write beyond its image, and flat stays flat.
func FuzzFilters(f *testing.F) {
	f.Add(uint16(64), uint16(48), uint16(13), uint16(100), uint8(1), uint8(77))
	f.Add(uint16(1), uint16(1), uint16(1), uint16(1), uint8(2), uint8(255))
	f.Fuzz(func(t *testing.T, width, height, toWidth, toHeight uint16, filter, level uint8) {
		size := func(v uint16) int { return 1 + int(v)%700 }
		img := newImage(size(width), size(height), 1+2*int(filter>>7))
		for i := range img.Pix {
			img.Pix[i] = level
		}
		for i, v := range Resample(img, size(toWidth), size(toHeight), NearestCV2+Filter(filter%4)).Pix {
			if d := int(v) - int(level); d*d > 1 {
				t.Fatalf("byte %d is %d, of %d", i, v, level)
			}
		}
	})
}

func BenchmarkFilters(b *testing.B) {
	img := congruential(500, 375, 3)
	for f := NearestCV2; f <= LinearTF; f++ {
		s := raw(256, 192, 3, f)
		dst := make([]byte, s.Bytes())
		b.Run(f.String(), func(b *testing.B) {
			for b.Loop() {
				s.Tensor(dst, img)
			}
		})
	}
}
