#include "dynlib.h"
#include "avif.h"

// The first members of avifImage, avifRGBImage and avifDecoder.
typedef struct {
	uint32_t width, height, depth;
	int yuv_format, yuv_range, chroma_position;
	uint8_t *planes[3];
	uint32_t row_bytes[3];
	int owns_planes;
	uint8_t *alpha;
	uint32_t alpha_row_bytes;
	int owns_alpha, alpha_premultiplied;
	ortho_bytes icc;
	uint16_t primaries, transfer, matrix, light_level[2];
	uint32_t transforms, aspect[2], aperture[8];
	uint8_t angle, axis;
	ortho_bytes exif, xmp;
} avif_image;

typedef struct {
	uint32_t width, height, depth;
	int format, upsampling, downsampling, avoid_libyuv, ignore_alpha, alpha_premultiplied, is_float, threads;
	uint8_t *pixels;
	uint32_t row_bytes;
	uint8_t later[256]; // what newer versions add, as the library clears all that it knows
} avif_rgb;

typedef struct {
	uint64_t timescale;
	double pts;
	uint64_t pts_in_timescales;
	double duration;
	uint64_t duration_in_timescales;
} avif_timing;

typedef struct {
	int codec, threads, source, progressive, incremental, ignore_exif, ignore_xmp;
	uint32_t size_limit, dimension_limit, count_limit, strict;
	avif_image *image;
	int index, count, progress;
	avif_timing timing;
	uint64_t timescale;
	double duration;
	uint64_t duration_in_timescales;
	int repetitions, alpha_present;
} avif_decoder;

enum { FORMAT_RGB = 0, FORMAT_RGBA = 1, FORMAT_GRAY = 7 /* since version 1.3 */, TRANSFORM_IROT = 4, TRANSFORM_IMIR = 8, STRICT_PIXI = 1, STRICT_CLAP = 2, YUV400 = 4 };

static struct {
	const char *(*version)(void);
	avif_decoder *(*create)(void);
	void (*destroy)(avif_decoder *);
	int (*memory)(avif_decoder *, const uint8_t *, size_t);
	int (*parse)(avif_decoder *);
	int (*image)(avif_decoder *, uint32_t);
	int (*timing)(const avif_decoder *, uint32_t, avif_timing *);
	void (*defaults)(avif_rgb *, const avif_image *);
	int (*convert)(const avif_image *, avif_rgb *);
	const char *(*result)(int);
	uint32_t (*channels)(int format);
} avif;

int ortho_avif_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&avif.version, "avifVersion"}, {&avif.create, "avifDecoderCreate"}, {&avif.destroy, "avifDecoderDestroy"}, {&avif.memory, "avifDecoderSetIOMemory"},
		{&avif.parse, "avifDecoderParse"}, {&avif.image, "avifDecoderNthImage"}, {&avif.timing, "avifDecoderNthImageTiming"},
		{&avif.defaults, "avifRGBImageSetDefaults"}, {&avif.convert, "avifImageYUVToRGB"},
		{&avif.result, "avifResultToString"}, {&avif.channels, "avifRGBFormatChannelCount"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	if (strncmp(avif.version(), "1.", 2) != 0) {
		snprintf(text, n, "it is libavif %.20s, and not 1", avif.version());
		unload(library);
		return 0;
	}
	file_name(library, *(void **)&avif.version, text, n);
	return 1;
}

const char *ortho_avif_version(void) { return avif.version(); }

// orientation is EXIF's number for a file's rotation, against the clock, and then its mirror.
static int orientation(const avif_image *image) {
	const int mirrored = image->transforms & TRANSFORM_IMIR, sideways = image->axis;
	if (image->transforms & TRANSFORM_IROT) {
		if (image->angle == 1) return mirrored ? (sideways ? 7 : 5) : 8;
		if (image->angle == 2) return mirrored ? (sideways ? 4 : 2) : 3;
		if (image->angle == 3) return mirrored ? (sideways ? 5 : 7) : 6;
	}
	return mirrored ? (sideways ? 2 : 4) : 1;
}

static int failed(ortho_avif *a, int result) {
	if (result == 0) return 0;
	snprintf(a->message, sizeof a->message, "%s", avif.result(result));
	return 1;
}

static int channels(const avif_decoder *d) {
	return d->alpha_present ? 4 : d->image->yuv_format == YUV400 && avif.channels(FORMAT_GRAY) == 1 ? 1 : 3;
}

int ortho_avif_open(ortho_avif *a, const uint8_t *data, size_t size) {
	avif_decoder *d = avif.create();
	a->decoder = d;
	if (!d) {
		snprintf(a->message, sizeof a->message, "no memory for a decoder");
		return 0;
	}
	d->threads = 1;
	// As Pillow has it: what these two miss does no harm.
	d->strict &= ~(uint32_t)(STRICT_PIXI | STRICT_CLAP);
	if (failed(a, avif.memory(d, data, size)) || failed(a, avif.parse(d))) return 0;
	a->width = d->image->width;
	a->height = d->image->height;
	a->channels = channels(d);
	a->frames = d->count;
	a->repetitions = d->repetitions;
	a->orientation = orientation(d->image);
	a->primaries = d->image->primaries;
	a->transfer = d->image->transfer;
	a->icc = d->image->icc;
	a->exif = d->image->exif;
	a->xmp = d->image->xmp;
	return 1;
}

double ortho_avif_seconds(ortho_avif *a, uint32_t index) {
	avif_timing t;
	memset(&t, 0, sizeof t);
	return avif.timing(a->decoder, index, &t) == 0 ? t.duration : 0;
}

int ortho_avif_decode(ortho_avif *a, uint32_t index) {
	avif_decoder *d = a->decoder;
	// What is coded may be larger than what the file states, by the edges of tiles, but not by much.
	const uint64_t most = 4 * (uint64_t)a->width * a->height + 65536;
	if (most < d->size_limit) d->size_limit = (uint32_t)most;
	if (failed(a, avif.image(d, index))) return 0;
	if (d->image->width != a->width || d->image->height != a->height) {
		snprintf(a->message, sizeof a->message, "its picture has another size than it states");
		return 0;
	}
	return channels(d);
}

int ortho_avif_pixels(ortho_avif *a, uint8_t *dst) {
	avif_decoder *d = a->decoder;
	const int n = channels(d);
	avif_rgb rgb;
	memset(&rgb, 0, sizeof rgb);
	avif.defaults(&rgb, d->image);
	rgb.depth = 8;
	rgb.format = n == 4 ? FORMAT_RGBA : n == 1 ? FORMAT_GRAY : FORMAT_RGB;
	rgb.threads = 1;
	rgb.pixels = dst;
	rgb.row_bytes = a->width * n;
	return !failed(a, avif.convert(d->image, &rgb));
}

void ortho_avif_close(ortho_avif *a) {
	if (a->decoder) avif.destroy(a->decoder);
	a->decoder = NULL;
}
