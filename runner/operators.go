package runner

/*
#include "ort_api.h"

enum { REGISTER_CUSTOM_OPS_LIBRARY = 228 };

// register_operators returns 0, or a text in message. The path is of ORTCHAR_T.
static int register_operators(void **api, void *options, void *path, char *message, size_t n) {
	void *(CALL *add)(void *, void *) = api[REGISTER_CUSTOM_OPS_LIBRARY];
	return refused(api, add(options, path), message, n);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"unicode/utf16"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
)

// ExtensionsDomain is that of the operators of onnxruntime-extensions.
const ExtensionsDomain = "ai.onnx.contrib"

// OperatorError says that a graph has an operator that ONNX Runtime doesn't have, nor any of
// the libraries of Options.CustomOps.
type OperatorError struct {
	Domain, Operator string // the domain of ONNX's own is "ai.onnx"
}

func (e *OperatorError) Error() string {
	switch e.Domain {
	case "ai.onnx", "ai.onnx.ml":
		return fmt.Sprintf("ONNX Runtime knows no operator %s of ONNX's own (domain %s): the graph is of a newer ONNX, or its operator's domain is wrong", e.Operator, e.Domain)
	case ExtensionsDomain:
		return fmt.Sprintf("the graph has the custom operator %s of the domain %s, which is that of onnxruntime-extensions", e.Operator, e.Domain)
	}
	return fmt.Sprintf("the graph has the custom operator %s of the domain %s, which ONNX Runtime doesn't have", e.Operator, e.Domain)
}

// ONNX Runtime's words for an operator without a schema: "Fatal error: DOMAIN:OP(VERSION) is not
// a registered function/op"; of a domain of which it knows others: "No Op registered for OP with
// domain_version of N".
var unknownOperator = regexp.MustCompile(`Fatal error: ([^\s:]+):([^\s(:]+)\(-?\d+\) is not a registered function/op`)

// operatorError is the operator that ONNX Runtime's error says is missing; nil: it says no such
// thing.
func operatorError(err error) *OperatorError {
	if m := unknownOperator.FindStringSubmatch(err.Error()); m != nil {
		return &OperatorError{m[1], m[2]}
	}
	return nil
}

// addOperators gives a session the operators of a library. The library stays loaded as long as
// sessions use it. onnxruntime_go has no such call.
func addOperators(lib library.Found, options *ort.SessionOptions, path string) error {
	path, err := filepath.Abs(path) // a plain name would make the loader search
	if err != nil {
		return fmt.Errorf("custom operators: %w", err)
	}
	if info, err := os.Stat(path); err != nil {
		return fmt.Errorf("custom operators: %w", err)
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("custom operators: %s is not a file: a shared library is wanted", path)
	}
	python := pythonOf(path)
	if python != "" {
		err = library.Preload(python) // that it fails matters where the library needs it
	}
	api, failed := lib.API()
	if failed != nil {
		return failed
	}
	native := *(*unsafe.Pointer)(unsafe.Pointer(options))
	wide := ortPath(path)
	var message [1024]C.char
	var pinned runtime.Pinner
	pinned.Pin(unsafe.SliceData(wide))
	defer pinned.Unpin()
	if C.register_operators((*unsafe.Pointer)(api), native, unsafe.Pointer(unsafe.SliceData(wide)), &message[0], C.size_t(len(message))) == 0 {
		return nil
	}
	because := withoutOperators(path, C.GoString(&message[0]))
	if err != nil {
		return fmt.Errorf("custom operators of %s: %w; it is a module of Python's, and needs %s (a package of its own, such as Debian's %s), which can't be loaded: %w", path, because, python, strings.TrimSuffix(python, ".so.1.0"), err)
	}
	return fmt.Errorf("custom operators of %s: %w", path, because)
}

// withoutOperators is why a file gives no operators, by ONNX Runtime's or the loader's words.
func withoutOperators(path, text string) error {
	if strings.Contains(text, "symbol RegisterCustomOps") {
		return errors.New("it is a shared library, and none of operators for ONNX Runtime: it has no function RegisterCustomOps")
	}
	if _, loader, ok := strings.Cut(text, "with error: "); ok && strings.HasPrefix(text, "Failed to load library ") {
		return fmt.Errorf("it can't be loaded as a shared library: %s", strings.TrimPrefix(loader, path+": "))
	}
	return errors.New(text)
}

// ortPath is a path as ONNX Runtime takes it: UTF-16 on Windows, bytes elsewhere, ended by 0.
func ortPath(path string) []byte {
	if runtime.GOOS != "windows" {
		return append([]byte(path), 0)
	}
	return append([]byte(nil), bytesOf(append(utf16.Encode([]rune(path)), 0))...)
}

var pythonModule = regexp.MustCompile(`\.cpython-(\d)(\d+)-?[^/\\]*\.so$`)

// pythonOf is the library of Python that a module made for it takes its symbols from; "" for
// other libraries. onnxruntime-extensions comes by pip as such a module.
func pythonOf(path string) string {
	m := pythonModule.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return ""
	}
	if runtime.GOOS == "darwin" { // by a path that can be no file's in the working folder
		return fmt.Sprintf("/Library/Frameworks/Python.framework/Versions/%s.%s/Python", m[1], m[2])
	}
	return fmt.Sprintf("libpython%s.%s.so.1.0", m[1], m[2])
}
