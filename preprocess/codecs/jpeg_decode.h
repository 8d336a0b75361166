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
} NAME(job);

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
		uint8_t *row = y < (unsigned)ask->y ? dst : dst + (size_t)(y - (unsigned)ask->y) * w * bytes;
		if (jpeg.read(d, &row, 1) != 1) return JPEG_TRUNCATED;
	}
	if (d->out_row == d->out_height) jpeg.finish(d); // an end marker may be missing
	return JPEG_OK;
}

static int NAME(decode)(const ortho_jpeg *ask, const uint8_t *data, size_t size, uint8_t *dst, char *message, size_t n) {
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
			result = jpeg.start(d) ? NAME(window)(job, ask, dst) : JPEG_TRUNCATED;
		}
	} else result = JPEG_FATAL;
	snprintf(message, n, "%s", job->catcher.message);
	jpeg.destroy(d);
	free(job);
	return result;
}
