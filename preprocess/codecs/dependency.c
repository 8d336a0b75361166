#include "dynlib.h"
#include "dependency.h"

int ortho_load(const char *name, char *text, size_t n) {
	text[0] = 0;
	return load(name, text, n) != NULL;
}
