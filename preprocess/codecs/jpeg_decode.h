// Decoding with the structures of one version of libjpeg's API. It is included once for each version.

typedef struct {
	NAME(errors) errors; // first: libjpeg knows its address alone
	jmp_buf fatal;
	char message[200];
} NAME(catcher);

static void NAME(on_error)(NAME(decoder) *d) {
	NAME(catcher) *c = (NAME(catcher) *)d->err;
	d->err->format_message(d, c->message);
	longjmp(c->fatal, 1);
}

// Warnings are of damage that leaves an image, as Pillow has it.
static void NAME(on_message)(NAME(decoder) *d, int level) {
	if (level < 0) d->err->warnings++;
}
static void NAME(on_output)(NAME(decoder) *d) { (void)d; }

// The source is the whole file. Where it ends, decoding is suspended, and the file is truncated.
static void NAME(on_init)(NAME(decoder) *d) { (void)d; }
static int NAME(on_fill)(NAME(decoder) *d) { (void)d; return 0; }
static void NAME(on_skip)(NAME(decoder) *d, long n) {
	if (n <= 0) return;
	if ((size_t)n > d->src->left) n = (long)d->src->left;
	d->src->next += n;
	d->src->left -= (size_t)n;
}
static int NAME(on_resync)(NAME(decoder) *d, int restart) { return jpeg.resync(d, restart); }

static void NAME(on_pass)(NAME(decoder) *d) {
	if (d->in_scan <= MAX_SCANS) return;
	NAME(catcher) *c = (NAME(catcher) *)d->err;
	snprintf(c->message, sizeof c->message, "it has more than %d scans", MAX_SCANS);
	longjmp(c->fatal, 1);
}

static void NAME(catch)(NAME(catcher) *c) {
	jpeg.std_error(&c->errors);
	c->errors.error_exit = NAME(on_error);
	c->errors.emit_message = NAME(on_message);
	c->errors.output_message = NAME(on_output);
	c->message[0] = 0;
}

// known reports whether the library takes this version's structures.
static int NAME(known)(char *message, size_t n) {
	NAME(catcher) c;
	NAME(decoder) d;
	memset(&d, 0, sizeof d);
	NAME(catch)(&c);
	d.err = &c.errors;
	if (setjmp(c.fatal)) {
		snprintf(message, n, "%s", c.message);
		return 0;
	}
	jpeg.create(&d, LIBJPEG, sizeof d);
	jpeg.destroy(&d);
	return 1;
}

typedef struct {
	NAME(catcher) catcher;
	NAME(decoder) decoder;
	NAME(source) source;
	NAME(progress) progress;
	huffman *huffman; // NULL: libjpeg decodes alone
} NAME(job);

static int NAME(on_mcu)(NAME(decoder) *d, int16_t (**blocks)[64]) { return huffman_mcu(d->client, blocks); }

// replace_entropy puts Huffman decoding of our own in libjpeg's place, and reports whether it serves.
static int NAME(replace_entropy)(NAME(job) *job, const ortho_jpeg *ask) {
	NAME(decoder) *d = &job->decoder;
	// What all versions have: the first members of a component, and of the module.
	typedef struct { int id, index, h, v, quantization, dc, ac; } component;
	typedef struct {
		void (*start)(NAME(decoder) *);
		int (*mcu)(NAME(decoder) *, int16_t (**blocks)[64]);
	} entropy;
	entropy *module = d->modules[6];
	if (d->progressive || d->arithmetic || d->precision != 8 || d->scan_components != d->components || d->unread_marker || d->blocks_in_mcu > 10) return 0;
#if LIBJPEG >= 80
	if (d->block_size != 8) return 0;
#endif
	if (!jpeg_own((void *)module->mcu)) return 0;
	huffman *h = malloc(sizeof *h);
	if (!h) return 0;
	memset(h, 0, offsetof(huffman, buffer));
	job->huffman = h;
	h->data = d->src->next;
	h->end = d->src->next + d->src->left;
	h->blocks = d->blocks_in_mcu;
	h->restart_interval = h->restart_in = d->restart_interval;
	h->columns = d->mcus_per_row;
	h->last = h->columns - 1;
	if (ask->shrink == 1) {
		const unsigned mcu = d->scan_components == 1 ? 8 : 8 * (unsigned)d->max_h;
		h->first = (unsigned)ask->x / mcu;
		h->last = (unsigned)(ask->x + ask->w - 1) / mcu;
	}
	h->parts = ask->y > 0 || h->first > 0 || h->last < h->columns - 1;
	const huffman_table *dc[4] = {0}, *ac[4] = {0};
	for (int i = 0; i < h->blocks; i++) {
		const int c = d->membership[i];
		const component *info = d->scan_infos[c];
		if (info->dc < 0 || info->dc > 3 || info->ac < 0 || info->ac > 3 || !d->dc[info->dc] || !d->ac[info->ac]) return 0;
		if (!dc[info->dc]) dc[info->dc] = huffman_ready(&h->own[info->dc], d->dc[info->dc], 1, 0);
		if (!ac[info->ac]) ac[info->ac] = huffman_ready(&h->own[4 + info->ac], d->ac[info->ac], 0, h->parts);
		h->block[i].dc = dc[info->dc], h->block[i].ac = ac[info->ac], h->block[i].component = c;
		if (!h->block[i].dc || !h->block[i].ac) return 0;
	}
	huffman_begin(h);
	d->client = h;
	module->mcu = NAME(on_mcu);
	return 1;
}

static int NAME(window)(NAME(job) *job, const ortho_jpeg *ask, uint8_t *dst) {
	NAME(decoder) *d = &job->decoder;
	const unsigned bytes = (unsigned)d->out_components, w = (unsigned)ask->w, h = (unsigned)ask->h;
	unsigned top = 0;
	// Smooth upsampling looks at the samples above, so that those before the part's own are decoded, too.
#if LIBJPEG >= 70
	const unsigned block_h = (unsigned)(d->max_v * d->min_dct_v);
#else
	const unsigned block_h = (unsigned)(d->max_v * d->min_dct);
#endif
	const unsigned above = (unsigned)d->max_v;
	// Where scans are missing, blocks are smoothed by those beside them, which a part has not.
	if ((ask->y > 0 || w < d->out_width || h < d->out_height) && !ask->rows && d->progressive && d->coefficient_bits)
		for (int c = 0; c < d->components; c++)
			for (int k = 0; k < 64; k++)
				if (d->coefficient_bits[c][k] != 0) return JPEG_WHOLE;
	if (w < d->out_width) {
		unsigned x = (unsigned)ask->x, width = w;
		jpeg.crop(d, &x, &width);
		if (x != (unsigned)ask->x || width != w) {
			snprintf(job->catcher.message, sizeof job->catcher.message, "a part from column %d on begins in column %u", ask->x, x);
			return JPEG_FATAL;
		}
	}
	if ((unsigned)ask->y > above) top = ((unsigned)ask->y - above) / block_h * block_h;
	if (top > 0 && jpeg.skip(d, top) != top) return JPEG_TRUNCATED;
	for (unsigned y = top; y < (unsigned)ask->y + h; y++) {
		const unsigned n = y < (unsigned)ask->y ? 0 : y - (unsigned)ask->y; // of the part
		uint8_t *row = dst + (size_t)(ask->rows ? n % JPEG_BAND : n) * w * bytes;
		if (jpeg.read(d, &row, 1) != 1) return JPEG_TRUNCATED;
		if (ask->rows && y >= (unsigned)ask->y && (n % JPEG_BAND == JPEG_BAND - 1 || n == h - 1)) {
			const unsigned first = n / JPEG_BAND * JPEG_BAND;
			if (!ortho_jpeg_rows(ask->rows, (int)first, dst, (int)(n - first + 1))) return JPEG_FATAL;
		}
	}
	if (d->out_row == d->out_height) {
		if (d->client) {
			const huffman *h = d->client;
			d->src->left -= (size_t)(h->data - d->src->next);
			d->src->next = h->data;
		}
		jpeg.finish(d); // an end marker may be missing
	}
	return JPEG_OK;
}

static int NAME(decode)(ortho_jpeg *ask, const uint8_t *data, size_t size, uint8_t *dst, char *message, size_t n) {
	NAME(job) *job = calloc(1, sizeof *job);
	if (!job) {
		snprintf(message, n, "no memory for a decoder");
		return JPEG_FATAL;
	}
	NAME(decoder) *d = &job->decoder;
	NAME(catch)(&job->catcher);
	d->err = &job->catcher.errors;
	int result = JPEG_FATAL;
	if (setjmp(job->catcher.fatal) == 0) {
		jpeg.create(d, LIBJPEG, sizeof *d);
		job->source = (NAME(source)){data, size, NAME(on_init), NAME(on_fill), NAME(on_skip), NAME(on_resync), NAME(on_init)};
		job->progress.monitor = NAME(on_pass);
		d->src = &job->source;
		d->progress = &job->progress;
		if (jpeg.read_header(d, 1) == 0) result = JPEG_TRUNCATED;
		else if (d->width != (unsigned)ask->width || d->height != (unsigned)ask->height || d->components != ask->components)
			snprintf(job->catcher.message, sizeof job->catcher.message, "it has headers of different sizes");
		else {
			d->out_color_space = ask->space;
			d->scale_num = 1;
			d->scale_denom = (unsigned)ask->shrink;
			if (!jpeg.start(d)) result = JPEG_TRUNCATED;
			else {
				if (!ask->alone) ask->alone = !NAME(replace_entropy)(job, ask);
				result = NAME(window)(job, ask, dst);
			}
		}
	} else result = JPEG_FATAL;
	if (job->huffman && job->huffman->irregular) result = JPEG_IRREGULAR;
	snprintf(message, n, "%s", job->catcher.message);
	jpeg.destroy(d);
	free(job->huffman);
	free(job);
	return result;
}
