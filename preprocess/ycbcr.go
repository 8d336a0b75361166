package preprocess

// SplitYCbCr is Pillow's convert("YCbCr") of an RGB image (ITU-R 601, full range, as in
// JPEG), as three gray images.
func SplitYCbCr(img *Image) (y, cb, cr *Image) {
	y, cb, cr = newImage(img.Width, img.Height, 1), newImage(img.Width, img.Height, 1), newImage(img.Width, img.Height, 1)
	t := &forward
	for i := range y.Pix {
		p := img.Pix[3*i : 3*i+3 : 3*i+3]
		r, g, b := p[0], p[1], p[2]
		y.Pix[i] = uint8((t.yr[r] + t.yg[g] + t.yb[b]) >> yccBits)
		cb.Pix[i] = uint8((t.cbr[r]+t.cbg[g]+t.half[b])>>yccBits + 128)
		cr.Pix[i] = uint8((t.half[r]+t.crg[g]+t.crb[b])>>yccBits + 128)
	}
	return y, cb, cr
}

// MergeYCbCr is the inverse, Pillow's convert("RGB"), for pixels in any number: dst gets three
// bytes for each of y, cb and cr.
func MergeYCbCr(dst, y, cb, cr []byte) {
	t := &backward
	cb, cr, dst = cb[:len(y)], cr[:len(y)], dst[:3*len(y)]
	for i, l := range y {
		b, r, l := cb[i], cr[i], int32(l)
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0] = clamp8(l + t.r[r]>>yccBits)
		d[1] = clamp8(l + (t.gb[b]+t.gr[r])>>yccBits)
		d[2] = clamp8(l + t.b[b]>>yccBits)
	}
}

// The factors are those of libImaging/ConvertYCbCr.c, in 6 bits of fixed point.
const yccBits = 6

var (
	forward = struct{ yr, yg, yb, cbr, cbg, crg, crb, half [256]int32 }{
		fixed(0.299, 0), fixed(0.587, 0), fixed(0.114, 0), fixed(-0.16874, 0), fixed(-0.33126, 0), fixed(-0.41869, 0), fixed(-0.08131, 0), fixed(0.5, 0),
	}
	backward = struct{ r, gb, gr, b [256]int32 }{fixed(1.402, 128), fixed(-0.34414, 128), fixed(-0.71414, 128), fixed(1.772, 128)}
)

// fixed is a factor times 0..255, less zero. Halves are added before numbers are cut to
// integers, below 0 too: Pillow's tables are made so.
func fixed(factor float64, zero int) (t [256]int32) {
	for i := range t {
		t[i] = int32(float64(factor*float64(i-zero)*(1<<yccBits)) + 0.5)
	}
	return t
}
