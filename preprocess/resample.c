// Pillow's two resampling passes, each rounded to 8 bits, and the way into the
// tensor, in one go over the image:
//
//	rows of src -> across, four at a time -> ring of rows -> down -> a row -> tables -> dst
//
// or, where Pillow filters columns first, with down before across. The image between
// the passes never exists as a whole: the ring holds the rows that one output needs.
//
// A pass comes in plain C and in vector code, which give the same bits: all sums are
// exact modulo 2^32, in whatever order. The plain Go reference is in
// reference_test.go.

#include "resample.h"

#include <string.h>

enum { PRECISION = 22, ROWS = 4, SLACK = 32 };

typedef struct {
	// across filters four rows into rows of out pixels. Of each in[i] the bytes up to
	// those of the last group are read, and SLACK more.
	void (*across)(const axis *a, int channels, const int32_t *start, const int16_t *weight, const uint8_t *const in[ROWS], uint8_t *const out[ROWS]);
	// down filters 4*groups rows of n bytes into one.
	void (*down)(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t n);
} passes;

static inline uint8_t clip(uint32_t sum) {
	int32_t v = (int32_t)sum >> PRECISION;
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static const uint32_t half = 1u << (PRECISION - 1);

// unpack puts a group's four weights together.
static inline void unpack(const int16_t *group, uint32_t weight[4]) {
	for (int tap = 0; tap < 4; tap++) weight[tap] = (uint32_t)group[tap] + ((uint32_t)group[4 + tap] << 16);
}

static inline void across_channels(const axis *a, int channels, const int32_t *start, const int16_t *weight, const uint8_t *const in[ROWS], uint8_t *const out[ROWS]) {
	for (int i = 0; i < a->out; i++) {
		ptrdiff_t at = (ptrdiff_t)start[i] * channels;
		uint32_t sum[ROWS][3];
		for (int r = 0; r < ROWS; r++) sum[r][0] = sum[r][1] = sum[r][2] = half;
		for (int g = 0; g < a->groups; g++, at += 4 * channels, weight += 8) {
			uint32_t w[4];
			unpack(weight, w);
			for (int r = 0; r < ROWS; r++) {
				const uint8_t *p = in[r] + at;
				for (int c = 0; c < channels; c++)
					sum[r][c] += w[0] * p[c] + w[1] * p[channels + c] + w[2] * p[2 * channels + c] + w[3] * p[3 * channels + c];
			}
		}
		for (int r = 0; r < ROWS; r++)
			for (int c = 0; c < channels; c++) out[r][i * channels + c] = clip(sum[r][c]);
	}
}

static void across_plain(const axis *a, int channels, const int32_t *start, const int16_t *weight, const uint8_t *const in[ROWS], uint8_t *const out[ROWS]) {
	if (channels == 3)
		across_channels(a, 3, start, weight, in, out);
	else
		across_channels(a, 1, start, weight, in, out);
}

static void down_plain(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t n) {
	enum { COLUMNS = 64 };
	for (ptrdiff_t x = 0; x < n; x += COLUMNS) {
		int some = n - x < COLUMNS ? (int)(n - x) : COLUMNS;
		uint32_t sum[COLUMNS];
		for (int i = 0; i < COLUMNS; i++) sum[i] = half;
		for (int g = 0; g < groups; g++) {
			uint32_t w[4];
			unpack(weight + 8 * g, w);
			const uint8_t *a = rows[4 * g] + x, *b = rows[4 * g + 1] + x, *c = rows[4 * g + 2] + x, *d = rows[4 * g + 3] + x;
			for (int i = 0; i < some; i++) sum[i] += w[0] * a[i] + w[1] * b[i] + w[2] * c[i] + w[3] * d[i];
		}
		for (int i = 0; i < some; i++) out[x + i] = clip(sum[i]);
	}
}

static const passes plain = {across_plain, down_plain};

// GCC on Windows keeps no stack aligned for AVX registers (its bug 54412).
#if defined(__x86_64__) && !(defined(_WIN32) && !defined(__clang__))
#include "resample_avx2.h"
#elif defined(__aarch64__)
#include "resample_neon.h"
#else
static const passes *vector_passes(void) { return NULL; }
const char *ortho_resample_vector(void) { return ""; }
#endif

// Memory: pointers to the rows that one output takes, rows between the passes, and a
// copy of a source row too near to the image's end to be read with slack.
typedef struct {
	ptrdiff_t stride, copy, result; // bytes of a row between the passes, of a copy, of a row of outputs
	int32_t rows;                   // between the passes
} layout;

static ptrdiff_t with_slack(ptrdiff_t n) { return (n + SLACK + 7) & ~(ptrdiff_t)7; }

static layout layout_of(const job *j, int32_t last_start) {
	layout l;
	l.copy = with_slack((ptrdiff_t)(last_start + 4 * j->across.groups) * j->channels);
	l.result = with_slack((ptrdiff_t)j->across.out * j->channels);
	if (j->columns_first) {
		l.stride = l.copy; // filtered down, not yet across
		l.rows = ROWS;
	} else {
		l.stride = l.result;
		l.rows = 4 * j->down.groups + ROWS;
	}
	return l;
}

size_t ortho_resample_scratch(const job *j, int32_t last_start) {
	layout l = layout_of(j, last_start);
	return 4 * (size_t)j->down.groups * sizeof(uint8_t *) + (size_t)l.rows * l.stride + ROWS * (size_t)(l.copy + l.result);
}

// write_TYPE writes a row of n pixels as a tensor's elements.
#define WRITE(type)                                                                                                                   \
	static void write_##type(const job *j, const type *table, const uint8_t *row, int in, type *to) {                             \
		const ptrdiff_t step = j->pixel;                                                                                      \
		const int n = j->across.out;                                                                                          \
		type *a = to + j->channel[0], *b = to + j->channel[1], *c = to + j->channel[2];                                       \
		if (j->channels == 1) {                                                                                               \
			for (int x = 0; x < n; x++) a[x * step] = table[row[x]];                                                      \
			return;                                                                                                       \
		}                                                                                                                     \
		for (int x = 0; x < n; x++, row += in, a += step, b += step, c += step) {                                             \
			*a = table[row[0]];                                                                                           \
			*b = table[256 + row[1]];                                                                                     \
			*c = table[512 + row[2]];                                                                                     \
		}                                                                                                                     \
	}
WRITE(uint8_t)
WRITE(uint16_t)
WRITE(uint32_t)

// write_row writes a row whose pixels are in bytes apart.
static void write_row(const job *j, const void *tables, const uint8_t *row, int in, void *dst, ptrdiff_t y) {
	ptrdiff_t at = y * j->row;
	switch (j->element) {
	case 1: write_uint8_t(j, tables, row, in, (uint8_t *)dst + at); break;
	case 2: write_uint16_t(j, tables, row, in, (uint16_t *)dst + at); break;
	case 4: write_uint32_t(j, tables, row, in, (uint32_t *)dst + at); break;
	}
}

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

void ortho_resample(const job *j, const uint8_t *src, const int32_t *across_start, const int16_t *across_weight, const int32_t *down_start,
	const int16_t *down_weight, const void *tables, void *dst, uint8_t *scratch) {
	const passes *p = j->vector ? vector_passes() : NULL;
	if (!p) p = &plain;
	const axis *across = &j->across, *down = &j->down;
	const int channels = j->channels, taps = 4 * down->groups;
	const ptrdiff_t stride = j->stride, width = (ptrdiff_t)across->in * channels;
	const int32_t last_start = across_start[across->out - 1];
	const layout l = layout_of(j, last_start);

	const uint8_t **rows = (const uint8_t **)scratch;
	uint8_t *between = scratch + taps * sizeof *rows;
	uint8_t *copies = between + l.rows * l.stride;
	uint8_t *results = copies + ROWS * l.copy;

	if (j->columns_first) {
		const ptrdiff_t first = (ptrdiff_t)across_start[0] * channels;
		ptrdiff_t n = (ptrdiff_t)least(last_start + 4 * across->groups, across->in) * channels - first;
		const uint8_t *in[ROWS];
		uint8_t *out[ROWS];
		for (int r = 0; r < ROWS; r++) in[r] = between + r * l.stride, out[r] = results + r * l.result;
		for (int32_t y = 0; y < down->out; y += ROWS) {
			int32_t some = least(ROWS, down->out - y);
			for (int32_t r = 0; r < some; r++) {
				for (int k = 0; k < taps; k++) rows[k] = src + least(down_start[y + r] + k, down->in - 1) * stride + first;
				p->down(rows, down->groups, down_weight + (ptrdiff_t)(y + r) * 2 * taps, between + r * l.stride + first, n);
			}
			p->across(across, channels, across_start, across_weight, in, out);
			for (int32_t r = 0; r < some; r++) write_row(j, tables, out[r], channels, dst, y + r);
		}
		return;
	}

	const ptrdiff_t total = j->size;
	int32_t filled = 0; // source rows up to here are in the ring, as far as they are needed
	for (int32_t y = 0; y < down->out; y++) {
		int32_t start = down_start[y], end = least(start + taps, down->in);
		if (filled < start) filled = start;
		while (filled < end) {
			const uint8_t *in[ROWS];
			uint8_t *out[ROWS];
			for (int r = 0; r < ROWS; r++) {
				ptrdiff_t at = stride * least(filled + r, down->in - 1);
				in[r] = src + at;
				if (at + l.copy > total) {
					memcpy(copies + r * l.copy, src + at, width < l.copy ? width : l.copy);
					in[r] = copies + r * l.copy;
				}
				out[r] = between + (filled + r) % l.rows * l.stride;
			}
			p->across(across, channels, across_start, across_weight, in, out);
			filled = least(filled + ROWS, down->in);
		}
		for (int k = 0; k < taps; k++) rows[k] = between + least(start + k, down->in - 1) % l.rows * l.stride;
		p->down(rows, down->groups, down_weight + (ptrdiff_t)y * 2 * taps, results, (ptrdiff_t)across->out * channels);
		write_row(j, tables, results, channels, dst, y);
	}
}

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// linear_across is HResizeLinear, of which VResizeLinear uses the sums by sixteenths: those fit into 16 bits. Colours have
// four places a pixel, the last of which is for nothing. left is how many bytes there are from row on.
static void linear_across(const pair *across, int n, int channels, const uint8_t *row, ptrdiff_t left, int16_t *out) {
	if (channels == 1) {
		for (int x = 0; x < n; x++) out[x] = (int16_t)((row[across[x].at[0]] * across[x].weight[0] + row[across[x].at[1]] * across[x].weight[1]) >> 4);
		return;
	}
	for (int x = 0; x < n; x++, out += 4) {
		const ptrdiff_t p = 3 * (ptrdiff_t)across[x].at[0], q = 3 * (ptrdiff_t)across[x].at[1];
		const int32_t v = across[x].weight[0], w = across[x].weight[1];
#if defined(__SSE2__)
		if ((p > q ? p : q) + 4 <= left) {
			int32_t a, b;
			memcpy(&a, row + p, 4);
			memcpy(&b, row + q, 4);
			__m128i both = _mm_unpacklo_epi8(_mm_unpacklo_epi8(_mm_cvtsi32_si128(a), _mm_cvtsi32_si128(b)), _mm_setzero_si128());
			__m128i sum = _mm_srai_epi32(_mm_madd_epi16(both, _mm_set1_epi32(v | w << 16)), 4);
			_mm_storel_epi64((__m128i *)out, _mm_packs_epi32(sum, sum));
			continue;
		}
#endif
		for (int c = 0; c < 3; c++) out[c] = (int16_t)((row[p + c] * v + row[q + c] * w) >> 4);
		out[3] = 0;
	}
}

// linear_down is VResizeLinear.
static void linear_down(const int16_t *a, const int16_t *b, int32_t v, int32_t w, ptrdiff_t n, uint8_t *out) {
	ptrdiff_t i = 0;
#if defined(__SSE2__)
	const __m128i first = _mm_set1_epi16((int16_t)v), second = _mm_set1_epi16((int16_t)w), two = _mm_set1_epi16(2);
	for (; i + 8 <= n; i += 8) {
		__m128i sum = _mm_add_epi16(_mm_mulhi_epi16(_mm_loadu_si128((const __m128i *)(a + i)), first), _mm_mulhi_epi16(_mm_loadu_si128((const __m128i *)(b + i)), second));
		sum = _mm_srai_epi16(_mm_add_epi16(sum, two), 2);
		_mm_storel_epi64((__m128i *)(out + i), _mm_packus_epi16(sum, sum));
	}
#endif
	for (; i < n; i++) out[i] = (uint8_t)(((a[i] * v >> 16) + (b[i] * w >> 16) + 2) >> 2);
}

void ortho_linear_cv2(const job *j, const uint8_t *src, const pair *across, const pair *down, const void *tables, void *dst, uint8_t *scratch) {
	const int channels = j->channels, places = channels == 1 ? 1 : 4;
	const ptrdiff_t n = (ptrdiff_t)j->across.out * places;
	int16_t *rows[2] = {(int16_t *)scratch, (int16_t *)scratch + n};
	uint8_t *result = scratch + 4 * n;
	int32_t held[2] = {-1, -1};
	for (int32_t y = 0; y < j->down.out; y++) {
		const int16_t *both[2];
		for (int k = 0; k < 2; k++) {
			const int32_t line = down[y].at[k], other = down[y].at[1 - k];
			int slot = held[0] == line ? 0 : held[1] == line ? 1 : held[0] == other ? 1 : 0;
			if (held[slot] != line) {
				linear_across(across, j->across.out, channels, src + line * j->stride, j->size - line * j->stride, rows[slot]);
				held[slot] = line;
			}
			both[k] = rows[slot];
		}
		linear_down(both[0], both[1], down[y].weight[0], down[y].weight[1], n, result);
		write_row(j, tables, result, places == 1 ? 1 : 4, dst, y);
	}
}
