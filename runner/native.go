package runner

/*
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ort_api.h"

enum {
	RUN = 9, CREATE_TENSOR = 48, CREATE_TENSOR_WITH_DATA = 49, GET_DATA = 51, GET_STRINGS_LENGTH = 53, GET_STRINGS = 54, GET_ELEMENT_TYPE = 60,
	GET_DIMENSIONS_COUNT = 61, GET_DIMENSIONS = 62, GET_TYPE_AND_SHAPE = 65, GET_VALUE_TYPE = 67, CREATE_CPU_MEMORY_INFO = 69,
	GET_DEFAULT_ALLOCATOR = 78, GET_STRING_ROOM = 252, RELEASE_MEMORY_INFO = 94, RELEASE_VALUE = 96, RELEASE_TYPE_AND_SHAPE = 99,
};

// Each of these returns NULL, or a text that the caller frees.

static char *failed(void **api, void *status) {
	char text[4096];
	return refused(api, status, text, sizeof text) ? strdup(text) : NULL;
}

// new_tensor makes a tensor over data: a scalar where rank is 0.
static char *new_tensor(void **api, void *data, size_t size, const int64_t *shape, size_t rank, int type, void **value) {
	void *(CALL *info)(int, int, void **) = api[CREATE_CPU_MEMORY_INFO];
	void *(CALL *create)(void *, void *, size_t, const int64_t *, size_t, int, void **) = api[CREATE_TENSOR_WITH_DATA];
	void (CALL *release_info)(void *) = api[RELEASE_MEMORY_INFO];
	static char none[8]; // what a tensor without elements lies over
	void *memory = NULL;
	char *text = failed(api, info(1, 0, &memory)); // OrtArenaAllocator, OrtMemTypeDefault
	if (text) return text;
	text = failed(api, create(memory, size ? data : none, size, shape, rank, type, value));
	release_info(memory);
	return text;
}

static void free_value(void **api, void *value);

// new_strings makes a tensor of n strings, each of width bytes of data, less the zeros behind it.
static char *new_strings(void **api, const char *data, size_t n, size_t width, const int64_t *shape, size_t rank, void **value) {
	void *(CALL *allocator_of)(void **) = api[GET_DEFAULT_ALLOCATOR];
	void *(CALL *create)(void *, const int64_t *, size_t, int, void **) = api[CREATE_TENSOR];
	void *(CALL *room_of)(void *, size_t, size_t, char **) = api[GET_STRING_ROOM];
	void *allocator = NULL;
	char *text = failed(api, allocator_of(&allocator));
	if (text || (text = failed(api, create(allocator, shape, rank, 8, value)))) return text; // 8: strings
	for (size_t i = 0; i < n; i++, data += width) {
		size_t length = width;
		while (length && !data[length - 1]) length--;
		char *room = NULL;
		if ((text = failed(api, room_of(*value, i, length, &room)))) {
			free_value(api, *value);
			*value = NULL;
			return text;
		}
		memcpy(room, data, length);
	}
	return NULL;
}

static void free_value(void **api, void *value) {
	void (CALL *release)(void *) = api[RELEASE_VALUE];
	release(value);
}

// run_graph puts a value of its own in the place of each output that is NULL.
static char *run_graph(void **api, void *session, void *options, const char **names, void **inputs, size_t n, const char **output_names, size_t outputs, void **values) {
	void *(CALL *run)(void *, void *, const char **, void **, size_t, const char **, size_t, void **) = api[RUN];
	return failed(api, run(session, options, names, inputs, n, output_names, outputs, values));
}

// read_tensor tells what a value holds, dims having room for most of them. A value that is
// no tensor has the type 0. data is NULL for strings, which take length bytes.
static char *read_tensor(void **api, void *value, int *type, int64_t *dims, size_t most, size_t *rank, void **data, size_t *length) {
	void *(CALL *kind_of)(void *, int *) = api[GET_VALUE_TYPE];
	void *(CALL *info_of)(void *, void **) = api[GET_TYPE_AND_SHAPE];
	void *(CALL *type_of)(void *, int *) = api[GET_ELEMENT_TYPE];
	void *(CALL *rank_of)(void *, size_t *) = api[GET_DIMENSIONS_COUNT];
	void *(CALL *dims_of)(void *, int64_t *, size_t) = api[GET_DIMENSIONS];
	void (CALL *release_info)(void *) = api[RELEASE_TYPE_AND_SHAPE];
	void *(CALL *data_of)(void *, void **) = api[GET_DATA];
	void *(CALL *length_of)(void *, size_t *) = api[GET_STRINGS_LENGTH];
	enum { TENSOR = 1, STRING = 8 };
	int kind = 0;
	*type = 0;
	char *text = failed(api, kind_of(value, &kind));
	if (text || kind != TENSOR) return text;
	void *info = NULL;
	if ((text = failed(api, info_of(value, &info)))) return text;
	if (!(text = failed(api, type_of(info, type))) && !(text = failed(api, rank_of(info, rank))) && *rank <= most)
		text = failed(api, dims_of(info, dims, *rank));
	release_info(info);
	if (text) return text;
	return failed(api, *type == STRING ? length_of(value, length) : data_of(value, data));
}

// read_strings writes the strings of a tensor one behind the other, and where each begins.
static char *read_strings(void **api, void *value, char *to, size_t length, size_t *offsets, size_t n) {
	void *(CALL *strings_of)(void *, void *, size_t, size_t *, size_t) = api[GET_STRINGS];
	return failed(api, strings_of(value, to, length, offsets, n));
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// ONNX Runtime's tensors are made, run and taken over here, and not by onnxruntime_go: that
// has no scalars of every type, refuses tensors without elements, copies half of the bytes of
// 16-bit floats, and can't take over a scalar that the graph does not say is one.

// native is ONNX Runtime's side of a tensor. The memory that it points to is Go's, and
// pinned: C may not keep a pointer to it otherwise.
type native struct {
	value unsafe.Pointer // OrtValue; nil: of strings, which were copied
	pin   runtime.Pinner
}

func freeValue(value unsafe.Pointer) { C.free_value(apiOf(), value) }

func (n *native) free() {
	if n.value != nil {
		freeValue(n.value)
	}
	n.pin.Unpin()
}

// apiOf returns the functions of the library that was loaded.
func apiOf() *unsafe.Pointer { return loadedAPI.Load() }

// textOf is the error of a call's text; nil of none.
func textOf(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}

// newNative makes ONNX Runtime's side of a tensor over data.
func newNative(t onnx.ElementType, shape []int64, data []byte) (*native, error) {
	if apiOf() == nil {
		return nil, errors.New("ONNX Runtime is not loaded")
	}
	n := &native{}
	if len(data) > 0 {
		n.pin.Pin(unsafe.SliceData(data))
	}
	err := textOf(C.new_tensor(apiOf(), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)),
		(*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))), C.size_t(len(shape)), C.int(t), &n.value))
	if err != nil {
		n.free()
		return nil, err
	}
	return n, nil
}

// newStrings makes a tensor of strings as [adoptedStrings] has them.
func newStrings(shape []int64, data []byte) (*Tensor, error) {
	if apiOf() == nil {
		return nil, errors.New("ONNX Runtime is not loaded")
	}
	n, width, err := stringSize(shape, data)
	if err != nil {
		return nil, err
	}
	made := &native{}
	err = textOf(C.new_strings(apiOf(), (*C.char)(unsafe.Pointer(unsafe.SliceData(data))), C.size_t(n), C.size_t(width),
		(*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))), C.size_t(len(shape)), &made.value))
	if err != nil {
		return nil, fmt.Errorf("create tensor of strings %v: %w", shape, err)
	}
	return tensorOver(onnx.String, slices.Clone(shape), data, made), nil
}

// stringSize is how many strings a shape has, and the bytes of each, with the zeros behind it.
func stringSize(shape []int64, data []byte) (n, width int, err error) {
	if n, err = byteSize(onnx.Uint8, shape); err != nil {
		return 0, 0, err
	}
	if n == 0 && len(data) == 0 {
		return 0, 0, nil
	}
	if n == 0 || len(data)%n != 0 {
		return 0, 0, fmt.Errorf("%d bytes for %d strings of one size", len(data), n)
	}
	return n, len(data) / n, nil
}

// bound is what onnxruntime_go's session begins with.
type bound struct {
	session         unsafe.Pointer
	inputs, outputs []*C.char // names
}

// call runs the session. Values of outputs that are nil are made by ONNX Runtime.
func (s *Session) call(options *ort.RunOptions, inputs, outputs []unsafe.Pointer) error {
	b := *(**bound)(unsafe.Pointer(s.session))
	return textOf(C.run_graph(apiOf(), b.session, *(*unsafe.Pointer)(unsafe.Pointer(options)), unsafe.SliceData(b.inputs), unsafe.SliceData(inputs), C.size_t(len(inputs)),
		unsafe.SliceData(b.outputs), C.size_t(len(outputs)), unsafe.SliceData(outputs)))
}

// maxRank bounds the dimensions of what a run gives.
const maxRank = 64

// adopted copies a value that ONNX Runtime made into a tensor, and frees it.
func adopted(value unsafe.Pointer) (*Tensor, error) {
	defer freeValue(value)
	var kind C.int
	var dims [maxRank]C.int64_t
	var rank, length C.size_t
	var from unsafe.Pointer
	if err := textOf(C.read_tensor(apiOf(), value, &kind, &dims[0], maxRank, &rank, &from, &length)); err != nil {
		return nil, err
	}
	switch {
	case kind == 0:
		return nil, errors.New("it is no tensor")
	case rank > maxRank:
		return nil, fmt.Errorf("it has more than %d dimensions", maxRank)
	}
	shape := make([]int64, rank)
	elements := 1
	for i := range shape {
		shape[i] = int64(dims[i])
		elements *= int(shape[i])
	}
	if onnx.ElementType(kind) == onnx.String {
		return adoptedStrings(value, shape, elements, int(length))
	}
	t, err := NewTensor(onnx.ElementType(kind), shape)
	if err == nil && len(t.data) > 0 {
		copy(t.data, unsafe.Slice((*byte)(from), len(t.data)))
	}
	return t, err
}

// adoptedStrings pads the strings with zero bytes to the length of the longest, as NumPy has
// byte strings.
func adoptedStrings(value unsafe.Pointer, shape []int64, n, length int) (*Tensor, error) {
	text, offsets := make([]byte, length+1), make([]C.size_t, n+1)
	if n > 0 {
		if err := textOf(C.read_strings(apiOf(), value, (*C.char)(unsafe.Pointer(&text[0])), C.size_t(length), &offsets[0], C.size_t(n))); err != nil {
			return nil, err
		}
	}
	offsets[n] = C.size_t(length)
	width := 1
	for i := range n {
		width = max(width, int(offsets[i+1]-offsets[i]))
	}
	data := make([]byte, n*width)
	for i := range n {
		copy(data[i*width:], text[offsets[i]:offsets[i+1]])
	}
	return tensorOver(onnx.String, slices.Clip(shape), data, &native{}), nil
}

// handle shows a tensor to onnxruntime_go, which asks for its value alone.
type handle struct {
	ort.Value
	value unsafe.Pointer // what ort.ValueInternalData is
}

func (h *handle) GetInternals() *ort.ValueInternalData {
	return (*ort.ValueInternalData)(unsafe.Pointer(&h.value))
}

func handles(tensors []*Tensor) []ort.Value {
	out := make([]ort.Value, len(tensors))
	for i, t := range tensors {
		out[i] = &handle{value: t.native.value}
	}
	return out
}
