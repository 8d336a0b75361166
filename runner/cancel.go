package runner

/*
#include <stdbool.h>
#include <stdio.h>

#ifdef _WIN32
#define CALL __stdcall
#else
#define CALL
#endif

// Places in OrtApi (onnxruntime_c_api.h), which only ever grows at its end.
enum { CANCEL_ERROR_MESSAGE = 2, CANCEL_RELEASE_STATUS = 93, SET_LOAD_CANCELLATION_FLAG = 293 };

// cancel_load returns 0, or a text in message.
static int cancel_load(void **api, void *options, char *message, size_t n) {
	void *(CALL *set)(void *, bool) = api[SET_LOAD_CANCELLATION_FLAG];
	void *status = set(options, true);
	if (!status) return 0;
	const char *(CALL *text)(const void *) = api[CANCEL_ERROR_MESSAGE];
	void (CALL *release)(void *) = api[CANCEL_RELEASE_STATUS];
	snprintf(message, n, "%s", text(status));
	release(status);
	return 1;
}
*/
import "C"

import (
	"context"
	"errors"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
)

// cancelLoad has ONNX Runtime give up a session that is made with the options, or will be.
// onnxruntime_go has no such call.
func cancelLoad(lib library.Found, options *ort.SessionOptions) error {
	api, err := lib.API()
	if err != nil {
		return err
	}
	native := *(*unsafe.Pointer)(unsafe.Pointer(options))
	var message [256]C.char
	if C.cancel_load((*unsafe.Pointer)(api), native, &message[0], C.size_t(len(message))) != 0 {
		return errors.New(C.GoString(&message[0]))
	}
	return nil
}

// cancellable has ctx's end give up the session that is made with the options, until stop
// is called, which comes before they are freed.
func cancellable(ctx context.Context, lib library.Found, options *ort.SessionOptions) (stop func()) {
	over := make(chan struct{})
	unregister := context.AfterFunc(ctx, func() {
		cancelLoad(lib, options) // a session that is made all the same is freed
		close(over)
	})
	return func() {
		if !unregister() {
			<-over
		}
	}
}
