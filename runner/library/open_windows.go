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

// Takes the working folder out of where the loader searches.
static void without_working_folder(void) { SetDllDirectoryW(L""); }

static void *pointer(uintptr_t address) { return (void *)address; }
*/
import "C"

import (
	"fmt"
	"sync"
	"syscall"
	"unsafe"
)

// mapped is ONNX Runtime's library in this process.
type mapped struct {
	handle syscall.Handle
	get    unsafe.Pointer
}

var withoutWorkingFolder = sync.OnceFunc(func() { C.without_working_folder() })

// loadLibrary loads a library, and those that it needs, from where Windows searches, but for the
// working folder, which is left out for the whole process.
func loadLibrary(name string) (syscall.Handle, error) {
	withoutWorkingFolder()
	return syscall.LoadLibrary(name)
}

// load maps the library that name leads to, and finds OrtGetApiBase in it.
func load(name string) (mapped, error) {
	withoutTelemetry()
	handle, err := loadLibrary(name)
	if err != nil {
		return mapped{}, fmt.Errorf("load: %w", err)
	}
	get, err := syscall.GetProcAddress(handle, "OrtGetApiBase")
	if err != nil {
		syscall.FreeLibrary(handle)
		return mapped{}, ErrNotONNXRuntime
	}
	return mapped{handle, C.pointer(C.uintptr_t(get))}, nil
}

func (m mapped) close() { syscall.FreeLibrary(m.handle) }

// version is what the library states; "" when it states none.
func (m mapped) version() string { return C.GoString(C.ortVersion(m.get)) }

// api is the library's table of functions; nil when it is older.
func (m mapped) api(version uint32) unsafe.Pointer {
	return unsafe.Pointer(C.ortApi(m.get, C.uint(version)))
}

// loaderPath returns where the loader finds name, "" when it doesn't.
func loaderPath(name string) string {
	handle, err := loadLibrary(name)
	if err != nil {
		return ""
	}
	defer syscall.FreeLibrary(handle)
	var buffer [32768]uint16
	n := C.GetModuleFileNameW(C.HMODULE(C.pointer(C.uintptr_t(handle))), (*C.WCHAR)(unsafe.Pointer(&buffer[0])), C.DWORD(len(buffer)))
	return syscall.UTF16ToString(buffer[:n])
}

// Preload loads a library by its name for good, so that those that are loaded after it find its
// symbols.
func Preload(name string) error {
	_, err := loadLibrary(name)
	return err
}

// loaderFinds reports whether the loader can load any library of the name.
func loaderFinds(name string) bool {
	handle, err := loadLibrary(name)
	if err != nil {
		return false
	}
	syscall.FreeLibrary(handle)
	return true
}
