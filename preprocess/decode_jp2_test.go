package preprocess

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

func needJP2(t testing.TB) {
	t.Helper()
	if err := codecs.FindJP2().Err; err != nil {
		t.Skip(err)
	}
}

// TestJP2Affordable: headers that ask for far more than their files hold are refused before OpenJPEG gets them.
func TestJP2Affordable(t *testing.T) {
	needJP2(t)
	sound, err := os.ReadFile(decodeDir + "/jp2-rgb.j2k")
	if err != nil {
		t.Fatal(err)
	}
	const siz = 4 // behind SOC and SIZ
	cod := bytes.Index(sound, []byte{0xff, 0x52})
	put := func(at int, v uint32) func([]byte) []byte {
		return func(data []byte) []byte { binary.BigEndian.PutUint32(data[at:], v); return data }
	}
	for name, test := range map[string]struct {
		edits []func([]byte) []byte
		text  string
	}{
		"size":     {[]func([]byte) []byte{put(siz+4, 1<<20), put(siz+8, 1<<20), put(siz+20, 1<<20), put(siz+24, 1<<20)}, "too large"},
		"tiles":    {[]func([]byte) []byte{put(siz+4, 200), put(siz+8, 300), put(siz+20, 1), put(siz+24, 1)}, "60000 tiles"},
		"no tiles": {[]func([]byte) []byte{put(siz+20, 0)}, "no such size"},
		"packets": {[]func([]byte) []byte{put(siz+4, 9000), put(siz+8, 9000), put(siz+20, 9000), put(siz+24, 9000), func(data []byte) []byte {
			// Precincts of 2x2 pixels.
			levels := int(data[cod+9])
			head := bytes.Clone(data[:cod+14])
			head[cod+3] += byte(levels + 1)
			head[cod+4] |= 1
			return append(append(head, bytes.Repeat([]byte{0x11}, levels+1)...), data[cod+14:]...)
		}}, "can hold"},
		"code-blocks": {[]func([]byte) []byte{put(siz+4, 9000), put(siz+8, 9000), put(siz+20, 9000), put(siz+24, 9000), func(data []byte) []byte {
			data[cod+10], data[cod+11] = 0, 0
			return data
		}}, "can hold"},
		"layers": {[]func([]byte) []byte{put(siz+4, 9000), put(siz+8, 9000), put(siz+20, 200), put(siz+24, 200), func(data []byte) []byte { data[cod+6], data[cod+7] = 0xff, 0xff; return data }}, "can hold"},
	} {
		data := bytes.Clone(sound)
		for _, edit := range test.edits {
			data = edit(data)
		}
		if _, err := Decode(data, DecodeOptions{}); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %q", name, err, test.text)
		}
	}
}

// FuzzJP2: OpenJPEG survives what comes through the checks before it.
func FuzzJP2(f *testing.F) {
	for _, pattern := range []string{"/jp2-*.jp2", "/jp2-*.j2k"} {
		names, err := filepath.Glob(decodeDir + pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("no files: %v", err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		needJP2(t)
		p, err := decodeJP2(data, request{maxPixels: 1 << 20, extras: true})
		if err == nil && len(p.img.Pix) != p.img.Width*p.img.Height*p.img.Channels {
			t.Fatalf("%dx%dx%d in %d bytes", p.img.Width, p.img.Height, p.img.Channels, len(p.img.Pix))
		}
	})
}
