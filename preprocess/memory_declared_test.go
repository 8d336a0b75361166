package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	// goBeside is what decoders may allocate in Go beside what they declare: tables, readers, texts; and once the
	// file's bytes, where it has them in parts.
	goBeside = 1 << 20
	// allBeside is that of all memory, C's decoders' among it, with what the allocators and their threads keep.
	allBeside = 16 << 20
)

// undeclared says whether decoding a file takes more memory than decode asks the budget for. Go's part is what is allocated in all,
// C's what the process's peak of resident memory rises by (Linux alone tells).
func undeclared(file []byte, decode func(request) error) error {
	var held lease
	defer held.release()
	before, rose := allocated(), peak()
	err := decode(request{lease: &held, maxPixels: defaultMaxPixels, file: len(file)})
	inGo, inAll := allocated()-before, rose()
	declared := held.most + int64(len(file))
	switch {
	case inGo > declared+goBeside:
		return fmt.Errorf("%d bytes were declared, and %d allocated in Go (%v)", held.most, inGo, err)
	case inAll > declared+allBeside:
		return fmt.Errorf("%d bytes were declared, and memory rose by %d (%v)", held.most, inAll, err)
	}
	return nil
}

// allocated is what Go has allocated in all.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// peak returns by how much the peak of resident memory rises from here; 0 where the system does not tell.
func peak() (rose func() int64) {
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil { // forgets the peak
		return func() int64 { return 0 }
	}
	before := statusOf("VmRSS:")
	return func() int64 { return statusOf("VmHWM:") - before }
}

func statusOf(key string) int64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, line, _ := strings.Cut(string(text), key)
	line, _, _ = strings.Cut(line, "\n")
	kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	return kb << 10
}

// reader is a decoder of all formats, for undeclared.
func reader(file []byte, extras bool) func(request) error {
	return func(ask request) error {
		ask.extras = extras
		pic, err := read(file, ask)
		if err == nil {
			pic.as(3, ApplyOrientation)
		}
		return err
	}
}

// noisy are pictures of many megabytes, by their files' names.
func noisy(t testing.TB) map[string][]byte {
	t.Helper()
	const w, h = 3000, 2000
	random := rand.New(rand.NewPCG(1, 2))
	m := newImage(w, h, 3)
	for i := range m.Pix {
		m.Pix[i] = uint8(i/7) + uint8(random.Uint32()&3)
	}
	files := map[string][]byte{}
	for name, opt := range map[string]FileOptions{"a.png": {Format: PNG}, "a.jpg": {Format: JPEG, Quality: 90}, "a.tif": {Format: TIFF}, "a.webp": {Format: WebP, Quality: 80}, "lossless.webp": {Format: WebP}} {
		files[name] = written(t, m, h, opt)
	}
	files["a.ppm"] = append(fmt.Appendf(nil, "P6 %d %d 255\n", w, h), m.Pix...)
	files["16.ppm"] = append(append(fmt.Appendf(nil, "P6 %d %d 65535\n", w, h), m.Pix...), m.Pix...)
	files["a.pfm"] = append(fmt.Appendf(nil, "Pf %d %d -1\n", w/2, h), make([]byte, 2*w*h)...)
	// chunks and segments without a byte in them
	plain, segments := files["a.png"], files["a.jpg"]
	first := bytes.Index(plain, []byte("IDAT")) - 4
	files["empty.png"] = slices.Concat(plain[:first], bytes.Repeat([]byte("\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"), 1<<20), plain[first:])
	files["empty.jpg"] = slices.Concat(segments[:2], bytes.Repeat([]byte("\xff\xfe\x00\x02"), 1<<20), segments[2:])
	// a million tiles of a pixel, and a tag of numbers that nobody asks for
	tiles := bytes.Repeat([]byte{1, 0, 0, 0}, 1<<20)
	entries := [][4]int{{256, 4, 1, 1024}, {257, 4, 1, 1024}, {258, 3, 1, 8}, {262, 3, 1, 1}, {322, 4, 1, 1}, {323, 4, 1, 1}, {324, 4, 1 << 20, 8}, {60000, 6, 4 << 20, 8 + 4<<20}}
	file := slices.Concat([]byte("II*\x00"), binary.LittleEndian.AppendUint32(nil, 8+8<<20), tiles, make([]byte, 4<<20), []byte{byte(len(entries)), 0})
	for _, e := range entries {
		file = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(file, uint16(e[0])), uint16(e[1]))
		file = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(file, uint32(e[2])), uint32(e[3]))
	}
	files["tiles.tif"] = append(file, 0, 0, 0, 0)
	bmp := make([]byte, 54)
	copy(bmp, "BM")
	for at, v := range map[int]int{10: 54, 14: 40, 18: w, 22: h, 26: 1 | 24<<16} {
		bmp[at], bmp[at+1], bmp[at+2], bmp[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	files["a.bmp"] = append(bmp, m.Pix...)
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White}), nil); err != nil {
		t.Fatal(err)
	}
	files["a.gif"] = b.Bytes()
	return files
}

// TestDeclared: no decoder takes more memory than it asks the budget for, of honest pictures of megabytes and of
// small files that claim much.
func TestDeclared(t *testing.T) {
	boundMemory(t, MemoryBounds{Together: 2 << 30, Each: 2 << 30})
	files := noisy(t)
	for _, pattern := range []string{"testdata/memory/*", "../docs/photos/*", "../../shared/cases/hostile/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if data, err := os.ReadFile(name); err == nil {
				files[name] = data
			}
		}
	}
	for name, data := range files {
		for _, extras := range []bool{false, true} {
			debug.FreeOSMemory()
			if err := undeclared(data, reader(data, extras)); err != nil {
				t.Errorf("%s, extras %v: %v", name, extras, err)
			}
		}
	}
}

// TestDeclaredReduced is TestDeclared of images that are resized while they are decoded, to as many channels as they
// have and to others.
func TestDeclaredReduced(t *testing.T) {
	boundMemory(t, MemoryBounds{Together: 2 << 30, Each: 2 << 30})
	defer func(limit int) { keepLimit = limit }(keepLimit)
	keepLimit = 4 << 20
	files := noisy(t)
	const w, h = 6000, 4000
	gray := newImage(w, h, 1)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i >> 9)
	}
	for name, opt := range map[string]FileOptions{"gray.png": {Format: PNG}, "gray.jpg": {Format: JPEG, Quality: 90}, "gray.tif": {Format: TIFF}} {
		files[name] = written(t, gray, h, opt)
	}
	for name, data := range files {
		for _, channels := range []int{1, 3} {
			spec := &Spec{Width: 224, Height: 224, Channels: channels, Resize: Resize{Mode: Exact, Width: 224, Height: 224}, Interpolation: Bicubic,
				Range: [2]float64{0, 1}, Mean: make([]float64, channels), Std: slices.Repeat([]float64{1}, channels)}
			if err := spec.Validate(); err != nil {
				t.Fatal(err)
			}
			debug.FreeOSMemory()
			if err := undeclared(data, func(ask request) error {
				ask.reduce = spec.reduce
				_, err := read(data, ask)
				return err
			}); err != nil {
				t.Errorf("%s, to %d channels: %v", name, channels, err)
			}
		}
	}
}

// TestUndeclared: a decoder that declares less than it takes is found, whether it allocates in Go or in C.
func TestUndeclared(t *testing.T) {
	const fresh = "ORTHO_TEST_FRESH"
	if os.Getenv(fresh) == "" { // malloc keeps what earlier decoders have freed, by which memory does not rise
		cmd := exec.Command(os.Args[0], "-test.run=^TestUndeclared$")
		cmd.Env = append(os.Environ(), fresh+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	var files map[string][]byte
	for _, c := range []struct {
		file string
		each int // bytes of a pixel that are declared
		in   string
	}{
		{"testdata/memory/rgb.jp2", 6, "memory rose"}, // before any other
		{"a.gif", 3, "in Go"}, {"a.jpg", 2, "in Go"},
	} {
		data, err := os.ReadFile(c.file)
		if err != nil {
			if files == nil {
				files = noisy(t)
			}
			data = files[c.file]
		}
		if c.in == "memory rose" && runtime.GOOS != "linux" {
			continue
		}
		f, err := sniff(data)
		if err != nil {
			t.Fatal(err)
		}
		debug.FreeOSMemory()
		err = undeclared(data, func(ask request) error {
			if err := ask.admit(3000, 2000, c.each); err != nil {
				return err
			}
			ask.lease = nil // nothing more is declared
			_, err := f.decode(data, ask)
			return err
		})
		if errors.Is(err, ErrUnsupported) || err != nil && strings.Contains(err.Error(), "runtime install") {
			continue // the library is not here
		}
		if c.in != "" && (err == nil || !strings.Contains(err.Error(), c.in)) {
			t.Errorf("%s, of which %d bytes a pixel are declared: %v, want it found %q", c.file, c.each, err, c.in)
		}
	}
}

// FuzzDeclared: whatever the file is, decoding it takes no more memory than what was asked for before.
func FuzzDeclared(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, data []byte, choice uint8) {
		boundMemory(t, MemoryBounds{Together: 64 << 20, Each: 64 << 20, PerByte: 256})
		if err := undeclared(data, reader(data, choice&1 == 1)); err != nil {
			t.Fatal(err)
		}
	})
}
