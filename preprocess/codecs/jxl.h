#ifndef ORTHO_JXL_H
#define ORTHO_JXL_H

#include "bytes.h"

// The part of libjxl's C API that reads a file's first picture (jxl/decode.h), as versions 0.11 and 0.12 have it. Those
// before take memory for pixels past the memory manager, so that nothing would bound it. The library is loaded at run
// time.

int ortho_jxl_load(const char *name, char *text, size_t n);

uint32_t ortho_jxl_version(void); // 11002: 0.11.2

typedef struct { size_t used, most; } ortho_jxl_memory;

typedef struct {
	void *decoder;
	ortho_jxl_memory memory;
	uint32_t width, height; // upright
	uint32_t colors;        // 1: gray; 3: R, G, B
	uint32_t extra;         // channels beside those
	uint32_t bits, exponent_bits;
	int alpha, orientation, animated;
	ortho_bytes icc, jpeg; // of the second: the JPEG file that the picture was
	char message[128];
} ortho_jxl;

// ortho_jxl_open reads a file's header; data must stay until ortho_jxl_close. It returns 0 for a failure.
int ortho_jxl_open(ortho_jxl *j, const uint8_t *data, size_t size, size_t memory);

enum { ORTHO_JXL_PIXELS = 1, ORTHO_JXL_JPEG = 2 };

// ortho_jxl_begin reads on with so much memory, up to the pixels, or to the end where the picture was a JPEG file. It
// says which; 0 for a failure.
int ortho_jxl_begin(ortho_jxl *j, size_t memory, size_t jpeg_size);

enum { ORTHO_JXL_FLOAT = 0, ORTHO_JXL_UINT8 = 2, ORTHO_JXL_UINT16 = 3, ORTHO_JXL_FLOAT16 = 5 };

// ortho_jxl_pixels writes rows without gaps, of colors and alpha, in samples of such a type. It returns 0 for a failure.
int ortho_jxl_pixels(ortho_jxl *j, uint8_t *dst, size_t size, int type);

void ortho_jxl_close(ortho_jxl *j);

// ortho_jxl_frames counts the pictures of a file, up to where it is damaged.
int ortho_jxl_frames(const uint8_t *data, size_t size, size_t memory);

#endif
