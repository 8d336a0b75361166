#define _GNU_SOURCE // dladdr
#define _DARWIN_C_SOURCE

#include "turbojpeg.h"

#include <stdio.h>
#include <string.h>

static struct {
	void *(*init)(void);
	int (*destroy)(void *);
	int (*header)(void *, const unsigned char *, unsigned long, int *, int *, int *, int *);
	int (*decompress)(void *, const unsigned char *, unsigned long, unsigned char *, int, int, int, int, int);
	char *(*error_text)(void *);
} turbo;

#ifdef _WIN32
#include <windows.h>

static void *load(const char *name, char *reason, size_t n) {
	// A plain name must not be looked for in the working folder.
	DWORD where = strpbrk(name, "\\/") ? LOAD_WITH_ALTERED_SEARCH_PATH : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
	HMODULE library = LoadLibraryExA(name, NULL, where);
	if (!library) snprintf(reason, n, "load: error %lu", GetLastError());
	return (void *)library;
}

static void *symbol(void *library, const char *name) { return (void *)GetProcAddress((HMODULE)library, name); }

static void unload(void *library) { FreeLibrary((HMODULE)library); }

static void file_name(void *library, void *init, char *path, size_t n) {
	(void)init;
	GetModuleFileNameA((HMODULE)library, path, (DWORD)n);
}
#else
#include <dlfcn.h>

static void *load(const char *name, char *reason, size_t n) {
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) snprintf(reason, n, "load: %s", dlerror());
	return library;
}

static void *symbol(void *library, const char *name) { return dlsym(library, name); }

static void unload(void *library) { dlclose(library); }

static void file_name(void *library, void *init, char *path, size_t n) {
	Dl_info info;
	(void)library;
	if (dladdr(init, &info)) snprintf(path, n, "%s", info.dli_fname);
}
#endif

int ortho_turbo_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	*(void **)&turbo.init = symbol(library, "tjInitDecompress");
	*(void **)&turbo.destroy = symbol(library, "tjDestroy");
	*(void **)&turbo.header = symbol(library, "tjDecompressHeader3");
	*(void **)&turbo.decompress = symbol(library, "tjDecompress2");
	*(void **)&turbo.error_text = symbol(library, "tjGetErrorStr2");
	if (turbo.init && turbo.destroy && turbo.header && turbo.decompress && turbo.error_text) {
		file_name(library, *(void **)&turbo.init, text, n);
		return 1;
	}
	unload(library);
	snprintf(text, n, "it is not libturbojpeg 2.0 or newer");
	return 0;
}

// warns tells by the last message whether it was a warning: the JWRN texts of jerror.h.
// (tjGetErrorCode calls an error that follows a warning a warning.)
static int warns(const char *message) {
	static const char *const texts[] = {"Corrupt JPEG data: ", "Premature end of JPEG file", "Inconsistent progression sequence",
		"Invalid SOS parameters for sequential JPEG", "Unknown Adobe color transform code", "Warning: unknown JFIF revision"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strncmp(message, texts[i], strlen(texts[i])) == 0) return 1;
	return 0;
}

static int decode(void *decoder, const uint8_t *data, size_t size, uint8_t *dst, int width, int height, int shrink, int format, char *message, size_t n) {
	// The size may not be the caller's: of two headers the library may see another. (It
	// tells the size also where it calls the subsampling unusual.)
	int w = -1, h = -1, subsampling, colours;
	turbo.header(decoder, data, (unsigned long)size, &w, &h, &subsampling, &colours);
	if (w != width || h != height) {
		snprintf(message, n, "%s", w < 0 ? turbo.error_text(decoder) : "it has headers of different sizes");
		return TURBO_FATAL;
	}
	// The defaults are Pillow's: the accurate inverse DCT and smooth upsampling.
	const int limit_scans = 32768; // TJFLAG_LIMITSCANS: 500 at most
	const int w1 = (width + shrink - 1) / shrink, h1 = (height + shrink - 1) / shrink;
	if (turbo.decompress(decoder, data, (unsigned long)size, dst, w1, 0, h1, format, limit_scans) == 0) return TURBO_OK;
	snprintf(message, n, "%s", turbo.error_text(decoder));
	return warns(message) ? TURBO_WARNING : TURBO_FATAL;
}

int ortho_turbo_decode(const uint8_t *data, size_t size, uint8_t *dst, int width, int height, int shrink, int format, char *message, size_t n) {
	// A new one for each file: it would keep tables, which a broken file may lack.
	void *decoder = turbo.init();
	if (!decoder) {
		snprintf(message, n, "no memory for a decoder");
		return TURBO_FATAL;
	}
	int result = decode(decoder, data, size, dst, width, height, shrink, format, message, n);
	turbo.destroy(decoder);
	return result;
}
