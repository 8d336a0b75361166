package preprocess

// #cgo linux LDFLAGS: -ldl
// #include <stdlib.h>
// #include "turbojpeg.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"
)

// TurboJPEGVariable is the environment variable that names libturbojpeg's file, or
// holds "off" to decode JPEGs without it.
const TurboJPEGVariable = "ORTHO_TURBOJPEG"

// ErrNoTurboJPEG is wrapped where libturbojpeg is not there, or turned off.
var ErrNoTurboJPEG = errors.New("libjpeg-turbo's libturbojpeg was not found")

// TurboJPEG returns the file of libjpeg-turbo's library (libturbojpeg, 2.0 or newer)
// that JPEGs are decoded with, for the pixels that Pillow gives and in a quarter of
// the time. It is looked for once: as [TurboJPEGVariable] says, else by the system's
// loader and where package managers put it.
//
// The error wraps ErrNoTurboJPEG where Go's decoder takes its place. Any other says
// that the file which the variable names can't be used: JPEGs then fail.
func TurboJPEG() (path string, err error) {
	found := turbo()
	return found.path, found.err
}

type turboLibrary struct {
	path string
	err  error
}

var turbo = sync.OnceValue(func() turboLibrary {
	switch named := os.Getenv(TurboJPEGVariable); named {
	case "":
	case "off", "OFF":
		return turboLibrary{err: fmt.Errorf("%w: %s=off", ErrNoTurboJPEG, TurboJPEGVariable)}
	default:
		path, err := filepath.Abs(named) // a plain name would make the loader search
		if err == nil {
			path, err = loadTurbo(path)
		}
		if err != nil {
			return turboLibrary{err: fmt.Errorf("%s=%s (a file of libturbojpeg, or off): %w", TurboJPEGVariable, named, err)}
		}
		return turboLibrary{path: path}
	}
	for _, name := range turboNames() {
		if path, err := loadTurbo(name); err == nil {
			return turboLibrary{path: path}
		}
	}
	return turboLibrary{err: ErrNoTurboJPEG}
})

// turboNames are what the library is called, and where installers put it that the
// loader does not know of.
func turboNames() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"libturbojpeg.dylib", "libturbojpeg.0.dylib", "/opt/homebrew/lib/libturbojpeg.dylib", "/usr/local/lib/libturbojpeg.dylib",
			"/opt/local/lib/libturbojpeg.dylib", "/opt/libjpeg-turbo/lib/libturbojpeg.dylib"}
	case "windows":
		return []string{"turbojpeg.dll", "libturbojpeg.dll", `C:\libjpeg-turbo64\bin\turbojpeg.dll`, `C:\libjpeg-turbo-gcc64\bin\libturbojpeg.dll`}
	}
	return []string{"libturbojpeg.so.0", "libturbojpeg.so", "/opt/libjpeg-turbo/lib64/libturbojpeg.so.0"}
}

func loadTurbo(name string) (path string, err error) {
	if filepath.IsAbs(name) {
		if _, err := os.Stat(name); err != nil {
			return "", err
		}
	}
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	buffer := make([]byte, 4096)
	text := (*C.char)(unsafe.Pointer(&buffer[0]))
	if C.ortho_turbo_load(cname, text, C.size_t(len(buffer))) == 0 {
		return "", errors.New(C.GoString(text))
	}
	if path = C.GoString(text); path == "" {
		path = name
	}
	return path, nil
}

// turbo decodes the file whose header is h, by 1, 2, 4 or 8 times smaller: a gray file
// to one channel. The library's warnings are ignored, as Pillow does, unless the file
// ends too early.
func (h *jpegHeader) turbo(data []byte, ask request, shrink int) (*Image, error) {
	var format C.int
	switch h.components {
	case 1:
		format = C.TURBO_GRAY
	case 3:
		format = C.TURBO_RGB
	case 4:
		format = C.TURBO_CMYK
	default:
		return nil, fmt.Errorf("%d components are not supported", h.components)
	}
	img := ask.image((h.width+shrink-1)/shrink, (h.height+shrink-1)/shrink, h.components)
	var message [256]C.char
	result := C.ortho_turbo_decode((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), (*C.uint8_t)(unsafe.SliceData(img.Pix)),
		C.int(h.width), C.int(h.height), C.int(shrink), format, &message[0], C.size_t(len(message)))
	switch {
	case result == C.TURBO_FATAL:
		return nil, errors.New(C.GoString(&message[0]))
	case result == C.TURBO_WARNING && !ended(data[h.scan:]):
		return nil, io.ErrUnexpectedEOF
	case h.components == 4:
		return inksToRGB(img), nil
	}
	return img, nil
}

// ended reports whether the end marker is among a JPEG's scans, within which no 0xff
// stands alone. Where it is, what is missing before it is left gray, in Pillow too.
func ended(scans []byte) bool { return bytes.Contains(scans, []byte{0xff, 0xd9}) }

// inksToRGB is Pillow's way from an Adobe CMYK JPEG, whose inks are inverted.
func inksToRGB(inks *Image) *Image {
	img := newImage(inks.Width, inks.Height, 3)
	for i := range len(inks.Pix) / 4 {
		s, d := inks.Pix[4*i:4*i+4:4*i+4], img.Pix[3*i:3*i+3:3*i+3]
		paper := int32(s[3])
		for c := range 3 {
			d[c] = inked(255-s[c], paper)
		}
	}
	return img
}
