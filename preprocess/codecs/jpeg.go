package codecs

// #include "jpeg.h"
import "C"

import (
	"errors"
	"io"
	"os"
	"regexp"
	"runtime/cgo"
	"unsafe"
)

var jpegKind = &kind{
	name:    "libjpeg-turbo",
	bundled: true,
	use:     "reads JPEG",
	file:    regexp.MustCompile(`^libjpeg([-.0-9a-f]*\.so\.(62|8)(\.|$)|[-.0-9a-f]*\.dylib$)|^(lib)?jpeg(62|-8)\.dll$`),
	names: map[string][]string{
		"linux": {"libjpeg.so.62", "libjpeg.so.8", "/opt/libjpeg-turbo/lib64/libjpeg.so.62"},
		"darwin": {"libjpeg.62.dylib", "libjpeg.8.dylib", "/opt/homebrew/opt/jpeg-turbo/lib/libjpeg.8.dylib", "/usr/local/opt/jpeg-turbo/lib/libjpeg.8.dylib",
			"/opt/local/lib/libjpeg.8.dylib", "/opt/libjpeg-turbo/lib/libjpeg.62.dylib"},
		"windows": {"jpeg62.dll", `C:\libjpeg-turbo64\bin\jpeg62.dll`, `C:\libjpeg-turbo-gcc64\bin\libjpeg-62.dll`},
	},
	load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_jpeg_load(name, text, n) }),
}

// jpegVersion is what stands in the library's file; "" where that can't be read.
func jpegVersion(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 16<<20))
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(`libjpeg-turbo version (\d+(?:\.\d+)+)`).FindSubmatch(data); found != nil {
		return string(found[1])
	}
	return ""
}

// FindJPEG returns libjpeg-turbo, once it is loaded.
var FindJPEG = jpegKind.once()

// ErrWhole is of a part of a progressive JPEG that would differ from that of the whole: scans are missing, for which
// libjpeg smooths blocks by those beside them.
var ErrWhole = errors.New("a part of it can't be decoded alone")

// JPEG is what DecodeJPEG is asked for.
type JPEG struct {
	Width, Height, Components int // as the file's header has them: 1, 3 or 4 components
	Shrink                    int // 1, 2, 4 or 8: the result is so many times smaller, rounded up
	// The part of the result that is wanted: left, top, width, height. X must be a multiple of the
	// width of the file's MCUs. Columns as near as one of these to a side where the part was cut differ
	// from the whole image's: smooth upsampling takes that side for the image's own.
	X, Y, W, H int
}

// DecodeJPEG decodes the part of a JPEG that is asked for into dst: gray of one component, R, G, B of
// three, and of four the inks as they are stored. Inverse DCT and upsampling are Pillow's: accurate, and
// smooth. The library must be there, by [FindJPEG].
//
// Damage that leaves an image is no error, as in Pillow. The error wraps [io.ErrUnexpectedEOF] where the
// file ends before the part does; it is [ErrWhole] where only the whole can be decoded.
func DecodeJPEG(dst, data []byte, ask JPEG) error {
	_, err := decodeJPEG(dst, data, ask, false)
	return err
}

// DecodeJPEGRows is [DecodeJPEG] in memory of a few rows, which take gets as they come, from row y of the part on. They
// come again from row 0 where a file turns out to be irregular. An error of take's ends decoding, and is returned.
func DecodeJPEGRows(data []byte, ask JPEG, take func(y int, rows []byte) error) error {
	if ask.W < 1 || ask.H < 1 || ask.Components < 1 {
		return errors.New("decode JPEG: there is no such part")
	}
	sink := &jpegSink{take: take, row: ask.W * ask.Components}
	h := cgo.NewHandle(sink)
	defer h.Delete()
	_, err := decodeJPEGTo(make([]byte, C.JPEG_BAND*sink.row), data, ask, false, C.uintptr_t(h))
	if sink.err != nil {
		return sink.err
	}
	return err
}

type jpegSink struct {
	take func(y int, rows []byte) error
	row  int // bytes
	err  error
}

//export ortho_jpeg_rows
func ortho_jpeg_rows(to C.uintptr_t, y C.int, rows *C.uint8_t, n C.int) C.int {
	sink := cgo.Handle(to).Value().(*jpegSink)
	if sink.err = sink.take(int(y), unsafe.Slice((*byte)(rows), int(n)*sink.row)); sink.err != nil {
		return 0
	}
	return 1
}

// decodeJPEG reports whether the library had help with Huffman decoding, which it gets unless it is to
// be alone.
func decodeJPEG(dst, data []byte, ask JPEG, alone bool) (helped bool, err error) {
	if len(dst) != ask.W*ask.H*ask.Components {
		return false, errors.New("decode JPEG: there is no such part")
	}
	return decodeJPEGTo(dst, data, ask, alone, 0)
}

func decodeJPEGTo(dst, data []byte, ask JPEG, alone bool, rows C.uintptr_t) (helped bool, err error) {
	space := map[int]C.int{1: C.JPEG_GRAY, 3: C.JPEG_RGB, 4: C.JPEG_CMYK}[ask.Components]
	if space == 0 || ask.W < 1 || ask.H < 1 || ask.X < 0 || ask.Y < 0 ||
		ask.X+ask.W > (ask.Width+ask.Shrink-1)/ask.Shrink || ask.Y+ask.H > (ask.Height+ask.Shrink-1)/ask.Shrink {
		return false, errors.New("decode JPEG: there is no such part")
	}
	in := C.ortho_jpeg{
		width: C.int(ask.Width), height: C.int(ask.Height), components: C.int(ask.Components),
		space: space, shrink: C.int(ask.Shrink), x: C.int(ask.X), y: C.int(ask.Y), w: C.int(ask.W), h: C.int(ask.H), rows: rows,
	}
	if alone {
		in.alone = 1
	}
	var message [256]C.char
	switch C.ortho_jpeg_decode(&in, (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), (*C.uint8_t)(unsafe.SliceData(dst)), &message[0], C.size_t(len(message))) {
	case C.JPEG_OK:
	case C.JPEG_TRUNCATED:
		err = io.ErrUnexpectedEOF
	case C.JPEG_WHOLE:
		err = ErrWhole
	default:
		err = errors.New(C.GoString(&message[0]))
	}
	return in.alone == 0, err
}
