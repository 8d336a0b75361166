package preprocess

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// TestTensorOf: the tensor of a part of an image is that of a copy of its pixels, by every filter, and as read
// from a file; what is no part is refused.
func TestTensorOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	for try := range 400 {
		channels := 1 + 2*rng.IntN(2)
		img := newImage(1+rng.IntN(90), 1+rng.IntN(90), channels)
		for i := range img.Pix {
			img.Pix[i] = byte(rng.IntN(256))
		}
		x, y := rng.IntN(img.Width), rng.IntN(img.Height)
		w, h := 1+rng.IntN(img.Width-x), 1+rng.IntN(img.Height-y)
		s := Spec{Width: 1 + rng.IntN(60), Height: 1 + rng.IntN(60), Channels: channels, Range: [2]float64{0, 1}, Mean: make([]float64, channels),
			Std: []float64{1, 1, 1}[:channels], Interpolation: Filter(try % int(LinearTorch+1)), Type: []ElementType{Float32, Uint8, Float64}[try%3]}
		s.Resize = []Resize{{Mode: Exact, Width: s.Width, Height: s.Height}, {Mode: Letterbox, Width: s.Width, Height: s.Height}, {Mode: ResizeNone},
			{Mode: PadSquare, Width: s.Width, Height: s.Height}}[rng.IntN(4)]
		if try%7 == 0 {
			s.Central = [2]float64{0.5, 0.8}
		}
		got, want := make([]byte, s.Bytes()), make([]byte, s.Bytes())
		if err := s.Tensor(want, img.Crop(x, y, w, h)); err != nil {
			t.Fatal(err)
		}
		if err := s.TensorOf(got, img, x, y, w, h); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s of %dx%d from %d,%d of %dx%dx%d to %+v differs", s.Interpolation, w, h, x, y, img.Width, img.Height, channels, s.Resize)
		}
		for _, no := range [][4]int{{-1, 0, 1, 1}, {0, 0, img.Width + 1, 1}, {x, y, 0, 1}, {img.Width, 0, 1, 1}, {0, 1, 1, img.Height}} {
			if err := s.TensorOf(got, img, no[0], no[1], no[2], no[3]); err == nil {
				t.Errorf("%v is a part of %dx%d", no, img.Width, img.Height)
			}
		}
	}
}

// TestSpecDecode: the tensor of a whole decoded file is the one that Load makes of it.
func TestSpecDecode(t *testing.T) {
	for _, name := range []string{"png-palette2-one-clear.png", "png-rgb-trns.png", "jpeg-gray.jpg", "jpeg-exif-6.jpg", "png-exif-6.png"} {
		data, err := os.ReadFile(decodeDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Orientation{IgnoreOrientation, ApplyOrientation} {
			s := Spec{Width: 40, Height: 30, Channels: 3, Range: [2]float64{0, 1}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1},
				Interpolation: Bilinear, Resize: Resize{Mode: Exact, Width: 40, Height: 30}, Orientation: o, KeyWhite: true}
			got, want := make([]byte, s.Bytes()), make([]byte, s.Bytes())
			width, height, err := s.Load(want, data, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			img, err := s.Decode(data, LoadOptions{})
			if err != nil || img.Width != width || img.Height != height {
				t.Fatalf("%s: %dx%d, %v", name, width, height, err)
			}
			if err := s.TensorOf(got, img, 0, 0, width, height); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: it differs from Load's: %v", name, err)
			}
		}
	}
}
