package runner

/*
#include <stdbool.h>

#include "ort_api.h"

enum { SET_LOAD_CANCELLATION_FLAG = 293 };

// cancel_load returns 0, or a text in message.
static int cancel_load(void **api, void *options, char *message, size_t n) {
	void *(CALL *set)(void *, bool) = api[SET_LOAD_CANCELLATION_FLAG];
	return refused(api, set(options, true), message, n);
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

// cancelLoad makes ONNX Runtime give up a session that is being made with the options, or will
// be. onnxruntime_go has no such call.
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

// cancellable gives up the session that is being made with the options when ctx is done, until
// stop is called, which must come before they are freed.
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
