package preprocess

import (
	"image"
	"slices"
)

// alphaOf takes the alpha plane out of the types of Go's WebP decoder; nil where the type has none.
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
	case *image.NYCbCrA:
		return plane(m.A, m.AStride, 1, 0)
	}
	return nil
}

// fourths is the alpha of R, G, B, A.
func fourths(pix []byte) []byte {
	alpha := make([]byte, len(pix)/4)
	for i := range alpha {
		alpha[i] = pix[4*i+3]
	}
	return alpha
}

// opaque reports whether all of an alpha plane is 255.
func opaque(alpha []byte) bool {
	return !slices.ContainsFunc(alpha, func(a byte) bool { return a != 255 })
}
