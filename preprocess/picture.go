package preprocess

import (
	"errors"
	"io"
)

// Picture is a decoded image file with what a file made of it should keep.
type Picture struct {
	*Image
	Alpha []byte // Height*Width, not premultiplied; nil: opaque
	ICC   []byte // the colour profile; nil: none
}

// DecodePicture is [Decode] with alpha and the colour profile, upright where opt says
// so. opt.Channels 0 keeps a gray file gray.
func DecodePicture(data []byte, opt DecodeOptions) (*Picture, error) {
	return nil, errors.New("not built yet")
}

// FileFormat is a kind of image file that can be written.
type FileFormat string

const (
	PNG  FileFormat = "png"
	JPEG FileFormat = "jpeg"
	WebP FileFormat = "webp"
	TIFF FileFormat = "tiff"
)

// FileOptions say how an image file is written.
type FileOptions struct {
	Format  FileFormat
	Quality int         // of JPEG and lossy WebP, 1 to 100; 0: 90 (JPEG), lossless (WebP)
	ICC     []byte      // a colour profile to embed
	Text    [][2]string // PNG text chunks: keyword, text (UTF-8)
}

// FileWriter writes an image file row by row: Write takes whole rows from the top.
type FileWriter struct{}

// NewFileWriter begins a file of 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha, not
// premultiplied) channels. JPEG has no alpha: that is an error here.
func NewFileWriter(w io.Writer, width, height, channels int, opt FileOptions) (*FileWriter, error) {
	return nil, errors.New("not built yet")
}

// Write takes whole rows, packed.
func (f *FileWriter) Write(rows []byte) (int, error) { return 0, errors.New("not built yet") }

// Close completes the file. It fails where rows are missing.
func (f *FileWriter) Close() error { return nil }
