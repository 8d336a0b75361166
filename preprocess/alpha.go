package preprocess

import (
	"image"
	"image/color"
	"slices"
)

// alphaOf takes the alpha plane out of Go's image types: of 16 bits the high byte. nil
// where the type has none.
func alphaOf(m image.Image) []byte {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	// plane takes one byte, at offset, of every size bytes.
	plane := func(pix []byte, stride, size, offset int) []byte {
		out := make([]byte, 0, w*h)
		for y := range h {
			row := pix[y*stride:][:w*size]
			for x := offset; x < len(row); x += size {
				out = append(out, row[x])
			}
		}
		return out
	}
	switch m := m.(type) {
	case *image.NRGBA:
		return plane(m.Pix, m.Stride, 4, 3)
	case *image.RGBA:
		return plane(m.Pix, m.Stride, 4, 3)
	case *image.NRGBA64:
		return plane(m.Pix, m.Stride, 8, 6)
	case *image.RGBA64:
		return plane(m.Pix, m.Stride, 8, 6)
	case *image.NYCbCrA:
		return plane(m.A, m.AStride, 1, 0)
	case *image.Paletted:
		alpha := paletteAlpha(m.Palette)
		out := plane(m.Pix, m.Stride, 1, 0)
		for i, v := range out {
			out[i] = alpha[v]
		}
		return out
	}
	return nil
}

// paletteAlpha gives the alpha of all 256 colours; those that the file leaves out are opaque.
func paletteAlpha(p color.Palette) (alpha [256]uint8) {
	for i := range alpha {
		alpha[i] = 255
	}
	for i, c := range p[:min(len(p), 256)] {
		if c, ok := c.(color.NRGBA); ok {
			alpha[i] = c.A
		}
	}
	return alpha
}

// opaque reports whether all of an alpha plane is 255.
func opaque(alpha []byte) bool {
	return !slices.ContainsFunc(alpha, func(a byte) bool { return a != 255 })
}

// firstChannel is the gray image that three equal channels are.
func (m *Image) firstChannel() *Image {
	if m.Channels == 1 {
		return m
	}
	out := newImage(m.Width, m.Height, 1)
	for i := range out.Pix {
		out.Pix[i] = m.Pix[m.Channels*i]
	}
	return out
}
