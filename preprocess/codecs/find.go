package codecs

// #cgo linux LDFLAGS: -ldl
// #include <stdlib.h>
// #include "dependency.h"
import "C"

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"unsafe"
)

// Variable is the environment variable that names a folder with the libraries, or holds "off" to do
// without any.
const Variable = "ORTHO_CODECS"

// ErrNone is wrapped where a library is not there, or turned off.
var ErrNone = errors.New("not found")

// MissingError says which library is not there. It wraps [ErrNone].
type MissingError struct {
	Name    string
	Bundled bool // it is among those that come with ONNX Runtime's installation
}

func (e *MissingError) Error() string { return e.Name + " was not found" }
func (e *MissingError) Unwrap() error { return ErrNone }

// Library is a library that was looked for.
type Library struct {
	Name    string // "libjpeg-turbo"
	Use     string // what it does: "reads JPEG"
	Version string // as it states it; "" where it has no way to
	Path    string // its file; "" where there is none
	Err     error  // why there is none; wraps ErrNone where it is just not there
}

// All looks for every library, also in its file for a version that it does not tell.
func All() []Library {
	all := []Library{FindJPEG(), FindTIFF(), FindAVIF(), FindWebPReader(), FindWebP(), FindJP2(), FindHEIF(), FindJXL(), FindLCMS()}
	if jpeg := &all[0]; jpeg.Err == nil {
		jpeg.Version = jpegVersion(jpeg.Path)
	}
	return all
}

// kind is a library as it is looked for.
type kind struct {
	name    string
	bundled bool // it comes with ONNX Runtime's installation
	use     string
	version func() string                     // once it is loaded; nil: it does not say
	file    *regexp.Regexp                    // how its file is called in a folder
	names   map[string][]string               // by system: what the loader knows it by, and where installers put it
	needs   []*kind                           // those that must be loaded before it: Pillow's own have names of their own
	load    func(file string) (string, error) // loads one, and returns its file
}

// find looks for the library: where [Variable] says, among what ortho installed, by the system's
// loader.
func (k *kind) find() (lib Library) {
	lib.Name = k.name
	folder, stated := os.LookupEnv(Variable)
	switch {
	case folder == "off" || folder == "OFF":
		lib.Err = fmt.Errorf("%s is %w, by %s=off", k.name, ErrNone, Variable)
		return lib
	case stated && folder != "":
		file, err := k.in(folder)
		if err == nil {
			lib.Path, err = k.loadWithNeeds(folder, file)
		}
		if err != nil {
			lib.Err = fmt.Errorf("%s=%s: %w", Variable, folder, err)
		}
		return lib
	}
	var first error
	if folder := Folder(); folder != "" {
		if file, err := k.in(folder); err == nil {
			if lib.Path, err = k.loadWithNeeds(folder, file); err == nil {
				return lib
			}
			first = fmt.Errorf("%s: %w", file, err)
		}
	}
	for name := range k.places() {
		path, err := k.load(name)
		if err == nil {
			lib.Path = path
			return lib
		}
	}
	if lib.Err = first; first == nil {
		lib.Err = &MissingError{k.name, k.bundled}
	}
	return lib
}

// places are what the loader is asked for. macOS' would look for a plain name in the working folder:
// it gets paths in the folders of its own variables.
func (k *kind) places() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range k.names[runtime.GOOS] {
			if runtime.GOOS != "darwin" || filepath.IsAbs(name) {
				if !yield(name) {
					return
				}
				continue
			}
			for _, variable := range []string{"DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"} {
				for _, folder := range filepath.SplitList(os.Getenv(variable)) {
					if filepath.IsAbs(folder) && !yield(filepath.Join(folder, name)) {
						return
					}
				}
			}
		}
	}
}

// in finds its file in a folder.
func (k *kind) in(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if k.file.MatchString(e.Name()) {
			return filepath.Abs(filepath.Join(folder, e.Name())) // a plain name would make the loader search
		}
	}
	return "", &MissingError{k.name, k.bundled}
}

// loadWithNeeds loads the libraries of a folder that one there is linked with, and then it.
func (k *kind) loadWithNeeds(folder, file string) (string, error) {
	for _, needed := range k.needs {
		file, err := needed.in(folder)
		if err != nil {
			continue // the system may have it
		}
		if _, err := needed.loadWithNeeds(folder, file); err != nil {
			return "", err
		}
	}
	return k.load(file)
}

// loader makes a kind's load of a function in C that takes a name, and a text for a file or a
// reason.
func loader(open func(name, text *C.char, n C.size_t) C.int) func(string) (string, error) {
	return func(name string) (string, error) {
		cname := C.CString(name)
		defer C.free(unsafe.Pointer(cname))
		buffer := make([]byte, 4096)
		text := (*C.char)(unsafe.Pointer(&buffer[0]))
		if open(cname, text, C.size_t(len(buffer))) == 0 {
			return "", errors.New(C.GoString(text))
		}
		if path := C.GoString(text); path != "" {
			return path, nil
		}
		return name, nil
	}
}

// once finds a library when it is first asked for.
func (k *kind) once() func() Library {
	return sync.OnceValue(func() Library {
		lib := k.find()
		lib.Use = k.use
		if lib.Err == nil && k.version != nil {
			lib.Version = k.version()
		}
		return lib
	})
}

// dependency is a library that others are linked with.
func dependency(name string) *kind {
	return &kind{name: name, file: regexp.MustCompile(`^` + name + `[-.][-.0-9a-z]*(\.so[.0-9]*|\.dylib)$`),
		load: loader(func(name, text *C.char, n C.size_t) C.int { return C.ortho_load(name, text, n) })}
}
