package preprocess

import (
	"encoding/binary"
	"errors"
	"io"
)

// tiffEncoder writes the directory, whose sizes are all known, and then rows as they are.
type tiffEncoder struct{ w io.Writer }

func newTIFFEncoder(w io.Writer, h fileHead) (*tiffEncoder, error) {
	const strip = 1 << 16 // bytes, about
	row := int64(h.width) * int64(h.channels)
	perStrip := max(1, min(int64(h.height), strip/row))
	strips := (int64(h.height) + perStrip - 1) / perStrip
	if row*int64(h.height)+8*strips+int64(len(h.ICC)) > 1<<32-1<<16 {
		return nil, errors.New("a TIFF file ends at 4 GiB: write PNG")
	}
	samples, colours := uint16(h.channels), uint16(1) // black is zero
	if h.channels >= 3 {
		colours = 2 // RGB
	}
	d := tiffDirectory{}
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
	d.long(273, offsets...) // from the first on, as yet
	d.short(277, samples)
	d.long(278, uint32(perStrip))
	d.long(279, counts...)
	d.short(284, 1) // samples side by side
	if samples%2 == 0 {
		d.short(338, 2) // alpha, not premultiplied
	}
	if h.ICC != nil {
		d.entry(34675, 7, len(h.ICC), h.ICC)
	}
	_, err := w.Write(d.bytes())
	return &tiffEncoder{w}, err
}

func (e *tiffEncoder) rows(packed []byte) error {
	_, err := e.w.Write(packed)
	return err
}

func (e *tiffEncoder) end() error { return nil }

// tiffDirectory is a little-endian TIFF's only directory; its entries come in the order
// of their tags.
type tiffDirectory struct {
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

func (d *tiffDirectory) short(tag uint16, values ...uint16) {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	d.entry(tag, 3, len(values), b)
}

func (d *tiffDirectory) long(tag uint16, values ...uint32) {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	d.entry(tag, 4, len(values), b)
}

// bytes are the header, the directory and what its entries point at; the strips follow,
// whose offsets are counted from there.
func (d *tiffDirectory) bytes() []byte {
	le := binary.LittleEndian
	at := 8 + 2 + 12*len(d.entries) + 4
	end := at
	for _, e := range d.entries {
		if len(e.value) > 4 {
			end += len(e.value) + len(e.value)&1
		}
	}
	out := le.AppendUint32([]byte("II*\x00"), 8)
	out = le.AppendUint16(out, uint16(len(d.entries)))
	var tail []byte
	for _, e := range d.entries {
		if e.tag == 273 {
			for i := 0; i < len(e.value); i += 4 {
				le.PutUint32(e.value[i:], le.Uint32(e.value[i:])+uint32(end))
			}
		}
		out = le.AppendUint32(le.AppendUint16(le.AppendUint16(out, e.tag), e.kind), uint32(e.count))
		if len(e.value) <= 4 {
			out = append(out, append(e.value, 0, 0, 0, 0)[:4]...)
			continue
		}
		out = le.AppendUint32(out, uint32(at+len(tail)))
		tail = append(tail, e.value...)
		if len(e.value)&1 == 1 {
			tail = append(tail, 0) // values begin at even offsets
		}
	}
	return append(append(out, 0, 0, 0, 0), tail...)
}
