package preprocess

import (
	"fmt"
	"image"
)

// RGBA returns a copy of the image as package image has it, opaque: for encoders, and for
// what draws.
func (img *Image) RGBA() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range img.Width * img.Height {
		pixel, to := img.Pix[i*img.Channels:(i+1)*img.Channels], out.Pix[4*i:4*i+4]
		to[0], to[1], to[2], to[3] = pixel[0], pixel[len(pixel)/2], pixel[len(pixel)-1], 0xff
	}
	return out
}

// to8 brings a 16-bit sample to 8 bits.
type to8 func(uint16) uint8

func highByte(v uint16) uint8 { return uint8(v >> 8) }

// clip16 is Pillow's way from mode I;16 to 8 bits.
func clip16(v uint16) uint8 { return uint8(min(v, 255)) }

// pixels takes the samples out of the types that Go's JPEG and WebP decoders give gray and colours with
// alpha in, as they are stored: their methods would premultiply by alpha.
func pixels(m image.Image) (*Image, error) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	switch m := m.(type) {
	case *image.Gray:
		out := newImage(w, h, 1)
		for y := range h {
			copy(out.Pix[y*w:(y+1)*w], m.Pix[y*m.Stride:])
		}
		return out, nil
	case *image.NRGBA:
		out := newImage(w, h, 3)
		for y := range h {
			dropAlpha(out.Pix[3*y*w:3*(y+1)*w], m.Pix[y*m.Stride:][:4*w])
		}
		return out, nil
	}
	return nil, fmt.Errorf("pixels of type %T are not supported", m)
}

func dropAlpha(dst, src []byte) {
	for i := 0; i < len(dst); i += 3 {
		s, d := src[:4:4], dst[i:i+3:i+3]
		d[0], d[1], d[2] = s[0], s[1], s[2]
		src = src[4:]
	}
}

// unpremultiply is Pillow's unpacker of RGBa.
func unpremultiply(v, a uint8) uint8 {
	if a == 0 {
		return 0
	}
	return uint8(min(uint32(v)*255/uint32(a), 255))
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be32(b []byte) uint32 { return uint32(be16(b))<<16 | uint32(be16(b[2:])) }
