// The passes for 64-bit ARM, of which every processor has NEON.

#include <arm_neon.h>

static inline uint16x4_t rounded(int32x4_t low, int32x4_t high) {
	int32x4_t sum = vaddq_s32(vaddq_s32(low, vshlq_n_s32(high, 16)), vdupq_n_s32(1 << (PRECISION - 1)));
	return vqmovun_s32(vshrq_n_s32(sum, PRECISION));
}

// Four taps at a time, a register for the three channels of each.
static void across_neon(const axis *a, int channels, const int32_t *start, const int16_t *weight, const uint8_t *const in[ROWS], uint8_t *const out[ROWS]) {
	if (channels != 3) {
		across_plain(a, channels, start, weight, in, out);
		return;
	}
	static const uint8_t order[16] = {0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255};
	const uint8x16_t pixels = vld1q_u8(order);
	for (int i = 0; i < a->out; i++, weight += 8 * a->groups) {
		int32x4_t low[ROWS], high[ROWS];
		for (int r = 0; r < ROWS; r++) low[r] = high[r] = vdupq_n_s32(0);
		for (int g = 0; g < a->groups; g++) {
			ptrdiff_t at = (ptrdiff_t)(start[i] + 4 * g) * 3;
			int16x4_t l = vld1_s16(weight + 8 * g), h = vld1_s16(weight + 8 * g + 4);
			for (int r = 0; r < ROWS; r++) {
				uint8x16_t p = vqtbl1q_u8(vld1q_u8(in[r] + at), pixels);
				int16x8_t p01 = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(p))), p23 = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(p)));
				low[r] = vmlal_lane_s16(low[r], vget_low_s16(p01), l, 0);
				high[r] = vmlal_lane_s16(high[r], vget_low_s16(p01), h, 0);
				low[r] = vmlal_lane_s16(low[r], vget_high_s16(p01), l, 1);
				high[r] = vmlal_lane_s16(high[r], vget_high_s16(p01), h, 1);
				low[r] = vmlal_lane_s16(low[r], vget_low_s16(p23), l, 2);
				high[r] = vmlal_lane_s16(high[r], vget_low_s16(p23), h, 2);
				low[r] = vmlal_lane_s16(low[r], vget_high_s16(p23), l, 3);
				high[r] = vmlal_lane_s16(high[r], vget_high_s16(p23), h, 3);
			}
		}
		for (int r = 0; r < ROWS; r++) {
			uint16x4_t sum = rounded(low[r], high[r]);
			uint8x8_t bytes = vqmovn_u16(vcombine_u16(sum, sum));
			uint32_t rgb = vget_lane_u32(vreinterpret_u32_u8(bytes), 0); // the fourth byte is overwritten by the next pixel
			memcpy(out[r] + 3 * i, &rgb, 4);
		}
	}
}

static inline void down8(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t x) {
	int32x4_t l0 = vdupq_n_s32(0), l1 = l0, h0 = l0, h1 = l0;
	for (int g = 0; g < groups; g++, weight += 8, rows += 4) {
		for (int tap = 0; tap < 4; tap++) {
			int16x8_t p = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(rows[tap] + x)));
			int16_t low = weight[tap], high = weight[4 + tap];
			l0 = vmlal_n_s16(l0, vget_low_s16(p), low);
			h0 = vmlal_n_s16(h0, vget_low_s16(p), high);
			l1 = vmlal_n_s16(l1, vget_high_s16(p), low);
			h1 = vmlal_n_s16(h1, vget_high_s16(p), high);
		}
	}
	vst1_u8(out + x, vqmovn_u16(vcombine_u16(rounded(l0, h0), rounded(l1, h1))));
}

static void down_neon(const uint8_t *const *rows, int groups, const int16_t *weight, uint8_t *out, ptrdiff_t n) {
	if (n < 8) {
		down_plain(rows, groups, weight, out, n);
		return;
	}
	ptrdiff_t x = 0;
	for (; x + 8 <= n; x += 8) down8(rows, groups, weight, out, x);
	if (x < n) down8(rows, groups, weight, out, n - 8); // some columns once more
}

static const passes *vector_passes(void) {
	static const passes neon = {across_neon, down_neon};
	return &neon;
}

const char *ortho_resample_vector(void) { return "neon"; }
