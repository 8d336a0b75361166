package preprocess

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// FileFormat is a kind of image file that can be written.
type FileFormat string

const (
	PNG  FileFormat = "png"
	JPEG FileFormat = "jpeg"
	WebP FileFormat = "webp"
	TIFF FileFormat = "tiff"
)

// FormatOf returns the format for a file name's ending: .png, .jpg, .jpeg, .webp, .tif or
// .tiff, in any case.
func FormatOf(name string) (FileFormat, error) {
	ending := filepath.Ext(name)
	switch strings.ToLower(ending) {
	case ".png":
		return PNG, nil
	case ".jpg", ".jpeg":
		return JPEG, nil
	case ".webp":
		return WebP, nil
	case ".tif", ".tiff":
		return TIFF, nil
	}
	return "", fmt.Errorf("%s: no image is written under the ending %q: .png, .jpg, .webp and .tif are known", name, ending)
}

// FileOptions say how an image file is written.
type FileOptions struct {
	Format  FileFormat // must be stated
	Quality int        // of JPEG and lossy WebP, 1 to 100; 0: 90 (JPEG), lossless (WebP)
	// Background is the colour (RGB) that an image with alpha is laid on; the file has none
	// then. nil keeps alpha.
	Background *[3]byte
	ICC        []byte // a colour profile to embed; left out where it is of other colours than the channels
	// Text is what PNG files hold as text chunks, keyword and text (UTF-8): a keyword has 1
	// to 79 characters of Latin-1 and no space at its ends. Other formats leave it out.
	Text [][2]string
	// Metadata is what the picture has of the file that it is made of: what the format holds of it
	// by [Metadata.For], where sizes are the new ones. Text stands in place of texts of the same keyword.
	Metadata Metadata
	// Frames is how many pictures the file gets; 0 is 1. [FileWriter.Next] begins those behind the first.
	// PNG and WebP files are animations then, which have colours and, without a background, alpha;
	// TIFF files have pages.
	Frames int
	Plays  int           // how often an animation is shown; 0: for ever
	Delay  time.Duration // how long its first picture is shown
}

// FileWriter writes an image file row by row. PNG, JPEG and TIFF are written as the rows
// come, in memory of a few rows (JPEG: 16); WebP can only be written as a whole: its rows are
// collected, packed, until Close, which makes the file beside them in memory.
//
// Of several pictures, those of a WebP stay in memory as they are encoded, 1 GiB at most.
//
// A FileWriter that is abandoned needs no Close: it holds no more than memory.
type FileWriter struct {
	row      int // bytes
	missing  int // rows
	pictures int // that are not begun
	opt      FileOptions
	width    int // of the first picture
	height   int
	convert  func(rows []byte) []byte // nil: they are encoded as they are
	encoder  rowEncoder
	failed   error
	finished bool
}

// rowEncoder is a file format's way from rows to a file.
type rowEncoder interface {
	rows(packed []byte) error // one or more
	next(h fileHead) error    // ends a picture, and begins a further one
	end() error
}

// NewFileWriter begins a file of 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha, not
// premultiplied) channels. JPEG has no alpha: without a background that is an error here,
// as is a size that the format can't hold: JPEG ends at 65535 pixels a side, WebP at 16383,
// TIFF at 4 GiB.
//
// Lossy WebP takes libwebp, and the error wraps [codecs.ErrNone] where that is not there;
// lossless WebP takes nothing. WebP has no gray: R, G and B are equal then.
//
// PNG is written with adaptive filters; JPEG baseline, 4:2:0, with the quantisation tables
// of libjpeg's quality; TIFF in uncompressed strips, as Pillow does by default.
func NewFileWriter(w io.Writer, width, height, channels int, opt FileOptions) (*FileWriter, error) {
	if opt.Format == "" {
		return nil, errors.New("write an image file: no format is stated: png, jpeg, webp or tiff")
	}
	f := &FileWriter{pictures: opt.Frames - 1, opt: opt, width: width, height: height}
	encoder, err := f.head(width, height, channels, opt).encoder(w)
	if err != nil {
		return nil, fmt.Errorf("write a %s file of %dx%d pixels: %w", opt.Format, width, height, err)
	}
	f.encoder = encoder
	return f, nil
}

// head begins a picture.
func (f *FileWriter) head(width, height, channels int, opt FileOptions) fileHead {
	f.row, f.missing, f.convert = width*channels, height, nil
	h := fileHead{width, height, channels, opt}
	if opt.Background != nil && channels%2 == 0 {
		flat := &flattener{channels: channels, colour: *opt.Background}
		f.convert, h.channels = flat.rows, flat.after()
	}
	if h.animated() && h.channels != h.animatedChannels() {
		flat := f.convert
		wide := &widener{from: h.channels, to: h.animatedChannels()}
		f.convert, h.channels = wide.rows, wide.to
		if flat != nil {
			f.convert = func(rows []byte) []byte { return wide.rows(flat(rows)) }
		}
	}
	return h
}

// Next begins a further picture, when the rows of the one before are complete, and says how long it is shown.
// Those of an animation are all of one size; of TIFF's pages each has its own, and its own profile and metadata.
func (f *FileWriter) Next(width, height, channels int, icc []byte, m Metadata, delay time.Duration) error {
	switch {
	case f.failed != nil:
		return f.failed
	case f.missing > 0:
		f.failed = fmt.Errorf("a picture lacks its last %d rows", f.missing)
	case f.finished || f.pictures < 1:
		f.failed = fmt.Errorf("a further picture for an image file of %d", max(f.opt.Frames, 1))
	case f.opt.Format != TIFF && (width != f.width || height != f.height):
		f.failed = fmt.Errorf("a picture of %dx%d pixels in an animation of %dx%d", width, height, f.width, f.height)
	}
	if f.failed != nil {
		return f.failed
	}
	f.pictures--
	opt := f.opt
	opt.ICC, opt.Metadata, opt.Delay = icc, m, delay
	h := f.head(width, height, channels, opt)
	if f.failed = h.check(); f.failed == nil {
		f.failed = f.encoder.next(h.fitted())
	}
	return f.failed
}

// fileHead is what is known of a file before its rows.
type fileHead struct {
	width, height, channels int
	FileOptions
}

// animated reports whether the file is an animation.
func (h fileHead) animated() bool { return h.Frames > 1 && h.Format != TIFF }

// animatedChannels are those of an animation, whose frames may differ.
func (h fileHead) animatedChannels() int {
	if h.Background != nil {
		return 3
	}
	return 4
}

func (h fileHead) check() error {
	const most = 1<<31 - 1
	switch {
	case h.width < 1 || h.height < 1 || h.width > most || h.height > most:
		return errors.New("there is no such size")
	case h.channels < 1 || h.channels > 4:
		return fmt.Errorf("%d channels: from 1 to 4", h.channels)
	case h.Quality < 0 || h.Quality > 100:
		return fmt.Errorf("quality %d: from 1 to 100", h.Quality)
	case h.Frames > 1 && h.Format == JPEG:
		return fmt.Errorf("JPEG holds one picture, and not %d", h.Frames)
	}
	return nil
}

// fitted leaves out what the format can't hold.
func (h fileHead) fitted() fileHead {
	colours := h.channels
	if h.Format == WebP {
		colours = 3 // it has no gray
	}
	if !fits(h.ICC, colours) {
		h.ICC = nil
	}
	h.Metadata, _ = h.Metadata.For(h.Format)
	h.Metadata = h.Metadata.sized(h.width, h.height)
	return h
}

func (h fileHead) encoder(w io.Writer) (rowEncoder, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	h = h.fitted()
	switch h.Format {
	case PNG:
		return newPNGEncoder(w, h)
	case JPEG:
		return newJPEGEncoder(w, h)
	case TIFF:
		return newTIFFEncoder(w, h)
	case WebP:
		return newWebPEncoder(w, h)
	}
	return nil, errors.New("no such format: png, jpeg, webp and tiff are known")
}

// Write takes whole rows, packed, from the top. After an error the file can't be completed.
func (f *FileWriter) Write(rows []byte) (int, error) {
	n := len(rows) / f.row
	switch {
	case f.failed != nil:
		return 0, f.failed
	case f.finished:
		return 0, errors.New("rows for an image file that is closed")
	case n*f.row != len(rows):
		return 0, fmt.Errorf("%d bytes are not rows of %d", len(rows), f.row)
	case n > f.missing:
		return 0, fmt.Errorf("%d rows for an image file that lacks %d", n, f.missing)
	case n == 0:
		return 0, nil
	}
	f.missing -= n
	packed := rows
	if f.convert != nil {
		packed = f.convert(rows)
	}
	if err := f.encoder.rows(packed); err != nil {
		f.failed = err
		return 0, err
	}
	return len(rows), nil
}

// Close completes the file, but does not close what it is written to. It fails where rows
// are missing or a Write has failed: what was written is no valid file then.
func (f *FileWriter) Close() error {
	switch {
	case f.finished || f.failed != nil:
		return f.failed
	case f.missing > 0:
		f.failed = fmt.Errorf("an image file lacks its last %d rows", f.missing)
		return f.failed
	case f.pictures > 0:
		f.failed = fmt.Errorf("an image file lacks its last %d pictures", f.pictures)
		return f.failed
	}
	f.finished = true
	f.failed = f.encoder.end()
	return f.failed
}
