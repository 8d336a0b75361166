#ifndef ORTHO_LCMS_H
#define ORTHO_LCMS_H

#include <stddef.h>
#include <stdint.h>

// The part of Little CMS 2's C API that converts pixels and makes profiles (lcms2.h): the same since
// version 2.0.
// The library is loaded at run time.

int ortho_lcms_load(const char *name, char *text, size_t n);

// ortho_lcms_version is a thousand times the version.
int ortho_lcms_version(void);

// ortho_lcms_srgb converts n pixels of 1 (gray), 3 (RGB) or 4 (CMYK) channels from a profile's colours to R, G, B
// of sRGB. It returns 0 where the profile is damaged, or has no such colours.
int ortho_lcms_srgb(const uint8_t *icc, size_t size, int channels, const uint8_t *src, uint8_t *dst, size_t n);

// ortho_lcms_lab makes a transform from CIELab, L, a, b and a spare byte, to sRGB, R, G, B and a spare byte, as
// Pillow's ImageCms does between profiles of its own. It returns NULL for a failure.
void *ortho_lcms_lab(void);

void ortho_lcms_run(void *transform, const uint8_t *src, uint8_t *dst, uint32_t pixels);

void ortho_lcms_end(void *transform);

// ortho_lcms_profile makes a profile of colours: white point and primaries, x and y of each, and the curve that makes
// light of values, as cmsBuildParametricToneCurve has type 4: gamma, a, b, c, d. Gray has no primaries. It
// returns how many bytes there are, which it writes where there is room; 0 for a failure.
size_t ortho_lcms_profile(const double *white, const double *primaries, const double *curve, int gray, uint8_t *icc, size_t n);

#endif
