package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

// sketch is a picture with gradients, edges and noise, of up to 4 channels.
func sketch(width, height, channels int) *Image {
	rng := rand.New(rand.NewPCG(7, uint64(width*height*channels)))
	return build(width, height, channels, func(x, y, c int) byte {
		v := 128 + 70*math.Sin(float64(x*(c+2)+y*(5-c))/40) + 30*float64((x/7+y/(c+4))%2) + 4*rng.NormFloat64()
		return byte(max(0, min(v, 255)))
	})
}

// profileOf is the head of a colour profile, and some bytes.
func profileOf(colours string, size int) []byte {
	icc := make([]byte, size)
	for i := range icc {
		icc[i] = byte(i * i >> 3)
	}
	copy(icc[16:], colours)
	copy(icc[36:], "acsp")
	return icc
}

// written is the file of an image that comes some rows at a time.
func written(t testing.TB, m *Image, some int, opt FileOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	f, err := NewFileWriter(&out, m.Width, m.Height, m.Channels, opt)
	if err != nil {
		t.Fatal(err)
	}
	row := m.Width * m.Channels
	for pix := m.Pix; len(pix) > 0; {
		n := min(some*row, len(pix))
		if k, err := f.Write(pix[:n]); k != n || err != nil {
			t.Fatal(k, err)
		}
		pix = pix[n:]
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFileWriter(t *testing.T) {
	for _, format := range []FileFormat{PNG, TIFF, WebP} {
		for channels := 1; channels <= 4; channels++ {
			for _, size := range [][2]int{{1, 1}, {33, 17}, {300, 260}, {5, 3000}} {
				t.Run(fmt.Sprint(format, channels, size), func(t *testing.T) {
					m := sketch(size[0], size[1], channels)
					colours := "RGB "
					if channels <= 2 && format != WebP { // which has no gray
						colours = "GRAY"
					}
					icc := profileOf(colours, 3000)
					data := written(t, m, 7, FileOptions{Format: format, ICC: icc})
					got, err := DecodePicture(data, DecodeOptions{})
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got.ICC, icc) {
						t.Errorf("%d bytes of a profile", len(got.ICC))
					}
					if channels <= 2 {
						got.Image = got.WithChannels(1)
					}
					if !bytes.Equal(interleaved(got, channels), m.Pix) {
						t.Error("other pixels")
					}
				})
			}
		}
	}
}

// interleaved is the picture with its alpha, where it is to have so many channels.
func interleaved(p *Picture, channels int) []byte {
	if channels%2 == 1 {
		return p.Pix
	}
	var out []byte
	for i := range p.Width * p.Height {
		a := byte(255)
		if p.Alpha != nil {
			a = p.Alpha[i]
		}
		out = append(append(out, p.Pix[i*p.Channels:(i+1)*p.Channels]...), a)
	}
	return out
}

// TestFileWriterJPEG compares with Go's encoder of the whole image.
func TestFileWriterJPEG(t *testing.T) {
	for _, channels := range []int{1, 3} {
		for _, size := range [][2]int{{1, 1}, {33, 17}, {16, 16}, {47, 301}} {
			m := sketch(size[0], size[1], channels)
			var whole image.Image = &image.Gray{Pix: m.Pix, Stride: m.Width, Rect: image.Rect(0, 0, m.Width, m.Height)}
			if channels == 3 {
				rgba := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
				for i := range m.Width * m.Height {
					copy(rgba.Pix[4*i:], m.Pix[3*i:3*i+3])
				}
				whole = rgba
			}
			var want bytes.Buffer
			if err := jpeg.Encode(&want, whole, &jpeg.Options{Quality: 80}); err != nil {
				t.Fatal(err)
			}
			icc := profileOf(map[int]string{1: "GRAY", 3: "RGB "}[channels], 150_000) // three segments
			data := written(t, m, 5, FileOptions{Format: JPEG, Quality: 80, ICC: icc})
			got, err := DecodePicture(data, DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.ICC, icc) || got.Channels != channels {
				t.Errorf("%v: %d bytes of a profile, %d channels", size, len(got.ICC), got.Channels)
			}
			expected, err := Decode(want.Bytes(), DecodeOptions{Channels: channels})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Pix, expected.Pix) {
				t.Errorf("%v x%d: not as the whole image is encoded", size, channels)
			}
		}
	}
}

func TestFileWriterRefuses(t *testing.T) {
	for _, test := range []struct {
		width, height, channels int
		opt                     FileOptions
		text                    string
	}{
		{70000, 1, 3, FileOptions{Format: JPEG}, "JPEG ends at 65535 pixels a side"},
		{1, 70000, 3, FileOptions{Format: JPEG}, "65535"},
		{16384, 1, 3, FileOptions{Format: WebP}, "WebP ends at 16383 pixels a side"},
		{40000, 40000, 3, FileOptions{Format: TIFF}, "4 GiB"},
		{5, 5, 4, FileOptions{Format: JPEG}, "no alpha"},
		{5, 5, 5, FileOptions{Format: PNG}, "5 channels"},
		{5, 0, 3, FileOptions{Format: PNG}, "no such size"},
		{5, 5, 3, FileOptions{Format: "bmp"}, "no such format"},
		{5, 5, 3, FileOptions{}, "no format is stated: png, jpeg, webp or tiff"},
		{5, 5, 3, FileOptions{Format: JPEG, Quality: 101}, "quality 101"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{"", "x"}}}, "keyword"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{strings.Repeat("k", 80), "x"}}}, "keyword"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{" k", "x"}}}, "keyword"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{"日", "x"}}}, "keyword"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{"k", "a\x00b"}}}, "zero bytes"},
		{5, 5, 3, FileOptions{Format: PNG, Text: [][2]string{{"k", "\xff"}}}, "UTF-8"},
	} {
		_, err := NewFileWriter(io.Discard, test.width, test.height, test.channels, test.opt)
		if err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestFileWriterOrder(t *testing.T) {
	for _, format := range []FileFormat{PNG, JPEG, TIFF, WebP} {
		begin := func() *FileWriter {
			f, err := NewFileWriter(io.Discard, 4, 3, 3, FileOptions{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		f := begin()
		if _, err := f.Write(make([]byte, 13)); err == nil {
			t.Errorf("%s: part of a row is taken", format)
		}
		if _, err := f.Write(make([]byte, 48)); err == nil {
			t.Errorf("%s: too many rows are taken", format)
		}
		if _, err := f.Write(make([]byte, 24)); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if err := f.Close(); err == nil || !strings.Contains(err.Error(), "lacks its last 1 rows") {
			t.Errorf("%s: closed early: %v", format, err)
		}
		if _, err := f.Write(make([]byte, 12)); err == nil {
			t.Errorf("%s: rows after Close are taken", format)
		}
		f = begin()
		if _, err := f.Write(make([]byte, 36)); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		for range 2 {
			if err := f.Close(); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
		if _, err := f.Write(make([]byte, 12)); err == nil {
			t.Errorf("%s: rows after Close are taken", format)
		}
	}
}

// full is a disk that is full after so many bytes.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// TestFileWriterFull: wherever the disk is full, that is said.
func TestFileWriterFull(t *testing.T) {
	m := sketch(64, 64, 3)
	for _, format := range []FileFormat{PNG, JPEG, TIFF, WebP} {
		whole := len(written(t, m, 64, FileOptions{Format: format}))
		for room := 0; room < whole; room += 1 + whole/40 {
			f, err := NewFileWriter(&full{room}, m.Width, m.Height, m.Channels, FileOptions{Format: format})
			if err == nil {
				if _, err = f.Write(m.Pix); err == nil {
					err = f.Close()
				}
				if again := f.Close(); again == nil {
					t.Errorf("%s: no error at a second Close", format)
				}
			}
			if !errors.Is(err, errFull) {
				t.Errorf("%s: with room for %d of %d bytes: %v", format, room, whole, err)
			}
		}
	}
}

// TestFileWriterMemory: rows are passed on, or collected once, which WebP must.
func TestFileWriterMemory(t *testing.T) {
	const width, height, room = 1024, 2048, 2 << 20 // room is for the encoders
	row := make([]byte, width*4)
	for _, test := range []struct {
		opt      FileOptions
		channels int
		kept     uint64 // bytes
	}{
		{FileOptions{Format: PNG}, 4, 0},
		{FileOptions{Format: TIFF}, 4, 0},
		{FileOptions{Format: JPEG}, 3, 0},
		{FileOptions{Format: WebP}, 1, width * height},
		{FileOptions{Format: WebP}, 4, width * height * 4},
		{FileOptions{Format: WebP, Quality: 90}, 3, width * height * 3},
		{FileOptions{Format: WebP, Quality: 90}, 2, width * height * 4}, // it has no gray
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := NewFileWriter(io.Discard, width, height, test.channels, test.opt)
		if errors.Is(err, codecs.ErrNone) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for range height {
			if _, err := f.Write(row[:width*test.channels]); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took < test.kept || took > test.kept+room {
			t.Errorf("%+v, %d channels: %d kB are allocated for rows of %d kB", test.opt, test.channels, took>>10, test.kept>>10)
		}
	}
}

func BenchmarkFileWriter(b *testing.B) {
	m := sketch(4000, 256, 3)
	for _, format := range []FileFormat{PNG, JPEG, TIFF, WebP} {
		b.Run(string(format), func(b *testing.B) {
			b.SetBytes(int64(len(m.Pix)))
			for b.Loop() {
				written(b, m, 16, FileOptions{Format: format})
			}
		})
	}
}

// TestPrefixCodes: codes are complete and no longer than allowed, however rare a symbol is.
func TestPrefixCodes(t *testing.T) {
	fibonacci := []int{1, 1}
	for len(fibonacci) < 40 {
		fibonacci = append(fibonacci, fibonacci[len(fibonacci)-1]+fibonacci[len(fibonacci)-2])
	}
	for _, counts := range [][]int{fibonacci, {0, 5, 0, 3}, {1, 1, 1, 1, 1}, {0, 1 << 40, 0, 1, 1, 1, 1}} {
		for _, most := range []int{15, 7} {
			if len(counts) > 1<<most {
				continue
			}
			sum := 0.0
			codes := prefixCodes(counts, most)
			for i, c := range codes {
				if c.length > most || (c.length > 0) != (counts[i] > 0) {
					t.Errorf("%d counts, up to %d bits: symbol %d has %d", len(counts), most, i, c.length)
				}
				if c.length > 0 {
					sum += math.Ldexp(1, -c.length)
				}
			}
			if sum != 1 {
				t.Errorf("%d counts, up to %d bits: %v of all codes", len(counts), most, sum)
			}
		}
	}
}

// TestBackground holds numbers of Pillow 13: Image.alpha_composite of the image over an
// opaque one.
func TestBackground(t *testing.T) {
	for _, c := range []struct{ value, alpha, background, want byte }{
		{0, 0, 7, 7}, {200, 0, 7, 7}, {255, 1, 0, 1}, {255, 127, 0, 127}, {255, 128, 0, 128}, {10, 1, 200, 199},
		{10, 254, 200, 11}, {3, 255, 200, 3}, {90, 100, 17, 46}, {250, 77, 3, 78}, {1, 128, 0, 1}, {0, 128, 1, 0},
	} {
		f := flattener{channels: 2, colour: [3]byte{c.background, c.background, c.background}}
		if got := f.rows([]byte{c.value, c.alpha}); len(got) != 1 || got[0] != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	colour, gray := &[3]byte{0x10, 0x20, 0x30}, &[3]byte{0x80, 0x80, 0x80}
	for _, c := range []struct {
		channels   int
		pix        []byte
		background *[3]byte
		after      int
		want       []byte
	}{
		{4, []byte{255, 0, 128, 100, 1, 2, 3, 0, 9, 99, 199, 255, 200, 150, 50, 200}, colour, 3, []byte{110, 19, 79, 16, 32, 48, 9, 99, 199, 160, 125, 50}},
		{2, []byte{10, 100, 200, 0, 77, 255}, colour, 3, []byte{14, 23, 33, 16, 32, 48, 77, 77, 77}},
		{2, []byte{10, 100, 200, 0, 77, 255}, gray, 1, []byte{82, 128, 77}},
		{3, []byte{1, 2, 3}, colour, 3, []byte{1, 2, 3}},
		{1, []byte{1}, colour, 1, []byte{1}},
	} {
		m := &Image{Width: 1, Height: len(c.pix) / c.channels, Channels: c.channels, Pix: c.pix} // a row a pixel
		for _, format := range []FileFormat{PNG, TIFF, WebP} {
			p, err := DecodePicture(written(t, m, 2, FileOptions{Format: format, Background: c.background}), DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want, after := c.want, c.after
			if format == WebP && after == 1 { // which has no gray
				after, want = 3, nil
				for _, v := range c.want {
					want = append(want, v, v, v)
				}
			}
			if p.Alpha != nil || p.Channels != after || !bytes.Equal(p.Pix, want) {
				t.Errorf("%s of %v: %d channels, %v, alpha %v", format, c.pix, p.Channels, p.Pix, p.Alpha)
			}
		}
		if data := written(t, m, 1, FileOptions{Format: JPEG, Background: c.background}); len(data) == 0 {
			t.Error("no JPEG")
		}
	}
}
