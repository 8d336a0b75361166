package preprocess

import "image"

// plane is one component of a JPEG. Its size is that of its true samples: what
// pads the last blocks does not count.
type plane struct {
	pix           []byte
	stride        int
	width, height int
}

// row writes row y of the plane upsampled h by v times, with libjpeg's "fancy"
// triangle filter for 2x1, 1x2 and 2x2 and by repetition for the rest, as
// jdsample.c does. dst has room for a sample more than the image is wide.
func (p plane) row(dst []byte, y, h, v int) {
	near := p.pix[y/v*p.stride:][:p.width]
	switch {
	case h == 1 && v == 1:
		copy(dst, near)
	case h == 1 && v == 2:
		far, bias := p.other(y)
		for i, s := range near {
			dst[i] = uint8((3*uint32(s) + uint32(far[i]) + bias) >> 2)
		}
	case h == 2 && v == 1 && p.width > 2:
		upsample2x1(dst, near)
	case h == 2 && v == 2 && p.width > 2:
		far, _ := p.other(y)
		upsample2x2(dst, near, far)
	default:
		i := 0
		for _, s := range near {
			for range h {
				if i == len(dst) {
					return
				}
				dst[i] = s
				i++
			}
		}
	}
}

// other is the second nearest row of samples to row y of twice as many, and the
// rounding that libjpeg takes on that side. Beyond the edges are the edges' rows.
func (p plane) other(y int) (row []byte, bias uint32) {
	n, bias := y/2-1, 1
	if y&1 == 1 {
		n, bias = y/2+1, 2
	}
	n = min(max(n, 0), p.height-1)
	return p.pix[n*p.stride:][:p.width], bias
}

func upsample2x1(dst, src []byte) {
	last := len(src) - 1
	dst = dst[:2*len(src)]
	dst[0] = src[0]
	dst[1] = uint8((3*uint32(src[0]) + uint32(src[1]) + 2) >> 2)
	for i := 1; i < last; i++ {
		s := 3 * uint32(src[i])
		dst[2*i] = uint8((s + uint32(src[i-1]) + 1) >> 2)
		dst[2*i+1] = uint8((s + uint32(src[i+1]) + 2) >> 2)
	}
	dst[2*last] = uint8((3*uint32(src[last]) + uint32(src[last-1]) + 1) >> 2)
	dst[2*last+1] = src[last]
}

func upsample2x2(dst, near, far []byte) {
	dst, far = dst[:2*len(near)], far[:len(near)]
	// Sums of the column before, at and after sample i.
	this := 3*uint32(near[0]) + uint32(far[0])
	before := this
	for i := 1; i < len(near); i++ {
		after := 3*uint32(near[i]) + uint32(far[i])
		dst[2*i-2] = uint8((3*this + before + 8) >> 4)
		dst[2*i-1] = uint8((3*this + after + 7) >> 4)
		before, this = this, after
	}
	dst[len(dst)-2] = uint8((3*this + before + 8) >> 4)
	dst[len(dst)-1] = uint8((4*this + 7) >> 4)
}

// ratio is how many times wider and higher luma is than chroma.
func ratio(r image.YCbCrSubsampleRatio) (h, v int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// fromYCbCr converts a JPEG's three planes, which are R, G and B where rgb is set.
func fromYCbCr(m *image.YCbCr, rgb bool, ask request) *Image {
	w, height := m.Rect.Dx(), m.Rect.Dy()
	h, v := ratio(m.SubsampleRatio)
	cw, ch := (w+h-1)/h, (height+v-1)/v
	cbs, crs := plane{m.Cb, m.CStride, cw, ch}, plane{m.Cr, m.CStride, cw, ch}
	img := ask.image(w, height, 3)
	cb, cr := make([]byte, h*cw), make([]byte, h*cw)
	for y := range height {
		cbs.row(cb, y, h, v)
		crs.row(cr, y, h, v)
		dst, luma := img.Pix[y*w*3:(y+1)*w*3], m.Y[y*m.YStride:][:w]
		if !rgb {
			yccRow(dst, luma, cb, cr)
			continue
		}
		for x, r := range luma {
			dst[3*x], dst[3*x+1], dst[3*x+2] = r, cb[x], cr[x]
		}
	}
	return img
}

// yccRow is libjpeg's jdcolor.c: 16 bits of fixed point, each chroma term of R
// and B rounded by itself and those of G together.
func yccRow(dst, luma, cb, cr []byte) {
	n := len(luma)
	cb, cr, dst = cb[:n], cr[:n], dst[:3*n]
	for x, l := range luma {
		y, b, r := int32(l), int32(cb[x])-128, int32(cr[x])-128
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0] = clamp8(y + (91881*r+1<<15)>>16)
		d[1] = clamp8(y + (-22554*b-46802*r+1<<15)>>16)
		d[2] = clamp8(y + (116130*b+1<<15)>>16)
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // 0 below, 255 above
	}
	return uint8(v)
}

// fromCMYK converts a four-component JPEG. Go hands out 255 minus each sample as
// stored, chroma repeated; Adobe stores inks inverted, so that those are the inks
// where the file is CMYK. Where it is YCCK, libjpeg makes 255-R, 255-G, 255-B of
// YCC, and Pillow inverts those too.
func fromCMYK(m *image.CMYK, ycck, subsampled bool) *Image {
	w, height := m.Rect.Dx(), m.Rect.Dy()
	f := 1
	if subsampled {
		f = 2
	}
	second, third := component(m, 1, f), component(m, 2, f)
	img := newImage(w, height, 3)
	a, b, c := make([]byte, w), make([]byte, f*second.width), make([]byte, f*third.width)
	for y := range height {
		src := m.Pix[y*m.Stride:][:4*w]
		for x := range a {
			a[x] = 255 - src[4*x]
		}
		second.row(b, y, f, f)
		third.row(c, y, f, f)
		dst := img.Pix[y*w*3 : (y+1)*w*3]
		if ycck {
			yccRow(dst, a, b, c)
		} else {
			for x := range a {
				dst[3*x], dst[3*x+1], dst[3*x+2] = 255-a[x], 255-b[x], 255-c[x]
			}
		}
		// dst holds C, M, Y; Pillow's CMYK to RGB follows.
		for x := range a {
			paper := 255 - int32(src[4*x+3])
			d := dst[3*x : 3*x+3 : 3*x+3]
			for i, ink := range d {
				d[i] = inked(ink, paper)
			}
		}
	}
	return img
}

// inked is Pillow's CMYK to RGB: an ink on what black leaves of the paper.
func inked(ink uint8, paper int32) uint8 {
	t := int32(ink)*paper + 128
	return clamp8(paper - (t>>8+t)>>8)
}

// component takes one component, as stored, out of a CMYK image in which each of
// its samples stands f by f times.
func component(m *image.CMYK, i, f int) plane {
	w, h := (m.Rect.Dx()+f-1)/f, (m.Rect.Dy()+f-1)/f
	p := plane{make([]byte, w*h), w, w, h}
	for y := range h {
		src := m.Pix[y*f*m.Stride+i:]
		for x := range w {
			p.pix[y*w+x] = 255 - src[4*f*x]
		}
	}
	return p
}
