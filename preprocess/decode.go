package preprocess

import (
	"errors"
	"fmt"
	"image"
	"io"
)

// Image is an 8-bit image: rows from the top, tightly packed, no alpha.
type Image struct {
	Width, Height int
	Channels      int    // 1 (ITU-R 601 luma) or 3 (R, G, B)
	Pix           []byte // Height * Width * Channels
}

// DecodeOptions says what Decode makes of an image file.
type DecodeOptions struct {
	Channels    int         // 3 (RGB) or 1 (luma); 0: 3, or as the file has it in DecodePicture
	Orientation Orientation // whether the EXIF orientation tag is followed
	MaxPixels   int64       // largest width * height decoded; 0: 100 million
}

const defaultMaxPixels = 100_000_000

var (
	// ErrUnsupported is wrapped where data is none of the known image formats.
	ErrUnsupported = errors.New("not a known image format")
	// ErrTooLarge is wrapped where the header claims more than MaxPixels.
	ErrTooLarge = errors.New("image too large")
)

// Decode decodes a JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, HEIC, JPEG XL, JPEG 2000 or
// Netpbm file into what Pillow 13's Image.open(file).convert("RGB"), or "L", gives (of HEIC
// with the plugin pillow-heif, of JPEG XL with pillow-jxl-plugin): alpha is dropped, not blended;
// of an animation the first frame is taken; 16-bit gray is clipped and 16-bit
// colour cut to its high byte; CMYK JPEGs are Adobe's inverted ones. A TIFF is
// always turned upright, as Pillow does on loading one.
//
// The bytes are Pillow's, those of sound JPEGs where libjpeg-turbo is there: without it
// Go's decoder takes its place, which differs by rounding in the inverse DCT only
// (chroma upsampling and colours are libjpeg's). A damaged JPEG is refused, or given
// with what could be read of it, nearly always as Pillow does.
//
// The error wraps ErrUnsupported for a file of another kind, ErrTooLarge for one
// whose header claims more than MaxPixels, or that takes more memory than [BoundMemory]
// allows (nothing is decoded then); any other
// says what is wrong with the file.
func Decode(data []byte, opt DecodeOptions) (*Image, error) {
	if opt.Channels == 0 {
		opt.Channels = 3
	}
	if opt.Channels != 1 && opt.Channels != 3 {
		return nil, fmt.Errorf("decode image: %d channels asked for, not 1 or 3", opt.Channels)
	}
	pic, err := read(data, request{maxPixels: opt.MaxPixels})
	if err != nil {
		return nil, err
	}
	return pic.as(opt.Channels, opt.Orientation), nil
}

// request is what a format's decoder is asked for.
type request struct {
	maxPixels int64
	// shrink is by how much a JPEG of that size, and of that orientation, may be
	// decoded smaller: 1, 2, 4 or 8. nil: 1.
	shrink func(width, height, orientation int) int
	// part is which part of a JPEG of that size, and of that orientation, is needed; nil: all.
	part func(width, height, orientation int) region
	// reduce is asked for what resizes the rows of an image of that size, channels and orientation as they come
	// from the decoder, which no one needs otherwise; nil, or nil of it: none.
	reduce func(width, height, channels, orientation int) *reduction
	memory *frame // for the pixels; nil: their own
	lease  *lease // of the budget of memory, which who asks gives back; nil: it ends with decoding
	file   int    // the file's bytes
	// extras: alpha and the colour profile are wanted too.
	extras bool
}

// image returns an image to decode into.
func (r request) image(width, height, channels int) *Image {
	if r.memory == nil {
		return newImage(width, height, channels)
	}
	r.memory.pix = grown(r.memory.pix, width*height*channels)
	return &Image{Width: width, Height: height, Channels: channels, Pix: r.memory.pix}
}

// picture is a decoded file: one channel where the file is gray, else three, as
// stored.
type picture struct {
	img           *Image
	width, height int    // of the file; img's, unless that was decoded smaller, or in part, or resized
	part          region // which part of the file's img is; nothing: all
	resized       bool
	orientation   int // the EXIF tag's value, 0 where there is none or it has been followed
	upright       bool
	luma          []byte        // the gray image, where that is stored and not one of img's colours
	alpha, icc    []byte        // where they are asked for; nil: none
	stated        statedProfile // beside icc, where extras are asked for; nil: none
	metadata      Metadata
	inks          []byte // C, M, Y, K of a file that has them, where extras are asked for; nil: none
}

// as converts the picture to so many channels, and turns it upright where that is wanted.
func (p picture) as(channels int, o Orientation) *Image {
	img := p.img
	if channels == 1 && p.luma != nil {
		img = &Image{Width: img.Width, Height: img.Height, Channels: 1, Pix: p.luma}
	}
	img = img.WithChannels(channels)
	if o == ApplyOrientation || p.upright {
		img = img.upright(p.orientation)
	}
	return img
}

// read finds the file's format and runs its decoder. A decoder's panic on a bad file
// is an error of that file.
func read(data []byte, ask request) (p picture, err error) {
	if len(data) == 0 {
		return p, errors.New("decode image: the file is empty")
	}
	if ask.maxPixels <= 0 {
		ask.maxPixels = defaultMaxPixels
	}
	if ask.file = len(data); ask.lease == nil {
		ask.lease = new(lease)
		defer ask.lease.release()
	}
	f, err := sniff(data)
	if err != nil {
		return p, fmt.Errorf("decode image: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			p, err = picture{}, fmt.Errorf("decode %s: the file is corrupt: %v", f.name, r)
		}
	}()
	p, err = f.decode(data, ask)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the file is truncated: %w", err)
		}
		return picture{}, fmt.Errorf("decode %s: %w", f.name, err)
	}
	if p.width == 0 {
		p.width, p.height = p.img.Width, p.img.Height
	}
	return p, nil
}

// checkSize is the guard before anything is allocated by what a header claims.
func checkSize(width, height int, maxPixels int64) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("the header says %dx%d pixels", width, height)
	}
	if int64(width) > maxPixels/int64(height) {
		return &TooLargeError{Width: width, Height: height, MaxPixels: maxPixels}
	}
	return nil
}

// admit is the same guard, and waits until there is memory for so many bytes a pixel.
func (r request) admit(width, height, bytes int) error {
	return r.admitBytes(width, height, int64(width)*int64(height)*int64(bytes))
}

// admitBytes is admit for so many bytes.
func (r request) admitBytes(width, height int, bytes int64) error {
	if err := checkSize(width, height, r.maxPixels); err != nil {
		return err
	}
	if r.lease == nil {
		return nil // who asks has it already
	}
	return r.lease.take(bytes, r.file)
}

func newImage(width, height, channels int) *Image {
	return &Image{Width: width, Height: height, Channels: channels, Pix: make([]byte, width*height*channels)}
}

// WithChannels converts between gray (1) and RGB (3) as Pillow does, by ITU-R 601 in 16
// bits of fixed point. An image that has as many is returned as it is.
func (m *Image) WithChannels(channels int) *Image {
	if m.Channels == channels {
		return m
	}
	out := newImage(m.Width, m.Height, channels)
	withChannels(out.Pix, channels, m.Pix)
	return out
}

// withChannels converts gray to RGB (channels is 3), or RGB to gray (1).
func withChannels(to []byte, channels int, from []byte) {
	if channels == 3 {
		for i, v := range from {
			p := to[3*i : 3*i+3 : 3*i+3]
			p[0], p[1], p[2] = v, v, v
		}
		return
	}
	for i := range to {
		p := from[3*i : 3*i+3 : 3*i+3]
		to[i] = uint8((uint32(p[0])*19595 + uint32(p[1])*38470 + uint32(p[2])*7471 + 0x8000) >> 16)
	}
}

// upright undoes an EXIF orientation of 2 to 8, as PIL.ImageOps.exif_transpose;
// any other value leaves the image as it is.
func (m *Image) upright(orientation int) *Image {
	w, h := m.Width, m.Height
	// Source offset of the first pixel, and its change along a row and a column
	// of the upright image, in pixels.
	var first, right, down int
	switch orientation {
	case 2:
		first, right, down = w-1, -1, w
	case 3:
		first, right, down = w*h-1, -1, -w
	case 4:
		first, right, down = w*(h-1), 1, -w
	case 5:
		first, right, down = 0, w, 1
	case 6:
		first, right, down = w*(h-1), -w, 1
	case 7:
		first, right, down = w*h-1, -w, -1
	case 8:
		first, right, down = w-1, w, -1
	default:
		return m
	}
	out := newImage(w, h, m.Channels)
	if orientation >= 5 {
		out.Width, out.Height = h, w
	}
	dst := out.Pix
	for y := range out.Height {
		src := first + y*down
		for range out.Width {
			if m.Channels == 1 {
				dst[0] = m.Pix[src]
			} else {
				copy(dst[:3], m.Pix[3*src:3*src+3])
			}
			dst, src = dst[m.Channels:], src+right
		}
	}
	return out
}

// sizeOf is the size of a decoded image, checked against the header's.
func sizeOf(m image.Image, width, height int) error {
	if b := m.Bounds(); b.Dx() != width || b.Dy() != height {
		return fmt.Errorf("the header says %dx%d pixels, the data %dx%d", width, height, b.Dx(), b.Dy())
	}
	return nil
}
