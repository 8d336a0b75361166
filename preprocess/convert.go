package preprocess

import (
	"fmt"
	"image"
	"image/color"
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

// pixels takes the samples out of Go's image types as they are stored: their
// methods would premultiply by alpha.
func pixels(m image.Image, narrow to8) (*Image, error) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	// rows calls f with each row of pix and of the result.
	rows := func(pix []byte, stride, size, channels int, f func(dst, src []byte)) *Image {
		out := newImage(w, h, channels)
		for y := range h {
			f(out.Pix[y*w*channels:(y+1)*w*channels], pix[y*stride:y*stride+w*size])
		}
		return out
	}
	switch m := m.(type) {
	case *image.Gray:
		return rows(m.Pix, m.Stride, 1, 1, func(dst, src []byte) { copy(dst, src) }), nil
	case *image.Gray16:
		return rows(m.Pix, m.Stride, 2, 1, func(dst, src []byte) {
			for i := range dst {
				dst[i] = narrow(be16(src[2*i:]))
			}
		}), nil
	case *image.NRGBA:
		return rows(m.Pix, m.Stride, 4, 3, dropAlpha), nil
	case *image.RGBA:
		if m.Opaque() {
			return rows(m.Pix, m.Stride, 4, 3, dropAlpha), nil
		}
		return rows(m.Pix, m.Stride, 4, 3, func(dst, src []byte) {
			for i := 0; i < len(dst); i += 3 {
				s, a := src[:4:4], src[3]
				dst[i], dst[i+1], dst[i+2] = unpremultiply(s[0], a), unpremultiply(s[1], a), unpremultiply(s[2], a)
				src = src[4:]
			}
		}), nil
	case *image.NRGBA64:
		return rows(m.Pix, m.Stride, 8, 3, func(dst, src []byte) {
			for i := 0; i < len(dst); i += 3 {
				dst[i], dst[i+1], dst[i+2] = narrow(be16(src)), narrow(be16(src[2:])), narrow(be16(src[4:]))
				src = src[8:]
			}
		}), nil
	case *image.RGBA64:
		return rows(m.Pix, m.Stride, 8, 3, func(dst, src []byte) {
			for i := 0; i < len(dst); i += 3 {
				a := src[6] // high bytes, as Pillow unpacks RGBa;16
				dst[i], dst[i+1], dst[i+2] = unpremultiply(src[0], a), unpremultiply(src[2], a), unpremultiply(src[4], a)
				src = src[8:]
			}
		}), nil
	case *image.Paletted:
		palette, err := paletteRGB(m.Palette)
		if err != nil {
			return nil, err
		}
		return rows(m.Pix, m.Stride, 1, 3, func(dst, src []byte) {
			for i, v := range src {
				copy(dst[3*i:3*i+3], palette[v][:])
			}
		}), nil
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

// paletteRGB gives all 256 colours; those that the file leaves out are black, as
// Pillow has them, so that no index is out of range.
func paletteRGB(p color.Palette) (rgb [256][3]uint8, err error) {
	for i, c := range p[:min(len(p), 256)] {
		switch c := c.(type) {
		case color.RGBA:
			rgb[i] = [3]uint8{c.R, c.G, c.B}
		case color.NRGBA:
			rgb[i] = [3]uint8{c.R, c.G, c.B}
		case color.RGBA64:
			rgb[i] = [3]uint8{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)}
		default:
			return rgb, fmt.Errorf("a palette of %T is not supported", c)
		}
	}
	return rgb, nil
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be32(b []byte) uint32 { return uint32(be16(b))<<16 | uint32(be16(b[2:])) }
