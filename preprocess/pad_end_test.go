package preprocess

import (
	"strings"
	"testing"
)

// TestRarerResizes holds sizes that transformers 5.24's get_size_with_aspect_ratio,
// get_image_size_for_max_height_width and PPLCNet's and TextNet's own rules give.
func TestRarerResizes(t *testing.T) {
	for _, c := range []struct {
		resize                   Resize
		width, height, toW, high int
	}{
		{Resize{Mode: ShortEdge, Size: 12, Longest: 16}, 43, 29, 16, 11},
		{Resize{Mode: ShortEdge, Size: 12, Longest: 16}, 12, 12, 12, 12},
		{Resize{Mode: ShortEdge, Size: 12, Longest: 16}, 29, 43, 11, 16},
		{Resize{Mode: ShortEdge, Size: 12, Longest: 200}, 43, 29, 17, 12},
		{Resize{Mode: ShortEdge, Size: 12, Longest: 16}, 1, 3000, 1, 16}, // transformers fails
		{Resize{Mode: ShortEdge, Size: 16, Multiple: 7}, 43, 29, 28, 21},
		{Resize{Mode: ShortEdge, Size: 48, Longest: 60, Multiple: 16, Down: true}, 61, 40, 48, 32},
		{Resize{Mode: ShortEdge, Size: 48, Longest: 60, Multiple: 16, Down: true}, 1, 3000, 16, 48}, // transformers fails
		{Resize{Mode: ShortEdgeRounded, Size: 19, Multiple: 8}, 43, 29, 32, 24},
		{Resize{Mode: ShortEdgeRounded, Size: 1}, 5, 2, 2, 1}, // half to even
		{Resize{Mode: FitWithin, Height: 18, Width: 20}, 43, 29, 20, 13},
		{Resize{Mode: FitWithin, Height: 18, Width: 20}, 3000, 1, 20, 1},
	} {
		s := Spec{Resize: c.resize}
		if w, h := s.ResizedSize(c.width, c.height); w != c.toW || h != c.high {
			t.Errorf("%+v of %dx%d: %dx%d, want %dx%d", c.resize, c.width, c.height, w, h, c.toW, c.high)
		}
	}
}

// TestPadEndRefusesLarger: transformers fails where padding would be negative.
func TestPadEndRefusesLarger(t *testing.T) {
	s := Spec{Height: 4, Width: 4, Channels: 1, Range: [2]float64{0, 1}, Mean: []float64{0.5}, Std: []float64{1}, Type: Uint8, PadEnd: true}
	err := s.Tensor(make([]byte, 16), newImage(5, 3, 1))
	if err == nil || !strings.Contains(err.Error(), "can't be padded to 4x4") {
		t.Error(err)
	}
}
