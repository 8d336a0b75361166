package preprocess

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// tiffEncoder writes a page's directory, whose sizes are all known, and then rows as they are.
type tiffEncoder struct {
	w     io.Writer
	order binary.ByteOrder
	at    int64 // where the page ends
	pages int   // that are not begun
	odd   bool  // the page's bytes are, and directories begin at even places
}

func newTIFFEncoder(w io.Writer, h fileHead) (*tiffEncoder, error) {
	e := &tiffEncoder{w: w, order: binary.LittleEndian, pages: max(h.Frames, 1)}
	front := []byte("II*\x00\x00\x00\x00\x00")
	if exif := h.Metadata.EXIF; exif != nil {
		// The file begins with it, so that all its offsets stay right; the first directory is another one.
		e.order, _ = tiffOrder(exif)
		front = append(bytes.Clone(exif), make([]byte, len(exif)&1)...)
	}
	e.order.PutUint32(front[4:], uint32(len(front)))
	e.at = int64(len(front))
	return e, e.page(front, h)
}

// page begins one, behind what comes in front of it.
func (e *tiffEncoder) page(front []byte, h fileHead) error {
	const strip = 1 << 16 // bytes, about
	row := int64(h.width) * int64(h.channels)
	perStrip := max(1, min(int64(h.height), strip/row))
	strips := (int64(h.height) + perStrip - 1) / perStrip
	if e.at+row*int64(h.height)+8*strips+int64(len(h.ICC)+len(h.Metadata.EXIF)+len(h.Metadata.XMP)) > 1<<32-1<<16 {
		return errors.New("a TIFF file ends at 4 GiB: write PNG")
	}
	samples, colours := uint16(h.channels), uint16(1) // black is zero
	if h.channels >= 3 {
		colours = 2 // RGB
	}
	d := tiffDirectory{order: e.order}
	d.long(256, uint32(h.width))
	d.long(257, uint32(h.height))
	bits := make([]uint16, samples)
	for i := range bits {
		bits[i] = 8
	}
	d.short(258, bits...)
	d.short(259, 1) // not compressed
	d.short(262, colours)
	offsets, counts := make([]uint32, strips), make([]uint32, strips)
	for i := range counts {
		rows := min(perStrip, int64(h.height)-int64(i)*perStrip)
		offsets[i], counts[i] = uint32(int64(i)*perStrip*row), uint32(rows*row)
	}
	d.long(tagStripOffsets, offsets...) // from the first on, as yet
	d.short(277, samples)
	d.long(278, uint32(perStrip))
	d.long(279, counts...)
	d.short(284, 1) // samples side by side
	if samples%2 == 0 {
		d.short(338, 2) // alpha, not premultiplied
	}
	if h.ICC != nil {
		d.entry(tagProfile, 7, len(h.ICC), h.ICC)
	}
	d.describe(h.Metadata)
	pixels := row * int64(h.height)
	e.pages--
	e.odd = e.pages > 0 && pixels%2 == 1
	directory := d.bytes(e.at, pixels, e.pages > 0)
	e.at += int64(len(directory)) + pixels + pixels%2
	_, err := e.w.Write(append(front, directory...))
	return err
}

func (e *tiffEncoder) next(h fileHead) error {
	return e.page(make([]byte, map[bool]int{true: 1}[e.odd]), h)
}

func (e *tiffEncoder) rows(packed []byte) error {
	_, err := e.w.Write(packed)
	return err
}

func (e *tiffEncoder) end() error { return nil }

// tiffTexts are the tags for PNG's keywords.
var tiffTexts = map[string]uint16{"Title": 269, "Description": 270, "Software": 305, "Author": 315, "Copyright": 33432}

// describe adds the entries that are not there yet of EXIF data in front of the directory, whose values it has already,
// and of other metadata.
func (d *tiffDirectory) describe(m Metadata) {
	if r := m.Resolution; r != (Resolution{}) {
		d.rational(tagXResolution, r.X)
		d.rational(tagYResolution, r.Y)
		d.short(tagResolutionUnit, map[bool]uint16{true: 1, false: 2}[r.Ratio])
	}
	if m.XMP != nil {
		d.entry(tagXMP, 1, len(m.XMP), m.XMP)
	}
	for e := range tiffEntries(m.EXIF) {
		if storing := 254 <= e.tag && e.tag <= 532 && e.tag != tagOrientation && !slices.Contains(describing, e.tag); !storing {
			d.add(e.tag, e.kind, len(e.value)/int(tiffSizes[e.kind]), e.in(d.order))
		}
	}
	for _, t := range m.Text {
		d.add(tiffTexts[t[0]], 2, len(t[1])+1, append([]byte(t[1]), 0))
	}
}

// tiffDirectory is a directory of a TIFF.
type tiffDirectory struct {
	order   binary.ByteOrder
	entries []tiffField
}

type tiffField struct {
	tag, kind uint16
	count     int
	value     []byte
}

func (d *tiffDirectory) entry(tag, kind uint16, count int, value []byte) {
	d.entries = append(d.entries, tiffField{tag, kind, count, value})
}

// add is entry for a tag that may be there.
func (d *tiffDirectory) add(tag, kind uint16, count int, value []byte) {
	if !slices.ContainsFunc(d.entries, func(f tiffField) bool { return f.tag == tag }) {
		d.entry(tag, kind, count, value)
	}
}

func (d *tiffDirectory) short(tag uint16, values ...uint16) {
	b := make([]byte, 2*len(values))
	for i, v := range values {
		d.order.PutUint16(b[2*i:], v)
	}
	d.entry(tag, 3, len(values), b)
}

func (d *tiffDirectory) long(tag uint16, values ...uint32) {
	b := make([]byte, 4*len(values))
	for i, v := range values {
		d.order.PutUint32(b[4*i:], v)
	}
	d.entry(tag, 4, len(values), b)
}

// rational is a fraction of whole numbers.
func (d *tiffDirectory) rational(tag uint16, v float64) {
	over := 1.
	for v*over != math.Trunc(v*over) && over < 10000 && v*over < 1e8 {
		over *= 10
	}
	b := make([]byte, 8)
	d.order.PutUint32(b, uint32(math.Round(v*over)))
	d.order.PutUint32(b[4:], uint32(over))
	d.entry(tag, 5, 1, b)
}

// in is the value in a byte order.
func (e tiffEntry) in(order binary.ByteOrder) []byte {
	size := int(tiffSizes[e.kind])
	if e.kind == 5 || e.kind == 10 {
		size /= 2 // of the two numbers of a fraction
	}
	value := bytes.Clone(e.value)
	if order != e.order {
		for number := range slices.Chunk(value, size) {
			slices.Reverse(number)
		}
	}
	return value
}

// bytes are the directory, for a place in a file, and what its entries point at. So many bytes of pixels follow,
// from which strips' offsets are counted, and then, if there is more, a further directory at an even place.
func (d *tiffDirectory) bytes(at, pixels int64, more bool) []byte {
	slices.SortStableFunc(d.entries, func(a, b tiffField) int { return cmp.Compare(a.tag, b.tag) })
	head := 2 + 12*len(d.entries) + 4
	size := head
	for _, e := range d.entries {
		if len(e.value) > 4 {
			size += len(e.value) + len(e.value)&1 // values begin at even offsets
		}
	}
	out := make([]byte, size)
	d.order.PutUint16(out, uint16(len(d.entries)))
	end := head
	for i, e := range d.entries {
		if e.tag == tagStripOffsets {
			for i := 0; i < len(e.value); i += 4 {
				d.order.PutUint32(e.value[i:], d.order.Uint32(e.value[i:])+uint32(at)+uint32(size))
			}
		}
		b := out[2+12*i:]
		d.order.PutUint16(b, e.tag)
		d.order.PutUint16(b[2:], e.kind)
		d.order.PutUint32(b[4:], uint32(e.count))
		if len(e.value) <= 4 {
			copy(b[8:12], e.value)
			continue
		}
		d.order.PutUint32(b[8:], uint32(at)+uint32(end))
		end += copy(out[end:], e.value)
		end += end & 1
	}
	if more {
		d.order.PutUint32(out[head-4:], uint32(at+int64(size)+pixels+pixels%2))
	}
	return out
}
