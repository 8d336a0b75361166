#ifndef ORTHO_TIFF_H
#define ORTHO_TIFF_H

#include <stddef.h>
#include <stdint.h>

// The part of libtiff's C API that reads strips and tiles (tiffio.h), as versions 4 have it. Its handle is
// opaque. The library is loaded at run time.

// ortho_tiff_load loads the library called name. text, of n bytes, gets the file's name where
// the system tells it; or, where 0 is returned, why it can't be used.
int ortho_tiff_load(const char *name, char *text, size_t n);

const char *ortho_tiff_version(void);

typedef struct ortho_tiff ortho_tiff;

// ortho_tiff_open reads a file's first directory. data must stay until ortho_tiff_close. It returns NULL
// for a failure.
ortho_tiff *ortho_tiff_open(const uint8_t *data, size_t size);

void ortho_tiff_close(ortho_tiff *t);

// ortho_tiff_message is what went wrong last.
const char *ortho_tiff_message(const ortho_tiff *t);

enum { TIFF_STRIP, TIFF_TILE };

// ortho_tiff_read unpacks strip or tile number i into dst, of size bytes, and returns how many they
// are; -1 for a failure. rgb: pixels that are YCbCr in JPEG come as RGB.
int64_t ortho_tiff_read(ortho_tiff *t, int kind, uint32_t i, uint8_t *dst, size_t size, int rgb);

// ortho_tiff_size is how many bytes a strip or tile takes.
int64_t ortho_tiff_size(ortho_tiff *t, int kind);

// ortho_tiff_rgba converts the strip or the tile that begins in row y, and column x, to RGBA, of which
// rows come from the bottom. It returns 0 for a failure.
int ortho_tiff_rgba(ortho_tiff *t, int kind, uint32_t x, uint32_t y, uint32_t *dst);

#endif
