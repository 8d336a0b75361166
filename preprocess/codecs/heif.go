package codecs

// #include "heif.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"unsafe"
)

var heifKind = &kind{
	name:    "libheif",
	use:     "reads HEIC",
	version: func() string { return C.GoString(C.ortho_heif_version()) },
	file:    regexp.MustCompile(`^libheif(-[0-9a-z]+)?(\.so[.0-9]*|[.0-9]*\.dylib)$|^(lib)?heif(-1)?\.dll$`),
	names: map[string][]string{
		"linux":   {"libheif.so.1"},
		"darwin":  {"libheif.1.dylib", "/opt/homebrew/lib/libheif.1.dylib", "/usr/local/lib/libheif.1.dylib", "/opt/local/lib/libheif.1.dylib"},
		"windows": {"libheif-1.dll", "heif.dll", "libheif.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_heif_load(name, text, n) }),
}

// FindHEIF returns libheif, once it is loaded.
var FindHEIF = heifKind.once()

// HEIF is the primary picture of a file, turned as the file says.
type HEIF struct {
	Width, Height int // as the file states them; after Decode, as they turned out to be
	Frames        int // pictures in the file, without thumbnails and the like
	Channels      int // 1: gray (libheif 1.17); 3: R, G, B; 4: and A
	Bits          int // a gray sample of more than 8 takes two bytes, as the machine has them
	Premultiplied bool
	// ICC, EXIF, which says behind its first four bytes how many more to pass over, and XMP; nil: none.
	ICC, EXIF, XMP []byte

	c      *C.ortho_heif
	pinned runtime.Pinner
}

// OpenHEIF reads what a file states, as pillow-heif does, before any pixel is decoded. What its HEVC streams
// ask for is to be checked before: old versions have no limits for them. The library must be there, by
// [FindHEIF]. The picture must be closed.
func OpenHEIF(data []byte, maxPixels int64) (*HEIF, error) {
	h := &HEIF{c: new(C.ortho_heif)}
	h.pinned.Pin(h.c)
	h.pinned.Pin(unsafe.SliceData(data))
	if C.ortho_heif_open(h.c, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), C.uint64_t(maxPixels)) == 0 {
		err := h.failure()
		h.Close()
		return nil, err
	}
	h.state()
	h.Frames, h.Channels, h.Bits = int(h.c.frames), int(h.c.channels), int(h.c.bits)
	h.Premultiplied = h.c.premultiplied != 0
	h.ICC, h.EXIF, h.XMP = cloned(h.c.icc), cloned(h.c.exif), cloned(h.c.xmp)
	return h, nil
}

func (h *HEIF) state() { h.Width, h.Height = int(h.c.width), int(h.c.height) }

// Decode decodes the picture, and states its size anew.
func (h *HEIF) Decode() error {
	if C.ortho_heif_decode(h.c) == 0 {
		return h.failure()
	}
	h.state()
	return nil
}

// Pixels fills dst with what Decode has decoded.
func (h *HEIF) Pixels(dst []byte) error {
	size := h.Width * h.Height * h.Channels
	if h.Channels == 1 && h.Bits > 8 {
		size *= 2
	}
	if len(dst) != size || h.c.plane == nil {
		return fmt.Errorf("%d bytes for %dx%d pixels of %d", len(dst), h.Width, h.Height, h.Channels)
	}
	C.ortho_heif_pixels(h.c, (*C.uint8_t)(unsafe.SliceData(dst)))
	return nil
}

func (h *HEIF) Close() {
	C.ortho_heif_close(h.c)
	h.pinned.Unpin()
}

func (h *HEIF) failure() error {
	return errors.New("libheif: " + printable(C.GoString(&h.c.message[0])))
}
