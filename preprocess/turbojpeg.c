#include "dynlib.h"
#include "turbojpeg.h"

static struct {
	void *(*init)(void);
	int (*destroy)(void *);
	int (*header)(void *, const unsigned char *, unsigned long, int *, int *, int *, int *);
	int (*decompress)(void *, const unsigned char *, unsigned long, unsigned char *, int, int, int, int, int);
	char *(*error_text)(void *);
} turbo;

int ortho_turbo_load(const char *name, char *text, size_t n) {
	void *library = load(name, text, n);
	if (!library) return 0;
	*(void **)&turbo.init = symbol(library, "tjInitDecompress");
	*(void **)&turbo.destroy = symbol(library, "tjDestroy");
	*(void **)&turbo.header = symbol(library, "tjDecompressHeader3");
	*(void **)&turbo.decompress = symbol(library, "tjDecompress2");
	*(void **)&turbo.error_text = symbol(library, "tjGetErrorStr2");
	if (turbo.init && turbo.destroy && turbo.header && turbo.decompress && turbo.error_text) {
		file_name(library, *(void **)&turbo.init, text, n);
		return 1;
	}
	unload(library);
	snprintf(text, n, "it is not libturbojpeg 2.0 or newer");
	return 0;
}

// warns tells by the last message whether it was a warning: the JWRN texts of jerror.h.
// (tjGetErrorCode calls an error that follows a warning a warning.)
static int warns(const char *message) {
	static const char *const texts[] = {"Corrupt JPEG data: ", "Premature end of JPEG file", "Inconsistent progression sequence",
		"Invalid SOS parameters for sequential JPEG", "Unknown Adobe color transform code", "Warning: unknown JFIF revision"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strncmp(message, texts[i], strlen(texts[i])) == 0) return 1;
	return 0;
}

static int decode(void *decoder, const uint8_t *data, size_t size, uint8_t *dst, int width, int height, int shrink, int format, char *message, size_t n) {
	// The size may not be the caller's: of two headers the library may see another. (It
	// tells the size also where it calls the subsampling unusual.)
	int w = -1, h = -1, subsampling, colours;
	turbo.header(decoder, data, (unsigned long)size, &w, &h, &subsampling, &colours);
	if (w != width || h != height) {
		snprintf(message, n, "%s", w < 0 ? turbo.error_text(decoder) : "it has headers of different sizes");
		return TURBO_FATAL;
	}
	// The defaults are Pillow's: the accurate inverse DCT and smooth upsampling.
	const int limit_scans = 32768; // TJFLAG_LIMITSCANS: 500 at most
	const int w1 = (width + shrink - 1) / shrink, h1 = (height + shrink - 1) / shrink;
	if (turbo.decompress(decoder, data, (unsigned long)size, dst, w1, 0, h1, format, limit_scans) == 0) return TURBO_OK;
	snprintf(message, n, "%s", turbo.error_text(decoder));
	return warns(message) ? TURBO_WARNING : TURBO_FATAL;
}

int ortho_turbo_decode(const uint8_t *data, size_t size, uint8_t *dst, int width, int height, int shrink, int format, char *message, size_t n) {
	// A new one for each file: it would keep tables, which a broken file may lack.
	void *decoder = turbo.init();
	if (!decoder) {
		snprintf(message, n, "no memory for a decoder");
		return TURBO_FATAL;
	}
	int result = decode(decoder, data, size, dst, width, height, shrink, format, message, n);
	turbo.destroy(decoder);
	return result;
}
