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
	name:    "Little CMS",
	bundled: true,
	use:     "converts and makes colour profiles, and converts CIELab",
	version: func() string {
		v := C.ortho_lcms_version()
		return fmt.Sprintf("%d.%d", v/1000, v%1000/10)
	},
	file: regexp.MustCompile(`^liblcms2[-.][-.0-9a-f]*(\.so|\.dylib)[.0-9]*$|^(lib)?lcms2(-2)?\.dll$`),
	names: map[string][]string{
		"linux":   {"liblcms2.so.2"},
		"darwin":  {"liblcms2.2.dylib", "/opt/homebrew/lib/liblcms2.dylib", "/usr/local/lib/liblcms2.dylib", "/opt/local/lib/liblcms2.dylib"},
		"windows": {"lcms2.dll", "liblcms2-2.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_lcms_load(name, text, n) }),
}

// FindLCMS returns Little CMS, once it is loaded.
var FindLCMS = lcmsKind.once()

// ToSRGB converts pixels of 1 (gray), 3 (RGB) or 4 (CMYK, no ink is 0) channels from a profile's colours to
// R, G, B of sRGB, as Pillow's ImageCms.profileToProfile does unless it is told otherwise. The library must be
// there, by [FindLCMS]. It reads nothing beyond the profile, and asks for no more than 512 MB at once,
// whatever a damaged one says: those too large for what they hold are refused before they are touched.
func ToSRGB(icc, pix []byte, channels int) ([]byte, error) {
	if channels != 1 && channels != 3 && channels != 4 || len(pix)%channels != 0 {
		return nil, fmt.Errorf("%d bytes are no pixels of %d channels", len(pix), channels)
	}
	n := len(pix) / channels
	out := make([]byte, 3*n)
	if C.ortho_lcms_srgb((*C.uint8_t)(unsafe.SliceData(icc)), C.size_t(len(icc)), C.int(channels),
		(*C.uint8_t)(unsafe.SliceData(pix)), (*C.uint8_t)(unsafe.SliceData(out)), C.size_t(n)) == 0 {
		return nil, errors.New("the colour profile is damaged, or not of these colours")
	}
	return out, nil
}

// Colours are those that values of 0 to 1 stand for.
type Colours struct {
	White     [2]float64    // x, y
	Primaries [3][2]float64 // of red, green and blue; not of gray
	// Curve makes light of values: (a*v + b)^g from d on, and c*v below; g, a, b, c, d.
	Curve [5]float64
	Gray  bool
}

// MakeProfile makes an ICC profile of colours, the same whenever it is made. The library must be there,
// by [FindLCMS].
func MakeProfile(c Colours) ([]byte, error) {
	icc := make([]byte, 1<<16)
	gray := C.int(0)
	if c.Gray {
		gray = 1
	}
	n := int(C.ortho_lcms_profile((*C.double)(&c.White[0]), (*C.double)(&c.Primaries[0][0]), (*C.double)(&c.Curve[0]), gray,
		(*C.uint8_t)(unsafe.SliceData(icc)), C.size_t(len(icc))))
	if n < 128 || n > len(icc) {
		return nil, errors.New("there is no profile of such colours")
	}
	// Its date says when it was made (ICC.1:2022, 7.2.10).
	copy(icc[24:36], []byte{2000 >> 8, 2000 & 255, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0})
	return icc[:n], nil
}

// LabToRGB converts pixels of three bytes, L and a and b with 128 for 0, to sRGB in place. The library must be
// there, by [FindLCMS].
func LabToRGB(pix []byte) error {
	transform := C.ortho_lcms_lab()
	if transform == nil {
		return errors.New("there is no transform of Little CMS from CIELab")
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
