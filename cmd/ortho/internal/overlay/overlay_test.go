package overlay

import (
	"slices"
	"testing"

	"ortho/preprocess"
)

func flat(width, height, channels int, v byte) *preprocess.Image {
	return &preprocess.Image{Width: width, Height: height, Channels: channels, Pix: slices.Repeat([]byte{v}, width*height*channels)}
}

// TestDraw: boxes show on black and on white, in a colour of the class; what lies outside, or has no size,
// is drawn as far as it is in the picture.
func TestDraw(t *testing.T) {
	marks := []Mark{
		{Label: "dog 0.91", Class: 3, Outline: [][2]float32{{10, 20}, {60, 20}, {60, 50}, {10, 50}}, Points: [][2]float32{{30, 30}}, Mask: func(x, y int) bool { return x > 40 && x < 50 && y > 30 && y < 40 }},
		{Label: "\u4eba far", Class: 12, Outline: [][2]float32{{-1e6, -1e6}, {1e6, -1e6}, {1e6, 1e6}, {-1e6, 1e6}}},
		{Label: "none", Class: 0, Outline: [][2]float32{{5, 5}, {5, 5}, {5, 5}, {5, 5}}},
		{},
	}
	for _, ground := range []byte{0, 255} {
		for _, size := range [][3]int{{80, 60, 3}, {80, 60, 1}, {1, 300, 3}, {1, 1, 3}} {
			img := flat(size[0], size[1], size[2], ground)
			drawn, err := Draw(img, marks)
			if err != nil || drawn.Width != size[0] || drawn.Height != size[1] || drawn.Channels != 3 {
				t.Fatalf("%v: %v", size, err)
			}
			if slices.ContainsFunc(img.Pix, func(v byte) bool { return v != ground }) {
				t.Fatalf("%v: the image itself is drawn on", size)
			}
			if size[0] < 80 {
				continue
			}
			c := Color(3)
			at := 3 * (35*80 + 10) // the left edge
			if got := drawn.Pix[at : at+3]; !slices.Equal(got, []byte{c.R, c.G, c.B}) {
				t.Errorf("%v on %d: the edge is %v", size, ground, got)
			}
			if tinted := drawn.Pix[3*(35*80+45)]; tinted == ground {
				t.Errorf("%v on %d: the mask does not show", size, ground)
			}
		}
	}
}
