package preprocess

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// TestResampleRows: any rows of a resize equal those of the whole.
func TestResampleRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		size := func() int { return 1 + rng.IntN(1+rng.IntN(90)) }
		img := sketch(size(), size(), 1+2*rng.IntN(2))
		width, height, f := size(), size(), Filter(rng.IntN(6))
		want := Resample(img, width, height, f)
		row := width * img.Channels
		for y := 0; y < height; {
			end := min(height, y+rng.IntN(20))
			got := make([]byte, (end-y)*row)
			ResampleRows(got, img, width, height, f, y, end)
			if !bytes.Equal(got, want.Pix[y*row:end*row]) {
				t.Fatalf("%dx%dx%d to %dx%d by %s: rows %d to %d differ", img.Width, img.Height, img.Channels, width, height, f, y, end)
			}
			y = end
		}
	}
}

// TestResampler: rows that come in pieces give the whole's bytes.
func TestResampler(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 600 {
		size := func() int { return 1 + rng.IntN(1+rng.IntN(200)) }
		img := sketch(size(), size(), 1+2*rng.IntN(2))
		width, height, f := size(), size(), Filter(rng.IntN(6))
		if i%7 == 0 {
			width = img.Width
		}
		if i%9 == 0 {
			height = img.Height
		}
		got := resampled(t, img, width, height, f, rng)
		if !bytes.Equal(got, Resample(img, width, height, f).Pix) {
			t.Fatalf("%dx%dx%d to %dx%d by %s differs", img.Width, img.Height, img.Channels, width, height, f)
		}
	}
}

func resampled(t *testing.T, img *Image, width, height int, f Filter, rng *rand.Rand) []byte {
	t.Helper()
	var out bytes.Buffer
	r, err := NewResampler(&out, img.Width, img.Height, img.Channels, width, height, f)
	if err != nil {
		t.Fatal(err)
	}
	for pix := img.Pix; len(pix) > 0; {
		n := min(len(pix), (1+rng.IntN(9))*img.Width*img.Channels)
		if _, err := r.Write(pix[:n]); err != nil {
			t.Fatal(err)
		}
		pix = pix[n:]
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestResamplerBounded: what is held does not grow with the image's height.
func TestResamplerBounded(t *testing.T) {
	for _, to := range []int{1000, 50_000, 200_000} {
		r, err := NewResampler(io.Discard, 8, 50_000, 4, 9, to, Lanczos)
		if err != nil {
			t.Fatal(err)
		}
		for y := 0; y < 50_000; y += 50 {
			if _, err := r.Write(make([]byte, 50*8*4)); err != nil {
				t.Fatal(err)
			}
			if rows := len(r.color.Pix) / (8 * 3); rows > 2000 {
				t.Fatalf("to %d rows: %d rows are held", to, rows)
			}
		}
	}
}

func TestResamplerFails(t *testing.T) {
	if _, err := NewResampler(nil, 4, 4, 3, 0, 4, Bicubic); err == nil {
		t.Error("a width of 0 is taken")
	}
	for _, to := range []int{8, 4} { // resized, and not
		r, err := NewResampler(&full{20}, 4, 4, 3, to, to, Bicubic)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Write(make([]byte, 13)); err == nil {
			t.Error("part of a row is taken")
		}
		if _, err := r.Write(make([]byte, 48+12)); err == nil {
			t.Error("too many rows are taken")
		}
		if err := r.Close(); err == nil {
			t.Error("closed without rows")
		}
		r, err = NewResampler(&full{20}, 4, 4, 3, to, to, Bicubic)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Write(make([]byte, 48)); !errors.Is(err, errFull) {
			t.Errorf("to %d: %v", to, err)
		}
		if err := r.Close(); !errors.Is(err, errFull) {
			t.Errorf("to %d: closed with %v", to, err)
		}
	}
}
