package preprocess

// #include "resample.h"
import "C"

import (
	"sync"
	"unsafe"
)

// Resample resizes a whole image: Pillow 13's Image.resize((width, height), f) to
// the bit, or what the filter is named after. Both sizes must be positive.
func Resample(img *Image, width, height int, f Filter) *Image {
	out := newImage(width, height, img.Channels)
	ResampleRows(out.Pix, img, width, height, f, 0, height)
	return out
}

// ResampleRows computes rows y0 to y1 of [Resample], y1 excluded, into dst: the same bytes,
// (y1-y0)*width*img.Channels of them. It allocates nothing once it is warm.
func ResampleRows(dst []byte, img *Image, width, height int, f Filter, y0, y1 int) {
	whole(img).rows(dst, width, height, f, y0, y1)
}

// strip is a part of an image: all that is needed.
type strip struct {
	*Image
	left, top     int // where it begins
	width, height int // of the whole image
	stride        int // bytes from a row to the next where these are not packed; 0: they are
}

func whole(img *Image) strip { return strip{Image: img, width: img.Width, height: img.Height} }

// window is a part of an image as an image of its own, whose rows stay where they are.
func window(img *Image, x, y, width, height int) strip {
	row := img.Width * img.Channels
	part := Image{Width: width, Height: height, Channels: img.Channels, Pix: img.Pix[y*row+x*img.Channels:]}
	return strip{Image: &part, width: width, height: height, stride: row}
}

// step is how many bytes it is from a row to the next.
func (s strip) step() int {
	if s.stride > 0 {
		return s.stride
	}
	return s.Width * s.Channels
}

// line is a row.
func (s strip) line(y int) []byte { return s.Pix[y*s.step():][:s.Width*s.Channels] }

// packed is the image, with rows that follow on each other.
func (s strip) packed() *Image {
	if s.stride == 0 {
		return s.Image
	}
	out := newImage(s.Width, s.Height, s.Channels)
	for y := range s.Height {
		copy(out.Pix[y*s.Width*s.Channels:], s.line(y))
	}
	return out
}

// holds reports whether there is memory for all rows, and no more where they are packed.
func (s strip) holds() bool {
	if s.Width < 1 || s.Height < 1 {
		return false
	}
	if s.stride == 0 {
		return len(s.Pix) == s.Width*s.Height*s.Channels
	}
	return s.stride >= s.Width*s.Channels && len(s.Pix) >= (s.Height-1)*s.stride+s.Width*s.Channels
}

func (s strip) rows(dst []byte, width, height int, f Filter, y0, y1 int) {
	if y0 == y1 {
		return
	}
	m := scratches.Get().(*scratch)
	defer m.release()
	m.identity()
	m.resample(dst, s, width, height, region{0, y0, width, y1 - y0}, f,
		placement{element: 1, channel: [3]int{0, 1, 2}, pixel: s.Channels, row: width * s.Channels})
}

// VectorCode names the vector instructions that resampling uses on this processor:
// "avx2", "neon", or "" for plain C. The results are the same.
func VectorCode() string { return C.GoString(C.ortho_resample_vector()) }

// region is a rectangle of an image: its left top corner and its size.
type region struct{ x, y, width, height int }

// placement says where a region's pixels go, in elements: where the first pixel's
// channels lie, and how far it is to the next pixel and to the next row.
type placement struct {
	element    int // bytes of an element
	channel    [3]int
	pixel, row int
}

// scratch is the memory of one call, reused by later ones. The taps are kept for
// the next image of the same size.
type scratch struct {
	across, down taps
	tables       colorTables
	sampled      sampled // for filters that are not Pillow's
	job          C.job
	memory       []uint64
}

// identity has the tables leave pixels as they are, a byte each.
func (m *scratch) identity() {
	for c := range 3 {
		for p := range 256 {
			m.tables[256*c+p] = byte(p)
		}
	}
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release hands the scratch to a later call, except for one that a rare huge
// image has grown.
func (m *scratch) release() {
	const keep = 16 << 20
	if 8*cap(m.memory)+2*(cap(m.across.weight)+cap(m.down.weight))+m.sampled.bytes() <= keep {
		scratches.Put(m)
	}
}

// vectorized is cleared by tests of the plain C code.
var vectorized = true

// resample computes only r of img resized to width x height, and writes it to dst by
// way of the tables. Every output pixel is independent, so the result equals a crop of
// the whole. As in Pillow there are two passes, rounded to 8 bits between.
func (m *scratch) resample(dst []byte, img strip, width, height int, r region, f Filter, to placement) {
	if !f.pillow() {
		m.sample(dst, img, width, height, r, f, to)
		return
	}
	m.across.prepare(resize1D{img.width, width, r.x, r.x + r.width, f, img.left})
	m.down.prepare(resize1D{img.height, height, r.y, r.y + r.height, f, img.top})
	m.job = C.job{
		across:   C.axis{C.int32_t(img.Width), C.int32_t(r.width), C.int32_t(m.across.groups)},
		down:     C.axis{C.int32_t(img.Height), C.int32_t(r.height), C.int32_t(m.down.groups)},
		channels: C.int32_t(img.Channels), element: C.int32_t(to.element),
		pixel: C.int64_t(to.pixel), row: C.int64_t(to.row), stride: C.int64_t(img.step()), size: C.int64_t(len(img.Pix)),
	}
	for c, at := range to.channel {
		m.job.channel[c] = C.int64_t(at)
	}
	if columnsFirst(img.width, img.height, width, height) {
		m.job.columns_first = 1
	}
	if vectorized {
		m.job.vector = 1
	}
	m.memory = grown(m.memory, int(C.ortho_resample_scratch(&m.job, C.int32_t(m.across.start[r.width-1]))+7)/8)
	C.ortho_resample(&m.job, (*C.uint8_t)(unsafe.SliceData(img.Pix)),
		(*C.int32_t)(unsafe.SliceData(m.across.start)), (*C.int16_t)(unsafe.SliceData(m.across.weight)),
		(*C.int32_t)(unsafe.SliceData(m.down.start)), (*C.int16_t)(unsafe.SliceData(m.down.weight)),
		unsafe.Pointer(&m.tables), unsafe.Pointer(unsafe.SliceData(dst)), (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(m.memory))))
}

// linearCV2 makes what sampled is prepared for, by pairs of pixels.
func (m *scratch) linearCV2(dst []byte, to placement) {
	s := &m.sampled
	m.job = C.job{
		across:   C.axis{out: C.int32_t(len(s.across))},
		down:     C.axis{out: C.int32_t(len(s.down))},
		channels: C.int32_t(s.img.Channels), element: C.int32_t(to.element),
		pixel: C.int64_t(to.pixel), row: C.int64_t(to.row), stride: C.int64_t(s.img.step()), size: C.int64_t(len(s.img.Pix)),
	}
	for c, at := range to.channel {
		m.job.channel[c] = C.int64_t(at)
	}
	m.memory = grown(m.memory, len(s.across)*C.ORTHO_LINEAR_BYTES/8)
	C.ortho_linear_cv2(&m.job, (*C.uint8_t)(unsafe.SliceData(s.img.Pix)), (*C.pair)(unsafe.Pointer(unsafe.SliceData(s.across))), (*C.pair)(unsafe.Pointer(unsafe.SliceData(s.down))),
		unsafe.Pointer(&m.tables), unsafe.Pointer(unsafe.SliceData(dst)), (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(m.memory))))
}

// columnsFirst is ImagingResampleInner's rule since Pillow 13: columns go first
// where the height shrinks by more than twice what the width does. (Where the width
// stays as it is, the order makes no difference.)
func columnsFirst(fromWidth, fromHeight, width, height int) bool {
	return fromHeight > height && fromHeight-height > 2*(fromWidth-width)
}
