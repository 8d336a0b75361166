// What the calls of ONNX Runtime's C API that onnxruntime_go lacks have in common. api is
// OrtApi (onnxruntime_c_api.h), an array of functions which only ever grows at its end.

#include <stddef.h>
#include <stdio.h>

#ifdef _WIN32
#define CALL __stdcall
#else
#define CALL
#endif

// refused tells whether a call failed, with its reason as a text in message. It frees the
// status that the call returned.
static inline int refused(void **api, void *status, char *message, size_t n) {
	enum { GET_ERROR_MESSAGE = 2, RELEASE_STATUS = 93 };
	if (!status) return 0;
	const char *(CALL *text)(const void *) = api[GET_ERROR_MESSAGE];
	void (CALL *release)(void *) = api[RELEASE_STATUS];
	snprintf(message, n, "%s", text(status));
	release(status);
	return 1;
}
