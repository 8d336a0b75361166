package preprocess

import (
	"fmt"
	"io"
)

// Resampler resizes an image whose rows come one after the other, and writes those of
// the result as soon as they are known: Pillow 13's Image.resize to the bit, in memory of a few
// dozen rows. Alpha is resized as Pillow does it for modes LA and RGBA: colours are
// premultiplied meanwhile, but for Nearest.
//
// A Resampler that is abandoned needs no Close: it holds no more than memory.
type Resampler struct {
	w             io.Writer
	width, height int // of the image that comes
	channels      int
	toWidth       int
	toHeight      int
	filter        Filter

	lo, hi   []int32 // what rows each row of the result is made of
	perBand  int     // rows of the result that are computed together
	most     int     // rows that are kept at once
	came     int     // rows
	done     int     // rows of the result
	color    rowBand
	alpha    rowBand
	out      []byte
	failed   error
	straight bool // nothing to resize
}

// rowBand is the rows of an image, or of some of its channels, that are still needed.
type rowBand struct {
	strip
	out []byte
}

// NewResampler resizes an image of width x height pixels, of 1 to 4 channels as a
// [FileWriter] has them, to toWidth x toHeight, and writes rows to w. All sizes must be positive.
func NewResampler(w io.Writer, width, height, channels, toWidth, toHeight int, f Filter) (*Resampler, error) {
	if min(width, height, toWidth, toHeight) < 1 || channels < 1 || channels > 4 {
		return nil, fmt.Errorf("resize %dx%d pixels of %d channels to %dx%d: there is no such image", width, height, channels, toWidth, toHeight)
	}
	if !f.pillow() {
		return nil, fmt.Errorf("resize by %s: rows that come one after the other are resized by Pillow's filters alone", f)
	}
	r := &Resampler{w: w, width: width, height: height, channels: channels, toWidth: toWidth, toHeight: toHeight, filter: f,
		straight: width == toWidth && height == toHeight}
	if r.straight {
		return r, nil
	}
	down := resize1D{height, toHeight, 0, toHeight, f, 0}
	r.lo, r.hi = make([]int32, toHeight), make([]int32, toHeight)
	if f == Nearest {
		nearestPositions(r.lo, down)
		for i, v := range r.lo {
			r.hi[i] = v + 1
		}
	} else {
		for i := range r.lo {
			_, lo, hi := down.reach(i)
			r.lo[i], r.hi[i] = int32(lo), int32(hi)
		}
	}
	// The rows that two bands need are filtered across twice: bands that take thrice as many
	// rows as one output does keep that small.
	middle := toHeight / 2
	rows := max(16, 3*int(r.hi[middle]-r.lo[middle]))
	r.perBand = max(1, min(64, rows*toHeight/height))
	r.most = r.mostRows()
	r.color.strip = strip{Image: &Image{Width: width, Channels: (channels-1)/2*2 + 1}, top: int(r.lo[0]), width: width, height: height}
	if channels%2 == 0 {
		r.alpha.strip = strip{Image: &Image{Width: width, Channels: 1}, top: int(r.lo[0]), width: width, height: height}
	}
	return r, nil
}

// mostRows is how many rows a band needs, and those that come while it does.
func (r *Resampler) mostRows() (most int) {
	for done := 0; done < r.toHeight; done += r.perBand {
		most = max(most, int(r.hi[min(done+r.perBand, r.toHeight)-1]-r.lo[done]))
	}
	return most
}

// Write takes whole rows, packed, from the top.
func (r *Resampler) Write(rows []byte) (int, error) {
	row := r.width * r.channels
	n := len(rows) / row
	switch {
	case r.failed != nil:
		return 0, r.failed
	case n*row != len(rows):
		return 0, fmt.Errorf("%d bytes are not rows of %d", len(rows), row)
	case n > r.height-r.came:
		return 0, fmt.Errorf("%d rows for an image that lacks %d", n, r.height-r.came)
	}
	if r.straight {
		r.came += n
		_, r.failed = r.w.Write(rows)
	}
	for y := 0; y < n && !r.straight && r.failed == nil; y++ {
		if r.done < r.toHeight && r.came >= int(r.lo[r.done]) {
			r.take(rows[y*row : (y+1)*row])
		}
		r.came++
		for r.failed == nil && r.done < r.toHeight && r.came >= int(r.hi[min(r.done+r.perBand, r.toHeight)-1]) {
			r.failed = r.flush(min(r.done+r.perBand, r.toHeight))
		}
	}
	if r.failed != nil {
		return 0, r.failed
	}
	return len(rows), nil
}

// take keeps a row.
func (r *Resampler) take(row []byte) {
	c := &r.color
	if c.Pix == nil { // grown by and by, they would leave several times their size to be collected
		c.Pix = make([]byte, 0, r.most*r.width*c.Channels)
		if r.channels%2 == 0 {
			r.alpha.Pix = make([]byte, 0, r.most*r.width)
		}
	}
	if r.channels%2 == 1 {
		c.Pix = append(c.Pix, row...)
		return
	}
	for ; len(row) > 0; row = row[r.channels:] {
		a := row[c.Channels]
		for _, v := range row[:c.Channels] {
			if r.filter != Nearest {
				v = premultiply(v, a)
			}
			c.Pix = append(c.Pix, v)
		}
		r.alpha.Pix = append(r.alpha.Pix, a)
	}
}

// flush computes the result up to row end, and drops the rows that are not needed any more.
func (r *Resampler) flush(end int) error {
	r.color.compute(r, end)
	out := r.color.out
	if r.channels%2 == 0 {
		r.alpha.compute(r, end)
		out = r.merge()
	}
	r.done = end
	if end < r.toHeight {
		r.color.drop(int(r.lo[end]))
		r.alpha.drop(int(r.lo[end]))
	}
	_, err := r.w.Write(out)
	return err
}

// merge puts colours and alpha side by side again.
func (r *Resampler) merge() []byte {
	n, colors := r.color.Channels, r.color.out
	r.out = r.out[:0]
	for _, a := range r.alpha.out {
		for _, v := range colors[:n] {
			if r.filter != Nearest && a != 0 {
				v = unpremultiply(v, a)
			}
			r.out = append(r.out, v)
		}
		r.out = append(r.out, a)
		colors = colors[n:]
	}
	return r.out
}

func (b *rowBand) compute(r *Resampler, end int) {
	b.Height = len(b.Pix) / (b.Width * b.Channels)
	b.out = grown(b.out, (end-r.done)*r.toWidth*b.Channels)
	b.rows(b.out, r.toWidth, r.toHeight, r.filter, r.done, end)
}

// drop lets go of the rows before top.
func (b *rowBand) drop(top int) {
	if b.Image == nil {
		return
	}
	n := min(len(b.Pix), (top-b.top)*b.Width*b.Channels)
	b.Pix = b.Pix[:copy(b.Pix, b.Pix[n:])]
	b.top = top
}

// premultiply is Pillow's MULDIV255.
func premultiply(v, a uint8) uint8 {
	t := uint32(v)*uint32(a) + 128
	return uint8((t>>8 + t) >> 8)
}

// Close fails where rows are missing, or a Write has failed.
func (r *Resampler) Close() error {
	if r.failed == nil && r.came < r.height {
		r.failed = fmt.Errorf("an image to resize lacks its last %d rows", r.height-r.came)
	}
	return r.failed
}
