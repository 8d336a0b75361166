package preprocess

import (
	"encoding/binary"
	"iter"
)

// tiffEntry is an entry of a TIFF directory.
type tiffEntry struct {
	order     binary.ByteOrder
	tag, kind uint16
	value     []byte // of all its numbers, one at least
}

// tiffSizes are the bytes of a number of each type that is read.
var tiffSizes = map[uint16]int64{1: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}

// numbers are the entry's first integers, most at most; none of what is bytes.
func (e tiffEntry) numbers(most int) (n []int64) {
	size := int(tiffSizes[e.kind])
	for at := 0; at+size <= len(e.value) && len(n) < most; at += size {
		v := e.value[at:]
		switch e.kind {
		case 3, 8: // SHORT, SSHORT
			n = append(n, int64(e.order.Uint16(v)))
		case 4, 9, 13: // LONG, SLONG, IFD
			n = append(n, int64(e.order.Uint32(v)))
		case 6: // SBYTE; a BYTE is no number, as Pillow has it
			n = append(n, int64(v[0]))
		case 16, 17, 18: // LONG8, SLONG8, IFD8
			n = append(n, int64(e.order.Uint64(v)))
		}
	}
	return n
}

// tiffOrder is the byte order that a TIFF's first four bytes tell, and whether it is a BigTIFF; nil
// where it is none.
func tiffOrder(data []byte) (order binary.ByteOrder, big bool) {
	switch string(data[:min(4, len(data))]) {
	case "MM\x00*", "MM*\x00":
		return binary.BigEndian, false
	case "II*\x00", "II\x00*":
		return binary.LittleEndian, false
	case "MM\x00+":
		return binary.BigEndian, true
	case "II+\x00":
		return binary.LittleEndian, true
	}
	return nil, false
}

// tiffEntries yields the first directory's entries of a TIFF stream, or of what EXIF
// embeds of one, as far as they hold integers or bytes. What is malformed is left out, as
// Pillow does: a broken tag is no reason to refuse a picture.
func tiffEntries(data []byte) iter.Seq[tiffEntry] {
	return func(yield func(tiffEntry) bool) {
		order, big := tiffOrder(data)
		word, counter, size := int64(4), int64(2), int64(12)
		if big {
			word, counter, size = 8, 8, 20
		}
		if order == nil || int64(len(data)) < 2*word {
			return
		}
		number := func(b []byte, n int64) int64 {
			switch n {
			case 2:
				return int64(order.Uint16(b))
			case 4:
				return int64(order.Uint32(b))
			}
			return int64(order.Uint64(b) &^ (1 << 63))
		}
		offset := number(data[word:], word)
		if offset > int64(len(data))-counter {
			return
		}
		entries := data[offset+counter:]
		for n := number(data[offset:], counter); n > 0 && int64(len(entries)) >= size; n-- {
			e := entries[:size]
			entries = entries[size:]
			kind := order.Uint16(e[2:])
			each, count, value := tiffSizes[kind], number(e[4:], word), e[4+word:]
			if each == 0 || count == 0 || count > int64(len(data)) {
				continue
			}
			if count > word/each {
				at := number(value, word)
				if at > int64(len(data))-count*each {
					continue
				}
				value = data[at:]
			}
			if !yield(tiffEntry{order, order.Uint16(e), kind, value[:count*each]}) {
				return
			}
		}
	}
}
