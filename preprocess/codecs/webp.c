#include "dynlib.h"
#include "webp.h"

typedef size_t encoder(const uint8_t *pix, int width, int height, int stride, float quality, uint8_t **out);

static struct {
	encoder *rgb, *rgba;
	void (*release)(void *);
	int (*version)(void);
} webp;

int ortho_webp_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {{&webp.rgb, "WebPEncodeRGB"}, {&webp.rgba, "WebPEncodeRGBA"}, {&webp.release, "WebPFree"}, // since 0.5
	                       {&webp.version, "WebPGetEncoderVersion"}};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	file_name(library, *(void **)&webp.rgb, text, n);
	return 1;
}

int ortho_webp_encoder_version(void) { return webp.version(); }

size_t ortho_webp_encode(const uint8_t *pix, int width, int height, int channels, float quality, uint8_t **out) {
	*out = NULL;
	return (channels == 4 ? webp.rgba : webp.rgb)(pix, width, height, width * channels, quality, out);
}

void ortho_webp_free(uint8_t *out) {
	if (out) webp.release(out);
}
