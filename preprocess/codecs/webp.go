package codecs

// #include "webp.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"unsafe"
)

var webpKind = &kind{
	name:    "libwebp",
	bundled: true,
	use:     "writes lossy WebP",
	version: func() string { return webpVersion(C.ortho_webp_encoder_version()) },
	file:    regexp.MustCompile(`^libwebp[-.0-9a-f]*(\.so|\.dylib)[.0-9]*$|^libwebp(-7)?\.dll$`),
	names: map[string][]string{
		"linux":   {"libwebp.so.7", "libwebp.so"},
		"darwin":  {"libwebp.7.dylib", "libwebp.dylib", "/opt/homebrew/lib/libwebp.dylib", "/usr/local/lib/libwebp.dylib", "/opt/local/lib/libwebp.dylib"},
		"windows": {"libwebp.dll", "libwebp-7.dll"},
	},
	needs: []*kind{dependency("libsharpyuv")},
	load:  loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_webp_load(name, text, n) }),
}

func webpVersion(v C.int) string { return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&255, v&255) }

// FindWebP returns libwebp, once it is loaded.
var FindWebP = webpKind.once()

// EncodeWebP makes a lossy WebP file of RGB or RGBA pixels, tightly packed, as Pillow does of that quality.
// The library must be there, by [FindWebP].
func EncodeWebP(pix []byte, width, height int, quality float32) ([]byte, error) {
	var out *C.uint8_t
	n := C.ortho_webp_encode((*C.uint8_t)(unsafe.SliceData(pix)), C.int(width), C.int(height), C.int(len(pix)/(width*height)), C.float(quality), &out)
	defer func() { C.ortho_webp_free(out) }()
	if n == 0 {
		return nil, errors.New("libwebp could not encode the image: too little memory, or too large for the format (a part of it ends at 512 kB)")
	}
	return C.GoBytes(unsafe.Pointer(out), C.int(n)), nil
}
