package codecs

// #include "tiff.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unsafe"
)

var (
	tiffKind = &kind{
		name:    "libtiff",
		use:     "reads compressed TIFF",
		version: func() string { return tiffVersion(C.GoString(C.ortho_tiff_version())) },
		file:    regexp.MustCompile(`^libtiff[-.0-9a-z]*(\.so|\.dylib)[.0-9]*$|^(lib)?tiff[-0-9]*\.dll$`),
		names: map[string][]string{
			"linux":   {"libtiff.so.6", "libtiff.so.5"},
			"darwin":  {"libtiff.6.dylib", "/opt/homebrew/lib/libtiff.6.dylib", "/usr/local/lib/libtiff.6.dylib", "/opt/local/lib/libtiff.6.dylib"},
			"windows": {"libtiff-6.dll", "tiff.dll"},
		},
		needs: []*kind{dependency("libjpeg"), dependency("libzstd"), dependency("liblzma"), dependency("libz")},
		load:  loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_tiff_load(name, text, n) }),
	}
)

// FindTIFF returns libtiff, once it is loaded.
var FindTIFF = tiffKind.once()

// tiffVersion takes the number out of "LIBTIFF, Version 4.7.1" and a line of copyright.
func tiffVersion(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimPrefix(text, "LIBTIFF, Version ")
}

// TIFF is a file whose strips and tiles libtiff unpacks.
type TIFF struct {
	handle *C.ortho_tiff
	pinned runtime.Pinner
}

// Unit is what a TIFF's pixels are stored in.
type Unit int

const (
	Strip Unit = C.TIFF_STRIP
	Tile  Unit = C.TIFF_TILE
)

// OpenTIFF reads the first directory. The library must be there, by [FindTIFF]; the file must be closed.
func OpenTIFF(data []byte) (*TIFF, error) {
	t := &TIFF{}
	t.pinned.Pin(unsafe.SliceData(data))
	t.handle = C.ortho_tiff_open((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)))
	if C.ortho_tiff_size(t.handle, C.TIFF_STRIP) < 0 {
		err := t.failure()
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *TIFF) Close() {
	C.ortho_tiff_close(t.handle)
	t.handle = nil
	t.pinned.Unpin()
}

func (t *TIFF) failure() error {
	if text := C.GoString(C.ortho_tiff_message(t.handle)); text != "" {
		return fmt.Errorf("libtiff: %s", text)
	}
	return errors.New("libtiff can't read it")
}

// Size is how many bytes a strip or tile takes.
func (t *TIFF) Size(u Unit) int64 { return int64(C.ortho_tiff_size(t.handle, C.int(u))) }

// Read unpacks strip or tile i into dst, samples in the machine's byte order, and returns how many bytes
// they are. rgb has JPEGs inside come as RGB where they are YCbCr.
func (t *TIFF) Read(u Unit, i int, dst []byte, rgb bool) (int, error) {
	var colours C.int
	if rgb {
		colours = 1
	}
	n := C.ortho_tiff_read(t.handle, C.int(u), C.uint32_t(i), (*C.uint8_t)(unsafe.SliceData(dst)), C.size_t(len(dst)), colours)
	if n < 0 {
		return 0, t.failure()
	}
	return int(n), nil
}

// RGBA converts the strip or tile that begins at x, y to bytes R, G, B, A of which rows come from the bottom.
// dst has room for it.
func (t *TIFF) RGBA(u Unit, x, y int, dst []uint32) error {
	if C.ortho_tiff_rgba(t.handle, C.int(u), C.uint32_t(x), C.uint32_t(y), (*C.uint32_t)(unsafe.SliceData(dst))) == 0 {
		return t.failure()
	}
	return nil
}
