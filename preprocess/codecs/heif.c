#include "dynlib.h"
#include "heif.h"

#include <stdlib.h>

typedef struct { int code, subcode; const char *message; } heif_error;

// The first members of heif_decoding_options, up to version 2.
typedef struct {
	uint8_t version, ignore_transformations;
	void *start, *step, *end, *data;
	uint8_t to_8_bits;
} heif_options;

// The first members of heif_security_limits, up to version 2.
typedef struct {
	uint8_t version;
	uint64_t pixels, tiles;
	uint32_t bayer_pixels, items, profile;
	uint64_t block;
	uint32_t components, extents, group, children;
	uint64_t memory;
} heif_limits;

enum { MONOCHROME = 2, RGB = 1, CHROMA_MONOCHROME = 0, INTERLEAVED_RGB = 10, INTERLEAVED_RGBA = 11, CHANNEL_Y = 0, CHANNEL_INTERLEAVED = 10 };

#define FOURCC(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static struct {
	uint32_t (*number)(void);
	const char *(*version)(void);
	heif_error (*init)(void *);
	void *(*create)(void);
	void (*destroy)(void *context);
	heif_error (*read)(void *context, const void *, size_t, const void *);
	void (*threads)(void *context, int);
	void (*side)(void *context, int);         // the longest side, of libraries without limits; else its square
	heif_limits *(*limits)(const void *context); // since 1.19
	heif_error (*primary_id)(void *context, uint32_t *);
	heif_error (*primary)(void *context, void **handle);
	heif_error (*by_id)(void *context, uint32_t, void **handle);
	int (*count)(void *context);
	int (*ids)(void *context, uint32_t *, int);
	void (*release)(const void *handle);
	int (*width)(const void *handle);
	int (*height)(const void *handle);
	int (*has_alpha)(const void *handle);
	int (*premultiplied)(const void *handle);
	int (*bits)(const void *handle);
	heif_error (*preferred)(const void *handle, int *colorspace, int *chroma); // since 1.17
	uint32_t (*profile_type)(const void *handle);
	size_t (*profile_size)(const void *handle);
	heif_error (*profile)(const void *handle, void *);
	int (*metadata)(const void *handle, const char *filter, uint32_t *ids, int);
	size_t (*metadata_size)(const void *handle, uint32_t);
	const char *(*metadata_type)(const void *handle, uint32_t);
	heif_error (*metadata_bytes)(const void *handle, uint32_t, void *);
	heif_options *(*options)(void);
	void (*free_options)(heif_options *);
	heif_error (*decode)(const void *handle, void **image, int colorspace, int chroma, const heif_options *);
	int (*image_width)(const void *image);
	int (*image_height)(const void *image);
	int (*plane_bits)(const void *image, int channel);
	const uint8_t *(*plane)(const void *image, int channel, int *stride);
	void (*release_image)(const void *image);
} heif;

int ortho_heif_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&heif.number, "heif_get_version_number"}, {&heif.version, "heif_get_version"}, {&heif.init, "heif_init", 1}, {&heif.create, "heif_context_alloc"}, {&heif.destroy, "heif_context_free"},
		{&heif.read, "heif_context_read_from_memory_without_copy"}, {&heif.threads, "heif_context_set_max_decoding_threads", 1}, {&heif.side, "heif_context_set_maximum_image_size_limit"},
		{&heif.limits, "heif_context_get_security_limits", 1}, {&heif.primary_id, "heif_context_get_primary_image_ID"}, {&heif.primary, "heif_context_get_primary_image_handle"},
		{&heif.by_id, "heif_context_get_image_handle"}, {&heif.count, "heif_context_get_number_of_top_level_images"}, {&heif.ids, "heif_context_get_list_of_top_level_image_IDs"},
		{&heif.release, "heif_image_handle_release"}, {&heif.width, "heif_image_handle_get_width"}, {&heif.height, "heif_image_handle_get_height"}, {&heif.has_alpha, "heif_image_handle_has_alpha_channel"},
		{&heif.premultiplied, "heif_image_handle_is_premultiplied_alpha"}, {&heif.bits, "heif_image_handle_get_luma_bits_per_pixel"}, {&heif.preferred, "heif_image_handle_get_preferred_decoding_colorspace", 1},
		{&heif.profile_type, "heif_image_handle_get_color_profile_type"}, {&heif.profile_size, "heif_image_handle_get_raw_color_profile_size"}, {&heif.profile, "heif_image_handle_get_raw_color_profile"},
		{&heif.metadata, "heif_image_handle_get_list_of_metadata_block_IDs"}, {&heif.metadata_size, "heif_image_handle_get_metadata_size"},
		{&heif.metadata_type, "heif_image_handle_get_metadata_content_type"}, {&heif.metadata_bytes, "heif_image_handle_get_metadata"}, {&heif.options, "heif_decoding_options_alloc"}, {&heif.free_options, "heif_decoding_options_free"}, {&heif.decode, "heif_decode_image"},
		{&heif.image_width, "heif_image_get_primary_width"}, {&heif.image_height, "heif_image_get_primary_height"}, {&heif.plane_bits, "heif_image_get_bits_per_pixel"},
		{&heif.plane, "heif_image_get_plane_readonly"}, {&heif.release_image, "heif_image_release"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	if (heif.number() >> 24 != 1) {
		snprintf(text, n, "it is libheif %.20s, and not 1", heif.version());
		unload(library);
		return 0;
	}
	if (heif.init) heif.init(NULL); // its plugins
	file_name(library, *(void **)&heif.number, text, n);
	return 1;
}

const char *ortho_heif_version(void) { return heif.version(); }

static int failed(ortho_heif *h, heif_error e) {
	if (e.code == 0) return 0;
	snprintf(h->message, sizeof h->message, "%s", e.message ? e.message : "it gives no reason");
	return 1;
}

static void at_most(uint64_t *limit, uint64_t most) {
	if (*limit == 0 || *limit > most) *limit = most;
}

// choose takes the primary picture, or the first that can be had where that can't, as pillow-heif does.
static int choose(ortho_heif *h) {
	uint32_t primary, ids[1000];
	if (failed(h, heif.primary_id(h->context, &primary))) return 0;
	h->frames = heif.count(h->context);
	const int n = heif.ids(h->context, ids, (int)(sizeof ids / sizeof *ids));
	if (!failed(h, heif.primary(h->context, &h->handle))) return 1;
	for (int i = 0; i < n; i++)
		if (ids[i] != primary && heif.by_id(h->context, ids[i], &h->handle).code == 0) return 1;
	h->handle = NULL;
	return 0;
}

// metadata is the first block of a kind and a content type.
static ortho_bytes metadata(const ortho_heif *h, const char *kind, const char *type) {
	uint32_t ids[100];
	const int n = heif.metadata(h->handle, kind, ids, (int)(sizeof ids / sizeof *ids));
	for (int i = 0; i < n; i++) {
		const char *is = heif.metadata_type(h->handle, ids[i]);
		if (*type && (!is || strcmp(is, type))) continue;
		const size_t size = heif.metadata_size(h->handle, ids[i]);
		uint8_t *bytes = size && size <= (16 << 20) ? malloc(size) : NULL;
		if (bytes && heif.metadata_bytes(h->handle, ids[i], bytes).code == 0) return (ortho_bytes){bytes, size};
		free(bytes);
	}
	return (ortho_bytes){NULL, 0};
}

int ortho_heif_open(ortho_heif *h, const uint8_t *data, size_t size, uint64_t max_pixels) {
	h->context = heif.create();
	if (!h->context) {
		snprintf(h->message, sizeof h->message, "no memory for a context");
		return 0;
	}
	// The tiles of a picture may stand out over its edges, what is coded out over what is shown.
	h->max_pixels = 2 * max_pixels + (1 << 20);
	heif_limits *limits = heif.limits ? heif.limits(h->context) : NULL;
	if (limits) {
		at_most(&limits->pixels, h->max_pixels);
		at_most(&limits->tiles, 1024 + max_pixels / 1024);
		if (limits->version >= 2) at_most(&limits->memory, 32 * max_pixels + (256 << 20));
	}
	if (failed(h, heif.read(h->context, data, size, NULL)) || !choose(h)) return 0;
	if (heif.threads) heif.threads(h->context, 0); // who calls this decodes several files at a time
	h->width = heif.width(h->handle);
	h->height = heif.height(h->handle);
	h->bits = heif.bits(h->handle);
	h->premultiplied = heif.premultiplied(h->handle);
	h->channels = heif.has_alpha(h->handle) ? 4 : 3;
	if (heif.preferred) {
		int colorspace, chroma;
		if (failed(h, heif.preferred(h->handle, &colorspace, &chroma))) return 0;
		if (h->channels == 3 && colorspace == MONOCHROME && chroma == CHROMA_MONOCHROME) h->channels = 1;
	}
	h->exif = metadata(h, "Exif", "");
	h->xmp = metadata(h, "mime", "application/rdf+xml");
	const uint32_t kind = heif.profile_type(h->handle);
	if (kind == FOURCC('r', 'I', 'C', 'C') || kind == FOURCC('p', 'r', 'o', 'f')) {
		const size_t n = heif.profile_size(h->handle);
		uint8_t *icc = n && n <= (16 << 20) ? malloc(n) : NULL;
		if (icc && heif.profile(h->handle, icc).code == 0) h->icc = (ortho_bytes){icc, n};
		else free(icc);
	}
	return 1;
}

int ortho_heif_decode(ortho_heif *h) {
	heif_options *options = heif.options();
	if (!options || options->version < 2) {
		snprintf(h->message, sizeof h->message, "its options are of version %d, and not 2", options ? options->version : 0);
		if (options) heif.free_options(options);
		return 0;
	}
	// Without limits each side is bound: that of a canvas is as it was checked, or as a square of all pixels has it.
	int side = h->width > h->height ? h->width : h->height;
	while ((uint64_t)side * side < h->max_pixels) side++;
	if (!heif.limits) heif.side(h->context, side + 1);
	options->to_8_bits = h->channels > 1;
	const int gray = h->channels == 1;
	const heif_error e = heif.decode(h->handle, &h->image, gray ? MONOCHROME : RGB,
	                                 gray ? CHROMA_MONOCHROME : h->channels == 4 ? INTERLEAVED_RGBA : INTERLEAVED_RGB, options);
	heif.free_options(options);
	if (failed(h, e)) {
		h->image = NULL;
		return 0;
	}
	const int channel = gray ? CHANNEL_Y : CHANNEL_INTERLEAVED;
	h->plane = heif.plane(h->image, channel, &h->stride);
	h->width = heif.image_width(h->image);
	h->height = heif.image_height(h->image);
	const int bits = heif.plane_bits(h->image, channel), wanted = gray ? (h->bits > 8 ? 16 : 8) : 8 * h->channels;
	if (!h->plane || bits != wanted || h->width <= 0 || h->height <= 0 || h->stride < (int64_t)h->width * bits / 8) {
		snprintf(h->message, sizeof h->message, "its pixels have %d bits, and not %d", bits, wanted);
		return 0;
	}
	return 1;
}

void ortho_heif_pixels(const ortho_heif *h, uint8_t *dst) {
	const size_t row = (size_t)h->width * h->channels * (h->channels == 1 && h->bits > 8 ? 2 : 1);
	for (int y = 0; y < h->height; y++) memcpy(dst + y * row, h->plane + (size_t)y * h->stride, row);
	if (h->channels != 1 || h->bits <= 8) return;
	// As pillow-heif has it: up to the high bits of 12, or else of 10.
	const int shift = h->bits >= 16 ? 0 : h->bits == 12 ? 4 : 6;
	for (size_t i = 0; i < row * h->height; i += 2) {
		uint16_t v;
		memcpy(&v, dst + i, 2);
		v <<= shift;
		memcpy(dst + i, &v, 2);
	}
}

void ortho_heif_close(ortho_heif *h) {
	if (h->image) heif.release_image(h->image);
	if (h->handle) heif.release(h->handle);
	if (h->context) heif.destroy(h->context);
	free((void *)h->icc.bytes);
	free((void *)h->exif.bytes);
	free((void *)h->xmp.bytes);
	h->image = h->handle = h->context = NULL;
	h->icc = h->exif = h->xmp = (ortho_bytes){NULL, 0};
}
