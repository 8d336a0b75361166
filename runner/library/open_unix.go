//go:build unix

package library

/*
#cgo linux LDFLAGS: -ldl
#cgo darwin CFLAGS: -D_DARWIN_C_SOURCE
#cgo linux CFLAGS: -D_GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

typedef struct {
	const void *(*GetApi)(unsigned int);
	const char *(*GetVersionString)(void);
} ApiBase;

static const char *ortVersion(void *get) {
	const ApiBase *base = ((const ApiBase *(*)(void))get)();
	if (!base || !base->GetVersionString) return NULL;
	return base->GetVersionString();
}

static const void *ortApi(void *get, unsigned int version) {
	const ApiBase *base = ((const ApiBase *(*)(void))get)();
	return base && base->GetApi ? base->GetApi(version) : NULL;
}

static const char *ortPath(void *symbol) {
	Dl_info info;
	return dladdr(symbol, &info) ? info.dli_fname : NULL;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// mapped is ONNX Runtime's library in this process.
type mapped struct{ handle, get unsafe.Pointer }

// load maps the library that name leads to, and finds OrtGetApiBase in it.
func load(name string) (mapped, error) {
	withoutTelemetry()
	handle, err := dlopen(name)
	if err != nil {
		return mapped{}, fmt.Errorf("load: %w", err)
	}
	symbol := C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(symbol))
	get := C.dlsym(handle, symbol)
	if get == nil {
		C.dlclose(handle)
		return mapped{}, ErrNotONNXRuntime
	}
	return mapped{handle, get}, nil
}

// dlopen returns dlerror's text, which is kept by thread: the caller's goroutine stays
// on its own.
func dlopen(name string) (unsafe.Pointer, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	handle := C.dlopen(cname, C.RTLD_LAZY|C.RTLD_LOCAL)
	if handle == nil {
		return nil, errors.New(C.GoString(C.dlerror()))
	}
	return handle, nil
}

func (m mapped) close() { C.dlclose(m.handle) }

// version is what the library states; "" when it states none.
func (m mapped) version() string { return C.GoString(C.ortVersion(m.get)) }

// api is the library's table of functions; nil when it is older.
func (m mapped) api(version uint32) unsafe.Pointer {
	return unsafe.Pointer(C.ortApi(m.get, C.uint(version)))
}

// loaderPath returns where the loader finds name, "" when it doesn't.
func loaderPath(name string) string {
	m, err := load(name)
	if err != nil {
		return ""
	}
	defer m.close()
	return C.GoString(C.ortPath(m.get))
}

// Preload loads a library by its name for good, so that those that are loaded after it find its
// symbols.
func Preload(name string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	if C.dlopen(cname, C.RTLD_LAZY|C.RTLD_GLOBAL) == nil {
		return errors.New(C.GoString(C.dlerror()))
	}
	return nil
}

// loaderFinds reports whether the loader can load any library of the name.
func loaderFinds(name string) bool {
	handle, err := dlopen(name)
	if err != nil {
		return false
	}
	C.dlclose(handle)
	return true
}
