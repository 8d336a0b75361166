// The structures of libjpeg's C API as libjpeg-turbo lays them out for programs of version
// LIBJPEG, 62 or 80 (jpeglib.h); jpeg_CreateDecompress compares version and size with its own, and refuses
// others. It is included once for each version, with NAME to tell them apart.

typedef struct NAME(decoder) NAME(decoder);

typedef struct {
	void (*error_exit)(NAME(decoder) *);
	void (*emit_message)(NAME(decoder) *, int level);
	void (*output_message)(NAME(decoder) *);
	void (*format_message)(NAME(decoder) *, char *text); // 200 bytes
	void (*reset)(NAME(decoder) *);
	int code;
	union { int i[8]; char s[80]; } parameters;
	int trace_level;
	long warnings;
	const char *const *messages;
	int last;
	const char *const *more_messages;
	int more_first, more_last;
} NAME(errors);

typedef struct {
	const uint8_t *next;
	size_t left;
	void (*init)(NAME(decoder) *);
	int (*fill)(NAME(decoder) *);
	void (*skip)(NAME(decoder) *, long n);
	int (*resync)(NAME(decoder) *, int restart);
	void (*term)(NAME(decoder) *);
} NAME(source);

typedef struct {
	void (*monitor)(NAME(decoder) *);
	long counter, limit;
	int completed, total;
} NAME(progress);

struct NAME(decoder) {
	NAME(errors) *err;
	void *memory;
	NAME(progress) *progress;
	void *client;
	int is_decoder, state;
	NAME(source) *src;
	unsigned width, height;
	int components, color_space;
	int out_color_space;
	unsigned scale_num, scale_denom;
	double gamma;
	int buffered, raw, dct_method, fancy_upsampling, block_smoothing, quantize, dither, two_pass, colors, one_pass_quantizer, external_quantizer, two_pass_quantizer;
	unsigned out_width, out_height;
	int out_color_components, out_components, rows_at_once, actual_colors;
	uint8_t **color_map;
	unsigned out_row;
	int in_scan;
	unsigned in_mcu_row;
	int out_scan;
	unsigned out_mcu_row;
	int (*coefficient_bits)[64];
	void *quantization[4], *dc[4], *ac[4];
	int precision;
	void *component_infos;
#if LIBJPEG >= 80
	int is_baseline;
#endif
	int progressive, arithmetic;
	uint8_t arithmetic_tables[48];
	unsigned restart_interval;
	int saw_jfif;
	uint8_t jfif_major, jfif_minor, density_unit;
	uint16_t x_density, y_density;
	int saw_adobe;
	uint8_t adobe_transform;
	int ccir601;
	void *markers;
	int max_h, max_v;
#if LIBJPEG >= 70
	int min_dct_h, min_dct_v;
#else
	int min_dct;
#endif
	unsigned mcu_rows;
	uint8_t *range_limit;
	int scan_components;
	void *scan_infos[4];
	unsigned mcus_per_row, mcu_rows_in_scan;
	int blocks_in_mcu, membership[10], spectral_from, spectral_to, approximation_high, approximation_low;
#if LIBJPEG >= 80
	int block_size;
	const int *natural_order;
	int spectral_limit;
#endif
	int unread_marker;
	void *modules[11];
};
