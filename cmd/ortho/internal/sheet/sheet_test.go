package sheet

import (
	"bytes"
	"image/gif"
	"math/rand/v2"
	"slices"
	"testing"

	"ortho/preprocess"
)

// filled is an image of one value.
func filled(width, height, channels int, value byte) *preprocess.Image {
	return &preprocess.Image{Width: width, Height: height, Channels: channels, Pix: slices.Repeat([]byte{value}, width*height*channels)}
}

func at(img *preprocess.Image, x, y int) []byte {
	i := (y*img.Width + x) * img.Channels
	return img.Pix[i : i+img.Channels]
}

func TestMake(t *testing.T) {
	five := []*preprocess.Image{filled(28, 28, 1, 0), filled(28, 28, 1, 50), filled(28, 28, 1, 100), filled(28, 28, 1, 150), filled(28, 28, 1, 200)}
	for _, c := range []struct {
		layout        Layout
		width, height int
	}{
		{Layout{}, 3*(112+8) + 8, 2*(112+8) + 8}, // 4 times
		{Layout{Columns: 5, Scale: 1}, 5*(28+8) + 8, 28 + 16},
		{Layout{Columns: 9, Scale: 2}, 5*(56+8) + 8, 56 + 16},
		{Layout{Columns: 1, Scale: 3}, 84 + 16, 5*(84+8) + 8},
	} {
		c.layout.MaxPixels = 1e6
		img, err := Make(five, c.layout)
		if err != nil || img.Width != c.width || img.Height != c.height || img.Channels != 1 || len(img.Pix) != c.width*c.height {
			t.Errorf("%+v: %v, %v, want %dx%d", c.layout, img, err, c.width, c.height)
		}
	}
	img, err := Make([]*preprocess.Image{filled(4, 2, 1, 10), {Width: 2, Height: 2, Channels: 3, Pix: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}}, Layout{Columns: 2, Scale: 2, MaxPixels: 1e6})
	if err != nil || img.Width != 2*16+8 || img.Height != 4+16 || img.Channels != 3 {
		t.Fatal(img, err)
	}
	for _, c := range []struct {
		x, y int
		want []byte
	}{
		{0, 0, []byte{background, background, background}},
		{8, 8, []byte{10, 10, 10}},
		{15, 11, []byte{10, 10, 10}},
		{16, 11, []byte{background, background, background}},
		{24, 8, []byte{background, background, background}}, // the second is in the middle
		{26, 8, []byte{1, 2, 3}},
		{27, 9, []byte{1, 2, 3}},
		{28, 9, []byte{4, 5, 6}},
		{29, 11, []byte{10, 11, 12}},
	} {
		if got := at(img, c.x, c.y); !slices.Equal(got, c.want) {
			t.Errorf("at %d,%d: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	if _, err := Make(five, Layout{MaxPixels: 1000}); err == nil {
		t.Error("a sheet beyond the limit")
	}
	if _, err := Make(nil, Layout{MaxPixels: 1000}); err == nil {
		t.Error("a sheet of nothing")
	}
}

// TestMakeExact: each pixel becomes a square of its own value, in gray and in colour.
func TestMakeExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, channels := range []int{1, 3} {
		for scale := 1; scale <= 64; scale++ {
			img := filled(1+random.IntN(9), 1+random.IntN(9), channels, 0)
			for i := range img.Pix {
				img.Pix[i] = byte(random.IntN(256))
			}
			sheet, err := Make([]*preprocess.Image{img}, Layout{Scale: scale, MaxPixels: 1e8})
			if err != nil || sheet.Channels != channels || sheet.Width != img.Width*scale+2*gap || sheet.Height != img.Height*scale+2*gap {
				t.Fatalf("%d channels, scale %d: %v, %v", channels, scale, sheet, err)
			}
			for y := range sheet.Height {
				for x := range sheet.Width {
					want := slices.Repeat([]byte{background}, channels)
					if x >= gap && y >= gap && x < sheet.Width-gap && y < sheet.Height-gap {
						want = at(img, (x-gap)/scale, (y-gap)/scale)
					}
					if got := at(sheet, x, y); !slices.Equal(got, want) {
						t.Fatalf("%d channels, scale %d, at %d,%d: %v, want %v", channels, scale, x, y, got, want)
					}
				}
			}
		}
	}
}

func TestWriteGIF(t *testing.T) {
	gray := []*preprocess.Image{filled(9, 7, 1, 0), filled(9, 7, 1, 128), filled(9, 7, 1, 255)}
	for i := range gray[1].Pix {
		gray[1].Pix[i] = byte(4 * i)
	}
	var b bytes.Buffer
	if err := WriteGIF(&b, gray, 12); err != nil {
		t.Fatal(err)
	}
	got, err := gif.DecodeAll(bytes.NewReader(b.Bytes()))
	if err != nil || len(got.Image) != 3 || got.Delay[0] != 8 || got.LoopCount != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, frame := range got.Image { // few colours are exact
		for p, v := range gray[i].Pix {
			if r, g, _, _ := frame.At(p%9, p/9).RGBA(); byte(r>>8) != v || g != r {
				t.Fatalf("frame %d, pixel %d: %d, want %d", i, p, r>>8, v)
			}
		}
	}
	colours := &preprocess.Image{Width: 64, Height: 64, Channels: 3}
	for i := range 64 * 64 {
		colours.Pix = append(colours.Pix, byte(4*(i%64)), byte(4*(i/64)), byte(i/16))
	}
	b.Reset()
	if err := WriteGIF(&b, []*preprocess.Image{colours, colours}, 50); err != nil {
		t.Fatal(err)
	}
	first := bytes.Clone(b.Bytes())
	frame, err := gif.Decode(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range 64 * 64 {
		r, g, bl, _ := frame.At(i%64, i/64).RGBA()
		for c, v := range []uint32{r, g, bl} {
			d := int(v>>8) - int(colours.Pix[3*i+c])
			sum += d * d
		}
	}
	if mean := float64(sum) / (3 * 64 * 64); mean > 120 { // 27 dB; dithering adds noise
		t.Errorf("mean squared error %.1f", mean)
	}
	b.Reset()
	if err := WriteGIF(&b, []*preprocess.Image{colours, colours}, 50); err != nil || !bytes.Equal(b.Bytes(), first) {
		t.Errorf("written again it differs, %v", err)
	}
	if WriteGIF(&b, []*preprocess.Image{colours, gray[0]}, 10) == nil || WriteGIF(&b, nil, 10) == nil {
		t.Error("pictures of two sizes, and none, are animated")
	}
}
