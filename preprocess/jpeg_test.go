package preprocess

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ortho/preprocess/codecs"
)

// Real photographs, each at 400 of its pixels.
func TestDecodePhotos(t *testing.T) {
	eachJPEGDecoder(t, testDecodePhotos)
}

func testDecodePhotos(t *testing.T, exact bool) {
	files, err := filepath.Glob("../../shared/images/n*.JPEG")
	if err != nil || len(files) == 0 {
		t.Skip("no photographs in ../shared/images")
	}
	want := readNetpbm(t, decodeDir+"/photos.ppm")
	if len(files) != want.Height {
		t.Fatalf("%d photographs, golden samples of %d", len(files), want.Height)
	}
	got := newImage(want.Width, want.Height, 3)
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := Decode(data, DecodeOptions{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		n := img.Width * img.Height
		for j := range got.Width {
			at := j * n / got.Width
			copy(got.Pix[(i*got.Width+j)*3:], img.Pix[3*at:3*at+3])
		}
	}
	mean, most := difference(t, got, want)
	t.Logf("mean difference %.4f, largest %d", mean, most)
	if exact && most > 0 || mean > 0.05 || most > 4 {
		t.Errorf("differs by %.4f on average, %d at most", mean, most)
	}
}

// Whatever the ratio of chroma is, a plane of one value stays that, edges included.
func TestUpsampleFlat(t *testing.T) {
	for _, r := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}} {
		h, v := r[0], r[1]
		for width := 1; width < 6; width++ {
			p := plane{bytes.Repeat([]byte{77}, 8*3), 8, width, 3}
			dst := make([]byte, width*h)
			for y := range 3 * v {
				p.row(dst, y, h, v)
				if !bytes.Equal(dst, bytes.Repeat([]byte{77}, width*h)) {
					t.Errorf("%dx%d, width %d, row %d: %v", h, v, width, y, dst)
				}
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	// Go's encoder subsamples 4:2:0.
	m := image.NewRGBA(image.Rect(0, 0, 500, 375))
	for y := range 375 {
		for x := range 500 {
			f := func(k float64) uint8 {
				return uint8(128 + 100*math.Sin(float64(x)/(7+k))*math.Cos(float64(y)/(11-k)) + float64(x*y%13))
			}
			m.SetRGBA(x, y, color.RGBA{f(0), f(1), f(2), 255})
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	run := func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(file.Bytes(), DecodeOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("turbo", func(b *testing.B) {
		needJPEG(b)
		run(b)
	})
	b.Run("go", func(b *testing.B) {
		jpegLibrary = func() codecs.Library { return codecs.Library{Err: codecs.ErrNone} }
		defer func() { jpegLibrary = codecs.FindJPEG }()
		run(b)
	})
}
