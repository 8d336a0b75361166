/* A library that states VERSION, and PROVIDERS ("A", "B"), as ONNX Runtime's does;
   without VERSION, one that is something else. It ends the process, or with HANG does
   not answer, when it is to be used. */
#ifdef VERSION
typedef struct {
	const void *(*GetApi)(unsigned int);
	const char *(*GetVersionString)(void);
} ApiBase;

#ifdef PROVIDERS
static const char *names[] = {PROVIDERS};
static int given; /* lists that were not released */

static void *get_available(const char ***list, int *n) {
	*list = names;
	*n = sizeof names / sizeof *names;
	given++;
	return 0;
}
static void *release_available(const char **list, int n) {
	if (list != names || n != sizeof names / sizeof *names || --given) __builtin_trap();
	return 0;
}
#ifdef HANG
#include <unistd.h>
static void *use(void) { for (;;) pause(); }
#else
static void *use(void) { __builtin_trap(); }
#endif
static const void *table[200] = {[4] = use, [125] = get_available, [126] = release_available};
static const void *api(unsigned int version) { return table; }
#else
static const void *api(unsigned int version) { return 0; }
#endif
static const char *version(void) { return VERSION; }
static const ApiBase base = {api, version};

#ifdef _WIN32
__declspec(dllexport)
#endif
const ApiBase *OrtGetApiBase(void) { return &base; }
#else
int something_else(void) { return 1; }
#endif
