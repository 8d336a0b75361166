#include "dynlib.h"
#include "tiff.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
	WIDTH = 256, HEIGHT = 257, BITS = 258, COMPRESSION = 259, PHOTOMETRIC = 262, ORIENTATION = 274, ROWS_PER_STRIP = 278, PLANAR = 284,
	TILE_WIDTH = 322, TILE_HEIGHT = 323, EXTRA_SAMPLES = 338, JPEG_COLOR_MODE = 65538 // TIFFTAG_JPEGCOLORMODE
};

enum { JPEG = 7, YCBCR = 6, TOGETHER = 1, JPEG_RGB = 1, TOP_LEFT = 1 };

typedef void (*handler)(void *client, const char *module, const char *format, va_list);
typedef int64_t (*transfer)(void *client, void *, int64_t);
typedef uint64_t (*seeker)(void *client, uint64_t, int);
typedef int (*closer)(void *client);
typedef uint64_t (*sizer)(void *client);
typedef int (*mapper)(void *client, void **, uint64_t *);
typedef void (*unmapper)(void *client, void *, uint64_t);

static struct {
	void *(*open)(const char *name, const char *mode, void *client, transfer read, transfer write, seeker, closer, sizer, mapper, unmapper);
	void (*close)(void *);
	int64_t (*strip)(void *, uint32_t, void *, int64_t);
	int64_t (*tile)(void *, uint32_t, void *, int64_t);
	int64_t (*strip_size)(void *);
	int64_t (*tile_size)(void *);
	int64_t (*strip_row)(void *);
	int64_t (*tile_row)(void *);
	int (*tiled)(void *);
	int (*set)(void *, uint32_t tag, ...);
	int (*get)(void *, uint32_t tag, ...);
	int (*get_or_default)(void *, uint32_t tag, ...);
	int (*rgba_strip)(void *, uint32_t row, uint32_t *);
	int (*rgba_tile)(void *, uint32_t x, uint32_t y, uint32_t *);
	handler (*on_error)(handler);
	handler (*on_warning)(handler);
	void *(*print_errors)(void *);
	void *(*print_warnings)(void *);
	const char *(*version)(void);

	// Since 4.5, the last since 4.7; NULL where they are not there.
	void *(*open_with)(const char *name, const char *mode, void *client, transfer read, transfer write, seeker, closer, sizer, mapper, unmapper, void *options);
	void *(*options)(void);
	void (*free_options)(void *);
	void (*most_at_once)(void *options, int64_t);
	void (*most)(void *options, int64_t);
} tiff;

struct ortho_tiff {
	const uint8_t *data;
	uint64_t size, at;
	void *file;
	char message[256];
};

static void error(void *client, const char *module, const char *format, va_list args) {
	ortho_tiff *t = client;
	(void)module;
	if (t) vsnprintf(t->message, sizeof t->message, format, args);
}

int ortho_tiff_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&tiff.open, "TIFFClientOpen"}, {&tiff.close, "TIFFClose"}, {&tiff.strip, "TIFFReadEncodedStrip"}, {&tiff.tile, "TIFFReadEncodedTile"},
		{&tiff.strip_size, "TIFFStripSize"}, {&tiff.tile_size, "TIFFTileSize"}, {&tiff.strip_row, "TIFFScanlineSize"}, {&tiff.tile_row, "TIFFTileRowSize"},
		{&tiff.tiled, "TIFFIsTiled"}, {&tiff.set, "TIFFSetField"}, {&tiff.get, "TIFFGetField"}, {&tiff.get_or_default, "TIFFGetFieldDefaulted"},
		{&tiff.rgba_strip, "TIFFReadRGBAStrip"},
		{&tiff.rgba_tile, "TIFFReadRGBATile"}, {&tiff.on_error, "TIFFSetErrorHandlerExt"}, {&tiff.on_warning, "TIFFSetWarningHandlerExt"},
		{&tiff.print_errors, "TIFFSetErrorHandler"}, {&tiff.print_warnings, "TIFFSetWarningHandler"}, {&tiff.version, "TIFFGetVersion"},
		{&tiff.open_with, "TIFFClientOpenExt", 1}, {&tiff.options, "TIFFOpenOptionsAlloc", 1}, {&tiff.free_options, "TIFFOpenOptionsFree", 1},
		{&tiff.most_at_once, "TIFFOpenOptionsSetMaxSingleMemAlloc", 1}, {&tiff.most, "TIFFOpenOptionsSetMaxCumulatedMemAlloc", 1},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	// Sizes are 64 bits since version 4.
	if (strncmp(tiff.version(), "LIBTIFF, Version 4.", 19) != 0) {
		snprintf(text, n, "it is not libtiff 4, but %.40s", tiff.version());
		unload(library);
		return 0;
	}
	tiff.print_errors(NULL);
	tiff.print_warnings(NULL);
	tiff.on_error(error);
	tiff.on_warning(NULL);
	file_name(library, *(void **)&tiff.open, text, n);
	return 1;
}

const char *ortho_tiff_version(void) { return tiff.version(); }

static int64_t on_read(void *client, void *to, int64_t n) {
	ortho_tiff *t = client;
	if (n < 0 || t->at >= t->size) return 0;
	if ((uint64_t)n > t->size - t->at) n = (int64_t)(t->size - t->at);
	memcpy(to, t->data + t->at, (size_t)n);
	t->at += (uint64_t)n;
	return n;
}

static int64_t on_write(void *client, void *from, int64_t n) { (void)client; (void)from; (void)n; return -1; }

static uint64_t on_seek(void *client, uint64_t to, int whence) {
	ortho_tiff *t = client;
	if (whence == SEEK_CUR) to += t->at;
	if (whence == SEEK_END) to += t->size;
	return t->at = to;
}

static int on_close(void *client) { (void)client; return 0; }
static uint64_t on_size(void *client) { return ((ortho_tiff *)client)->size; }

// on_map gives the file as it lies in memory, which libtiff only reads: many strips may be of the same
// large part of a file, that it would copy for each of them.
static int on_map(void *client, void **base, uint64_t *size) {
	ortho_tiff *t = client;
	*base = (void *)t->data;
	*size = t->size;
	return 1;
}

static void on_unmap(void *client, void *base, uint64_t size) { (void)client; (void)base; (void)size; }

ortho_tiff *ortho_tiff_open(const uint8_t *data, size_t size, int64_t most) {
	ortho_tiff *t = calloc(1, sizeof *t);
	if (!t) return NULL;
	t->data = data;
	t->size = size;
	const char *mode = "rC"; // C: strips are as the file has them
	void *options = tiff.open_with && tiff.options && tiff.free_options && tiff.most_at_once ? tiff.options() : NULL;
	if (!options) {
		t->file = tiff.open("image", mode, t, on_read, on_write, on_seek, on_close, on_size, on_map, on_unmap);
		return t;
	}
	tiff.most_at_once(options, most);
	if (tiff.most) tiff.most(options, most);
	t->file = tiff.open_with("image", mode, t, on_read, on_write, on_seek, on_close, on_size, on_map, on_unmap, options);
	tiff.free_options(options);
	return t;
}

void ortho_tiff_close(ortho_tiff *t) {
	if (t && t->file) tiff.close(t->file);
	free(t);
}

const char *ortho_tiff_message(const ortho_tiff *t) { return t ? t->message : "no memory"; }

int ortho_tiff_describe(ortho_tiff *t, ortho_tiff_info *info) {
	if (!t || !t->file) return 0;
	memset(info, 0, sizeof *info);
	tiff.get(t->file, WIDTH, &info->width);
	tiff.get(t->file, HEIGHT, &info->height);
	tiff.get(t->file, PHOTOMETRIC, &info->photometric);
	tiff.get(t->file, COMPRESSION, &info->compression);
	tiff.get_or_default(t->file, PLANAR, &info->planar);
	tiff.get_or_default(t->file, BITS, &info->bits);
	info->rgb = info->photometric == YCBCR && info->compression == JPEG && info->planar == TOGETHER;
	if (info->rgb) tiff.set(t->file, JPEG_COLOR_MODE, JPEG_RGB); // sizes are others then
	info->tiled = tiff.tiled(t->file) != 0;
	if (info->tiled) {
		tiff.get(t->file, TILE_WIDTH, &info->unit_width);
		tiff.get(t->file, TILE_HEIGHT, &info->unit_height);
		info->unit_bytes = tiff.tile_size(t->file);
		info->row_bytes = tiff.tile_row(t->file);
	} else {
		info->unit_width = info->width;
		if (!tiff.get(t->file, ROWS_PER_STRIP, &info->unit_height) || info->unit_height == UINT32_MAX) info->unit_height = info->height;
		info->unit_bytes = tiff.strip_size(t->file);
		info->row_bytes = tiff.strip_row(t->file);
	}
	uint16_t extras = 0, *kinds = NULL;
	tiff.get_or_default(t->file, EXTRA_SAMPLES, &extras, &kinds);
	info->extra = extras && kinds ? kinds[0] : -1;
	return 1;
}

int ortho_tiff_read(ortho_tiff *t, int tiled, uint32_t i, uint8_t *dst, size_t size) {
	if (!t || !t->file) return 0;
	return (tiled ? tiff.tile : tiff.strip)(t->file, i, dst, (int64_t)size) >= 0;
}

int ortho_tiff_rgba(ortho_tiff *t, int tiled, uint32_t x, uint32_t y, uint32_t *dst) {
	if (!t || !t->file) return 0;
	tiff.set(t->file, ORIENTATION, TOP_LEFT);
	return tiled ? tiff.rgba_tile(t->file, x, y, dst) : tiff.rgba_strip(t->file, y, dst);
}
