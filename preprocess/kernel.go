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
type scratch struct{ rows, crop []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func grown(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// resampleRegion computes only r of img resized to width x height, into dst,
// which holds r's rows tightly packed. Every output pixel is independent, so the
// result equals a crop of the whole. As in Pillow, rows are filtered first, then
// columns, rounded to 8 bits between, and a pass that changes no size is left out.
func resampleRegion(dst []byte, img *Image, width, height int, r region, f Filter) {
	c := img.Channels
	if f == Nearest {
		nearest(dst, img, width, height, r)
		return
	}
	var vertical taps
	lo, hi := r.y, r.y+r.height // the input rows that are needed
	if height != img.Height {
		vertical = filterTaps(img.Height, height, r.y, r.y+r.height, f)
		lo, hi = vertical.start[0], 0
		for i, start := range vertical.start {
			lo, hi = min(lo, start), max(hi, start+vertical.count[i])
		}
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	stride := r.width * c
	rows := dst
	if height != img.Height {
		s.rows = grown(s.rows, (hi-lo)*stride)
		rows = s.rows
	}
	if width != img.Width {
		horizontal := filterTaps(img.Width, width, r.x, r.x+r.width, f)
		for y := lo; y < hi; y++ {
			in := img.Pix[y*img.Width*c : (y+1)*img.Width*c]
			filterRow(rows[(y-lo)*stride:(y-lo+1)*stride], in, &horizontal, c)
		}
	} else {
		for y := lo; y < hi; y++ {
			copy(rows[(y-lo)*stride:(y-lo+1)*stride], img.Pix[(y*img.Width+r.x)*c:])
		}
	}
	if height != img.Height {
		filterColumns(dst, rows, &vertical, lo, stride)
	}
}

// clip8 rounds a fixed-point sum to a pixel.
func clip8(v int32) byte { return byte(min(max(v>>precision, 0), 255)) }

func filterRow(dst, in []byte, t *taps, channels int) {
	const half = 1 << (precision - 1)
	for i, start := range t.start {
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

// filterColumns filters rows (the first of them is input row lo) into dst.
func filterColumns(dst, rows []byte, t *taps, lo, stride int) {
	const half = 1 << (precision - 1)
	sums := make([]int32, stride)
	for i, start := range t.start {
		for x := range sums {
			sums[x] = half
		}
		for k, w := range t.weight[i*t.width : i*t.width+t.count[i]] {
			row := rows[(start-lo+k)*stride : (start-lo+k+1)*stride]
			for x, p := range row[:len(sums)] {
				sums[x] += int32(p) * w
			}
		}
		out := dst[i*stride : (i+1)*stride]
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
