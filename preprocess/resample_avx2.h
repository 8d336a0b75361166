// The passes for x86-64 with AVX2: 16-bit multiplications, the weights' halves apart.

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

// rounded puts the halves together, rounds, and cuts to 16 bits.
static inline AVX2 __m256i rounded(__m256i low, __m256i high) {
	__m256i sum = _mm256_add_epi32(_mm256_add_epi32(low, _mm256_slli_epi32(high, 16)), _mm256_set1_epi32(1 << (PRECISION - 1)));
	return _mm256_srai_epi32(sum, PRECISION);
}

// Four taps of a pixel's three channels at a time: taps 0 and 1 in the lower half of
// a register, 2 and 3 in the upper one.
static AVX2 void across_avx2(const axis *a, int channels, const int32_t *start, const int16_t *weight, const uint8_t *const in[ROWS], uint8_t *const out[ROWS]) {
	if (channels != 3) {
		across_plain(a, channels, start, weight, in, out);
		return;
	}
	const __m256i pixels = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, //
		6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
	const __m256i lows = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
	const __m256i highs = _mm256_add_epi8(lows, _mm256_set1_epi8(8));
	const uint8_t *r0 = in[0], *r1 = in[1], *r2 = in[2], *r3 = in[3];
	const int groups = a->groups;
	for (int i = 0; i < a->out; i++) {
		ptrdiff_t at = (ptrdiff_t)start[i] * 3;
		__m256i l0 = _mm256_setzero_si256(), l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
		for (int g = 0; g < groups; g++, at += 12, weight += 8) {
			__m256i w = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)weight));
			__m256i low = _mm256_shuffle_epi8(w, lows), high = _mm256_shuffle_epi8(w, highs);
#define TAPS(row, l, h)                                                                                                                \
	do {                                                                                                                           \
		__m256i p = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(row + at))), pixels);    \
		l = _mm256_add_epi32(l, _mm256_madd_epi16(p, low));                                                                    \
		h = _mm256_add_epi32(h, _mm256_madd_epi16(p, high));                                                                   \
	} while (0)
			TAPS(r0, l0, h0);
			TAPS(r1, l1, h1);
			TAPS(r2, l2, h2);
			TAPS(r3, l3, h3);
#undef TAPS
		}
#define PIXEL(l, h, to)                                                                                                                      \
	do {                                                                                                                                 \
		__m128i low = _mm_add_epi32(_mm256_castsi256_si128(l), _mm256_extracti128_si256(l, 1));                                      \
		__m128i high = _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));                                     \
		__m128i sum = _mm_add_epi32(_mm_add_epi32(low, _mm_slli_epi32(high, 16)), _mm_set1_epi32(1 << (PRECISION - 1)));             \
		sum = _mm_packs_epi32(_mm_srai_epi32(sum, PRECISION), _mm_setzero_si128());                                                  \
		int32_t rgb = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum)); /* and a zero, which the next pixel overwrites */            \
		memcpy(to + 3 * i, &rgb, 4);                                                                                                 \
	} while (0)
		PIXEL(l0, h0, out[0]);
		PIXEL(l1, h1, out[1]);
		PIXEL(l2, h2, out[2]);
		PIXEL(l3, h3, out[3]);
#undef PIXEL
	}
}

// Sixteen columns: the bytes of two rows side by side, so that one multiplication
// takes both.
static inline AVX2 void down16(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t x) {
	__m256i l0 = _mm256_setzero_si256(), l1 = l0, h0 = l0, h1 = l0;
	for (int k = 0; k < 4 * groups; k += 2) {
		const int16_t *w = weight + k / 4 * 8 + k % 4;
		int32_t two;
		memcpy(&two, w, 4);
		__m256i low = _mm256_set1_epi32(two);
		memcpy(&two, w + 4, 4);
		__m256i high = _mm256_set1_epi32(two);
		__m128i a = _mm_loadu_si128((const __m128i *)(rows[k] + x)), b = _mm_loadu_si128((const __m128i *)(rows[k + 1] + x));
		__m256i p = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), q = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
		l0 = _mm256_add_epi32(l0, _mm256_madd_epi16(p, low));
		h0 = _mm256_add_epi32(h0, _mm256_madd_epi16(p, high));
		l1 = _mm256_add_epi32(l1, _mm256_madd_epi16(q, low));
		h1 = _mm256_add_epi32(h1, _mm256_madd_epi16(q, high));
	}
	// packs works on the halves of a register: 0-3 8-11 4-7 12-15 is put in order.
	__m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(rounded(l0, h0), rounded(l1, h1)), 0xd8);
	__m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
	_mm_storeu_si128((__m128i *)(out + x), bytes);
}

static AVX2 void down_avx2(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t n) {
	if (n < 16) {
		down_plain(rows, groups, weight, out, n);
		return;
	}
	ptrdiff_t x = 0;
	for (; x + 16 <= n; x += 16) down16(rows, groups, weight, out, x);
	if (x < n) down16(rows, groups, weight, out, n - 16); // some columns once more
}

static const passes *vector_passes(void) {
	static const passes avx2 = {across_avx2, down_avx2};
	return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

const char *ortho_resample_vector(void) { return __builtin_cpu_supports("avx2") ? "avx2" : ""; }
