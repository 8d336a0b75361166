package library

/*
#include <windows.h>

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

static void *pointer(uintptr_t address) { return (void *)address; }
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

func loadVersion(path string, keep bool) (string, error) {
	handle, err := syscall.LoadLibrary(path)
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	get, err := syscall.GetProcAddress(handle, "OrtGetApiBase")
	if err != nil {
		syscall.FreeLibrary(handle)
		return "", ErrNotONNXRuntime
	}
	if !keep {
		defer syscall.FreeLibrary(handle)
	}
	version := C.ortVersion(C.pointer(C.uintptr_t(get)))
	if version == nil {
		return "", fmt.Errorf("%w: OrtGetApiBase gives no version", ErrNotONNXRuntime)
	}
	return C.GoString(version), nil
}

// loadAPI leaves the library mapped.
func loadAPI(path string, version uint32) (unsafe.Pointer, error) {
	handle, err := syscall.LoadLibrary(path)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	get, err := syscall.GetProcAddress(handle, "OrtGetApiBase")
	if err != nil {
		return nil, ErrNotONNXRuntime
	}
	return unsafe.Pointer(C.ortApi(C.pointer(C.uintptr_t(get)), C.uint(version))), nil
}

// loaderPath returns where the loader finds name, "" when it doesn't.
func loaderPath(name string) string {
	handle, err := syscall.LoadLibrary(name)
	if err != nil {
		return ""
	}
	defer syscall.FreeLibrary(handle)
	var buffer [32768]uint16
	n := C.GetModuleFileNameW(C.HMODULE(C.pointer(C.uintptr_t(handle))), (*C.WCHAR)(unsafe.Pointer(&buffer[0])), C.DWORD(len(buffer)))
	return syscall.UTF16ToString(buffer[:n])
}
