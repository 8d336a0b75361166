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
	// Metadata is that of JPEG, PNG, GIF, TIFF, WebP, AVIF, HEIC and JPEG XL; of others it is empty.
	Metadata Metadata
	// Sequence is of GIF, PNG, TIFF, AVIF and, where libwebpdemux is there, WebP; nil: no further pictures, or none
	// that can be decoded.
	Sequence *Sequence

	dropped, converted bool // a profile of other colours
}

// DecodePicture is [Decode] with alpha and the colour profile, upright where opt says
// so. opt.Channels 0 keeps a gray file gray. 16-bit gray is cut to its high byte, as
// 16-bit colour is, and turned round where a TIFF's white is 0: Pillow's mode I;16 knows
// neither, so that Decode's clipped values make no picture of it.
//
// Alpha is that of Pillow's convert("RGBA"), transparent colours of PNG and GIF among it,
// and nil where every pixel is opaque. The profile is kept where its colours are the
// image's. By another one the file's own colours are converted to sRGB, where Little CMS is there:
// a CMYK file's inks, or the gray of a file that is asked for in colours. Otherwise it is dropped, as is
// one that is damaged or larger than 16 MiB. Colours that a PNG states by gAMA, cHRM or cICP, or an AVIF by its
// colr box, make a profile, where they are not sRGB's.
func DecodePicture(data []byte, opt DecodeOptions) (*Picture, error) {
	if opt.Channels != 0 && opt.Channels != 1 && opt.Channels != 3 {
		return nil, fmt.Errorf("decode image: %d channels asked for, not 1 or 3", opt.Channels)
	}
	pic, err := read(data, request{maxPixels: opt.MaxPixels, extras: true})
	if err != nil {
		return nil, err
	}
	out := pic.finished(opt)
	out.Sequence = sequenceOf(data, out.Image, opt)
	return out, nil
}

// finished is what [DecodePicture] makes of it.
func (pic picture) finished(opt DecodeOptions) *Picture {
	if opt.Channels == 0 {
		opt.Channels = pic.img.Channels
	}
	unknown := false // colours that are stated, but not as a profile
	if pic.icc == nil && pic.stated != nil {
		var err error
		pic.icc, err = pic.stated(pic.img.Channels == 1)
		unknown = err != nil
	}
	converted := !fits(pic.icc, opt.Channels) && pic.toSRGB()
	out := &Picture{Image: pic.as(opt.Channels, opt.Orientation), converted: converted}
	if !opaque(pic.alpha) {
		pic.img, pic.luma = &Image{Width: pic.img.Width, Height: pic.img.Height, Channels: 1, Pix: pic.alpha}, nil
		out.Alpha = pic.as(1, opt.Orientation).Pix
	}
	out.Metadata = pic.metadata.upright(opt.Orientation == ApplyOrientation || pic.upright, pic.orientation >= 5 && pic.orientation <= 8)
	if fits(pic.icc, opt.Channels) {
		out.ICC = bytes.Clone(pic.icc)
	} else {
		out.dropped = unknown || pic.icc != nil && !converted
	}
	return out
}

// toSRGB converts the file's colours by its profile, where that is of such colours.
func (p *picture) toSRGB() bool {
	from, channels := p.img.Pix, p.img.Channels
	if p.inks != nil {
		from, channels = p.inks, 4
	}
	pix, err := inSRGB(p.icc, from, channels)
	if err != nil {
		return false
	}
	p.img, p.luma = &Image{Width: p.img.Width, Height: p.img.Height, Channels: 3, Pix: pix}, nil
	return true
}

// Coloured makes a gray picture with a profile one of sRGB, without a profile, for what makes colours of it:
// a gray profile says nothing of those. Other pictures stay as they are. The error says why it can't be done;
// it wraps [codecs.ErrNone] where Little CMS is not there.
func (p *Picture) Coloured() error {
	if p.Channels != 1 || p.ICC == nil {
		return nil
	}
	pix, err := inSRGB(p.ICC, p.Pix, 1)
	if err != nil {
		return err
	}
	p.Image, p.ICC = &Image{Width: p.Width, Height: p.Height, Channels: 3, Pix: pix}, nil
	return nil
}
