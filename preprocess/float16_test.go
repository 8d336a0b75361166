package preprocess

import (
	"math"
	"testing"
)

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
