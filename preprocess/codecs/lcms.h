#ifndef ORTHO_LCMS_H
#define ORTHO_LCMS_H

#include <stddef.h>
#include <stdint.h>

// The part of Little CMS 2's C API that converts colours (lcms2.h). Its handles are opaque, and its formats
// of pixels are the same in all versions 2. The library is loaded at run time.

// ortho_lcms_load loads the library called name. text, of n bytes, gets the file's name where
// the system tells it; or, where 0 is returned, why it can't be used.
int ortho_lcms_load(const char *name, char *text, size_t n);

// ortho_lcms_version is 2190 for version 2.19.
int ortho_lcms_version(void);

// ortho_lcms_lab makes a transform from CIELab, L, a, b and a spare byte, to sRGB, R, G, B and a spare byte, as
// Pillow's ImageCms does between profiles of its own. It returns NULL for a failure.
void *ortho_lcms_lab(void);

void ortho_lcms_run(void *transform, const uint8_t *src, uint8_t *dst, uint32_t pixels);

void ortho_lcms_end(void *transform);

#endif
