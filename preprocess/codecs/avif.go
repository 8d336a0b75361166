package codecs

// #include "avif.h"
import "C"

import (
	"fmt"
	"io"
	"regexp"
	"runtime"
	"time"
	"unsafe"
)

var avifKind = &kind{
	name:    "libavif",
	bundled: true,
	use:     "reads AVIF",
	version: func() string { return C.GoString(C.ortho_avif_version()) },
	file:    regexp.MustCompile(`^libavif[-.][-.0-9a-z]*(\.so|\.dylib)[.0-9]*$|^(lib)?avif[-0-9]*\.dll$`),
	names: map[string][]string{
		"linux":   {"libavif.so.16"},
		"darwin":  {"libavif.16.dylib", "/opt/homebrew/lib/libavif.16.dylib", "/usr/local/lib/libavif.16.dylib", "/opt/local/lib/libavif.16.dylib"},
		"windows": {"libavif-16.dll", "avif.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_avif_load(name, text, n) }),
}

// FindAVIF returns libavif, once it is loaded.
var FindAVIF = avifKind.once()

// AVIF is a file of one picture or more, all of one size.
type AVIF struct {
	Width, Height int
	Frames        int
	Repetitions   int // how often a sequence is shown again; below 0: for ever, or not stated
	Channels      int // 1: gray (libavif 1.3); 3: R, G, B; 4: and A
	// Orientation is EXIF's number for how the file has it turned and mirrored, whatever its EXIF data says.
	Orientation         int
	Primaries, Transfer int    // code points of ITU-T H.273; 2: not stated
	ICC, EXIF, XMP      []byte // nil: none

	c      *C.ortho_avif
	pinned runtime.Pinner
}

// OpenAVIF reads what a file states, as Pillow's _avif.c does, before any pixel is decoded. The library
// must be there, by [FindAVIF]. The picture must be closed.
func OpenAVIF(data []byte) (*AVIF, error) {
	a := &AVIF{c: new(C.ortho_avif)}
	a.pinned.Pin(a.c)
	a.pinned.Pin(unsafe.SliceData(data))
	if C.ortho_avif_open(a.c, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data))) == 0 {
		err := a.failure()
		a.Close()
		return nil, err
	}
	a.Width, a.Height, a.Orientation = int(a.c.width), int(a.c.height), int(a.c.orientation)
	a.Primaries, a.Transfer = int(a.c.primaries), int(a.c.transfer)
	a.Frames, a.Repetitions, a.Channels = int(a.c.frames), int(a.c.repetitions), int(a.c.channels)
	a.ICC, a.EXIF, a.XMP = cloned(a.c.icc), cloned(a.c.exif), cloned(a.c.xmp)
	return a, nil
}

// Delay is how long a picture is shown.
func (a *AVIF) Delay(i int) time.Duration {
	seconds := float64(C.ortho_avif_seconds(a.c, C.uint32_t(i)))
	if !(seconds > 0 && seconds < 1e6) {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// Decode fills dst with a picture.
func (a *AVIF) Decode(i int, dst []byte) error {
	if len(dst) != a.Width*a.Height*a.Channels {
		return fmt.Errorf("%d bytes for %dx%d pixels of %d", len(dst), a.Width, a.Height, a.Channels)
	}
	n := int(C.ortho_avif_decode(a.c, C.uint32_t(i)))
	if n == 0 {
		return a.failure()
	}
	if n < a.Channels {
		return fmt.Errorf("it has colours by what it states, and none in its pixels: %w", io.ErrUnexpectedEOF)
	}
	pix := dst
	if n > a.Channels {
		pix = make([]byte, a.Width*a.Height*n) // Pillow takes the first of those bytes
	}
	if C.ortho_avif_pixels(a.c, (*C.uint8_t)(unsafe.SliceData(pix))) == 0 {
		return a.failure()
	}
	copy(dst, pix)
	return nil
}

func (a *AVIF) Close() {
	C.ortho_avif_close(a.c)
	a.pinned.Unpin()
}

func (a *AVIF) failure() error { return fmt.Errorf("libavif: %s", C.GoString(&a.c.message[0])) }
