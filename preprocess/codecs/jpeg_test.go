package codecs

import (
	"bytes"
	"errors"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func needJPEG(t testing.TB) {
	t.Helper()
	if err := FindJPEG().Err; err != nil {
		t.Skip(err)
	}
}

func part(width, height, components, x, y, w, h int) JPEG {
	return JPEG{Width: width, Height: height, Components: components, Shrink: 1, X: x, Y: y, W: w, H: h}
}

// TestJPEGParts: parts are those of the whole image, but next to where columns were cut.
func TestJPEGParts(t *testing.T) {
	needJPEG(t)
	data, err := os.ReadFile("../../docs/photos/cat.jpg")
	if err != nil {
		t.Fatal(err)
	}
	const width, height, mcu = 451, 300, 16
	whole := make([]byte, width*height*3)
	if err := DecodeJPEG(whole, data, part(width, height, 3, 0, 0, width, height)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []JPEG{
		part(width, height, 3, 96, 50, 200, 100), part(width, height, 3, 16, 299, 48, 1), part(width, height, 3, 32, 211, width-32, 89),
		part(width, height, 3, 0, 16, width, 33), part(width, height, 3, 16, 0, 64, height),
	} {
		part := make([]byte, p.W*p.H*3)
		if err := DecodeJPEG(part, data, p); err != nil {
			t.Fatal(err)
		}
		from, to := 0, p.W
		if p.X > 0 {
			from = mcu
		}
		if p.X+p.W < width {
			to -= mcu
		}
		for y := range p.H {
			got, want := part[y*p.W*3:(y+1)*p.W*3], whole[((y+p.Y)*width+p.X)*3:][:p.W*3]
			if !bytes.Equal(got[3*from:3*to], want[3*from:3*to]) {
				t.Errorf("%+v: row %d differs", p, y)
				break
			}
		}
	}
}

func TestJPEGRefuses(t *testing.T) {
	needJPEG(t)
	data, err := os.ReadFile("../../docs/photos/cat.jpg")
	if err != nil {
		t.Fatal(err)
	}
	const width, height = 451, 300
	dst := make([]byte, width*height*3)
	for name, c := range map[string]struct {
		data []byte
		ask  JPEG
		want error // nil: any
	}{
		"cut short":         {data[:len(data)/2], part(width, height, 3, 0, 0, width, height), io.ErrUnexpectedEOF},
		"no header":         {data[:100], part(width, height, 3, 0, 0, width, height), io.ErrUnexpectedEOF},
		"no JPEG":           {[]byte("\x89PNG"), part(width, height, 3, 0, 0, width, height), nil},
		"nothing":           {nil, part(width, height, 3, 0, 0, width, height), io.ErrUnexpectedEOF},
		"another size":      {data, part(height, width, 3, 0, 0, height, width), nil},
		"two components":    {data, part(width, height, 2, 0, 0, width, height), nil},
		"beyond the image":  {data, part(width, height, 3, 16, 0, width, height), nil},
		"within an MCU":     {data, part(width, height, 3, 17, 0, 100, height), nil},
		"too little memory": {data, part(width, height, 3, 0, 0, width, height-1), nil},
	} {
		part := dst[:min(len(dst), max(0, c.ask.W*c.ask.H*max(1, c.ask.Components)))]
		if name == "too little memory" {
			part = part[1:]
		}
		if err := DecodeJPEG(part, c.data, c.ask); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// jpegSize is what a file's header has: no components where Go's reader knows it not.
func jpegSize(data []byte) (width, height, components int) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, 0
	}
	return config.Width, config.Height, map[color.Model]int{color.GrayModel: 1, color.YCbCrModel: 3, color.RGBAModel: 3, color.CMYKModel: 4}[config.ColorModel]
}

// sameAlone decodes by the library with our Huffman decoding and without it.
func sameAlone(t *testing.T, data []byte, ask JPEG) (decoded, helped bool) {
	t.Helper()
	got := make([]byte, ask.W*ask.H*ask.Components)
	want := make([]byte, len(got))
	helped, err := decodeJPEG(got, data, ask, false)
	_, alone := decodeJPEG(want, data, ask, true)
	if (err == nil) != (alone == nil) || err != nil && err.Error() != alone.Error() {
		t.Fatalf("%+v: %v; the library alone: %v", ask, err, alone)
	}
	if err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%+v: pixels differ from the library's", ask)
	}
	return err == nil, helped
}

// TestJPEGHuffman: Huffman decoding of our own changes nothing, neither of sound files nor of damaged ones.
func TestJPEGHuffman(t *testing.T) {
	needJPEG(t)
	rng := rand.New(rand.NewPCG(18, 2))
	decoded, failed, helped := 0, 0, 0
	for _, pattern := range []string{"../testdata/decode/*.jpg", "../testdata/decode/bad/*.jpg", "../../docs/photos/*.jpg"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, name := range names {
			sound, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			w, h, components := jpegSize(sound)
			if components == 0 {
				continue
			}
			for try := range 40 {
				data := sound
				if try > 0 {
					data = bytes.Clone(sound)
					for range 1 + rng.IntN(3) {
						data[rng.IntN(len(data))] = byte(rng.IntN(256))
					}
				}
				switch try % 8 {
				case 3:
					data = data[:rng.IntN(len(data))]
				case 4:
					at := rng.IntN(len(data)) // a byte lost
					data = append(data[:at:at], data[at+1:]...)
				case 5: // a marker too many
					at := rng.IntN(len(data))
					data = append(append(data[:at:at], 0xff, byte(0xc0+rng.IntN(64))), data[at:]...)
				}
				asks := []JPEG{part(w, h, components, 0, 0, w, h)}
				if w > 64 && h > 3 {
					asks = append(asks, part(w, h, components, 32, h/3, w-33, h/2))
				}
				shrunk := JPEG{Width: w, Height: h, Components: components, Shrink: 2, W: (w + 1) / 2, H: (h + 1) / 2}
				for _, ask := range append(asks, shrunk) {
					ok, help := sameAlone(t, data, ask)
					if ok {
						decoded++
					} else {
						failed++
					}
					if ok && help {
						helped++
					}
				}
			}
		}
	}
	t.Logf("%d decoded, %d of them with help; %d refused", decoded, helped, failed)
	if decoded < 1000 || helped < decoded/2 || failed < 100 {
		t.Error("too few of one kind")
	}
}

// FuzzJPEG: whatever a file holds, there are pixels or an error, and the library's own.
func FuzzJPEG(f *testing.F) {
	needJPEG(f)
	names, err := filepath.Glob("../testdata/decode/*.jpg")
	if err != nil || len(names) == 0 {
		f.Fatal("no files", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, skip uint8) {
		w, h, n := jpegSize(data)
		if n == 0 || w*h > 1<<18 {
			return
		}
		sameAlone(t, data, part(w, h, n, 0, 0, w, h))
		if y := int(skip); w > 33 && h > y {
			sameAlone(t, data, part(w, h, n, 32, y, w-32, h-y))
		}
	})
}
