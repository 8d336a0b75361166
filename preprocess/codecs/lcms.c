#include "dynlib.h"
#include "lcms.h"

// Formats of pixels: a colour space, spare channels, channels, bytes of one.
#define FORMAT(space) ((uint32_t)(space) << 16 | 1 << 7 | 3 << 3 | 1)

enum { RGB = 4, LAB_2 = 30, PERCEPTUAL = 0 };

static struct {
	void *(*srgb)(void);
	void *(*lab)(const void *white_point);
	int (*close_profile)(void *);
	void *(*create)(void *from, uint32_t from_format, void *to, uint32_t to_format, uint32_t intent, uint32_t flags);
	void (*run)(void *, const void *, void *, uint32_t);
	void (*end)(void *);
	int (*version)(void);
} lcms;

int ortho_lcms_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	const struct { void *to; const char *name; } all[] = {
		{&lcms.srgb, "cmsCreate_sRGBProfile"}, {&lcms.lab, "cmsCreateLab2Profile"}, {&lcms.close_profile, "cmsCloseProfile"},
		{&lcms.create, "cmsCreateTransform"}, {&lcms.run, "cmsDoTransform"}, {&lcms.end, "cmsDeleteTransform"},
		{&lcms.version, "cmsGetEncodedCMMversion"},
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
	if (lcms.version() / 1000 != 2) {
		snprintf(text, n, "it is not Little CMS 2, but %d", lcms.version());
		unload(library);
		return 0;
	}
	file_name(library, *(void **)&lcms.create, text, n);
	return 1;
}

int ortho_lcms_version(void) { return lcms.version(); }

void *ortho_lcms_lab(void) {
	void *transform = NULL, *lab = lcms.lab(NULL), *srgb = lcms.srgb();
	if (lab && srgb) transform = lcms.create(lab, FORMAT(LAB_2), srgb, FORMAT(RGB), PERCEPTUAL, 0);
	if (lab) lcms.close_profile(lab);
	if (srgb) lcms.close_profile(srgb);
	return transform;
}

void ortho_lcms_run(void *transform, const uint8_t *src, uint8_t *dst, uint32_t pixels) { lcms.run(transform, src, dst, pixels); }

void ortho_lcms_end(void *transform) { lcms.end(transform); }
