package preprocess

// #include <stdlib.h>
// #include "libwebp.h"
import "C"

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"
)

// ErrNoLibWebP is wrapped where libwebp is not there, which lossy WebP takes.
var ErrNoLibWebP = errors.New("lossy WebP needs the library libwebp, which was not found (apt install libwebp7, brew install webp): without a quality, WebP is lossless and needs no library")

// libwebp loads the library, once.
var libwebp = sync.OnceValue(func() error {
	names := []string{"libwebp.so.7", "libwebp.so"}
	switch runtime.GOOS {
	case "darwin":
		names = []string{"libwebp.7.dylib", "libwebp.dylib", "/opt/homebrew/lib/libwebp.dylib", "/usr/local/lib/libwebp.dylib", "/opt/local/lib/libwebp.dylib"}
	case "windows":
		names = []string{"libwebp.dll", "libwebp-7.dll"}
	}
	for _, name := range names {
		if loadWebP(name) {
			return nil
		}
	}
	return ErrNoLibWebP
})

func loadWebP(name string) bool {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	var text [256]C.char
	return C.ortho_webp_load(cname, &text[0], C.size_t(len(text))) != 0
}

// encodeLossy makes a WebP file of RGB or RGBA pixels, as Pillow does of that quality.
func encodeLossy(pix []byte, width, height int, quality float32) ([]byte, error) {
	var out *C.uint8_t
	n := C.ortho_webp_encode((*C.uint8_t)(unsafe.SliceData(pix)), C.int(width), C.int(height), C.int(len(pix)/(width*height)), C.float(quality), &out)
	defer func() { C.ortho_webp_free(out) }()
	if n == 0 {
		return nil, errors.New("libwebp could not encode the image: too little memory, or too large for the format (a part of it ends at 512 kB)")
	}
	return C.GoBytes(unsafe.Pointer(out), C.int(n)), nil
}
