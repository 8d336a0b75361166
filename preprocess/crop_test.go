package preprocess

import (
	"bytes"
	"testing"
)

func TestCrop(t *testing.T) {
	gray := &Image{Width: 4, Height: 3, Channels: 1, Pix: []byte{
		0, 1, 2, 3,
		4, 5, 6, 7,
		8, 9, 10, 11}}
	colours := &Image{Width: 3, Height: 1, Channels: 3, Pix: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8}}
	for name, c := range map[string]struct {
		got           *Image
		width, height int
		pix           []byte
	}{
		"rectangle":          {gray.Crop(1, 1, 2, 2), 2, 2, []byte{5, 6, 9, 10}},
		"all of it":          {gray.Crop(0, 0, 4, 3), 4, 3, gray.Pix},
		"nothing":            {gray.Crop(4, 3, 0, 0), 0, 0, nil},
		"colours":            {colours.Crop(1, 0, 2, 1), 2, 1, []byte{3, 4, 5, 6, 7, 8}},
		"middle":             {gray.Middle(2, 1), 2, 1, []byte{5, 6}},
		"middle, odd margin": {gray.Middle(1, 2), 1, 2, []byte{1, 5}},
		"middle, too large":  {gray.Middle(100, 1), 4, 1, []byte{4, 5, 6, 7}},
		"middle of colours":  {colours.Middle(1, 1), 1, 1, []byte{3, 4, 5}},
	} {
		if c.got.Width != c.width || c.got.Height != c.height || !bytes.Equal(c.got.Pix, c.pix) {
			t.Errorf("%s: %+v, want %dx%d of %v", name, c.got, c.width, c.height, c.pix)
		}
	}
	whole := gray.Crop(0, 0, 4, 3)
	if whole.Pix[0] = 99; gray.Pix[0] != 0 {
		t.Error("a crop shares the image's pixels")
	}
	defer func() {
		if recover() == nil {
			t.Error("a crop beyond the image did not panic")
		}
	}()
	gray.Crop(0, 2, 4, 2)
}
