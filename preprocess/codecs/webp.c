#include "dynlib.h"
#include "webp.h"

typedef size_t encoder(const uint8_t *pix, int width, int height, int stride, float quality, uint8_t **out);

static struct {
	encoder *rgb, *rgba;
	void (*release)(void *);
} webp;

int ortho_webp_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	*(void **)&webp.rgb = symbol(library, "WebPEncodeRGB");
	*(void **)&webp.rgba = symbol(library, "WebPEncodeRGBA");
	*(void **)&webp.release = symbol(library, "WebPFree");
	if (webp.rgb && webp.rgba && webp.release) {
		file_name(library, *(void **)&webp.rgb, text, n);
		return 1;
	}
	unload(library);
	snprintf(text, n, "it is not libwebp 0.5 or newer");
	return 0;
}

size_t ortho_webp_encode(const uint8_t *pix, int width, int height, int channels, float quality, uint8_t **out) {
	*out = NULL;
	return (channels == 4 ? webp.rgba : webp.rgb)(pix, width, height, width * channels, quality, out);
}

void ortho_webp_free(uint8_t *out) {
	if (out) webp.release(out);
}
