package codecs

// #include "lcms.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"unsafe"
)

var lcmsKind = &kind{
	name: "liblcms2",
	use:  "converts CIELab",
	version: func() string {
		v := int(C.ortho_lcms_version())
		return fmt.Sprintf("%d.%02d", v/1000, v%1000/10)
	},
	file: regexp.MustCompile(`^liblcms2[-.0-9a-f]*(\.so|\.dylib)[.0-9]*$|^(lib)?lcms2(-2)?\.dll$`),
	names: map[string][]string{
		"linux":   {"liblcms2.so.2"},
		"darwin":  {"liblcms2.2.dylib", "/opt/homebrew/lib/liblcms2.2.dylib", "/usr/local/lib/liblcms2.2.dylib", "/opt/local/lib/liblcms2.2.dylib"},
		"windows": {"liblcms2-2.dll", "lcms2.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_lcms_load(name, text, n) }),
}

// FindLCMS returns Little CMS 2, once it is loaded.
var FindLCMS = lcmsKind.once()

// LabToRGB converts pixels of three bytes, L and a and b with 128 for 0, to sRGB in place. The library must be
// there, by [FindLCMS].
func LabToRGB(pix []byte) error {
	transform := C.ortho_lcms_lab()
	if transform == nil {
		return errors.New("liblcms2 can't convert CIELab")
	}
	defer C.ortho_lcms_end(transform)
	const most = 4096 // pixels at a time
	var from, to [4 * most]byte
	for len(pix) >= 3 {
		n := min(len(pix)/3, most)
		for i := range n {
			copy(from[4*i:4*i+3], pix[3*i:])
		}
		C.ortho_lcms_run(transform, (*C.uint8_t)(unsafe.Pointer(&from)), (*C.uint8_t)(unsafe.Pointer(&to)), C.uint32_t(n))
		for i := range n {
			copy(pix[3*i:3*i+3], to[4*i:])
		}
		pix = pix[3*n:]
	}
	return nil
}
