#include "dynlib.h"
#include "tiff.h"

#include <stdarg.h>
#include <stdlib.h>

#define TIFFTAG_JPEGCOLORMODE 65538
#define JPEGCOLORMODE_RGB 1

typedef void (*handler)(void *client, const char *module, const char *format, va_list);

static struct {
	void *(*open)(const char *name, const char *mode, void *client, int64_t (*read)(void *, void *, int64_t), int64_t (*write)(void *, void *, int64_t),
		uint64_t (*seek)(void *, uint64_t, int), int (*close)(void *), uint64_t (*size)(void *), int (*map)(void *, void **, uint64_t *),
		void (*unmap)(void *, void *, uint64_t));
	void (*close)(void *);
	int64_t (*strip)(void *, uint32_t, void *, int64_t);
	int64_t (*tile)(void *, uint32_t, void *, int64_t);
	int64_t (*strip_size)(void *);
	int64_t (*tile_size)(void *);
	int (*set)(void *, uint32_t tag, ...);
	int (*rgba_strip)(void *, uint32_t row, uint32_t *);
	int (*rgba_tile)(void *, uint32_t x, uint32_t y, uint32_t *);
	handler (*on_error)(handler);
	handler (*on_warning)(handler);
	void *(*print_errors)(void *);
	void *(*print_warnings)(void *);
	const char *(*version)(void);
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
	const struct { void *to; const char *name; } all[] = {
		{&tiff.open, "TIFFClientOpen"}, {&tiff.close, "TIFFClose"}, {&tiff.strip, "TIFFReadEncodedStrip"}, {&tiff.tile, "TIFFReadEncodedTile"},
		{&tiff.strip_size, "TIFFStripSize"}, {&tiff.tile_size, "TIFFTileSize"}, {&tiff.set, "TIFFSetField"}, {&tiff.rgba_strip, "TIFFReadRGBAStrip"},
		{&tiff.rgba_tile, "TIFFReadRGBATile"}, {&tiff.on_error, "TIFFSetErrorHandlerExt"}, {&tiff.on_warning, "TIFFSetWarningHandlerExt"},
		{&tiff.print_errors, "TIFFSetErrorHandler"}, {&tiff.print_warnings, "TIFFSetWarningHandler"}, {&tiff.version, "TIFFGetVersion"},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		void *found = symbol(library, all[i].name);
		if (!found) {
			unload(library);
			snprintf(text, n, "it has no %s", all[i].name);
			return 0;
		}
		memcpy(all[i].to, &found, sizeof found);
	}
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
static int on_map(void *client, void **base, uint64_t *size) { (void)client; (void)base; (void)size; return 0; }
static void on_unmap(void *client, void *base, uint64_t size) { (void)client; (void)base; (void)size; }

ortho_tiff *ortho_tiff_open(const uint8_t *data, size_t size) {
	ortho_tiff *t = calloc(1, sizeof *t);
	if (!t) return NULL;
	t->data = data;
	t->size = size;
	// C: strips are as the file has them; m: the file is not mapped.
	t->file = tiff.open("image", "rCm", t, on_read, on_write, on_seek, on_close, on_size, on_map, on_unmap);
	return t;
}

void ortho_tiff_close(ortho_tiff *t) {
	if (t && t->file) tiff.close(t->file);
	free(t);
}

const char *ortho_tiff_message(const ortho_tiff *t) { return t ? t->message : "no memory"; }

int64_t ortho_tiff_size(ortho_tiff *t, int kind) {
	if (!t || !t->file) return -1;
	return kind == TIFF_TILE ? tiff.tile_size(t->file) : tiff.strip_size(t->file);
}

int64_t ortho_tiff_read(ortho_tiff *t, int kind, uint32_t i, uint8_t *dst, size_t size, int rgb) {
	if (!t || !t->file) return -1;
	if (rgb) tiff.set(t->file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
	return (kind == TIFF_TILE ? tiff.tile : tiff.strip)(t->file, i, dst, (int64_t)size);
}

int ortho_tiff_rgba(ortho_tiff *t, int kind, uint32_t x, uint32_t y, uint32_t *dst) {
	if (!t || !t->file) return 0;
	return kind == TIFF_TILE ? tiff.rgba_tile(t->file, x, y, dst) : tiff.rgba_strip(t->file, y, dst);
}
