package preprocess

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

// spsOf is a sequence parameter set of a picture of that size, in blocks of 8.
func spsOf(width, height int) []byte {
	var bits []byte // one each
	put := func(v, n int) {
		for n--; n >= 0; n-- {
			bits = append(bits, byte(v>>n&1))
		}
	}
	number := func(v int) {
		n := 0
		for (v+1)>>(n+1) != 0 {
			n++
		}
		put(0, n)
		put(v+1, n+1)
	}
	put(0x4201, 16)
	put(0x01, 8) // no layers
	put(0x01, 8) // the profile
	put(0x3000_0000>>16, 16)
	put(0, 16)
	put(0x9000, 16)
	put(0, 32)
	put(90, 8)
	number(0)
	number(1)
	number(width)
	number(height)
	put(0, 1)
	for range 3 {
		number(0)
	}
	put(0, 1)
	for range 4 {
		number(0)
	}
	var raw []byte
	for ; len(bits) > 0; bits = bits[min(8, len(bits)):] {
		b := byte(0)
		for i, v := range bits[:min(8, len(bits))] {
			b |= v << (7 - i)
		}
		raw = append(raw, b)
	}
	var out []byte
	for i, b := range raw {
		if n := len(out); i > 1 && n >= 2 && out[n-1] == 0 && out[n-2] == 0 && b <= 3 {
			out = append(out, 3)
		}
		out = append(out, b)
	}
	return append(out, 0x80)
}

// TestHEIFAffordable: streams that ask for more than is read are refused before libheif gets them.
func TestHEIFAffordable(t *testing.T) {
	sound, err := os.ReadFile(decodeDir + "/heic-rgb.heic")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(sound, []byte{0x42, 1, 1})
	if width, height, err := hevcSize(sound[at+2:]); err != nil || width < 33 || width > 64 || height < 17 || height > 64 {
		t.Errorf("a picture of 33x17 is coded as %dx%d: %v", width, height, err)
	}
	for _, size := range [][2]int{{33 &^ 7, 16}, {4096, 2160}, {65528, 65528}} {
		if width, height, err := hevcSize(spsOf(size[0], size[1])[2:]); err != nil || int(width) != size[0] || int(height) != size[1] {
			t.Errorf("%v: %dx%d: %v", size, width, height, err)
		}
	}
	if _, _, err := hevcSize(spsOf(101, 100)[2:]); err == nil {
		t.Error("a size that is no multiple of a block")
	}
	large := append(bytes.Clone(sound), spsOf(65528, 65528)...)
	if err := heifAffordable(large, defaultMaxPixels); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large stream: %v", err)
	}
	other := bytes.ReplaceAll(sound, []byte("hvc1"), []byte("av01"))
	if err := heifAffordable(other, defaultMaxPixels); err == nil || !strings.Contains(err.Error(), "coded as av01") {
		t.Errorf("another coding: %v", err)
	}
	for _, file := range goldenNames(t, "heic-*.heic") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := heifAffordable(data, 1<<16); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func goldenNames(t testing.TB, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(decodeDir, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return names
}

func addNamed(f *testing.F, pattern string) {
	for _, name := range goldenNames(f, pattern) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// FuzzHEIF: libheif survives what comes through the checks before it, and stays within its limits.
func FuzzHEIF(f *testing.F) {
	addNamed(f, "heic-*.heic")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := codecs.FindHEIF().Err; err != nil {
			t.Skip(err)
		}
		p, err := decodeHEIF(data, request{maxPixels: 1 << 20, extras: true})
		if err == nil && len(p.img.Pix) != p.img.Width*p.img.Height*p.img.Channels {
			t.Fatalf("%dx%dx%d in %d bytes", p.img.Width, p.img.Height, p.img.Channels, len(p.img.Pix))
		}
	})
}

// FuzzJXL is FuzzHEIF for libjxl.
func FuzzJXL(f *testing.F) {
	addNamed(f, "jxl-*.jxl")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := codecs.FindJXL().Err; err != nil {
			t.Skip(err)
		}
		p, err := decodeJXL(data, request{maxPixels: 1 << 20, extras: true})
		if err == nil && len(p.img.Pix) != p.img.Width*p.img.Height*p.img.Channels {
			t.Fatalf("%dx%dx%d in %d bytes", p.img.Width, p.img.Height, p.img.Channels, len(p.img.Pix))
		}
	})
}
