package preprocess

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
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
}

// FileWriter writes an image file row by row. PNG, JPEG and TIFF are written as the rows
// come, in memory of a few rows (JPEG: 16); WebP can only be written as a whole: its rows are
// collected, packed, until Close, which makes the file beside them in memory.
//
// A FileWriter that is abandoned needs no Close: it holds no more than memory.
type FileWriter struct {
	row      int        // bytes
	missing  int        // rows
	flat     *flattener // nil: rows are encoded as they are
	encoder  rowEncoder
	failed   error
	finished bool
}

// rowEncoder is a file format's way from rows to a file.
type rowEncoder interface {
	rows(packed []byte) error // one or more
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
	head := fileHead{width, height, channels, opt}
	var flat *flattener
	if opt.Background != nil && (channels == 2 || channels == 4) {
		flat = &flattener{channels: channels, colour: *opt.Background}
		head.channels = flat.after()
	}
	encoder, err := head.encoder(w)
	if err != nil {
		return nil, fmt.Errorf("write a %s file of %dx%d pixels: %w", opt.Format, width, height, err)
	}
	return &FileWriter{row: width * channels, missing: height, flat: flat, encoder: encoder}, nil
}

// fileHead is what is known of a file before its rows.
type fileHead struct {
	width, height, channels int
	FileOptions
}

func (h fileHead) encoder(w io.Writer) (rowEncoder, error) {
	const most = 1<<31 - 1
	switch {
	case h.width < 1 || h.height < 1 || h.width > most || h.height > most:
		return nil, errors.New("there is no such size")
	case h.channels < 1 || h.channels > 4:
		return nil, fmt.Errorf("%d channels: from 1 to 4", h.channels)
	case h.Quality < 0 || h.Quality > 100:
		return nil, fmt.Errorf("quality %d: from 1 to 100", h.Quality)
	}
	colours := h.channels
	if h.Format == WebP {
		colours = 3 // it has no gray
	}
	if !fits(h.ICC, colours) {
		h.ICC = nil
	}
	h.Metadata, _ = h.Metadata.For(h.Format)
	h.Metadata = h.Metadata.sized(h.width, h.height)
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
	if f.flat != nil {
		packed = f.flat.rows(rows)
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
	}
	f.finished = true
	f.failed = f.encoder.end()
	return f.failed
}
