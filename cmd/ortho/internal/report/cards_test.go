package report

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

func TestPicture(t *testing.T) {
	var b bytes.Buffer
	img := image.NewNRGBA(image.Rect(0, 0, 640, 320))
	img.Set(0, 0, color.White)
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if p := NewPicture(b.Bytes(), 1e6); p.Width != 160 || p.Height != 80 || !strings.HasPrefix(string(p.URL), "data:image/jpeg;base64,/9j/") {
		t.Errorf("%dx%d, %.40s", p.Width, p.Height, p.URL)
	}
	for _, data := range [][]byte{nil, []byte("no image"), b.Bytes()[:60]} {
		if p := NewPicture(data, 1e6); p.URL != "" || p.Missing == "" {
			t.Errorf("%d bytes: %+v", len(data), p)
		}
	}
	if p := NewPicture(b.Bytes(), 1000); p.URL != "" || !strings.Contains(p.Missing, "too large") {
		t.Errorf("a limit: %+v", p)
	}
}
