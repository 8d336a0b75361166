#ifndef ORTHO_WEBP_READ_H
#define ORTHO_WEBP_READ_H

#include "bytes.h"

// The part of libwebpdemux's C API that reads the first picture of a file on its canvas (webp/demux.h), and
// libwebp's that tells of its alpha (webp/decode.h). Both check the version of their structures, which is
// handed to them. The libraries are loaded at run time.

// ortho_webp_demux_load loads libwebpdemux; libwebp is libwebp's file, loaded before.
int ortho_webp_demux_load(const char *name, const char *libwebp, char *text, size_t n);

// ortho_webp_version is major<<16 | minor<<8 | revision.
int ortho_webp_version(void);

typedef struct {
	void *decoder;
	uint32_t width, height;
	int alpha; // whether the file says that it has some
	ortho_bytes icc, exif, xmp;
} ortho_webp;

// ortho_webp_open reads a file's chunks, and makes its canvas: its size is to be checked before. data must
// stay until ortho_webp_close. It returns 0 for a failure.
int ortho_webp_open(ortho_webp *w, const uint8_t *data, size_t size);

// ortho_webp_decode returns R, G, B, A of all pixels, which ortho_webp_close takes back; NULL for a failure.
const uint8_t *ortho_webp_decode(ortho_webp *w);

void ortho_webp_close(ortho_webp *w);

#endif
