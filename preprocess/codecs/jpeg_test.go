package codecs

import (
	"bytes"
	"os"
	"testing"
)

func TestX(t *testing.T) {
	l := FindJPEG()
	t.Log(l)
	data, _ := os.ReadFile("../../docs/photos/cat.jpg")
	dst := make([]byte, 451*300*3)
	if err := DecodeJPEG(dst, data, JPEG{451, 300, 3, 1, 0, 0, 451, 300}); err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, p := range []JPEG{{451, 300, 3, 1, 100, 50, 200, 100}, {451, 300, 3, 1, 1, 1, 1, 1}, {451, 300, 3, 1, 37, 211, 400, 89}, {451, 300, 3, 1, 0, 16, 451, 33}, {451, 300, 3, 1, 17, 0, 16, 300}} {
		part := make([]byte, p.W*p.H*3)
		if err := DecodeJPEG(part, data, p); err != nil {
			t.Fatal(err)
		}
		for y := range p.H {
			if !bytes.Equal(part[y*p.W*3:(y+1)*p.W*3], dst[((y+p.Y)*451+p.X)*3:][:p.W*3]) {
				bad++
			}
		}
		t.Log(p, bad)
	}
}
