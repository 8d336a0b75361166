#ifndef ORTHO_JPEG_H
#define ORTHO_JPEG_H

#include <stddef.h>
#include <stdint.h>

// Decoding of JPEGs by libjpeg-turbo's libjpeg API, of versions 62 and 80. The library is loaded
// at run time.

enum { JPEG_GRAY = 1, JPEG_RGB = 2, JPEG_CMYK = 4 }; // libjpeg's numbers of colour spaces

enum { JPEG_BAND = 16 };

// JPEG_WHOLE: a part would differ from that of the whole, which is to be decoded.
enum { JPEG_OK, JPEG_TRUNCATED, JPEG_FATAL, JPEG_WHOLE };

// ortho_jpeg_load loads the library called name. text, of n bytes, gets the file's name where
// the system tells it; or, where 0 is returned, why it can't be used.
int ortho_jpeg_load(const char *name, char *text, size_t n);

typedef struct {
	int width, height, components; // that the header must have
	int space;                     // of the result
	int shrink;                    // 1, 2, 4 or 8
	int x, y, w, h;                // the part of the result that is wanted
	uintptr_t rows;                // where rows go as they come, by ortho_jpeg_rows; 0: all to dst
	int alone;                     // the library gets no help with Huffman decoding; set where it got none
} ortho_jpeg;

// ortho_jpeg_decode decodes a file to dst, of w*h pixels, or JPEG_BAND rows of w where rows are taken as they come. message, of n bytes, gets what went wrong.
int ortho_jpeg_decode(ortho_jpeg *ask, const uint8_t *data, size_t size, uint8_t *dst, char *message, size_t n);

// ortho_jpeg_rows takes n rows from row y on of the part; where it returns 0, decoding stops with JPEG_FATAL.
// Where a file turns out to be irregular they come again, from row 0.
int ortho_jpeg_rows(uintptr_t to, int y, uint8_t *rows, int n);

#endif
