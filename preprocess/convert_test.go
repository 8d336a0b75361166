package preprocess

import (
	"image"
	"slices"
	"testing"
)

func TestRGBA(t *testing.T) {
	for _, c := range []struct {
		channels  int
		pix, want []byte
	}{
		{1, []byte{1, 2}, []byte{1, 1, 1, 255, 2, 2, 2, 255}},
		{3, []byte{1, 2, 3, 4, 5, 6}, []byte{1, 2, 3, 255, 4, 5, 6, 255}},
	} {
		img := &Image{Width: 1, Height: 2, Channels: c.channels, Pix: c.pix}
		got := img.RGBA()
		if got.Rect != image.Rect(0, 0, 1, 2) || got.Stride != 4 || !slices.Equal(got.Pix, c.want) {
			t.Errorf("%v: %+v, want %v", c.pix, got, c.want)
		}
		if got.Pix[0] = 9; img.Pix[0] != 1 {
			t.Error("the copy shares the image's pixels")
		}
	}
}
