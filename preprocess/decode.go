package preprocess

import "errors"

// Image is an 8-bit image: rows from the top, tightly packed, no alpha.
type Image struct {
	Width, Height int
	Channels      int    // 1 (ITU-R 601 luma) or 3 (R, G, B)
	Pix           []byte // Height * Width * Channels
}

// DecodeOptions says what Decode makes of an image file.
type DecodeOptions struct {
	Channels    int         // 3 (RGB), the default, or 1 (luma)
	Orientation Orientation // what becomes of the EXIF orientation tag
	MaxPixels   int64       // largest width * height decoded; 0: 100 million
}

var (
	// ErrUnsupported is wrapped where data is none of the known image formats.
	ErrUnsupported = errors.New("not a known image format")
	// ErrTooLarge is wrapped where the header claims more than MaxPixels.
	ErrTooLarge = errors.New("image too large")
)

// Decode decodes an image file.
func Decode(data []byte, opt DecodeOptions) (*Image, error) {
	return nil, ErrUnsupported
}
