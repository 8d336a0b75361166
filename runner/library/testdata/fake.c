/* A library that states VERSION as ONNX Runtime's does; without it, one that is something else. */
#ifdef VERSION
typedef struct {
	const void *(*GetApi)(unsigned int);
	const char *(*GetVersionString)(void);
} ApiBase;

static const void *api(unsigned int version) { return 0; }
static const char *version(void) { return VERSION; }
static const ApiBase base = {api, version};

#ifdef _WIN32
__declspec(dllexport)
#endif
const ApiBase *OrtGetApiBase(void) { return &base; }
#else
int something_else(void) { return 1; }
#endif
