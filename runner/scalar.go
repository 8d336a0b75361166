package runner

/*
#include <stdint.h>

#include "ort_api.h"

enum { CREATE_TENSOR_WITH_DATA = 49, CREATE_CPU_MEMORY_INFO = 69, RELEASE_MEMORY_INFO = 94, RELEASE_VALUE = 96 };

// new_scalar puts a scalar over data in place of *value. It returns 0, or a text in message.
static int new_scalar(void **api, void *data, size_t size, int type, void **value, char *message, size_t n) {
	void *(CALL *info)(int, int, void **) = api[CREATE_CPU_MEMORY_INFO];
	void *(CALL *create)(void *, void *, size_t, const int64_t *, size_t, int, void **) = api[CREATE_TENSOR_WITH_DATA];
	void (CALL *release_info)(void *) = api[RELEASE_MEMORY_INFO];
	void (CALL *release_value)(void *) = api[RELEASE_VALUE];
	void *memory = NULL, *made = NULL;
	void *status = info(1, 0, &memory); // OrtArenaAllocator, OrtMemTypeDefault
	if (!status) {
		status = create(memory, data, size, NULL, 0, type, &made);
		release_info(memory);
	}
	if (refused(api, status, message, n)) return 1;
	release_value(*value);
	*value = made;
	return 0;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// scalars make a scalar of each type that the binding has one of.
var scalars = map[onnx.ElementType]func() (ort.Value, []byte, error){
	onnx.Float: scalar[float32], onnx.Double: scalar[float64], onnx.Bool: scalar[bool],
	onnx.Uint8: scalar[uint8], onnx.Uint16: scalar[uint16], onnx.Uint32: scalar[uint32], onnx.Uint64: scalar[uint64],
	onnx.Int8: scalar[int8], onnx.Int16: scalar[int16], onnx.Int32: scalar[int32], onnx.Int64: scalar[int64],
}

// nativeScalar is what ort.Scalar begins with.
type nativeScalar[T any] struct {
	data  []T
	size  uintptr
	value unsafe.Pointer
}

func scalar[T ort.TensorData]() (ort.Value, []byte, error) {
	s, err := ort.NewEmptyScalar[T]()
	if err != nil {
		return nil, nil, err
	}
	// The native value points into the slice. Set would put another in its place, and
	// GetData only reads it.
	return s, bytesOf((*nativeScalar[T])(unsafe.Pointer(s)).data), nil
}

// halfScalar makes a scalar of a 16-bit type that the binding has none of: that of uint16
// with another native value over the same memory.
func halfScalar(t onnx.ElementType) (ort.Value, []byte, error) {
	s, err := ort.NewEmptyScalar[uint16]()
	if err != nil {
		return nil, nil, err
	}
	loaded.Lock()
	lib := loaded.Found
	loaded.Unlock()
	api, err := lib.API()
	if err != nil {
		s.Destroy()
		return nil, nil, err
	}
	native := (*nativeScalar[uint16])(unsafe.Pointer(s))
	var message [256]C.char
	value := native.value
	if C.new_scalar((*unsafe.Pointer)(api), unsafe.Pointer(&native.data[0]), 2, C.int(t), &value, &message[0], C.size_t(len(message))) != 0 {
		s.Destroy()
		return nil, nil, errors.New(C.GoString(&message[0]))
	}
	native.value = value
	return s, bytesOf(native.data), nil
}

func newScalar(t onnx.ElementType) (*Tensor, error) {
	make, ok := scalars[t]
	if t == onnx.Float16 || t == onnx.BFloat16 {
		make, ok = func() (ort.Value, []byte, error) { return halfScalar(t) }, true
	}
	if !ok {
		return nil, fmt.Errorf("a %s scalar is not supported by ONNX Runtime's Go binding", t)
	}
	value, data, err := make()
	if err != nil {
		return nil, fmt.Errorf("create a %s scalar: %w", t, err)
	}
	return tensorOver(t, nil, data, over(data, value)), nil
}
