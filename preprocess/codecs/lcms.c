#include "dynlib.h"
#include "lcms.h"

// How pixels lie in memory, as TYPE_GRAY_8, TYPE_RGB_8 and TYPE_CMYK_8 have it.
#define PIXELS(space, channels) ((uint32_t)(space) << 16 | (channels) << 3 | 1)

// Three channels and a spare byte.
#define SPARE(space) ((uint32_t)(space) << 16 | 1 << 7 | 3 << 3 | 1)

enum { RGB = 4, LAB_2 = 30, INTENT_PERCEPTUAL = 0 };

typedef struct { double x, y, luminance; } lcms_colour;

static struct {
	int (*version)(void);
	void *(*open)(const void *, uint32_t);
	void *(*srgb)(void);
	void *(*lab)(const void *white_point);
	int (*close)(void *);
	void *(*create)(void *from, uint32_t pixels, void *to, uint32_t, uint32_t intent, uint32_t flags);
	void (*convert)(void *transform, const void *src, void *dst, uint32_t n);
	void (*destroy)(void *transform);
	void *(*curve)(void *context, int32_t type, const double *parameters);
	void (*free_curve)(void *);
	void *(*rgb)(const lcms_colour *white, const lcms_colour *primaries, void *const *curves);
	void *(*gray)(const lcms_colour *white, const void *curve);
	int (*save)(void *profile, void *to, uint32_t *n);
} lcms;

int ortho_lcms_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const wanted all[] = {
		{&lcms.version, "cmsGetEncodedCMMversion"}, {&lcms.open, "cmsOpenProfileFromMem"}, {&lcms.srgb, "cmsCreate_sRGBProfile"}, {&lcms.lab, "cmsCreateLab2Profile"}, {&lcms.close, "cmsCloseProfile"},
		{&lcms.create, "cmsCreateTransform"}, {&lcms.convert, "cmsDoTransform"}, {&lcms.destroy, "cmsDeleteTransform"},
		{&lcms.curve, "cmsBuildParametricToneCurve"}, {&lcms.free_curve, "cmsFreeToneCurve"}, {&lcms.rgb, "cmsCreateRGBProfile"}, {&lcms.gray, "cmsCreateGrayProfile"}, {&lcms.save, "cmsSaveProfileToMem"},
	};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) return 0;
	const int version = lcms.version();
	if (version < 2000 || version >= 3000) {
		unload(library);
		snprintf(text, n, "it is lcms %d.%d, and not 2", version / 1000, version % 1000 / 10);
		return 0;
	}
	file_name(library, *(void **)&lcms.version, text, n);
	return 1;
}

int ortho_lcms_version(void) { return lcms.version(); }

int ortho_lcms_srgb(const uint8_t *icc, size_t size, int channels, const uint8_t *src, uint8_t *dst, size_t n) {
	const uint32_t from = channels == 1 ? PIXELS(3, 1) : channels == 3 ? PIXELS(4, 3) : PIXELS(6, 4);
	void *profile = lcms.open(icc, (uint32_t)size), *srgb = profile ? lcms.srgb() : NULL, *transform = NULL;
	if (srgb) transform = lcms.create(profile, from, srgb, PIXELS(4, 3), INTENT_PERCEPTUAL, 0);
	if (transform) {
		const size_t most = 1 << 24; // its count has 32 bits
		for (size_t at = 0; at < n; at += most) {
			lcms.convert(transform, src + at * channels, dst + at * 3, (uint32_t)(n - at < most ? n - at : most));
		}
		lcms.destroy(transform);
	}
	if (srgb) lcms.close(srgb);
	if (profile) lcms.close(profile);
	return transform != NULL;
}

void *ortho_lcms_lab(void) {
	void *transform = NULL, *lab = lcms.lab(NULL), *srgb = lcms.srgb();
	if (lab && srgb) transform = lcms.create(lab, SPARE(LAB_2), srgb, SPARE(RGB), INTENT_PERCEPTUAL, 0);
	if (lab) lcms.close(lab);
	if (srgb) lcms.close(srgb);
	return transform;
}

void ortho_lcms_run(void *transform, const uint8_t *src, uint8_t *dst, uint32_t pixels) { lcms.convert(transform, src, dst, pixels); }

void ortho_lcms_end(void *transform) { lcms.destroy(transform); }

size_t ortho_lcms_profile(const double *white, const double *primaries, const double *curve, int gray, uint8_t *icc, size_t n) {
	const lcms_colour w = {white[0], white[1], 1};
	lcms_colour p[3];
	for (int i = 0; i < 3; i++) p[i] = (lcms_colour){primaries[2 * i], primaries[2 * i + 1], 1};
	void *c = lcms.curve(NULL, 4, curve), *profile = NULL;
	if (!c) return 0;
	if (gray) profile = lcms.gray(&w, c);
	else profile = lcms.rgb(&w, p, (void *[3]){c, c, c});
	lcms.free_curve(c);
	if (!profile) return 0;
	uint32_t size = 0;
	if (!lcms.save(profile, NULL, &size)) size = 0;
	if (size > 0 && size <= n && !lcms.save(profile, icc, &size)) size = 0;
	lcms.close(profile);
	return size;
}
