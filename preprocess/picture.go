package preprocess

import (
	"bytes"
	"fmt"
)

// Picture is a decoded image file with what a file made of it should keep.
type Picture struct {
	*Image
	Alpha []byte // Height*Width, not premultiplied; nil: opaque
	ICC   []byte // the colour profile, one of Image's channels; nil: none

	dropped bool // a profile of other colours
}

// DecodePicture is [Decode] with alpha and the colour profile, upright where opt says
// so. opt.Channels 0 keeps a gray file gray. 16-bit gray is cut to its high byte, as
// 16-bit colour is, and turned round where a TIFF's white is 0: Pillow's mode I;16 knows
// neither, so that Decode's clipped values make no picture of it.
//
// Alpha is that of Pillow's convert("RGBA"), transparent colours of PNG and GIF among it,
// and nil where every pixel is opaque. The profile is kept where its colours are the
// image's, so that a CMYK one is dropped; one that is damaged or larger than 16 MiB is, too.
func DecodePicture(data []byte, opt DecodeOptions) (*Picture, error) {
	if opt.Channels != 0 && opt.Channels != 1 && opt.Channels != 3 {
		return nil, fmt.Errorf("decode image: %d channels asked for, not 1 or 3", opt.Channels)
	}
	pic, err := read(data, request{maxPixels: opt.MaxPixels, extras: true})
	if err != nil {
		return nil, err
	}
	if opt.Channels == 0 {
		opt.Channels = pic.img.Channels
	}
	out := &Picture{Image: pic.as(opt.Channels, opt.Orientation)}
	if !opaque(pic.alpha) {
		pic.img = &Image{Width: pic.img.Width, Height: pic.img.Height, Channels: 1, Pix: pic.alpha}
		out.Alpha = pic.as(1, opt.Orientation).Pix
	}
	if fits(pic.icc, opt.Channels) {
		out.ICC = bytes.Clone(pic.icc)
	} else {
		out.dropped = pic.icc != nil
	}
	return out, nil
}
