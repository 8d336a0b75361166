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
		bundled: true,
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

// TIFFInfo is what libtiff makes of a file's first directory.
type TIFFInfo struct {
	Width, Height         int
	UnitWidth, UnitHeight int // of strips or tiles
	Tiled                 bool
	UnitBytes, RowBytes   int64 // of a strip or tile, and of a row of it
	Photometric           int
	RGB                   bool // pixels that are YCbCr in JPEG come so
	Planes                bool // one for each sample
	Bits                  int  // of a sample
	Extra                 int  // what the first sample behind the colours is; -1: there is none
}

// OpenTIFF reads the first directory. The library must be there, by [FindTIFF]; the file must be closed.
// Versions of the library that have a bound for what they allocate get most bytes as theirs.
func OpenTIFF(data []byte, most int64) (*TIFF, TIFFInfo, error) {
	t := &TIFF{}
	t.pinned.Pin(unsafe.SliceData(data))
	t.handle = C.ortho_tiff_open((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), C.int64_t(most))
	var d C.ortho_tiff_info
	if C.ortho_tiff_describe(t.handle, &d) == 0 {
		err := t.failure()
		t.Close()
		return nil, TIFFInfo{}, err
	}
	return t, TIFFInfo{
		Width: int(d.width), Height: int(d.height), UnitWidth: int(d.unit_width), UnitHeight: int(d.unit_height), Tiled: d.tiled != 0,
		UnitBytes: int64(d.unit_bytes), RowBytes: int64(d.row_bytes), Photometric: int(d.photometric), RGB: d.rgb != 0,
		Planes: d.planar == 2, Bits: int(d.bits), Extra: int(d.extra),
	}, nil
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

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Read unpacks strip or tile i into dst, samples in the machine's byte order. It may leave what a damaged
// one does not fill as it is.
func (t *TIFF) Read(tiled bool, i int, dst []byte) error {
	if C.ortho_tiff_read(t.handle, flag(tiled), C.uint32_t(i), (*C.uint8_t)(unsafe.SliceData(dst)), C.size_t(len(dst))) == 0 {
		return t.failure()
	}
	return nil
}

// RGBA converts the strip or tile that begins at x, y to bytes R, G, B, A of which rows come from the bottom.
// dst has room for it.
func (t *TIFF) RGBA(tiled bool, x, y int, dst []uint32) error {
	if C.ortho_tiff_rgba(t.handle, flag(tiled), C.uint32_t(x), C.uint32_t(y), (*C.uint32_t)(unsafe.SliceData(dst))) == 0 {
		return t.failure()
	}
	return nil
}
