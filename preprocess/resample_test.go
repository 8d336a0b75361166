package preprocess

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestResampleEqualsReference(t *testing.T) {
	defer func() { vectorized = true }()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 800 {
		vectorized = i%2 == 0
		size := func() int { return 1 + rng.IntN(1+rng.IntN(80)) }
		img := newImage(size(), size(), 1+2*rng.IntN(2))
		for i := range img.Pix {
			img.Pix[i] = byte(-(rng.IntN(2) * rng.IntN(256))) // much black: sums below 0
			if rng.IntN(3) == 0 {
				img.Pix[i] = 255
			}
		}
		width, height, f := size(), size(), Filter(rng.IntN(6))
		if !bytes.Equal(Resample(img, width, height, f).Pix, resampleReference(img, width, height, f).Pix) {
			t.Errorf("vectorized %v: %dx%dx%d to %dx%d by %s", vectorized, img.Width, img.Height, img.Channels, width, height, f)
		}
	}
}

// TestHamming is against Pillow's formula, whose two constants are floats: with
// doubles the values differ from the eighth digit on.
func TestHamming(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, 0.25: 0.7790159306449863, 0.3: 0.6956261460663369, 0.5: 0.3437746907388723, 0.9: 0.011204003335823564, 1: 0} {
		if got := kernels[Hamming].at(x); math.Abs(got-want) > 1e-14 {
			t.Errorf("hamming(%v) = %.16f, want %.16f", x, got, want)
		}
	}
}

// TestTensorAllocatesNothing: what a call needs is there from the one before.
func TestTensorAllocatesNothing(t *testing.T) {
	img := newImage(90, 60, 3)
	for i, resize := range []Resize{{Mode: ShortEdge, Size: 40}, {Mode: LongEdge, Size: 30}, {Mode: ShortEdge, Size: 40}, {Mode: LongEdge, Size: 30}, {Mode: ShortEdge, Size: 40}} {
		s := Spec{Height: 32, Width: 32, Channels: 3, Interpolation: []Filter{Bicubic, Bicubic, LinearCV2, AreaCV2, LinearTF}[i], Range: [2]float64{0, 1},
			Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Resize: resize}
		dst := make([]byte, s.Bytes())
		// A collection may empty the pool meanwhile, and the race detector does at random.
		if n := testing.AllocsPerRun(200, func() { s.Tensor(dst, img) }); n >= 1 && !instrumented {
			t.Errorf("%v: %v allocations", resize, n)
		}
	}
}

func BenchmarkResample(b *testing.B) {
	img := newImage(500, 375, 3)
	for f := Nearest; f <= Hamming; f++ {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			for b.Loop() {
				Resample(img, 256, 192, f)
			}
		})
	}
}
