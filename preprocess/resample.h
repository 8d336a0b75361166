#ifndef ORTHO_RESAMPLE_H
#define ORTHO_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

// axis is one direction of a resize: output i is the weighted sum of the inputs
// from start[i] on. Weights are fixed point with PRECISION fractional bits, cut into
// halves of 16 bits (weight = low + 65536*high) and laid out by groups of four taps:
// four lows, four highs. Every output has as many groups; taps that it does not need
// weigh 0.
typedef struct {
	int32_t in, out; // pixels of the image; outputs that are computed
	int32_t groups;
} axis;

// The job of one image, but for its memory.
typedef struct {
	axis across, down;
	int32_t channels;      // 1 or 3
	int32_t columns_first; // filter down before across
	int32_t element;       // bytes of a tensor's element: 1, 2 or 4
	int32_t vector;        // 0: plain C; 1: the processor's vector code, where there is some
	// Where the first output's channels go, and from there a pixel and a row further,
	// in elements.
	int64_t channel[3], pixel, row;
	// Bytes of the image from a row to the next, and from its first pixel to the end of its memory: it may be
	// a part of a larger one.
	int64_t stride, size;
} job;

// ortho_resample_scratch returns the bytes of memory that ortho_resample needs.
size_t ortho_resample_scratch(const job *j, int32_t last_start);

// ortho_resample resamples src, rows of in pixels stride bytes apart, and writes each output by
// way of tables (256 elements a channel, by the pixel's value) into dst.
void ortho_resample(const job *j, const uint8_t *src, const int32_t *across_start, const int16_t *across_weight, const int32_t *down_start,
	const int16_t *down_weight, const void *tables, void *dst, uint8_t *scratch);

// pair is two pixels of an edge and their weights, fixed point with 11 bits as OpenCV has them.
typedef struct {
	int32_t at[2], weight[2];
} pair;

// ortho_linear_cv2 is OpenCV's INTER_LINEAR of bytes, to the bit: across and down are the pairs of each column and row
// of the result, which goes into dst as in ortho_resample. scratch has ORTHO_LINEAR_BYTES for each column.
enum { ORTHO_LINEAR_BYTES = 24 };
void ortho_linear_cv2(const job *j, const uint8_t *src, const pair *across, const pair *down, const void *tables, void *dst, uint8_t *scratch);

// ortho_resample_vector names the vector code that this processor runs; "" for none.
const char *ortho_resample_vector(void);

#endif
