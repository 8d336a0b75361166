#ifndef ORTHO_DYNLIB_H
#define ORTHO_DYNLIB_H

// Libraries that are loaded at run time. This comes before any other header.

#define _GNU_SOURCE // dladdr
#define _DARWIN_C_SOURCE

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>

static inline void *load(const char *name, char *reason, size_t n) {
	// Neither a plain name nor what a library needs may be looked for in the working folder.
	SetDllDirectoryA("");
	DWORD where = strpbrk(name, "\\/") ? LOAD_WITH_ALTERED_SEARCH_PATH : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
	HMODULE library = LoadLibraryExA(name, NULL, where);
	if (!library) snprintf(reason, n, "load: error %lu", GetLastError());
	return (void *)library;
}

static inline void *symbol(void *library, const char *name) { return (void *)GetProcAddress((HMODULE)library, name); }

static inline void unload(void *library) { FreeLibrary((HMODULE)library); }

static inline void file_name(void *library, void *init, char *path, size_t n) {
	(void)init;
	GetModuleFileNameA((HMODULE)library, path, (DWORD)n);
}

// same_file reports whether two functions are of one library.
static inline int same_file(void *a, void *b) {
	HMODULE of_a, of_b;
	const DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
	return GetModuleHandleExA(how, (LPCSTR)a, &of_a) && GetModuleHandleExA(how, (LPCSTR)b, &of_b) && of_a == of_b;
}
#else
#include <dlfcn.h>

static inline void *load(const char *name, char *reason, size_t n) {
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) snprintf(reason, n, "load: %s", dlerror());
	return library;
}

static inline void *symbol(void *library, const char *name) { return dlsym(library, name); }

static inline void unload(void *library) { dlclose(library); }

static inline void file_name(void *library, void *init, char *path, size_t n) {
	Dl_info info;
	(void)library;
	if (dladdr(init, &info)) snprintf(path, n, "%s", info.dli_fname);
}

// same_file reports whether two functions are of one library.
static inline int same_file(void *a, void *b) {
	Dl_info of_a, of_b;
	return dladdr(a, &of_a) && dladdr(b, &of_b) && of_a.dli_fbase == of_b.dli_fbase;
}
#endif

// wanted is a function that is needed, and where its address goes.
typedef struct {
	void *to;
	const char *name;
	int optional;
} wanted;

// symbols finds all functions; where one that is not optional is not there it lets go of the library, and
// returns 0.
static inline int symbols(void *library, const wanted *all, size_t count, char *reason, size_t n) {
	for (size_t i = 0; i < count; i++) {
		void *found = symbol(library, all[i].name);
		if (!found && !all[i].optional) {
			unload(library);
			snprintf(reason, n, "it has no %s", all[i].name);
			return 0;
		}
		memcpy(all[i].to, &found, sizeof found);
	}
	return 1;
}

#endif
