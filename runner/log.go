package runner

/*
#include <stdatomic.h>
#include <string.h>

#include "ort_api.h"

enum { CREATE_ENV_WITH_CUSTOM_LOGGER = 4 };
enum { LEVEL_ERROR = 3 };

// The end of what was logged since it was last taken. A lock of its own: ONNX Runtime
// logs from threads that Go doesn't know.
static struct {
	atomic_flag busy;
	size_t n;
	char text[2048];
} logged = {ATOMIC_FLAG_INIT};

static void lock_log(void) { while (atomic_flag_test_and_set(&logged.busy)); }
static void unlock_log(void) { atomic_flag_clear(&logged.busy); }

static void CALL keep_log(void *param, int level, const char *category, const char *id, const char *location, const char *message) {
	size_t n = strnlen(message, sizeof logged.text - 2);
	lock_log();
	if (logged.n + n + 1 > sizeof logged.text) logged.n = 0;
	memcpy(logged.text + logged.n, message, n);
	logged.n += n;
	logged.text[logged.n++] = '\n';
	unlock_log();
}

static size_t take_log(char *to) {
	lock_log();
	size_t n = logged.n;
	memcpy(to, logged.text, n);
	logged.n = 0;
	unlock_log();
	return n;
}

static int create_env(void **api, char *message, size_t n) {
	void *(CALL *create)(void (CALL *)(void *, int, const char *, const char *, const char *, const char *), void *, int, const char *, void **) =
		api[CREATE_ENV_WITH_CUSTOM_LOGGER];
	void *env = NULL;
	return refused(api, create(keep_log, NULL, LEVEL_ERROR, "ortho", &env), message, n);
}
*/
import "C"

import (
	"errors"
	"regexp"
	"strings"
	"unsafe"

	"ortho/runner/library"
)

// keepLog makes ONNX Runtime's environment, of which there is one in a process, with a
// log that ortho reads: why a provider can't be used is said only there. onnxruntime_go,
// which can't set a logger, then gets this environment.
func keepLog(lib library.Found) error {
	api, err := lib.API()
	if err != nil {
		return err
	}
	var message [256]C.char
	if C.create_env((*unsafe.Pointer)(api), &message[0], C.size_t(len(message))) != 0 {
		return errors.New(C.GoString(&message[0]))
	}
	return nil
}

// takeLog returns the errors that were logged since it was last called.
func takeLog() string {
	var text [2048]C.char
	n := C.take_log(&text[0])
	return tidyLog(C.GoStringN(&text[0], C.int(n)))
}

// tidyLog leaves out the places in ONNX Runtime's source.
func tidyLog(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = logPrefix.ReplaceAllString(sourcePlace.ReplaceAllString(line, ""), "")
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// An error that was thrown begins with file, line and function, and more:
//
//	/src/x.cc:2043 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load ...
var (
	sourcePlace = regexp.MustCompile(`^\S+\.(cc|cpp|h|cu)[:(]\d+\)?\s.*?\)(::<lambda\(.*?\)>)?\s`)
	logPrefix   = regexp.MustCompile(`^(\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : |\[ERROR\] )`)
)
