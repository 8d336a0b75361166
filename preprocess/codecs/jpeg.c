#include "dynlib.h"
#include "jpeg.h"
#include "jpeg_huffman.h"

#include <setjmp.h>
#include <stdlib.h>

// One decoder holds the most that a program may take: a few scans more than anybody writes, as each
// of them costs a pass over all coefficients (TurboJPEG's TJFLAG_LIMITSCANS has 500, too).
#define MAX_SCANS 500

static struct {
	int version;
	void *(*std_error)(void *);
	void (*create)(void *, int version, size_t size);
	void (*destroy)(void *);
	int (*read_header)(void *, int require_image);
	int (*start)(void *);
	unsigned (*read)(void *, uint8_t **rows, unsigned n);
	int (*finish)(void *);
	unsigned (*skip)(void *, unsigned n);
	void (*crop)(void *, unsigned *x, unsigned *width);
	int (*resync)(void *, int restart);
} jpeg;

// A file that jpeg_huffman.h stops at.
#define JPEG_IRREGULAR -1

static int jpeg_own(void *function) { return same_file(function, *(void **)&jpeg.read); }

#define LIBJPEG 62
#define NAME(x) v62_##x
#include "jpeg_api.h"
#include "jpeg_decode.h"
#undef NAME
#undef LIBJPEG
#define LIBJPEG 80
#define NAME(x) v80_##x
#include "jpeg_api.h"
#include "jpeg_decode.h"
#undef NAME
#undef LIBJPEG

int ortho_jpeg_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	// Skipping and cropping are libjpeg-turbo's, since 1.5.
	const wanted all[] = {
		{&jpeg.std_error, "jpeg_std_error"}, {&jpeg.create, "jpeg_CreateDecompress"}, {&jpeg.destroy, "jpeg_destroy_decompress"}, {&jpeg.read_header, "jpeg_read_header"}, {&jpeg.start, "jpeg_start_decompress"},
		{&jpeg.read, "jpeg_read_scanlines"}, {&jpeg.finish, "jpeg_finish_decompress"}, {&jpeg.skip, "jpeg_skip_scanlines"}, {&jpeg.crop, "jpeg_crop_scanline"}, {&jpeg.resync, "jpeg_resync_to_restart"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	char refused[256] = "";
	if (v62_known(refused, sizeof refused)) jpeg.version = 62;
	else if (v80_known(refused, sizeof refused)) jpeg.version = 80;
	else {
		unload(library);
		snprintf(text, n, "its libjpeg API is neither version 62 nor 80: %s", refused);
		return 0;
	}
	file_name(library, *(void **)&jpeg.create, text, n);
	return 1;
}

int ortho_jpeg_decode(ortho_jpeg *ask, const uint8_t *data, size_t size, uint8_t *dst, char *message, size_t n) {
	for (;; ask->alone = 1) {
		int result = (jpeg.version == 62 ? v62_decode : v80_decode)(ask, data, size, dst, message, n);
		if (result != JPEG_IRREGULAR) return result;
	}
}
