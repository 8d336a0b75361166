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

// ortho_tiff_open reads a file's first directory. data must stay until ortho_tiff_close. Where the library
// has a bound for what it allocates (4.5: at once; 4.7: together), that is most bytes. It returns NULL where
// there is no memory.
ortho_tiff *ortho_tiff_open(const uint8_t *data, size_t size, int64_t most);

void ortho_tiff_close(ortho_tiff *t);

// ortho_tiff_message is what went wrong last.
const char *ortho_tiff_message(const ortho_tiff *t);

// What libtiff makes of the directory.
typedef struct {
	uint32_t width, height;
	uint32_t unit_width, unit_height; // of strips or tiles; as many rows as the picture has where it is not said
	uint16_t photometric, compression, planar, bits;
	int tiled;
	int rgb;                      // pixels that are YCbCr in JPEG come as RGB
	int extra;                    // what the first sample behind the colours is; -1: there is none
	int64_t unit_bytes, row_bytes; // of a strip or tile, and of a row of it
} ortho_tiff_info;

// ortho_tiff_describe has pixels that are YCbCr in JPEG, all samples together, come as RGB. It returns 0 where
// the file could not be opened.
int ortho_tiff_describe(ortho_tiff *t, ortho_tiff_info *info);

// ortho_tiff_read unpacks strip or tile number i into dst, of size bytes. It returns 0 for a
// failure.
int ortho_tiff_read(ortho_tiff *t, int tiled, uint32_t i, uint8_t *dst, size_t size);

// ortho_tiff_rgba converts the strip or the tile that begins in row y, and column x, to RGBA, of which
// rows come from the bottom, whatever orientation the file states. It returns 0 for a failure.
int ortho_tiff_rgba(ortho_tiff *t, int tiled, uint32_t x, uint32_t y, uint32_t *dst);

#endif
