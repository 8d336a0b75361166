package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/flate"
)

// pngBodies are the bodies of IDAT chunks, of which the first begins at, and where each ends. Their checksums
// are not looked at.
func pngBodies(data []byte, at int) iter.Seq2[int, []byte] {
	return func(yield func(end int, body []byte) bool) {
		for {
			body := data[at:min(len(data), at+int(be32(data[at-8:])))]
			if at += len(body); !yield(at, body) {
				return
			}
			kind, _, err := pngChunkAt(data, min(len(data), at+4)) // behind the checksum
			if err != nil || kind != "IDAT" && kind != "DDAT" {
				return
			}
			at += 4 + 8
		}
	}
}

// pngData puts them together.
func pngData(data []byte, at int) (packed []byte) {
	number, length := 0, 0
	for _, body := range pngBodies(data, at) {
		if number, length = number+1, length+len(body); number == 1 {
			packed = body[:length:length]
		}
	}
	if number > 1 {
		packed = make([]byte, 0, length) // at once: grown, it would be several times as much
		for _, body := range pngBodies(data, at) {
			packed = append(packed, body...)
		}
	}
	return packed
}

// inflated is the stream of the pixels' rows.
type inflated struct {
	packed *bytes.Reader
	flate  io.Reader
	sum    uint32
	came   bool // something
}

func newInflated(packed []byte) (*inflated, error) {
	if len(packed) < 2 {
		return nil, io.ErrUnexpectedEOF
	}
	if head := be16(packed); head%31 != 0 || packed[0]&15 != 8 || packed[0]>>4 > 7 || packed[1]&0x20 != 0 {
		return nil, errors.New("its pixels are not deflated")
	}
	z := &inflated{packed: bytes.NewReader(packed[2:]), sum: 1}
	z.flate = flate.NewReader(z.packed)
	return z, nil
}

// read fills row. It gives [io.EOF] where the stream has ended, and nothing came.
func (z *inflated) read(row []byte) error {
	for n := 0; n < len(row); {
		m, err := z.flate.Read(row[n:])
		n += m
		switch {
		case n == len(row):
		case err == io.EOF && n == 0 && z.came:
			return io.EOF
		case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return fmt.Errorf("its pixels are damaged: %w", err)
		}
	}
	z.came = true
	z.sum = adler(z.sum, row)
	return nil
}

// end looks at what follows the last row, as zlib does before it gives that out: where the stream
// goes on, is cut short or lacks its checksum, there is nothing to say against the rows. early: rows
// are missing, which an end alone excuses.
func (z *inflated) end(early bool) error {
	var more [1]byte
	switch n, err := z.flate.Read(more[:]); {
	case n > 0 || errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err != io.EOF:
		return fmt.Errorf("what follows its pixels is damaged: %w", err)
	}
	var sum [4]byte
	switch _, err := io.ReadFull(z.packed, sum[:]); {
	case err != nil && early:
		return io.ErrUnexpectedEOF
	case err == nil && binary.BigEndian.Uint32(sum[:]) != z.sum:
		return errors.New("the checksum of its pixels is wrong: the file is damaged")
	}
	return nil
}

// adler goes on with a sum of RFC 1950.
func adler(sum uint32, p []byte) uint32 {
	const mod = 65521
	a, b := sum&0xffff, sum>>16
	for len(p) > 0 {
		part := p[:min(len(p), 5552)] // so many sums fit into 32 bits
		for _, v := range part {
			a += uint32(v)
			b += a
		}
		a, b, p = a%mod, b%mod, p[len(part):]
	}
	return b<<16 | a
}

// adam7 is where the pixels of each pass begin, and how far it is to the next ones.
var adam7 = [7]struct{ x, y, right, down int }{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

// rows unpacks the rows of a part of the picture into out, and returns where the chunk with the last of
// them ends. Rows that are missing where the stream ends with one are left black, as in Pillow.
func (f *pngFile) rows(data []byte, part region, out *pngPixels) (rest int, err error) {
	used, err := f.unpackRows(pngData(data, f.data), part, out)
	for end, body := range pngBodies(data, f.data) {
		rest = end + 4
		if used -= len(body); used <= 0 {
			break
		}
	}
	return rest, err
}

// unpackRows is rows for deflated bytes, and returns how many are used.
func (f *pngFile) unpackRows(packed []byte, part region, out *pngPixels) (used int, err error) {
	z, err := newInflated(packed)
	if err != nil {
		return 0, err
	}
	bits := int(f.depth) * pngSamples[f.color]
	all := (part.width*bits + 7) / 8
	row, above := make([]byte, 1+all), make([]byte, 1+all)
	if f.interlaced || part != (region{0, 0, f.width, f.height}) {
		out.black(0, f.height)
	}
	line := func(n int) error {
		if err := z.read(row[:1+n]); err != nil {
			return err
		}
		return unfilter(row[:1+n], above[1:1+n], max(1, bits/8))
	}
	if !f.interlaced {
		for y := range part.height {
			if err = line(all); err == nil {
				out.row(row[1:], part.x, part.y+y, part.width)
				row, above = above, row
				continue
			}
			if err == io.EOF {
				out.black(part.y+y, part.y+part.height)
			}
			break
		}
	}
	for _, p := range adam7 {
		wide := (part.width - p.x + p.right - 1) / p.right
		if !f.interlaced || wide < 1 || err != nil {
			continue
		}
		clear(above)
		for y := p.y; y < part.height && err == nil; y += p.down {
			if err = line((wide*bits + 7) / 8); err == nil {
				out.scatter(row[1:], part.x+p.x, p.right, part.y+y, wide)
				row, above = above, row
			}
		}
	}
	if err == nil || err == io.EOF {
		err = z.end(err == io.EOF)
	}
	return len(packed) - z.packed.Len(), err
}

// unfilter undoes a row's filter (PNG, 9.2), whose kind is its first byte. above is the row before,
// without that.
func unfilter(row, above []byte, pixel int) error {
	kind, row := row[0], row[1:]
	above = above[:len(row)]
	switch kind {
	case 0:
	case 1:
		for i := pixel; i < len(row); i++ {
			row[i] += row[i-pixel]
		}
	case 2:
		for i, v := range above {
			row[i] += v
		}
	case 3:
		for i := range min(pixel, len(row)) {
			row[i] += above[i] / 2
		}
		for i := pixel; i < len(row); i++ {
			row[i] += uint8((int(row[i-pixel]) + int(above[i])) / 2)
		}
	case 4:
		for i := range min(pixel, len(row)) {
			row[i] += above[i]
		}
		for c := range min(pixel, len(row)) {
			a, corner := int32(row[c]), int32(above[c])
			for i := c + pixel; i < len(row); i += pixel {
				b := int32(above[i])
				p, q := b-corner, a-corner
				pa, pb, pc := max(p, -p), max(q, -q), p+q
				pc = max(pc, -pc)
				if pa > pb || pa > pc {
					if a = b; pb > pc {
						a = corner
					}
				}
				a = (a + int32(row[i])) & 0xff
				row[i], corner = uint8(a), b
			}
		}
	default:
		return fmt.Errorf("its pixels are damaged: there is no filter %d", kind)
	}
	return nil
}
