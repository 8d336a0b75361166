#include "dynlib.h"
#include "jp2.h"
#include <stdlib.h>

typedef struct {
	uint32_t dx, dy, w, h, x0, y0, bits, bits_before, is_signed, resolutions, factor;
	int32_t *data;
	uint16_t alpha;
} component;

typedef struct {
	uint32_t x0, y0, x1, y1, count;
	int space;
	component *components;
	uint8_t *icc;
	uint32_t icc_size;
} image;

enum { CODEC_J2K = 0, CODEC_JP2 = 2, CHUNK = 0x100000 /* as Pillow has it */ };

typedef size_t reader(void *to, size_t n, void *file);
typedef int64_t skipper(int64_t n, void *file);

static struct {
	const char *(*version)(void);
	void *(*stream)(size_t, int input);
	void (*on_read)(void *, reader *);
	void (*on_skip)(void *, skipper *);
	void (*set_file)(void *, void *, void (*)(void *));
	void (*set_size)(void *, uint64_t);
	void (*free_stream)(void *);
	void *(*codec)(int);
	int (*on_error)(void *, void (*)(const char *, void *), void *);
	void (*defaults)(void *);
	int (*setup)(void *, void *);
	int (*header)(void *stream, void *codec, image **);
	int (*tile)(void *codec, void *stream, uint32_t *, uint32_t *, int32_t *, int32_t *, int32_t *, int32_t *, uint32_t *, int *);
	int (*decode)(void *codec, uint32_t, uint8_t *, uint32_t, void *stream);
	int (*end)(void *codec, void *stream);
	void (*free_codec)(void *);
	void (*free_image)(image *);
} opj;

int ortho_jp2_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&opj.version, "opj_version"}, {&opj.stream, "opj_stream_create"}, {&opj.on_read, "opj_stream_set_read_function"}, {&opj.on_skip, "opj_stream_set_skip_function"},
		{&opj.set_file, "opj_stream_set_user_data"}, {&opj.set_size, "opj_stream_set_user_data_length"}, {&opj.free_stream, "opj_stream_destroy"},
		{&opj.codec, "opj_create_decompress"}, {&opj.on_error, "opj_set_error_handler"}, {&opj.defaults, "opj_set_default_decoder_parameters"}, {&opj.setup, "opj_setup_decoder"},
		{&opj.header, "opj_read_header"}, {&opj.tile, "opj_read_tile_header"}, {&opj.decode, "opj_decode_tile_data"}, {&opj.end, "opj_end_decompress"},
		{&opj.free_codec, "opj_destroy_codec"}, {&opj.free_image, "opj_image_destroy"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	const char *v = opj.version();
	if (strncmp(v, "2.", 2) != 0 || v[2] < '1' || v[2] > '5' || v[3] != '.') {
		snprintf(text, n, "it is OpenJPEG %.20s, and not 2.1 to 2.5", v);
		unload(library);
		return 0;
	}
	file_name(library, *(void **)&opj.version, text, n);
	return 1;
}

const char *ortho_jp2_version(void) { return opj.version(); }

typedef struct {
	const uint8_t *data;
	size_t size, at;
	void *stream, *codec;
	image *image;
	char message[160];
} decoder;

static size_t read_file(void *to, size_t n, void *file) {
	decoder *d = file;
	if (n > d->size - d->at) n = d->size - d->at;
	if (n == 0) return (size_t)-1;
	memcpy(to, d->data + d->at, n);
	d->at += n;
	return n;
}

static int64_t skip_file(int64_t n, void *file) {
	decoder *d = file;
	if (n < 0 || (uint64_t)n > d->size - d->at) return -1;
	d->at += (size_t)n;
	return n;
}

static void keep_error(const char *message, void *file) {
	decoder *d = file;
	snprintf(d->message, sizeof d->message, "%s", message);
}

static int failed(ortho_jp2 *j) {
	const decoder *d = j->decoder;
	snprintf(j->message, sizeof j->message, "%s", d && d->message[0] ? d->message : "it is damaged");
	return 0;
}

int ortho_jp2_open(ortho_jp2 *j, const uint8_t *data, size_t size, int bare) {
	decoder *d = j->decoder = calloc(1, sizeof *d);
	if (!d) return failed(j);
	d->data = data;
	d->size = size;
	d->stream = opj.stream(CHUNK, 1);
	d->codec = opj.codec(bare ? CODEC_J2K : CODEC_JP2);
	if (!d->stream || !d->codec) return failed(j);
	opj.on_read(d->stream, read_file);
	opj.on_skip(d->stream, skip_file);
	opj.set_file(d->stream, d, NULL);
	opj.set_size(d->stream, size);
	opj.on_error(d->codec, keep_error, d);
	// Its parameters stay what the library sets them to, in more room than any version's take (8.3 kB).
	void *parameters = calloc(1, 65536);
	if (!parameters) return failed(j);
	opj.defaults(parameters);
	const int ready = opj.setup(d->codec, parameters);
	free(parameters);
	if (!ready || !opj.header(d->stream, d->codec, &d->image) || !d->image) return failed(j);
	const image *m = d->image;
	j->x = m->x0;
	j->y = m->y0;
	j->count = m->count;
	j->space = m->space;
	for (uint32_t i = 0; i < m->count && i < 4; i++) {
		const component *c = &m->components[i];
		j->components[i] = (ortho_jp2_component){c->dx, c->dy, c->bits, c->is_signed};
	}
	return 1;
}

int ortho_jp2_next(ortho_jp2 *j, ortho_jp2_tile *t) {
	decoder *d = j->decoder;
	int more = 0;
	if (!opj.tile(d->codec, d->stream, &t->number, &t->size, &t->x0, &t->y0, &t->x1, &t->y1, &t->components, &more)) return failed(j) - 1;
	return more != 0;
}

int ortho_jp2_decode(ortho_jp2 *j, const ortho_jp2_tile *t, uint8_t *dst, size_t size) {
	decoder *d = j->decoder;
	return opj.decode(d->codec, t->number, dst, (uint32_t)size, d->stream) || failed(j);
}

int ortho_jp2_end(ortho_jp2 *j) {
	decoder *d = j->decoder;
	return opj.end(d->codec, d->stream) || failed(j);
}

void ortho_jp2_close(ortho_jp2 *j) {
	decoder *d = j->decoder;
	if (!d) return;
	if (d->codec) opj.free_codec(d->codec);
	if (d->image) opj.free_image(d->image);
	if (d->stream) opj.free_stream(d->stream);
	free(d);
	j->decoder = NULL;
}
