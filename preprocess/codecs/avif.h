#ifndef ORTHO_AVIF_H
#define ORTHO_AVIF_H

#include "bytes.h"

// The part of libavif's C API that reads the pictures of a file (avif/avif.h), as versions 1 have it: members
// are only added behind those of 1.0. The library is loaded at run time.

int ortho_avif_load(const char *name, char *text, size_t n);

const char *ortho_avif_version(void);

typedef struct {
	void *decoder;
	uint32_t width, height;
	int frames, repetitions; // below 0: for ever, or not stated
	int channels;    // 1: gray, which versions before 1.3 give as 3; 3: R, G, B; 4: and A
	int orientation; // EXIF's number for how the file has it turned and mirrored
	int primaries, transfer; // of ITU-T H.273
	ortho_bytes icc, exif, xmp;
	char message[128];
} ortho_avif;

// ortho_avif_open reads a file's boxes; data must stay until ortho_avif_close. It returns 0 for a failure.
int ortho_avif_open(ortho_avif *a, const uint8_t *data, size_t size);

// ortho_avif_seconds is how long a picture of a sequence is shown.
double ortho_avif_seconds(ortho_avif *a, uint32_t index);

// ortho_avif_decode decodes a picture, and returns how many channels there turned out to be; 0 for a failure.
int ortho_avif_decode(ortho_avif *a, uint32_t index);

// ortho_avif_pixels writes so many channels. It returns 0 for a failure.
int ortho_avif_pixels(ortho_avif *a, uint8_t *dst);

void ortho_avif_close(ortho_avif *a);

#endif
