#ifndef ORTHO_JP2_H
#define ORTHO_JP2_H

#include <stddef.h>
#include <stdint.h>

// The part of OpenJPEG's C API that reads an image tile by tile (openjpeg.h), with the structures of versions 2.1
// to 2.5. The library is loaded at run time.

int ortho_jp2_load(const char *name, char *text, size_t n);

const char *ortho_jp2_version(void);

typedef struct {
	uint32_t dx, dy; // of how many pixels of the reference grid a sample is
	uint32_t bits, is_signed;
} ortho_jp2_component;

typedef struct {
	void *decoder;
	uint32_t x, y; // where the image begins on the reference grid
	uint32_t count;
	int space; // 0: unstated, 1: sRGB, 2: gray, 3: YCC, 5: CMYK
	ortho_jp2_component components[4];
	char message[160];
} ortho_jp2;

typedef struct {
	uint32_t number, size, components;
	int32_t x0, y0, x1, y1; // on the reference grid
} ortho_jp2_tile;

// ortho_jp2_open reads the header of a JP2 file, or of a bare codestream; data must stay until ortho_jp2_close. It
// returns 0 for a failure.
int ortho_jp2_open(ortho_jp2 *j, const uint8_t *data, size_t size, int bare);

// ortho_jp2_next reads the header of the next tile. It returns 1, 0 where there is none, -1 for a failure.
int ortho_jp2_next(ortho_jp2 *j, ortho_jp2_tile *tile);

// ortho_jp2_decode fills dst, of that tile's size, with one component after the other, each sample in 1, 2 or 4
// bytes. It returns 0 for a failure.
int ortho_jp2_decode(ortho_jp2 *j, const ortho_jp2_tile *tile, uint8_t *dst, size_t size);

// ortho_jp2_end reads what follows the last tile. It returns 0 for a failure.
int ortho_jp2_end(ortho_jp2 *j);

void ortho_jp2_close(ortho_jp2 *j);

#endif
