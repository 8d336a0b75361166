#ifndef ORTHO_TURBOJPEG_H
#define ORTHO_TURBOJPEG_H

#include <stddef.h>
#include <stdint.h>

// The part of libturbojpeg's C API that decoding needs, as versions 2 and 3 have it
// (turbojpeg.h). The library is loaded at run time.

enum { TURBO_RGB = 0, TURBO_GRAY = 6, TURBO_CMYK = 11 }; // TJPF_RGB, TJPF_GRAY, TJPF_CMYK

enum { TURBO_OK, TURBO_WARNING, TURBO_FATAL };

// ortho_turbo_load loads the library called name. text, of n bytes, gets the file's name where
// the system tells it; or, where 0 is returned, why it can't be used.
int ortho_turbo_load(const char *name, char *text, size_t n);

// ortho_turbo_decode decodes a file of width x height pixels, both divided by shrink (1, 2, 4
// or 8) and rounded up, tightly packed. message, of n bytes, gets what went wrong.
int ortho_turbo_decode(const uint8_t *data, size_t size, uint8_t *dst, int width, int height, int shrink, int format, char *message, size_t n);

#endif
