#ifndef ORTHO_BYTES_H
#define ORTHO_BYTES_H

#include <stddef.h>
#include <stdint.h>

// ortho_bytes are bytes of a library, or of a file.
typedef struct { const uint8_t *bytes; size_t size; } ortho_bytes;

#endif
