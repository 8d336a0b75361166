package codecs

// #include "jp2.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"unsafe"
)

var jp2Kind = &kind{
	name:    "OpenJPEG",
	bundled: true,
	use:     "reads JPEG 2000",
	version: func() string { return C.GoString(C.ortho_jp2_version()) },
	file:    regexp.MustCompile(`^libopenjp2[-.][-.0-9a-f]*(\.so|\.dylib)[.0-9]*$|^(lib)?openjp2(-7)?\.dll$`),
	names: map[string][]string{
		"linux":   {"libopenjp2.so.7"},
		"darwin":  {"libopenjp2.7.dylib", "/opt/homebrew/lib/libopenjp2.dylib", "/usr/local/lib/libopenjp2.dylib", "/opt/local/lib/libopenjp2.dylib"},
		"windows": {"openjp2.dll", "libopenjp2-7.dll"},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_jp2_load(name, text, n) }),
}

// FindJP2 returns OpenJPEG, once it is loaded.
var FindJP2 = jp2Kind.once()

// The colours that a file states.
const (
	JP2Unstated = 0
	JP2sRGB     = 1
	JP2Gray     = 2
	JP2YCC      = 3
	JP2CMYK     = 5
)

// JP2 is an image that is decoded tile by tile.
type JP2 struct {
	X, Y       int // where it begins on the reference grid
	Components []JP2Component
	Space      int

	c      *C.ortho_jp2
	pinned runtime.Pinner
}

// JP2Component is a plane of the image.
type JP2Component struct {
	DX, DY int // of how many pixels a sample is
	Bits   int
	Signed bool
}

// JP2Tile is a tile's place on the reference grid, and its samples: those of one component after the other,
// each in 1, 2 or 4 bytes.
type JP2Tile struct {
	X0, Y0, X1, Y1 int
	Components     int

	c C.ortho_jp2_tile
}

// OpenJP2 reads the header of a JP2 file, or of a bare codestream, as Pillow's Jpeg2KDecode.c does. What the
// codestream asks for is to be checked before: OpenJPEG has no limits of its own. The library must be there,
// by [FindJP2]. The image must be closed.
func OpenJP2(data []byte, bare bool) (*JP2, error) {
	j := &JP2{c: new(C.ortho_jp2)}
	j.pinned.Pin(j.c)
	j.pinned.Pin(unsafe.SliceData(data))
	kind := C.int(0)
	if bare {
		kind = 1
	}
	if C.ortho_jp2_open(j.c, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), kind) == 0 {
		err := j.failure()
		j.Close()
		return nil, err
	}
	if n := int(j.c.count); n < 1 || n > len(j.c.components) {
		j.Close()
		return nil, fmt.Errorf("%d components: from 1 to 4 are read", n)
	}
	j.X, j.Y, j.Space = int(j.c.x), int(j.c.y), int(j.c.space)
	for _, c := range j.c.components[:j.c.count] {
		j.Components = append(j.Components, JP2Component{DX: int(c.dx), DY: int(c.dy), Bits: int(c.bits), Signed: c.is_signed != 0})
	}
	return j, nil
}

// Next reads the header of the next tile; nil where there is none.
func (j *JP2) Next() (*JP2Tile, error) {
	t := new(JP2Tile)
	switch C.ortho_jp2_next(j.c, &t.c) {
	case 0:
		return nil, nil
	case 1:
		t.X0, t.Y0, t.X1, t.Y1, t.Components = int(t.c.x0), int(t.c.y0), int(t.c.x1), int(t.c.y1), int(t.c.components)
		return t, nil
	}
	return nil, j.failure()
}

// Decode decodes the tile into room, which must hold as much as its size and its components' come to; that is
// grown by what OpenJPEG itself says the tile takes.
func (j *JP2) Decode(t *JP2Tile, room []byte) ([]byte, error) {
	size := max(int(t.c.size), len(room))
	if size > 2*len(room)+64 {
		return nil, fmt.Errorf("a tile of %d bytes, where %d are expected", size, len(room))
	}
	if size > len(room) {
		room = make([]byte, size)
	}
	if C.ortho_jp2_decode(j.c, &t.c, (*C.uint8_t)(unsafe.SliceData(room)), C.size_t(len(room))) == 0 {
		return nil, j.failure()
	}
	return room, nil
}

// End reads what follows the last tile.
func (j *JP2) End() error {
	if C.ortho_jp2_end(j.c) == 0 {
		return j.failure()
	}
	return nil
}

func (j *JP2) Close() {
	C.ortho_jp2_close(j.c)
	j.pinned.Unpin()
}

func (j *JP2) failure() error {
	return errors.New("OpenJPEG: " + printable(C.GoString(&j.c.message[0])))
}
