#ifndef ORTHO_WEBP_H
#define ORTHO_WEBP_H

#include <stddef.h>
#include <stdint.h>

// The part of libwebp's C API that lossy encoding needs (webp/encode.h), the same since
// version 0.5. The library is loaded at run time.

// ortho_webp_load loads the library called name. text, of n bytes, gets why it can't be used,
// where 0 is returned.
int ortho_webp_load(const char *name, char *text, size_t n);

// ortho_webp_encoder_version is major<<16 | minor<<8 | revision.
int ortho_webp_encoder_version(void);

// ortho_webp_encode encodes width x height pixels of 3 or 4 channels, tightly packed, into
// memory that ortho_webp_free takes back. It returns its size, 0 for a failure.
size_t ortho_webp_encode(const uint8_t *pix, int width, int height, int channels, float quality, uint8_t **out);

void ortho_webp_free(uint8_t *out);

#endif
