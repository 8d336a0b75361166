package preprocess

import (
	"encoding/binary"
	"math"
	"slices"
)

// tiffMetadata is what the first directory of a TIFF says.
func tiffMetadata(data []byte) (m Metadata) {
	m.XMP = tiffBytes(data, tagXMP)
	m.Resolution = tiffResolution(data)
	var all bool
	if m.EXIF, all = exifOfTIFF(data); !all {
		m.Rest = append(m.Rest, "private tags")
	}
	return m
}

const (
	tagXResolution, tagYResolution, tagResolutionUnit = 282, 283, 296
)

func exifResolution(exif []byte) Resolution { return tiffResolution(withoutMark(exif)) }

// tiffResolution is what a TIFF stream's first directory says; without a unit it is of inches.
func tiffResolution(data []byte) Resolution {
	var r Resolution
	unit := int64(2)
	for e := range tiffEntries(data) {
		switch e.tag {
		case tagXResolution:
			r.X = e.fraction()
		case tagYResolution:
			r.Y = e.fraction()
		case tagResolutionUnit:
			if n := e.numbers(1); len(n) > 0 {
				unit = n[0]
			}
		}
	}
	switch unit {
	case 1:
		r.Ratio = true
	case 3:
		r.X, r.Y = 2.54*r.X, 2.54*r.Y
	}
	if !r.sound() {
		return Resolution{}
	}
	return r
}

// fraction is the entry's first number, of those that may be a resolution; 0 where it is none.
func (e tiffEntry) fraction() float64 {
	switch {
	case e.kind == 5 && e.order.Uint32(e.value[4:]) != 0:
		return float64(e.order.Uint32(e.value)) / float64(e.order.Uint32(e.value[4:]))
	case e.kind == 11:
		return float64(math.Float32frombits(e.order.Uint32(e.value)))
	case e.kind == 3 || e.kind == 4:
		return float64(e.numbers(1)[0])
	}
	return 0
}

// describing are the tags of a TIFF's first directory that say something of the picture, and not of how it is
// stored.
var describing = []uint16{
	269, 270, 271, 272, tagXResolution, tagYResolution, 285, tagResolutionUnit, 305, 306, 315, 316, // from DocumentName to HostComputer
	18246, 18249, 33432, 33723, tagCamera, tagGPS, 36867, // ratings, Copyright, IPTC, the directories of EXIF, DateTimeOriginal
	40091, 40092, 40093, 40094, 40095, // of Windows: XPTitle to XPSubject
}

// exifOfTIFF makes a stream of the entries that describe the picture. It is nil where there are none. all: there are
// no others that mean more than how it is stored, and they are not too large.
func exifOfTIFF(data []byte) (exif []byte, all bool) {
	order, _ := tiffOrder(data)
	w := exifWriter{data: data, order: order, all: true, out: make([]byte, 8)}
	copy(w.out, map[binary.ByteOrder]string{binary.LittleEndian: "II*\x00", binary.BigEndian: "MM\x00*"}[order])
	at := w.directory(0, 0)
	if at == 0 {
		return nil, w.all
	}
	order.PutUint32(w.out[4:], at)
	return w.out, w.all
}

// exifWriter copies directories out of a TIFF.
type exifWriter struct {
	data  []byte
	order binary.ByteOrder
	out   []byte
	all   bool
}

// directory copies the one at an offset, to which a tag leads, and returns where it stands then; 0: nothing of it
// can be.
func (w *exifWriter) directory(offset uint64, tag uint16) uint32 {
	d := tiffDirectory{order: w.order}
	size := 0
	for e := range tiffEntriesAt(w.data, offset) {
		switch {
		case tag == 0 && !slices.Contains(describing, e.tag):
			w.all = w.all && (e.tag < 32768 || e.tag == tagProfile)
		case leads(tag, e.tag):
			n := e.numbers(1)
			if len(n) == 0 || n[0] < 8 {
				w.all = false
			} else if at := w.directory(uint64(n[0]), e.tag); at != 0 {
				d.long(e.tag, at)
			}
		case e.kind == 16: // of BigTIFF alone
			w.all = false
		default:
			d.entry(e.tag, e.kind, len(e.value)/int(tiffSizes[e.kind]), e.value)
			size += 12 + len(e.value)
		}
	}
	if len(d.entries) == 0 || len(w.out)+size > metadataLimit {
		w.all = w.all && len(d.entries) == 0
		return 0
	}
	w.out = append(w.out, make([]byte, len(w.out)&1)...)
	at := len(w.out)
	w.out = append(w.out, d.bytes(int64(at), 0, false)...)
	return uint32(at)
}
