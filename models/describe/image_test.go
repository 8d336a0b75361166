package describe_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"testing"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
)

// sent describes an image file and returns what was sent of it.
func sent(t *testing.T, file []byte, opt describe.Options) *openaitest.Request {
	t.Helper()
	s := openaitest.New(t)
	d, _ := open(t, s, opt)
	if _, err := d.Describe(t.Context(), describe.Image{Name: "x", Read: func(context.Context) ([]byte, error) { return file, nil }}); err != nil {
		t.Fatal(err)
	}
	return s.Requests()[0]
}

func pixels(t *testing.T, r *openaitest.Request) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(r.Image))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// near reports whether a pixel is a gray level, but for JPEG's losses.
func near(c color.Color, gray int) bool {
	r, g, b, _ := c.RGBA()
	for _, v := range []uint32{r, g, b} {
		if d := int(v>>8) - gray; d < -6 || d > 6 {
			return false
		}
	}
	return true
}

func TestUprightWithoutMetadata(t *testing.T) {
	// Left half black, right half white; turned by a quarter as the tag says (6).
	img := image.NewGray(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := 32; x < 64; x++ {
			img.SetGray(x, y, color.Gray{255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := []byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	file := append(append([]byte("\xff\xd8"), exif...), b.Bytes()[2:]...)
	r := sent(t, file, describe.Options{})
	got := pixels(t, r)
	if r.Width != 32 || r.Height != 64 || !near(got.At(16, 8), 0) || !near(got.At(16, 56), 255) {
		t.Errorf("%dx%d, top %v, bottom %v", r.Width, r.Height, got.At(16, 8), got.At(16, 56))
	}
	if bytes.Contains(r.Image, []byte("Exif")) {
		t.Error("EXIF is sent")
	}
}

func TestTransparencyIsWhite(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 48, 16))
	for y := range 16 {
		for x := range 48 {
			img.SetNRGBA(x, y, color.NRGBA{A: []uint8{0, 128, 255}[x/16]})
		}
	}
	got := pixels(t, sent(t, encoded(t, img), describe.Options{}))
	for i, gray := range []int{255, 127, 0} {
		if c := got.At(8+16*i, 8); !near(c, gray) {
			t.Errorf("alpha %d: %v, want %d", i, c, gray)
		}
	}
}

func TestSizes(t *testing.T) {
	noise := func(width, height int) []byte {
		img := image.NewRGBA(image.Rect(0, 0, width, height))
		r := rand.NewChaCha8([32]byte{})
		r.Read(img.Pix)
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
		return encoded(t, img)
	}
	coffee, err := os.ReadFile(photos + "coffee.png") // 600x400
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		file          []byte
		opt           describe.Options
		width, height int // -1: smaller than the file's
	}{
		{"as it is", coffee, describe.Options{}, 600, 400},
		{"smaller", coffee, describe.Options{MaxSide: 300}, 300, 200},
		{"low detail", coffee, describe.Options{Detail: describe.DetailLow}, 512, 341},
		{"less quality", coffee, describe.Options{MaxBytes: 30 << 10}, 600, 400},
		{"noise", noise(300, 200), describe.Options{MaxBytes: 8 << 10}, -1, -1},
		{"a pixel", noise(1, 1), describe.Options{}, 1, 1},
		{"a line", noise(4000, 1), describe.Options{MaxSide: 100}, 100, 1},
	} {
		r := sent(t, c.file, c.opt)
		if limit := max(c.opt.MaxBytes, 8<<10); c.opt.MaxBytes > 0 && len(r.Image) > limit {
			t.Errorf("%s: %d bytes, at most %d", c.name, len(r.Image), limit)
		}
		if c.width > 0 && (r.Width != c.width || r.Height != c.height) || c.width < 0 && (r.Width >= 300 || r.Width*2 < r.Height*3-3 || r.Width*2 > r.Height*3+3) {
			t.Errorf("%s: %dx%d, want %dx%d", c.name, r.Width, r.Height, c.width, c.height)
		}
	}
}
