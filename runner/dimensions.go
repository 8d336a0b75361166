package runner

/*
#include <stdint.h>
#include <stdlib.h>

#include "ort_api.h"

enum { ADD_FREE_DIMENSION_OVERRIDE_BY_NAME = 124 };

// fix_dimension returns 0, or a text in message.
static int fix_dimension(void **api, void *options, const char *name, int64_t size, char *message, size_t n) {
	void *(CALL *override)(void *, const char *, int64_t) = api[ADD_FREE_DIMENSION_OVERRIDE_BY_NAME];
	return refused(api, override(options, name, size), message, n);
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
)

// fixDimensions states the sizes of symbolic dimensions before a session is created:
// ONNX Runtime then folds what the graph computes from shapes. onnxruntime_go has no
// such call, and its options hold nothing but ONNX Runtime's own.
func fixDimensions(lib library.Found, options *ort.SessionOptions, sizes map[string]int64) error {
	api, err := lib.API()
	if err != nil {
		return err
	}
	native := *(*unsafe.Pointer)(unsafe.Pointer(options))
	for name, size := range sizes {
		cname := C.CString(name)
		var message [256]C.char
		failed := C.fix_dimension((*unsafe.Pointer)(api), native, cname, C.int64_t(size), &message[0], C.size_t(len(message)))
		C.free(unsafe.Pointer(cname))
		if failed != 0 {
			return fmt.Errorf("fix dimension %s at %d: %s", name, size, C.GoString(&message[0]))
		}
	}
	return nil
}
