package runner

/*
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#define CALL __stdcall
#else
#define CALL
#endif

// Places in OrtApi (onnxruntime_c_api.h), which only ever grows at its end.
enum { GET_ERROR_MESSAGE = 2, RELEASE_STATUS = 93, ADD_FREE_DIMENSION_OVERRIDE_BY_NAME = 124 };

// fix_dimension returns 0, or a text in message.
static int fix_dimension(void **api, void *options, const char *name, int64_t size, char *message, size_t n) {
	void *(CALL *override)(void *, const char *, int64_t) = api[ADD_FREE_DIMENSION_OVERRIDE_BY_NAME];
	const char *(CALL *text)(const void *) = api[GET_ERROR_MESSAGE];
	void (CALL *release)(void *) = api[RELEASE_STATUS];
	void *status = override(options, name, size);
	if (!status) return 0;
	snprintf(message, n, "%s", text(status));
	release(status);
	return 1;
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
