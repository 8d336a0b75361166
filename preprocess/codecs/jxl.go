package codecs

// #include "jxl.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"unsafe"
)

var jxlKind = &kind{
	name: "libjxl",
	use:  "reads JPEG XL",
	version: func() string {
		v := C.ortho_jxl_version()
		return fmt.Sprintf("%d.%d.%d", v/1000000, v/1000%1000, v%1000)
	},
	file: regexp.MustCompile(`^libjxl(-[0-9a-f]+)?(\.so[.0-9]*|[.0-9]*\.dylib)$|^(lib)?jxl\.dll$`),
	names: map[string][]string{
		"linux":   {"libjxl.so.0.12", "libjxl.so.0.11"},
		"darwin":  {"libjxl.0.12.dylib", "libjxl.0.11.dylib", "/opt/homebrew/lib/libjxl.dylib", "/usr/local/lib/libjxl.dylib", "/opt/local/lib/libjxl.dylib"},
		"windows": {"libjxl.dll", "jxl.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_jxl_load(name, text, n) }),
}

// FindJXL returns libjxl, once it is loaded.
var FindJXL = jxlKind.once()

// JXL is the first picture of a file, turned as the file says.
type JXL struct {
	Width, Height int
	Colors        int // 1: gray; 3: R, G, B
	Alpha         bool
	Bits          int  // of a sample
	Float         bool // those are floating-point numbers
	Orientation   int  // EXIF's number for how the file had it turned
	ICC           []byte
	JPEG          []byte // after Begin: the JPEG file that the picture was; nil: it was none

	c      *C.ortho_jxl
	pinned runtime.Pinner
}

// headerMemory is what libjxl may take to read headers and colour profiles.
const headerMemory = 64 << 20

// OpenJXL reads a file's header, as pillow-jxl-plugin does, before any pixel is decoded. The library must be
// there, by [FindJXL]. The picture must be closed.
func OpenJXL(data []byte) (*JXL, error) {
	j := &JXL{c: new(C.ortho_jxl)}
	j.pinned.Pin(j.c)
	j.pinned.Pin(unsafe.SliceData(data))
	if C.ortho_jxl_open(j.c, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), headerMemory) == 0 {
		err := j.failure()
		j.Close()
		return nil, err
	}
	j.Width, j.Height, j.Colors = int(j.c.width), int(j.c.height), int(j.c.colors)
	j.Alpha, j.Bits, j.Float, j.Orientation = j.c.alpha != 0, int(j.c.bits), j.c.exponent_bits != 0, int(j.c.orientation)
	return j, nil
}

// Begin reads on, to the pixels; or to the end, where the picture was a JPEG file. libjxl takes its memory from
// here: so much that a picture of this size, which is to be checked before, can be decoded.
func (j *JXL) Begin() error {
	pixels, channels := j.Width*j.Height, min(8, int(j.c.colors+j.c.extra))
	memory := headerMemory + pixels*(24+16*channels)
	kind := C.ortho_jxl_begin(j.c, C.size_t(memory), C.size_t(headerMemory+8*pixels))
	if kind == 0 {
		return j.failure()
	}
	j.ICC = cloned(j.c.icc)
	if kind == C.ORTHO_JXL_JPEG {
		j.JPEG = cloned(j.c.jpeg)
	}
	return nil
}

// JXLSample is how a sample is stored.
type JXLSample int

const (
	JXLUint8   JXLSample = C.ORTHO_JXL_UINT8
	JXLUint16  JXLSample = C.ORTHO_JXL_UINT16
	JXLFloat16 JXLSample = C.ORTHO_JXL_FLOAT16
	JXLFloat32 JXLSample = C.ORTHO_JXL_FLOAT
)

// Decode fills dst with rows of colours and alpha, in such samples, as the machine has them.
func (j *JXL) Decode(dst []byte, sample JXLSample) error {
	if C.ortho_jxl_pixels(j.c, (*C.uint8_t)(unsafe.SliceData(dst)), C.size_t(len(dst)), C.int(sample)) == 0 {
		return j.failure()
	}
	return nil
}

func (j *JXL) Close() {
	C.ortho_jxl_close(j.c)
	j.pinned.Unpin()
}

func (j *JXL) failure() error {
	if message := C.GoString(&j.c.message[0]); message != "" {
		return errors.New("libjxl: " + message)
	}
	return io.ErrUnexpectedEOF
}

// JXLFrames counts the pictures of a file, up to where it is damaged.
func JXLFrames(data []byte) int {
	var pinned runtime.Pinner
	pinned.Pin(unsafe.SliceData(data))
	defer pinned.Unpin()
	return int(C.ortho_jxl_frames((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), headerMemory))
}
