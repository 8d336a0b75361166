#ifndef ORTHO_JPEG_HUFFMAN_H
#define ORTHO_JPEG_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

// Huffman decoding of sequential JPEGs of 8 bits, in libjpeg's place, whose other stages go on to make the
// pixels. It passes over blocks that no one wants at several codes a look-up. What is irregular (a
// code that is none, a marker before its time, the end of the data) it leaves to libjpeg: it stops then, and
// the file is decoded once more.

enum {
	HUFFMAN_VALUE_BITS = 10,
	HUFFMAN_PASS_BITS = 11,
	HUFFMAN_MCU_BYTES = 10 * 64 * 27 / 8 + 16, // more than any MCU takes
	HUFFMAN_BUFFER = 16384
};

// huffman_codes is a table as a file has it: how many codes there are of each length, and their symbols.
typedef struct {
	uint8_t counts[17]; // the first is not used
	uint8_t symbols[256];
} huffman_codes;

typedef struct {
	// By the next bits, of a code that is whole in them: its length, that with the bits behind it that make
	// the value, 64 less those bits, zeros before the coefficient; a byte each, from the lowest. No bits
	// behind it (64): the block's end, 16 zeros, or a DC coefficient as before. 0: a longer code, or none.
	uint32_t values[1 << HUFFMAN_VALUE_BITS];
	// By the next bits: coefficients that all codes make that are whole in them (from bit 8), whether the last
	// is the block's end (HUFFMAN_END), bits taken with those behind the codes (0 to 5), of which some may follow.
	uint16_t pass[1 << HUFFMAN_PASS_BITS];
	// For codes that are longer: past the last of a length, in 16 bits; and what to add for its symbol.
	uint32_t above[18];
	int32_t offset[17];
	huffman_codes codes;
} huffman_table;

typedef struct {
	const uint8_t *data, *end; // that are not in the buffer yet
	const uint8_t *next, *stop; // in the buffer, which holds data up to a marker without what stands for 0xff
	int last_bytes;             // stop is where a marker or the data's end comes
	int cut;                    // the latter
	uint64_t bits;              // the next bit is the highest
	int count;                  // of them
	int irregular;

	int blocks; // in an MCU
	struct {
		const huffman_table *dc, *ac;
		int component;
	} block[10];
	int dc[4]; // of the block before

	unsigned restart_interval, restart_in, restarts;
	int parts;                             // not all MCUs are wanted
	unsigned column, columns, first, last; // MCUs in a row, and those that are wanted

	uint8_t buffer[HUFFMAN_BUFFER + HUFFMAN_MCU_BYTES];
	huffman_table own[8];
} huffman;

// huffman_ready makes t the table for codes, of DC or AC coefficients, with pass or without. It returns t, or
// NULL if the codes are wrong.
const huffman_table *huffman_ready(huffman_table *t, const huffman_codes *codes, int dc, int parts);

// huffman_begin comes before the first MCU, once data, tables and counts are set.
void huffman_begin(huffman *h);

// huffman_mcu decodes the next MCU to its blocks, which are zero, in natural order; blocks that are
// NULL are passed over. It returns 0 where what it finds is irregular.
int huffman_mcu(huffman *h, int16_t (**blocks)[64]);

#endif
