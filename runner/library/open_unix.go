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
	"fmt"
	"runtime"
	"unsafe"
)

// open loads name and finds OrtGetApiBase in it. dlerror is kept by thread, so
// the caller's goroutine stays on its own.
func open(name string) (handle, get unsafe.Pointer, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	handle = C.dlopen(cname, C.RTLD_LAZY|C.RTLD_LOCAL)
	if handle == nil {
		return nil, nil, fmt.Errorf("load: %s", C.GoString(C.dlerror()))
	}
	symbol := C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(symbol))
	get = C.dlsym(handle, symbol)
	if get == nil {
		C.dlclose(handle)
		return nil, nil, ErrNotONNXRuntime
	}
	return handle, get, nil
}

func loadVersion(path string, keep bool) (string, error) {
	handle, get, err := open(path)
	if err != nil {
		return "", err
	}
	if !keep {
		defer C.dlclose(handle)
	}
	version := C.ortVersion(get)
	if version == nil {
		return "", fmt.Errorf("%w: OrtGetApiBase gives no version", ErrNotONNXRuntime)
	}
	return C.GoString(version), nil
}

// loadAPI leaves the library mapped.
func loadAPI(path string, version uint32) (unsafe.Pointer, error) {
	_, get, err := open(path)
	if err != nil {
		return nil, err
	}
	return unsafe.Pointer(C.ortApi(get, C.uint(version))), nil
}

// loaderPath returns where the loader finds name, "" when it doesn't.
func loaderPath(name string) string {
	handle, get, err := open(name)
	if err != nil {
		return ""
	}
	defer C.dlclose(handle)
	return C.GoString(C.ortPath(get))
}
