#include "dynlib.h"
#include "jxl.h"

#include <stdlib.h>

typedef struct {
	void *opaque;
	void *(*alloc)(void *opaque, size_t);
	void (*free)(void *opaque, void *);
} jxl_memory;

typedef struct {
	int have_container;
	uint32_t xsize, ysize, bits, exponent_bits;
	float intensity_target, min_nits;
	int relative_to_max_display;
	float linear_below;
	int uses_original_profile, have_preview, have_animation, orientation;
	uint32_t colors, extra, alpha_bits, alpha_exponent_bits;
	int alpha_premultiplied;
	uint32_t preview[2], animation[4], intrinsic[2];
	uint8_t later[100];
} jxl_info;

typedef struct {
	uint32_t channels;
	int type, endianness;
	size_t align;
} jxl_format;

enum {
	SUCCESS = 0, NEED_PIXELS = 5, NEED_JPEG = 6, // JXL_DEC_NEED_IMAGE_OUT_BUFFER, JXL_DEC_JPEG_NEED_MORE_OUTPUT
	BASIC_INFO = 0x40, COLOR_ENCODING = 0x100, FRAME = 0x400, FULL_IMAGE = 0x1000, JPEG_RECONSTRUCTION = 0x2000, NEED_INPUT = 2, TARGET_DATA = 1,
};

static struct {
	uint32_t (*version)(void);
	void *(*create)(const jxl_memory *);
	void (*destroy)(void *);
	int (*subscribe)(void *, int);
	int (*input)(void *, const uint8_t *, size_t);
	void (*close_input)(void *);
	int (*process)(void *);
	int (*info)(const void *, jxl_info *);
	int (*icc_size)(const void *, int, size_t *);
	int (*icc)(const void *, int, uint8_t *, size_t);
	int (*jpeg)(void *, uint8_t *, size_t);
	size_t (*release_jpeg)(void *);
	int (*pixels_size)(const void *, const jxl_format *, size_t *);
	int (*pixels)(void *, const jxl_format *, void *, size_t);
} jxl;

int ortho_jxl_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&jxl.version, "JxlDecoderVersion"}, {&jxl.create, "JxlDecoderCreate"}, {&jxl.destroy, "JxlDecoderDestroy"}, {&jxl.subscribe, "JxlDecoderSubscribeEvents"},
		{&jxl.input, "JxlDecoderSetInput"}, {&jxl.close_input, "JxlDecoderCloseInput"}, {&jxl.process, "JxlDecoderProcessInput"}, {&jxl.info, "JxlDecoderGetBasicInfo"},
		{&jxl.icc_size, "JxlDecoderGetICCProfileSize"}, {&jxl.icc, "JxlDecoderGetColorAsICCProfile"}, {&jxl.jpeg, "JxlDecoderSetJPEGBuffer"}, {&jxl.release_jpeg, "JxlDecoderReleaseJPEGBuffer"},
		{&jxl.pixels_size, "JxlDecoderImageOutBufferSize"}, {&jxl.pixels, "JxlDecoderSetImageOutBuffer"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	const uint32_t v = jxl.version(), minor = v / 1000;
	if (minor != 11 && minor != 12) {
		snprintf(text, n, "it is libjxl %u.%u.%u, and not 0.11 or 0.12", v / 1000000, minor % 1000, v % 1000);
		unload(library);
		return 0;
	}
	file_name(library, *(void **)&jxl.version, text, n);
	return 1;
}

uint32_t ortho_jxl_version(void) { return jxl.version(); }

// Before each piece of memory stands its size, in as much room as keeps it aligned.
enum { BEFORE = 16 };

static void *take(void *opaque, size_t size) {
	ortho_jxl_memory *m = opaque;
	if (size > m->most || m->used > m->most - size) return NULL;
	uint8_t *p = malloc(size + BEFORE);
	if (!p) return NULL;
	memcpy(p, &size, sizeof size);
	__atomic_add_fetch(&m->used, size, __ATOMIC_RELAXED);
	return p + BEFORE;
}

static void give_back(void *opaque, void *address) {
	if (!address) return;
	ortho_jxl_memory *m = opaque;
	uint8_t *p = (uint8_t *)address - BEFORE;
	size_t size;
	memcpy(&size, p, sizeof size);
	__atomic_sub_fetch(&m->used, size, __ATOMIC_RELAXED);
	free(p);
}

static void *decoder(ortho_jxl_memory *memory, int events, const uint8_t *data, size_t size) {
	const jxl_memory manager = {memory, take, give_back};
	void *d = jxl.create(&manager);
	if (!d) return NULL;
	if (jxl.subscribe(d, events) != SUCCESS || jxl.input(d, data, size) != SUCCESS) {
		jxl.destroy(d);
		return NULL;
	}
	jxl.close_input(d);
	return d;
}

static int failed(ortho_jxl *j, int status) {
	snprintf(j->message, sizeof j->message, "%s", status == NEED_INPUT ? "" : "its data are damaged, or take more memory than a picture of its size may");
	return 0;
}

int ortho_jxl_open(ortho_jxl *j, const uint8_t *data, size_t size, size_t memory) {
	j->memory.most = memory;
	j->decoder = decoder(&j->memory, BASIC_INFO | COLOR_ENCODING | FULL_IMAGE | JPEG_RECONSTRUCTION, data, size);
	if (!j->decoder) {
		snprintf(j->message, sizeof j->message, "no memory for a decoder");
		return 0;
	}
	const int status = jxl.process(j->decoder);
	jxl_info info;
	if (status != BASIC_INFO || jxl.info(j->decoder, &info) != SUCCESS) return failed(j, status);
	j->width = info.xsize;
	j->height = info.ysize;
	j->colors = info.colors;
	j->extra = info.extra;
	j->bits = info.bits;
	j->exponent_bits = info.exponent_bits;
	j->alpha = info.alpha_bits > 0;
	j->orientation = info.orientation;
	j->animated = info.have_animation;
	return 1;
}

static int profile(ortho_jxl *j) {
	size_t n;
	if (jxl.icc_size(j->decoder, TARGET_DATA, &n) != SUCCESS) return 0;
	uint8_t *icc = n && n <= (16 << 20) ? malloc(n) : NULL;
	if (!icc || jxl.icc(j->decoder, TARGET_DATA, icc, n) != SUCCESS) {
		free(icc);
		return n == 0 || n > (16 << 20);
	}
	j->icc = (ortho_bytes){icc, n};
	return 1;
}

// more makes room for the JPEG file, twice as much each time.
static int more(ortho_jxl *j, size_t most) {
	const size_t left = j->jpeg.size ? jxl.release_jpeg(j->decoder) : 0, had = j->jpeg.size;
	const size_t size = had ? 2 * had : 65536;
	uint8_t *grown = size > most ? NULL : realloc((void *)j->jpeg.bytes, size);
	if (!grown) {
		snprintf(j->message, sizeof j->message, "the JPEG file in it is too large");
		return 0;
	}
	j->jpeg = (ortho_bytes){grown, size};
	return jxl.jpeg(j->decoder, grown + had - left, size - had + left) == SUCCESS || failed(j, 1);
}

int ortho_jxl_begin(ortho_jxl *j, size_t memory, size_t jpeg_size) {
	j->memory.most = memory;
	for (;;) {
		const int status = jxl.process(j->decoder);
		switch (status) {
		case COLOR_ENCODING:
			if (!profile(j)) return failed(j, 1);
			break;
		case JPEG_RECONSTRUCTION:
		case NEED_JPEG:
			if (!more(j, jpeg_size)) return 0;
			break;
		case FULL_IMAGE:
			break;
		case NEED_PIXELS:
			return ORTHO_JXL_PIXELS;
		case SUCCESS:
			if (j->jpeg.size) {
				j->jpeg.size -= jxl.release_jpeg(j->decoder);
				return ORTHO_JXL_JPEG;
			}
			// fallthrough
		default:
			return failed(j, status);
		}
	}
}

int ortho_jxl_pixels(ortho_jxl *j, uint8_t *dst, size_t size, int type) {
	const jxl_format format = {j->colors + (j->alpha != 0), type, 0, 0};
	for (int status = NEED_PIXELS;; status = jxl.process(j->decoder)) {
		size_t needed;
		switch (status) {
		case NEED_PIXELS:
			if (jxl.pixels_size(j->decoder, &format, &needed) != SUCCESS || needed != size || jxl.pixels(j->decoder, &format, dst, size) != SUCCESS) return failed(j, 1);
			break;
		case FULL_IMAGE:
			if (j->animated) return 1; // more of them follow
			break;
		case SUCCESS:
			return 1;
		default:
			return failed(j, status);
		}
	}
}

void ortho_jxl_close(ortho_jxl *j) {
	if (j->decoder) jxl.destroy(j->decoder);
	free((void *)j->icc.bytes);
	free((void *)j->jpeg.bytes);
	j->decoder = NULL;
	j->icc = j->jpeg = (ortho_bytes){NULL, 0};
}

int ortho_jxl_frames(const uint8_t *data, size_t size, size_t memory) {
	ortho_jxl_memory m = {0, memory};
	void *d = decoder(&m, FRAME, data, size);
	int n = 0;
	if (!d) return 0;
	while (jxl.process(d) == FRAME) n++;
	jxl.destroy(d);
	return n;
}
