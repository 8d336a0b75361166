package preprocess

import "sync"

// Resample resizes a whole image: Pillow's Image.resize((width, height), f) to
// the bit. Both sizes must be positive.
func Resample(img *Image, width, height int, f Filter) *Image {
	out := &Image{Width: width, Height: height, Channels: img.Channels, Pix: make([]byte, width*height*img.Channels)}
	resampleRegion(out.Pix, img, width, height, region{0, 0, width, height}, f)
	return out
}

// region is a rectangle of an image: its left top corner and its size.
type region struct{ x, y, width, height int }

// scratch is the memory of one call, reused by later ones.
type scratch struct{ pass, crop []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func grown(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// resampleRegion computes only r of img resized to width x height, into dst,
// which holds r's rows tightly packed. Every output pixel is independent, so the
// result equals a crop of the whole. As in Pillow there are two passes, rounded
// to 8 bits between, and one that changes no size is left out.
func resampleRegion(dst []byte, img *Image, width, height int, r region, f Filter) {
	c := img.Channels
	switch {
	case f == Nearest:
		nearest(dst, img, width, height, r)
		return
	case width == img.Width && height == img.Height:
		for y := range r.height {
			copy(dst[y*r.width*c:(y+1)*r.width*c], img.Pix[((r.y+y)*img.Width+r.x)*c:])
		}
		return
	case width == img.Width:
		v := filterTaps(img.Height, height, r.y, r.y+r.height, f)
		filterColumns(dst, img.Pix[r.x*c:], r.width*c, img.Width*c, &v, 0)
		return
	}
	h := filterTaps(img.Width, width, r.x, r.x+r.width, f)
	if height == img.Height {
		filterRows(dst, img.Pix[r.y*img.Width*c:], img.Width, r.height, &h, 0, c)
		return
	}
	v := filterTaps(img.Height, height, r.y, r.y+r.height, f)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if verticalFirst(img, width, height) {
		lo, hi := h.span()
		s.pass = grown(s.pass, r.height*(hi-lo)*c)
		filterColumns(s.pass, img.Pix[lo*c:], (hi-lo)*c, img.Width*c, &v, 0)
		filterRows(dst, s.pass, hi-lo, r.height, &h, lo, c)
		return
	}
	lo, hi := v.span()
	s.pass = grown(s.pass, (hi-lo)*r.width*c)
	filterRows(s.pass, img.Pix[lo*img.Width*c:], img.Width, hi-lo, &h, 0, c)
	filterColumns(dst, s.pass, r.width*c, r.width*c, &v, lo)
}

// verticalFirst is ImagingResampleInner's rule since Pillow 13: columns go first
// where the height shrinks by more than twice what the width does.
func verticalFirst(img *Image, width, height int) bool {
	return img.Height > height && img.Height-height > 2*(img.Width-width)
}

// span returns the inputs that the taps reach: from lo up to hi.
func (t *taps) span() (lo, hi int) {
	lo = t.start[0]
	for i, start := range t.start {
		lo, hi = min(lo, start), max(hi, start+t.count[i])
	}
	return lo, hi
}

// clip8 rounds a fixed-point sum to a pixel.
func clip8(v int32) byte { return byte(min(max(v>>precision, 0), 255)) }

// filterRows filters n rows of width pixels, whose first pixel is input pixel lo.
func filterRows(dst, src []byte, width, n int, t *taps, lo, channels int) {
	out := len(t.start) * channels
	for y := range n {
		filterRow(dst[y*out:(y+1)*out], src[y*width*channels:(y+1)*width*channels], t, lo, channels)
	}
}

func filterRow(dst, in []byte, t *taps, lo, channels int) {
	const half = 1 << (precision - 1)
	for i, start := range t.start {
		start -= lo
		weights := t.weight[i*t.width : i*t.width+t.count[i]]
		if channels == 3 {
			px := in[start*3 : (start+len(weights))*3]
			r, g, b := int32(half), int32(half), int32(half)
			for _, w := range weights {
				p := px[:3:3]
				r += int32(p[0]) * w
				g += int32(p[1]) * w
				b += int32(p[2]) * w
				px = px[3:]
			}
			d := dst[i*3 : i*3+3 : i*3+3]
			d[0], d[1], d[2] = clip8(r), clip8(g), clip8(b)
			continue
		}
		sum := int32(half)
		for k, p := range in[start : start+len(weights)] {
			sum += int32(p) * weights[k]
		}
		dst[i] = clip8(sum)
	}
}

// filterColumns filters rows of n bytes, stride apart, of which the first is
// input row lo, into rows of n bytes.
func filterColumns(dst, src []byte, n, stride int, t *taps, lo int) {
	const half = 1 << (precision - 1)
	sums := make([]int32, n)
	for i, start := range t.start {
		for x := range sums {
			sums[x] = half
		}
		for k, w := range t.weight[i*t.width : i*t.width+t.count[i]] {
			row := src[(start-lo+k)*stride:]
			for x, p := range row[:len(sums)] {
				sums[x] += int32(p) * w
			}
		}
		out := dst[i*n : (i+1)*n]
		for x, v := range sums {
			out[x] = clip8(v)
		}
	}
}

// nearest is Pillow's ImagingScaleAffine: positions are summed up step by step,
// and their rounding with them.
func nearest(dst []byte, img *Image, width, height int, r region) {
	c := img.Channels
	columns := nearestPositions(img.Width, width)[r.x : r.x+r.width]
	lines := nearestPositions(img.Height, height)[r.y : r.y+r.height]
	for y, line := range lines {
		in := img.Pix[line*img.Width*c : (line+1)*img.Width*c]
		out := dst[y*r.width*c : (y+1)*r.width*c]
		for x, column := range columns {
			copy(out[x*c:(x+1)*c], in[column*c:(column+1)*c])
		}
	}
}

func nearestPositions(in, out int) []int {
	step := float64(in) / float64(out)
	at := step * 0.5
	positions := make([]int, out)
	for i := range positions {
		positions[i] = min(int(at), in-1)
		at += step
	}
	return positions
}
