package remedy

import (
	"fmt"
	"testing"

	"ortho/preprocess"
)

// TestImages: what is refused of images is followed by the flags that allow it.
func TestImages(t *testing.T) {
	spec := preprocess.Spec{Height: 8, Width: 8, Channels: 1, Mean: []float64{0}, Std: []float64{0}, Range: [2]float64{0, 1}}
	for want, err := range map[string]error{
		"decode PNG: image too large: the header says 30x20 = 600 pixels, the limit is 100 (--max-pixels)": fmt.Errorf("decode PNG: %w", &preprocess.TooLargeError{Width: 30, Height: 20, MaxPixels: 100}),
		"--mean 0 and --std 0 can't be used: both must be finite, and std not 0":                           spec.Validate(),
	} {
		if got := Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
