package preprocess

import "sync"

// Resample resizes a whole image: Pillow 13's Image.resize((width, height), f) to
// the bit. Both sizes must be positive.
func Resample(img *Image, width, height int, f Filter) *Image {
	out := newImage(width, height, img.Channels)
	s := scratches.Get().(*scratch)
	defer s.release()
	s.resample(out.Pix, img, width, height, region{0, 0, width, height}, f)
	return out
}

// region is a rectangle of an image: its left top corner and its size.
type region struct{ x, y, width, height int }

// scratch is the memory of one call, reused by later ones. The taps stay for the
// next image of the same size.
type scratch struct {
	pass, inner, crop []byte
	across, down      taps
	columns, lines    []int // of nearest
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release hands the scratch to a later call, except for one that a rare huge
// image has grown.
func (s *scratch) release() {
	const keep = 64 << 20
	if cap(s.pass)+8*(cap(s.across.packed)+cap(s.down.packed)+cap(s.columns)+cap(s.lines)) <= keep {
		scratches.Put(s)
	}
}

// resample computes only r of img resized to width x height, into dst, which
// holds r's rows tightly packed. Every output pixel is independent, so the result
// equals a crop of the whole. As in Pillow there are two passes, rounded to 8 bits
// between, and one that changes no size is left out.
func (s *scratch) resample(dst []byte, img *Image, width, height int, r region, f Filter) {
	c := img.Channels
	if f == Nearest {
		s.nearest(dst, img, width, height, r)
		return
	}
	across, down := width != img.Width, height != img.Height
	if across {
		s.across.prepare(resize1D{img.Width, width, r.x, r.x + r.width, f})
	}
	if down {
		s.down.prepare(resize1D{img.Height, height, r.y, r.y + r.height, f})
	}
	stride := img.Width * c
	switch {
	case !across && !down:
		for y := range r.height {
			copy(dst[y*r.width*c:(y+1)*r.width*c], img.Pix[(r.y+y)*stride+r.x*c:])
		}
	case !across:
		filterColumns(dst, img.Pix[r.x*c:], r.width*c, stride, &s.down, 0)
	case !down:
		filterRows(dst, img.Pix[r.y*stride:], stride, r.height, &s.across, 0, c)
	case columnsFirst(img, width, height):
		lo, hi := s.across.span()
		row := (hi - lo) * c
		s.pass = grown(s.pass, r.height*row)
		filterColumns(s.pass, img.Pix[lo*c:], row, stride, &s.down, 0)
		filterRows(dst, s.pass, row, r.height, &s.across, lo, c)
	default:
		lo, hi := s.down.span()
		row := r.width * c
		s.pass = grown(s.pass, (hi-lo)*row)
		filterRows(s.pass, img.Pix[lo*stride:], stride, hi-lo, &s.across, 0, c)
		filterColumns(dst, s.pass, row, row, &s.down, lo)
	}
}

// columnsFirst is ImagingResampleInner's rule since Pillow 13: columns go first
// where the height shrinks by more than twice what the width does.
func columnsFirst(img *Image, width, height int) bool {
	return img.Height > height && img.Height-height > 2*(img.Width-width)
}

// nearest is Pillow's ImagingScaleAffine.
func (s *scratch) nearest(dst []byte, img *Image, width, height int, r region) {
	c := img.Channels
	s.columns = grown(s.columns, r.width)
	s.lines = grown(s.lines, r.height)
	nearestPositions(s.columns, img.Width, width, r.x)
	nearestPositions(s.lines, img.Height, height, r.y)
	for y, line := range s.lines {
		in := img.Pix[line*img.Width*c : (line+1)*img.Width*c]
		out := dst[y*r.width*c : (y+1)*r.width*c]
		if c == 1 {
			for x, column := range s.columns {
				out[x] = in[column]
			}
			continue
		}
		for x, column := range s.columns {
			o, p := out[3*x:3*x+3:3*x+3], in[3*column:3*column+3:3*column+3]
			o[0], o[1], o[2] = p[0], p[1], p[2]
		}
	}
}

// nearestPositions gives the inputs that outputs from, from+1... show. Pillow sums
// the positions up step by step, so their rounding errors add up too.
func nearestPositions(positions []int, in, out, from int) {
	step := float64(in) / float64(out)
	at := float64(step * 0.5)
	for range from {
		at += step
	}
	for i := range positions {
		positions[i] = min(int(at), in-1)
		at += step
	}
}
