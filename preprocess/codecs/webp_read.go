package codecs

// #include <stdlib.h>
// #include "webp_read.h"
import "C"

import (
	"errors"
	"regexp"
	"runtime"
	"sync"
	"unsafe"
)

var webpReadKind = &kind{
	name:    "libwebpdemux",
	bundled: true,
	use:     "reads WebP",
	version: func() string { return webpVersion(C.ortho_webp_version()) },
	file:    regexp.MustCompile(`^libwebpdemux[-.][-.0-9a-f]*(\.so|\.dylib)[.0-9]*$|^libwebpdemux(-2)?\.dll$`),
	names: map[string][]string{
		"linux":   {"libwebpdemux.so.2", "libwebpdemux.so"},
		"darwin":  {"libwebpdemux.2.dylib", "libwebpdemux.dylib", "/opt/homebrew/lib/libwebpdemux.dylib", "/usr/local/lib/libwebpdemux.dylib", "/opt/local/lib/libwebpdemux.dylib"},
		"windows": {"libwebpdemux.dll", "libwebpdemux-2.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int {
		webp := C.CString(FindWebP().Path)
		defer C.free(unsafe.Pointer(webp))
		return C.ortho_webp_demux_load(name, webp, text, n)
	}),
}

// FindWebPReader returns libwebpdemux, once it and the libwebp that it is linked with are loaded.
var FindWebPReader = sync.OnceValue(func() Library {
	if webp := FindWebP(); webp.Err != nil {
		return Library{Name: webpReadKind.name, Use: webpReadKind.use, Err: webp.Err}
	}
	return webpReadKind.once()()
})

// WebP is a file of one picture or more.
type WebP struct {
	Width, Height  int
	Alpha          bool   // the file says that it has some
	ICC, EXIF, XMP []byte // nil: none

	c      *C.ortho_webp
	pinned runtime.Pinner
}

// OpenWebP reads a file's chunks, and makes room for its canvas, as Pillow's _webp.c does: the size that the
// file states is to be checked before, since libwebp takes any that the format has. The library must be
// there, by [FindWebPReader]. The picture must be closed.
func OpenWebP(data []byte) (*WebP, error) {
	w := &WebP{c: new(C.ortho_webp)}
	w.pinned.Pin(w.c)
	w.pinned.Pin(unsafe.SliceData(data))
	if C.ortho_webp_open(w.c, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data))) == 0 {
		w.Close()
		return nil, errors.New("libwebp: its chunks are damaged, or end too early")
	}
	w.Width, w.Height, w.Alpha = int(w.c.width), int(w.c.height), w.c.alpha != 0
	w.ICC, w.EXIF, w.XMP = cloned(w.c.icc), cloned(w.c.exif), cloned(w.c.xmp)
	return w, nil
}

// Decode returns R, G, B, A of all pixels of the next picture on the canvas, in the library's memory: they are
// gone with the next, and after Close.
func (w *WebP) Decode() ([]byte, error) {
	pix := C.ortho_webp_decode(w.c)
	if pix == nil {
		return nil, errors.New("libwebp: the pixels are damaged")
	}
	return unsafe.Slice((*byte)(pix), 4*w.Width*w.Height), nil
}

func (w *WebP) Close() {
	C.ortho_webp_close(w.c)
	w.pinned.Unpin()
}
