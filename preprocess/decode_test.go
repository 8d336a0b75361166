package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

const decodeDir = "testdata/decode"

// readNetpbm reads what scripts/goldens/decode.py wrote.
func readNetpbm(t testing.TB, name string) *Image {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m := &Image{Channels: 3}
	var kind byte
	var depth int
	if _, err := fmt.Sscanf(string(data[:min(len(data), 40)]), "P%c\n%d %d\n%d", &kind, &m.Width, &m.Height, &depth); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if kind == '5' {
		m.Channels = 1
	}
	m.Pix = data[len(data)-m.Width*m.Height*m.Channels:]
	return m
}

// difference is the mean and the largest absolute difference of two images.
func difference(t testing.TB, got, want *Image) (mean float64, most int) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height || got.Channels != want.Channels || len(got.Pix) != len(want.Pix) {
		t.Fatalf("got %dx%dx%d (%d bytes), want %dx%dx%d", got.Width, got.Height, got.Channels, len(got.Pix), want.Width, want.Height, want.Channels)
	}
	sum := 0
	for i := range got.Pix {
		d := int(got.Pix[i]) - int(want.Pix[i])
		d = max(d, -d)
		sum, most = sum+d, max(most, d)
	}
	return float64(sum) / float64(len(got.Pix)), most
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	want, err := filepath.Glob(decodeDir + "/*.pgm")
	if err != nil || len(want) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	want = slices.DeleteFunc(want, func(name string) bool {
		return strings.HasSuffix(name, ".alpha.pgm") || strings.HasSuffix(name, ".high.pgm")
	})
	if err := codecs.FindTIFF().Err; err != nil {
		t.Log("files that need libtiff are left out: ", err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, "tiff-packed") })
	}
	if err := codecs.FindLCMS().Err; err != nil {
		t.Log("files that need liblcms2 are left out: ", err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, "-lab.tif") })
	}
	if err := codecs.FindAVIF().Err; err != nil {
		t.Log("files that need libavif are left out: ", err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, ".avif") })
	}
	if lib := codecs.FindHEIF(); !strings.HasPrefix(lib.Version, heifVersion) {
		t.Log("files that need libheif ", heifVersion, " are left out: ", lib.Version, lib.Err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, ".heic") })
	}
	if err := codecs.FindJXL().Err; err != nil {
		t.Log("files that need libjxl are left out: ", err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, ".jxl") })
	}
	if err := codecs.FindJP2().Err; err != nil {
		t.Log("files that need OpenJPEG are left out: ", err)
		want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, "jp2-") })
	}
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], ".pgm")
	}
	return want
}

// heifVersion is that of the golden files: each libheif has colours of its own, up to 2 levels away in 1.15, and more
// where a picture of odd size is turned.
const heifVersion = "1.23."

// Bounds for JPEGs decoded by Go, whose inverse DCT rounds otherwise than
// libjpeg-turbo's. Everything else is the same to the bit.
const jpegMean, jpegMost = 0.1, 3

// jxlBounds are for lossy JPEG XL: the golden files are of libjxl 0.12, 0.11 dithers, and floating-point numbers differ
// by processor. What is lossless is the same.
func jxlBounds() (mean float64, most int) {
	if strings.HasPrefix(codecs.FindJXL().Version, jxlVersion) {
		return 0.05, 1
	}
	return 0.7, 1
}

const jxlVersion = "0.12."

// eachJPEGDecoder runs a test with libjpeg-turbo, and with Go's decoders of JPEG and WebP.
func eachJPEGDecoder(t *testing.T, test func(t *testing.T, exact bool)) {
	t.Run("turbo", func(t *testing.T) {
		needJPEG(t)
		test(t, true)
	})
	t.Run("go", func(t *testing.T) {
		none := func() codecs.Library { return codecs.Library{Err: codecs.ErrNone} }
		jpegLibrary, webpReader = none, none
		defer func() { jpegLibrary, webpReader = codecs.FindJPEG, codecs.FindWebPReader }()
		test(t, false)
	})
}

func needJPEG(t testing.TB) {
	if err := codecs.FindJPEG().Err; err != nil {
		t.Skip(err)
	}
}

func TestDecode(t *testing.T) {
	eachJPEGDecoder(t, testDecode)
}

func testDecode(t *testing.T, exact bool) {
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			check := func(golden string, opt DecodeOptions) {
				t.Helper()
				got, err := Decode(data, opt)
				if err != nil {
					t.Fatal(err)
				}
				mean, most := difference(t, got, readNetpbm(t, golden))
				allowedMean, allowedMost := 0., 0
				switch {
				case (strings.HasSuffix(file, ".jpg") || strings.Contains(file, "jxl-jpeg") || strings.Contains(file, "jxl-exif-jpeg")) && !exact:
					allowedMean, allowedMost = jpegMean, jpegMost
				case strings.HasSuffix(file, ".jxl") && !strings.Contains(file, "jpeg") && !strings.Contains(file, "lossless"):
					allowedMean, allowedMost = jxlBounds()
				}
				if mean > allowedMean || most > allowedMost {
					t.Errorf("%s: differs by %.3f on average, %d at most", golden, mean, most)
				}
			}
			check(file+".ppm", DecodeOptions{})
			check(file+".pgm", DecodeOptions{Channels: 1})
			if upright := file + ".upright.ppm"; exists(upright) {
				check(upright, DecodeOptions{Orientation: ApplyOrientation})
			}
		})
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func TestDecodeRefuses(t *testing.T) {
	eachJPEGDecoder(t, testDecodeRefuses)
}

func testDecodeRefuses(t *testing.T, _ bool) {
	other := errors.New("neither unsupported nor too large")
	tests := map[string]struct {
		kind error
		text string
	}{
		"empty":                     {other, "the file is empty"},
		"text.jpg":                  {ErrUnsupported, "JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, HEIC, JPEG XL, JPEG 2000 and PPM"},
		"truncated.jpg":             {other, "decode JPEG: the file is truncated"},
		"no-end.jpg":                {other, "decode JPEG: the file is truncated"},
		"truncated-progressive.jpg": {other, "decode JPEG: "},
		"truncated.png":             {other, "decode PNG: "},
		"truncated.gif":             {other, "decode GIF: "},
		"truncated.bmp":             {other, "decode BMP: the file is truncated"},
		"truncated.webp":            {other, "decode WebP: the file is truncated"},
		"huge.png":                  {ErrTooLarge, "60000x60000 = 3600000000 pixels, the limit is 100000000"},
		"huge.gif":                  {ErrTooLarge, "60000x60000"},
		"huge.bmp":                  {ErrTooLarge, "60000x60000"},
		"huge.tif":                  {ErrTooLarge, "60000x60000"},
		"cfa.tif":                   {other, "a camera's raw ones (CFA)"},
		"png-wrong-adler.png":       {other, "the checksum of its pixels is wrong"},
		"png-wrong-crc-of-text.png": {other, "chunk tEXt has a wrong checksum"},
		"png-short-gama-behind.png": {other, "chunk gAMA has 1 bytes, and not 4"},
		"png-cut-within-a-row.png":  {other, "the file is truncated"},
		"png-unknown-filter.png":    {other, "there is no filter 7"},
		"gif-cut.gif":               {other, "the file is truncated"},
		"bmp-rle-too-short.bmp":     {other, "the file is truncated"},
		"bmp-jpeg-inside.bmp":       {other, "compression of kind 4"},
		"pnm-too-short.pnm":         {other, "the file is truncated"},
		"pnm-too-large-sample.pnm":  {other, "a sample of 11"},
		"pnm-no-number.pnm":         {other, `"x", and no number`},
		"pnm-maximum.pnm":           {other, "samples of up to 65536"},
	}
	files, err := os.ReadDir(decodeDir + "/bad")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(tests) {
		t.Errorf("%d bad files, %d tests", len(files), len(tests))
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(decodeDir, "bad", name))
			if err != nil {
				t.Fatal(err)
			}
			img, err := Decode(data, DecodeOptions{})
			if err == nil {
				t.Fatalf("decoded, %dx%d", img.Width, img.Height)
			}
			if !strings.Contains(err.Error(), test.text) {
				t.Errorf("%q does not say %q", err, test.text)
			}
			for _, kind := range []error{ErrUnsupported, ErrTooLarge} {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("%q: is %q: %v", err, kind, errors.Is(err, kind))
				}
			}
		})
	}
}

func TestDecodeHintsAtOtherKinds(t *testing.T) {
	for head, kind := range map[string]string{
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00":           "a video",
		"<?xml version=\"1.0\"?>\n<svg xmlns=\"...\"></svg>": "SVG",
		"  <svg></svg>":                "SVG",
		"%PDF-1.7":                     "PDF",
		"<!DOCTYPE html><title>404":    "HTML",
		"\xef\xbb\xbf<html><body>gone": "HTML",
	} {
		_, err := Decode([]byte(head), DecodeOptions{})
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), kind) {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestDecodeMaxPixels(t *testing.T) {
	for _, file := range goldenFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := readNetpbm(t, file+".pgm")
		n := int64(want.Width * want.Height)
		if _, err := Decode(data, DecodeOptions{MaxPixels: n}); err != nil {
			t.Errorf("%s: %d pixels allowed: %v", file, n, err)
		}
		if n == 1 {
			continue
		}
		if _, err := Decode(data, DecodeOptions{MaxPixels: n - 1}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %d pixels allowed: %v", file, n-1, err)
		}
	}
}

func TestDecodeChannels(t *testing.T) {
	data, err := os.ReadFile(decodeDir + "/png-rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 2, 4} {
		if _, err := Decode(data, DecodeOptions{Channels: n}); err == nil {
			t.Errorf("%d channels: no error", n)
		}
	}
}

// Every cut of every file is an error or an image, and no cut of a JPEG is an image.
func TestDecodeCut(t *testing.T) {
	eachJPEGDecoder(t, testDecodeCut)
}

func testDecodeCut(t *testing.T, _ bool) {
	for _, file := range goldenFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/50 {
			img, err := Decode(data[:n], DecodeOptions{})
			if err == nil && (strings.HasSuffix(file, ".jpg") || img == nil) {
				t.Errorf("%s: decoded from %d of %d bytes", file, n, len(data))
			}
		}
	}
}

// addFiles makes seeds of all golden files, good and bad.
func addFiles(f *testing.F) {
	bad, err := filepath.Glob(decodeDir + "/bad/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(goldenFiles(f), bad...) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(len(data)))
	}
}

func FuzzDecode(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, data []byte, choice uint8) {
		opt := DecodeOptions{Channels: 1 + int(choice&2), Orientation: Orientation(choice & 1), MaxPixels: 1_000_000}
		before := bytes.Clone(data)
		img, err := Decode(data, opt)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was written to")
		}
		if err != nil {
			if img != nil {
				t.Fatalf("an image and an error: %v", err)
			}
			if strings.Contains(err.Error(), "runtime error") { // which read makes an error of
				t.Fatal(err)
			}
			return
		}
		if img.Width < 1 || img.Height < 1 || int64(img.Width)*int64(img.Height) > opt.MaxPixels ||
			img.Channels != opt.Channels || len(img.Pix) != img.Width*img.Height*img.Channels {
			t.Fatalf("%dx%dx%d in %d bytes", img.Width, img.Height, img.Channels, len(img.Pix))
		}
	})
}
