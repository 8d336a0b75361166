#include "jpeg_huffman.h"

#include <string.h>

#define HUFFMAN_END 0x40 // in pass

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

// A run may lead beyond the block: libjpeg, too, has 16 entries more.
static const uint8_t natural[64 + 16] = {
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
};

// entry is what stands in values for a code; 0 where no encoder of 8 bits makes its symbol.
static uint32_t entry(int symbol, int length, int dc) {
	const int run = dc ? 0 : symbol >> 4, size = dc ? symbol : symbol & 15;
	if (size > (dc ? 11 : 10) || !dc && size == 0 && run != 0 && run != 15) return 0;
	return (uint32_t)(length | (length + size) << 8 | (64 - size) << 16 | run << 24);
}

INLINE int total(uint32_t e) { return e >> 8 & 63; }
INLINE int down(uint32_t e) { return e >> 16 & 127; }
INLINE int zeros(uint32_t e) { return (int)(e >> 24); }

// passing fills pass. What stands there for n bits is made of what stands for fewer, which follow a code and the
// bits behind it, whatever these are.
static void passing(huffman_table *t) {
	uint16_t fewer[1 << HUFFMAN_PASS_BITS]; // for n bits, from 1<<n on
	fewer[1] = 0;
	for (int n = 1; n <= HUFFMAN_PASS_BITS; n++) {
		uint16_t *to = n == HUFFMAN_PASS_BITS ? t->pass : fewer + (1 << n);
		uint16_t *const end = to + (1 << n);
		for (int length = 1, symbol = 0; length <= n; length++)
			for (int i = 0; i < t->codes.counts[length]; i++, symbol++) {
				const uint32_t e = entry(t->codes.symbols[symbol], length, 0);
				const int end_of_block = down(e) == 64 && zeros(e) == 0;
				const uint16_t one = (uint16_t)(e == 0 ? 0 : end_of_block ? HUFFMAN_END | length : (zeros(e) + 1) << 8 | total(e));
				const int rest = n - total(e);
				uint16_t *const past = to + (1 << (n - length));
				if (e == 0 || end_of_block || rest <= 0)
					while (to < past) *to++ = one;
				else
					for (const uint16_t *from = fewer + (1 << rest); to < past; to += 1 << rest)
						for (int k = 0; k < 1 << rest; k++) to[k] = (uint16_t)(one + from[k]);
			}
		memset(to, 0, (size_t)((char *)end - (char *)to));
	}
}

const huffman_table *huffman_ready(huffman_table *t, const huffman_codes *codes, int dc, int parts) {
	unsigned code = 0;
	int symbol = 0;
	memset(t->values, 0, sizeof t->values);
	for (int length = 1; length <= 16; length++) {
		t->offset[length] = symbol - (int)code;
		for (int i = 0; i < codes->counts[length]; i++, symbol++, code++) {
			if (symbol > 255 || code >= 1u << length) return NULL;
			if (length > HUFFMAN_VALUE_BITS) continue;
			const int rest = HUFFMAN_VALUE_BITS - length;
			const uint32_t e = entry(codes->symbols[symbol], length, dc);
			for (unsigned bits = 0; bits < 1u << rest; bits++) t->values[code << rest | bits] = e;
		}
		t->above[length] = code << (16 - length);
		code <<= 1;
	}
	t->codes = *codes;
	if (!dc && parts) passing(t);
	return t;
}

// reader is a decoder's place in its buffer. It stays in registers as long as no function that stands apart
// gets its address.
typedef struct {
	const uint8_t *next;
	uint64_t bits;
	int count;
} reader;

// fill gives a reader 56 bits at least.
INLINE void fill(reader *r) {
	uint64_t v;
	memcpy(&v, r->next, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	r->bits |= v >> r->count;
	r->next += (63 - r->count) >> 3;
	r->count |= 56;
}

INLINE void take(reader *r, int n) {
	r->bits <<= n;
	r->count -= n;
}

// rare is the entry of a code that values has not; 0 where there is none.
APART uint32_t rare(const huffman_table *t, unsigned ahead, int dc) {
	int length = 1;
	while (length <= 16 && ahead >= t->above[length]) length++;
	return length > 16 ? 0 : entry(t->codes.symbols[t->offset[length] + (int)(ahead >> (16 - length))], length, dc);
}

// code is the entry of the next code, of 27 bits at most with those behind it; 0 where there is none.
INLINE uint32_t code(const huffman_table *t, const reader *r, int dc) {
	const uint32_t e = t->values[r->bits >> (64 - HUFFMAN_VALUE_BITS)];
	return __builtin_expect(e == 0, 0) ? rare(t, (unsigned)(r->bits >> 48), dc) : e;
}

// value takes a code and the bits behind it, which make the value: those that begin with 0 are negative.
INLINE int value(reader *r, uint32_t e) {
	const uint64_t v = r->bits << (e & 63);
	take(r, total(e));
	return (int)((v >> down(e)) - ((uint64_t)((int64_t)~v >> 63) & ~(uint64_t)0 >> down(e)));
}

// coefficients reads the AC coefficients of a block. It reports whether they are regular.
INLINE int coefficients(const huffman_table *t, reader *r, int16_t *block) {
	int k = 1;
	do {
		fill(r);
#pragma GCC unroll 2
		for (int i = 0; i < 2; i++) { // two codes are in the bits
			const uint32_t e = code(t, r, 0);
			k += zeros(e);
			if (__builtin_expect(down(e) == 64, 0)) {
				take(r, total(e));
				if (zeros(e) == 0) return 1;
			} else if (__builtin_expect(e == 0, 0)) return 0;
			else block[natural[k]] = (int16_t)value(r, e);
			if (++k >= 64) return k == 64;
		}
	} while (1);
}

// pass_over is coefficients for a block that no one wants.
INLINE int pass_over(const huffman_table *t, reader *r) {
	for (int k = 1; k < 64;) {
		fill(r);
#pragma GCC unroll 2
		for (int i = 0; i < 2; i++) {
			const unsigned many = t->pass[r->bits >> (64 - HUFFMAN_PASS_BITS)];
			const int after = k + (int)(many >> 8);
			if (__builtin_expect((many & 0x3f) != 0 && after < 64, 1)) {
				take(r, many & 0x3f);
				if (many & HUFFMAN_END) return 1;
				k = after;
				continue;
			}
			fill(r);
			const uint32_t e = code(t, r, 0);
			if (e == 0) return 0;
			take(r, total(e));
			if (down(e) == 64 && zeros(e) == 0) return 1;
			k += zeros(e) + 1;
			break;
		}
		if (k > 64) return 0;
	}
	return 1;
}

// more moves what is left of the buffer to its front, and fills it.
APART void more(huffman *h) {
	size_t held = (size_t)(h->stop - h->next);
	memmove(h->buffer, h->next, held);
	while (held < HUFFMAN_BUFFER && !h->last_bytes) {
		size_t n = (size_t)(h->end - h->data);
		if (n > HUFFMAN_BUFFER - held) n = HUFFMAN_BUFFER - held;
		const uint8_t *marker = memchr(h->data, 0xff, n);
		if (marker) n = (size_t)(marker - h->data);
		memcpy(h->buffer + held, h->data, n);
		held += n;
		h->data += n;
		if (marker && h->end - h->data >= 2 && h->data[1] == 0) {
			h->buffer[held++] = 0xff;
			h->data += 2;
		} else if (marker && h->end - h->data >= 2) h->last_bytes = 1;
		else if (marker || h->data == h->end) h->last_bytes = h->cut = 1;
	}
	h->next = h->buffer;
	h->stop = h->buffer + held;
	if (h->last_bytes) memset(h->buffer + held, 0, HUFFMAN_MCU_BYTES); // an MCU that goes on is irregular
}

// ahead is how many bits of the buffer are not taken yet; less than none where too many are.
static long ahead(const huffman *h) { return 8 * (long)(h->stop - h->next) + h->count; }

// restart goes on behind the marker that is due.
static int restart(huffman *h) {
	if (!h->last_bytes) more(h);
	if (!h->last_bytes || ahead(h) > 7 || h->end - h->data < 2 || h->data[1] != 0xd0 + (h->restarts++ & 7)) return 0;
	h->data += 2;
	h->restart_in = h->restart_interval;
	h->next = h->stop = h->buffer;
	h->bits = 0;
	h->count = h->last_bytes = 0;
	memset(h->dc, 0, sizeof h->dc);
	return 1;
}

void huffman_begin(huffman *h) { h->next = h->stop = h->buffer; }

int huffman_mcu(huffman *h, int16_t (**blocks)[64]) {
	if (h->irregular) return 0;
	h->irregular = 1; // until all is well
	if (h->restart_interval && h->restart_in == 0 && !restart(h)) return 0;
	h->restart_in--;
	if (!blocks && !h->parts) return 0;
	if (h->stop - h->next < HUFFMAN_MCU_BYTES && !h->last_bytes) more(h);
	reader r = {h->next, h->bits, h->count};
	const int wanted = !h->parts || blocks && h->column >= h->first && h->column <= h->last;
	if (++h->column == h->columns) h->column = 0;
	for (int i = 0; i < h->blocks; i++) {
		fill(&r);
		const uint32_t e = code(h->block[i].dc, &r, 1);
		if (e == 0) return 0;
		int *dc = &h->dc[h->block[i].component];
		if (down(e) < 64) *dc += value(&r, e);
		else take(&r, total(e));
		if (*dc != (int16_t)*dc) return 0;
		if (wanted) {
			(*blocks[i])[0] = (int16_t)*dc;
			if (!coefficients(h->block[i].ac, &r, *blocks[i])) return 0;
		} else if (!pass_over(h->block[i].ac, &r)) return 0;
	}
	h->next = r.next, h->bits = r.bits, h->count = r.count;
	// libjpeg looks 64 bits ahead, and stops where a file ends there without a marker.
	if (ahead(h) < (h->cut ? 128 : 0)) return 0;
	h->irregular = 0;
	return 1;
}
