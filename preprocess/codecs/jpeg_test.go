package codecs

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func needJPEG(t testing.TB) {
	t.Helper()
	if err := FindJPEG().Err; err != nil {
		t.Skip(err)
	}
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
	if err := DecodeJPEG(whole, data, JPEG{width, height, 3, 1, 0, 0, width, height}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []JPEG{
		{width, height, 3, 1, 96, 50, 200, 100}, {width, height, 3, 1, 16, 299, 48, 1}, {width, height, 3, 1, 32, 211, width - 32, 89},
		{width, height, 3, 1, 0, 16, width, 33}, {width, height, 3, 1, 16, 0, 64, height},
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
		"cut short":         {data[:len(data)/2], JPEG{width, height, 3, 1, 0, 0, width, height}, io.ErrUnexpectedEOF},
		"no header":         {data[:100], JPEG{width, height, 3, 1, 0, 0, width, height}, io.ErrUnexpectedEOF},
		"no JPEG":           {[]byte("\x89PNG"), JPEG{width, height, 3, 1, 0, 0, width, height}, nil},
		"nothing":           {nil, JPEG{width, height, 3, 1, 0, 0, width, height}, io.ErrUnexpectedEOF},
		"another size":      {data, JPEG{height, width, 3, 1, 0, 0, height, width}, nil},
		"two components":    {data, JPEG{width, height, 2, 1, 0, 0, width, height}, nil},
		"beyond the image":  {data, JPEG{width, height, 3, 1, 16, 0, width, height}, nil},
		"within an MCU":     {data, JPEG{width, height, 3, 1, 17, 0, 100, height}, nil},
		"too little memory": {data, JPEG{width, height, 3, 1, 0, 0, width, height - 1}, nil},
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

// FuzzJPEG: whatever a file holds, the library gives pixels or an error.
func FuzzJPEG(f *testing.F) {
	needJPEG(f)
	for _, name := range []string{"jpeg-420-47x50.jpg", "jpeg-progressive-420-47x50.jpg"} {
		if data, err := os.ReadFile("../testdata/decode/" + name); err == nil {
			f.Add(data, uint16(32), uint16(32), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, width, height uint16, components uint8) {
		w, h := int(width)%512+1, int(height)%512+1
		n := []int{1, 3, 4}[components%3]
		DecodeJPEG(make([]byte, w*h*n), data, JPEG{w, h, n, 1, 0, 0, w, h})
		if w > 16 && h > 1 {
			DecodeJPEG(make([]byte, (w-16)*(h-1)*n), data, JPEG{w, h, n, 1, 16, 1, w - 16, h - 1})
		}
	})
}
