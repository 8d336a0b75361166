#ifndef ORTHO_DEPENDENCY_H
#define ORTHO_DEPENDENCY_H

#include <stddef.h>

// ortho_load loads a library that others need. text, of n bytes, gets why it can't be used, where 0
// is returned.
int ortho_load(const char *name, char *text, size_t n);

#endif
