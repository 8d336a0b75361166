#include "dynlib.h"
#include "webp_read.h"

enum { DEMUX_ABI = 0x0107, DECODER_ABI = 0x0209 }; // of version 1.0: a library takes those with its major number

typedef struct { uint32_t width, height, loops, background, frames, later[4]; } info;
typedef struct { int width, height, alpha, animation, format; uint32_t later[5]; } features;

typedef struct {
	int number, count;
	ortho_bytes chunk;
	uint32_t later[6];
	void *own;
} chunks;

static struct {
	void *(*create)(const ortho_bytes *, const void *options, int abi);
	int (*info)(const void *decoder, info *);
	int (*next)(void *decoder, uint8_t **pixels, int *timestamp);
	const void *(*demuxer)(const void *decoder);
	void (*destroy)(void *decoder);
	int (*chunk)(const void *demuxer, const char name[4], int number, chunks *);
	void (*chunk_done)(chunks *);
	int (*version)(void);
	int (*features)(const uint8_t *, size_t, features *, int abi);
} demux;

int ortho_webp_demux_load(const char *name, const char *libwebp, char *text, size_t n) {
	void *webp = load(libwebp, text, n), *library = webp ? load(name, text, n) : NULL;
	if (!library) {
		if (webp) unload(webp);
		return 0;
	}
	const wanted all[] = {
		{&demux.create, "WebPAnimDecoderNewInternal"}, {&demux.info, "WebPAnimDecoderGetInfo"}, {&demux.next, "WebPAnimDecoderGetNext"},
		{&demux.demuxer, "WebPAnimDecoderGetDemuxer"}, {&demux.destroy, "WebPAnimDecoderDelete"}, {&demux.chunk, "WebPDemuxGetChunk"},
		{&demux.chunk_done, "WebPDemuxReleaseChunkIterator"}, {&demux.version, "WebPGetDemuxVersion"},
	};
	const wanted of_webp[] = {{&demux.features, "WebPGetFeaturesInternal"}};
	if (!symbols(library, all, sizeof all / sizeof *all, text, n)) {
		unload(webp);
		return 0;
	}
	if (!symbols(webp, of_webp, 1, text, n)) {
		unload(library);
		return 0;
	}
	file_name(library, *(void **)&demux.version, text, n);
	return 1;
}

int ortho_webp_version(void) { return demux.version(); }

// found is the first chunk of that name, in the file's own memory.
static ortho_bytes found(const void *demuxer, const char *name) {
	ortho_bytes none = {NULL, 0};
	chunks c;
	memset(&c, 0, sizeof c);
	if (!demux.chunk(demuxer, name, 1, &c)) return none;
	ortho_bytes b = c.chunk;
	demux.chunk_done(&c);
	return b;
}

int ortho_webp_open(ortho_webp *w, const uint8_t *data, size_t size) {
	const ortho_bytes file = {data, size};
	features f;
	memset(&f, 0, sizeof f);
	// What libwebp says of the alpha is what Pillow goes by, though frames may hold other.
	w->alpha = demux.features(data, size, &f, DECODER_ABI) != 0 || f.alpha;
	w->decoder = demux.create(&file, NULL, DEMUX_ABI);
	info i;
	memset(&i, 0, sizeof i);
	if (!w->decoder || !demux.info(w->decoder, &i)) return 0;
	w->width = i.width;
	w->height = i.height;
	const void *d = demux.demuxer(w->decoder);
	w->icc = found(d, "ICCP");
	w->exif = found(d, "EXIF");
	w->xmp = found(d, "XMP ");
	return 1;
}

const uint8_t *ortho_webp_decode(ortho_webp *w) {
	uint8_t *pixels = NULL;
	int timestamp;
	return demux.next(w->decoder, &pixels, &timestamp) ? pixels : NULL;
}

void ortho_webp_close(ortho_webp *w) {
	if (w->decoder) demux.destroy(w->decoder);
	w->decoder = NULL;
}
