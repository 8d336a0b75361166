package preprocess

import (
	"math"
	"slices"
)

// This file has the filters of other libraries than Pillow: those that look at two pixels a
// direction, or at whole areas. A result's row is made of some rows of the image, which the
// callers below keep filtered across, as neighbours share them.

// pair is two pixels of an edge and their weights, fixed point with 11 bits as OpenCV has them.
type pair struct {
	at     [2]int32
	weight [2]int32
}

// part is a pixel of an edge and its share of an output.
type part struct {
	at    int32
	share float32
}

// span is two pixels of an edge, and how far an output lies from the first to the second.
type span struct {
	at [2]int32
	by float32
}

// sampled makes the rows of one resize. Its memory is used again by the next.
type sampled struct {
	img    strip
	region region
	made   func(s *sampled, y int) // fills out, or floats, with row y of the region; nil: linearCV2 makes all
	out    []byte
	floats []float32 // the row of a filter whose pixels are decimals

	across, down           []pair
	acrossSpans, downSpans []span
	columns, lines         []int32 // positions; where an area begins; where an output's parts end
	acrossParts, downParts []part
	endAcross, endDown     []int32

	held     [2]int32 // the rows of the image that are filtered across, by the slot; -1: none
	sums     [2][]int32
	rows     [2][]float32
	filtered []float32 // LinearTorch's rows of the image, filtered across
	block    [2]int    // the columns and rows of an area
}

// prepare gets ready for r of img resized to width x height.
func (s *sampled) prepare(img strip, width, height int, r region, f Filter) {
	s.img, s.region, s.held = img, r, [2]int32{-1, -1}
	s.out = grown(s.out, r.width*img.Channels)
	x := resize1D{in: img.Width, out: width, from: r.x, to: r.x + r.width}
	y := resize1D{in: img.Height, out: height, from: r.y, to: r.y + r.height}
	switch {
	case f == LinearTF:
		s.prepareTF(x, y)
	case f == LinearTorch:
		s.prepareTorch(x, y)
	case f == NearestCV2, img.Width == width && img.Height == height:
		s.columns, s.lines = nearestCV2(s.columns, x), nearestCV2(s.lines, y)
		s.made = (*sampled).nearest
	case f == AreaCV2 && width <= img.Width && height <= img.Height, f == LinearCV2 && img.Width == 2*width && img.Height == 2*height:
		s.prepareArea(x, y)
	default:
		s.across, s.down = pairsCV2(s.across, x, f, true), pairsCV2(s.down, y, f, false)
		s.made = nil
	}
}

func (s *sampled) nearest(y int) {
	n := s.img.Channels
	row := s.line(int(s.lines[y]))
	for i, at := range s.columns {
		copy(s.out[i*n:(i+1)*n], row[int(at)*n:])
	}
}

// line is a row of the image.
func (s *sampled) line(y int) []byte { return s.img.line(y) }

// slot returns where the row y of the image is, or is to be, filtered across: not in the slot
// that another row of use has.
func (s *sampled) slot(y, other int32) (slot int, there bool) {
	if i := slices.Index(s.held[:], y); i >= 0 {
		return i, true
	}
	if s.held[0] == other {
		slot = 1
	}
	s.held[slot] = y
	return slot, false
}

// put writes row y to dst, by way of the tables.
func put[T uint8 | uint16 | uint32](dst, tables, row []byte, channels, y int, to placement) {
	out, table := view[T](dst), view[T](tables)
	for c := range channels {
		at := y*to.row + to.channel[c]
		for i := c; i < len(row); i += channels {
			out[at] = table[256*c+int(row[i])]
			at += to.pixel
		}
	}
}

// sample is resample for filters that are not Pillow's.
func (m *scratch) sample(dst []byte, img strip, width, height int, r region, f Filter, to placement) {
	s := &m.sampled
	s.prepare(img, width, height, r, f)
	defer func() { s.img = strip{} }()
	if s.made == nil {
		m.linearCV2(dst, to)
		return
	}
	for y := range r.height {
		s.made(s, y)
		if f.decimals() {
			for i, v := range s.floats {
				s.out[i] = uint8(math.RoundToEven(float64(v)))
			}
		}
		switch to.element {
		case 1:
			put[uint8](dst, m.tables[:], s.out, img.Channels, y, to)
		case 2:
			put[uint16](dst, m.tables[:], s.out, img.Channels, y, to)
		default:
			put[uint32](dst, m.tables[:], s.out, img.Channels, y, to)
		}
	}
}

// bytes is the memory that it holds.
func (s *sampled) bytes() int {
	return 16*(cap(s.across)+cap(s.down)) + 12*(cap(s.acrossSpans)+cap(s.downSpans)) + 8*(cap(s.acrossParts)+cap(s.downParts)) +
		4*(cap(s.columns)+cap(s.lines)+cap(s.endAcross)+cap(s.endDown)+cap(s.floats)+cap(s.filtered)+2*cap(s.sums[0])+2*cap(s.rows[0])) + cap(s.out)
}
