package preprocess

import "image"

// fromVP8 is libwebp's "fancy" upsampling and its colours, to the bit. Output
// rows lie in pairs between two rows of chroma, but for the first and, where the
// height is even, the last.
func fromVP8(m *image.YCbCr) *Image {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	img := newImage(w, h, 3)
	u, v := make([]uint8, w+1), make([]uint8, w+1)
	chroma := (w + 1) / 2
	for y := range h {
		near := y / 2
		far := max(near-1, 0)
		if y&1 == 1 {
			far = min(near+1, (h-1)/2)
		}
		vp8Chroma(u, m.Cb[near*m.CStride:][:chroma], m.Cb[far*m.CStride:][:chroma])
		vp8Chroma(v, m.Cr[near*m.CStride:][:chroma], m.Cr[far*m.CStride:][:chroma])
		dst := img.Pix[y*w*3 : (y+1)*w*3]
		for x, luma := range m.Y[y*m.YStride:][:w] {
			yy, uu, vv := int32(luma)*19077>>8, int32(u[x]), int32(v[x])
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0] = vp8Clip(yy + vv*26149>>8 - 14234)
			d[1] = vp8Clip(yy - uu*6419>>8 - vv*13320>>8 + 8708)
			d[2] = vp8Clip(yy + uu*33050>>8 - 17685)
		}
	}
	return img
}

// vp8Chroma weighs the four samples around a pixel 9:3:3:1, near and far being
// the rows of chroma on its two sides. dst has room for one pixel more.
func vp8Chroma(dst, near, far []uint8) {
	n0, f0 := uint32(near[0]), uint32(far[0])
	dst[0] = uint8((3*n0 + f0 + 2) >> 2)
	for x := 1; x < len(near); x++ {
		n1, f1 := uint32(near[x]), uint32(far[x])
		sum := n0 + n1 + f0 + f1 + 8
		dst[2*x-1] = uint8(((sum+2*(n1+f0))>>3 + n0) >> 1)
		dst[2*x] = uint8(((sum+2*(n0+f1))>>3 + n1) >> 1)
		n0, f0 = n1, f1
	}
	if last := 2*len(near) - 1; last < len(dst) {
		dst[last] = uint8((3*n0 + f0 + 2) >> 2)
	}
}

func vp8Clip(v int32) uint8 {
	return uint8(max(0, min(v>>6, 255)))
}
