#ifndef ORTHO_HEIF_H
#define ORTHO_HEIF_H

#include "bytes.h"

// The part of libheif's C API that reads the primary picture of a file (libheif/heif.h), as versions 1 have it: members
// of its structures are only added behind those that there are, and each states its version. The library is loaded at
// run time.

int ortho_heif_load(const char *name, char *text, size_t n);

const char *ortho_heif_version(void);

typedef struct {
	void *context, *handle, *image;
	uint64_t max_pixels; // of what is coded
	int width, height; // upright; as the file states them, and then as they turned out to be
	int frames;        // pictures in the file, without thumbnails and the like
	int channels;      // 1: gray; 3: R, G, B; 4: and A
	int bits;          // of a gray sample: where they are more than 8 it has 16, of which the high ones count
	int premultiplied;
	ortho_bytes icc, exif, xmp;
	const uint8_t *plane;
	int stride;
	char message[256];
} ortho_heif;

// ortho_heif_open reads a file's boxes; data must stay until ortho_heif_close. It returns 0 for a failure.
int ortho_heif_open(ortho_heif *h, const uint8_t *data, size_t size, uint64_t max_pixels);

// ortho_heif_decode decodes and turns the picture. It returns 0 for a failure.
int ortho_heif_decode(ortho_heif *h);

// ortho_heif_pixels copies what was decoded: rows without gaps.
void ortho_heif_pixels(const ortho_heif *h, uint8_t *dst);

void ortho_heif_close(ortho_heif *h);

#endif
