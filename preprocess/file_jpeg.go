package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
)

// jpegEncoder has Go's encoder, which wants a whole image, encode one row of MCUs after
// the other: the scans of those images, with restart markers between, are the scan of the
// whole. (A restart interval forgets the DC values before it, as a new image does.)
type jpegEncoder struct {
	w       io.Writer
	head    fileHead
	quality int

	high   int    // rows of an MCU
	band   []byte // gray, or R, G, B and a byte that is not used
	filled int    // rows of it
	bands  int    // encoded
	coded  codedBand
}

// codedBand is an encoded image; with these two methods the encoder needs no buffer.
type codedBand struct{ bytes.Buffer }

func (codedBand) Flush() error { return nil }

func newJPEGEncoder(w io.Writer, h fileHead) (*jpegEncoder, error) {
	const most = 65535
	if h.channels%2 == 0 {
		return nil, settingError("JPEG has no alpha: lay the image on a colour (%s white), or write PNG, WebP or TIFF", key("background"))
	}
	if max(h.width, h.height) > most {
		return nil, fmt.Errorf("JPEG ends at %d pixels a side: write PNG or TIFF", most)
	}
	e := &jpegEncoder{w: w, head: h, quality: h.Quality, high: 16}
	if e.quality == 0 {
		e.quality = 90
	}
	if h.channels == 1 {
		e.high = 8
	}
	e.band = make([]byte, h.width*e.high*(h.channels+h.channels/3))
	return e, nil
}

func (e *jpegEncoder) rows(packed []byte) error {
	width := e.head.width
	for len(packed) > 0 {
		n := min(e.high-e.filled, len(packed)/(width*e.head.channels))
		some := packed[:n*width*e.head.channels]
		if e.head.channels == 1 {
			copy(e.band[e.filled*width:], some)
		} else {
			to := e.band[4*e.filled*width:]
			for ; len(some) > 0; some, to = some[3:], to[4:] {
				to[0], to[1], to[2] = some[0], some[1], some[2]
			}
		}
		packed = packed[n*width*e.head.channels:]
		if e.filled += n; e.filled == e.high {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush encodes the band.
func (e *jpegEncoder) flush() error {
	bounds := image.Rect(0, 0, e.head.width, e.filled)
	var m image.Image = &image.Gray{Pix: e.band, Stride: e.head.width, Rect: bounds}
	if e.head.channels == 3 {
		m = &image.RGBA{Pix: e.band, Stride: 4 * e.head.width, Rect: bounds}
	}
	e.coded.Reset()
	if err := jpeg.Encode(&e.coded, m, &jpeg.Options{Quality: e.quality}); err != nil {
		return err
	}
	head, scan, err := splitJPEG(e.coded.Bytes())
	if err != nil {
		return err
	}
	if e.bands == 0 {
		err = e.begin(head)
	} else {
		_, err = e.w.Write([]byte{0xff, 0xd0 + byte(e.bands-1)&7})
	}
	if err != nil {
		return err
	}
	e.bands++
	e.filled = 0
	_, err = e.w.Write(scan)
	return err
}

// splitJPEG cuts what Go encoded into the segments up to the scan's and the scan's bits.
func splitJPEG(data []byte) (head, scan []byte, err error) {
	for pos := 2; pos+4 <= len(data) && data[pos] == 0xff; {
		end := pos + 2 + int(be16(data[pos+2:]))
		if data[pos+1] == 0xda && end <= len(data)-2 {
			return data[2:end], data[end : len(data)-2], nil
		}
		pos = end
	}
	return nil, nil, errors.New("encode JPEG: no scan in what was encoded")
}

// begin writes the file's header: that of the first band, but for the height and with
// the restart interval.
func (e *jpegEncoder) begin(segments []byte) error {
	out := e.head.Metadata.jpegSegments()
	const most = jpegSegment - 14
	icc := e.head.ICC
	count := (len(icc) + most - 1) / most
	for i := range count {
		part := icc[:min(len(icc), most)]
		icc = icc[len(part):]
		out = appendSegment(out, 0xe2, "ICC_PROFILE\x00"+string([]byte{byte(i + 1), byte(count)}), part)
	}
	for len(segments) > 0 {
		n := 2 + int(be16(segments[2:]))
		s := bytes.Clone(segments[:n])
		switch s[1] {
		case 0xc0:
			binary.BigEndian.PutUint16(s[5:], uint16(e.head.height))
		case 0xda:
			out = append(out, 0xff, 0xdd, 0, 4)
			out = binary.BigEndian.AppendUint16(out, uint16((e.head.width+e.high-1)/e.high))
		}
		out, segments = append(out, s...), segments[n:]
	}
	_, err := e.w.Write(out)
	return err
}

func (e *jpegEncoder) next(fileHead) error { return errors.New("JPEG holds one picture") }

// jpegSegment is the most bytes of a segment, and jpegComment the keyword of a comment.
const jpegSegment, jpegComment = 65535 - 2, "Comment"

// appendSegment appends a segment, whose body is its name and what follows that.
func appendSegment(out []byte, marker byte, name string, body []byte) []byte {
	out = binary.BigEndian.AppendUint16(append(out, 0xff, marker), uint16(2+len(name)+len(body)))
	return append(append(out, name...), body...)
}

// jpegSegments begin a JPEG.
func (m Metadata) jpegSegments() []byte {
	x, y := m.Resolution.whole(1)
	density := []byte{1, 1, map[bool]byte{true: 0, false: 1}[m.Resolution.Ratio || m.Resolution == (Resolution{})]}
	density = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(density, uint16(x)), uint16(y))
	out := appendSegment([]byte("\xff\xd8"), 0xe0, "JFIF\x00", append(density, 0, 0))
	if m.EXIF != nil {
		out = appendSegment(out, 0xe1, exifMark, m.EXIF)
	}
	if m.XMP != nil {
		out = appendSegment(out, 0xe1, xmpMark, m.XMP)
	}
	for _, t := range m.Text {
		out = appendSegment(out, 0xfe, "", []byte(t[1]))
	}
	return out
}

func (e *jpegEncoder) end() error {
	if e.filled > 0 {
		if err := e.flush(); err != nil {
			return err
		}
	}
	_, err := e.w.Write([]byte{0xff, 0xd9})
	return err
}
