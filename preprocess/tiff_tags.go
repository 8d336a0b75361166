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

// tiffSizes are the bytes of a number, or letter, of each type that Pillow knows.
var tiffSizes = map[uint16]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}

// numbers are the entry's first integers, most at most; none of what is bytes, text or fractions.
func (e tiffEntry) numbers(most int) (n []int64) {
	size := int(tiffSizes[e.kind])
	switch e.kind {
	case 3, 4, 6, 8, 9, 13, 16:
		n = make([]int64, 0, min(most, len(e.value)/size))
	}
	for at := 0; at+size <= len(e.value) && len(n) < most; at += size {
		v := e.value[at:]
		switch e.kind {
		case 3: // SHORT
			n = append(n, int64(e.order.Uint16(v)))
		case 8: // SSHORT
			n = append(n, int64(int16(e.order.Uint16(v))))
		case 4, 13: // LONG, IFD
			n = append(n, int64(e.order.Uint32(v)))
		case 9: // SLONG
			n = append(n, int64(int32(e.order.Uint32(v))))
		case 6: // SBYTE; a BYTE is no number, as Pillow has it
			n = append(n, int64(int8(v[0])))
		case 16: // LONG8; what is beyond int64 is no use, as negative numbers are
			n = append(n, int64(e.order.Uint64(v)))
		default:
			return nil
		}
	}
	return n
}

func isTIFF(data []byte) bool {
	order, _ := tiffOrder(data)
	return order != nil
}

// tiffOrder is the byte order that a TIFF's first four bytes tell, and whether it is a BigTIFF; nil
// where it is none. Some writers swapped the third and fourth byte, which Pillow bears.
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

// tiffEntries yields the first directory's entries of a TIFF stream, or of what EXIF embeds of one, as Pillow
// reads them: the first one of a tag counts, types that are not known are left out, and so is what would
// make all together larger than the stream; with one that lies beyond its end reading ends.
func tiffEntries(data []byte) iter.Seq[tiffEntry] { return tiffEntriesAt(data, 0) }

// tiffEntriesAt yields those of the directory at an offset; 0: the first.
func tiffEntriesAt(data []byte, offset uint64) iter.Seq[tiffEntry] {
	return func(yield func(tiffEntry) bool) {
		order, big := tiffOrder(data)
		word, counter, size := int64(4), int64(2), int64(12)
		if big {
			word, counter, size = 8, 8, 20
		}
		if order == nil || int64(len(data)) < 2*word {
			return
		}
		number := func(b []byte, n int64) uint64 {
			switch n {
			case 2:
				return uint64(order.Uint16(b))
			case 4:
				return uint64(order.Uint32(b))
			}
			return order.Uint64(b)
		}
		within := uint64(len(data))
		if offset == 0 {
			offset = number(data[word:], word)
		}
		if offset > within || within-offset < uint64(counter) {
			return
		}
		entries := data[offset+uint64(counter):]
		seen, total := map[uint16]bool{}, uint64(0)
		for n := number(data[offset:], counter); n > 0 && int64(len(entries)) >= size; n-- {
			e := entries[:size]
			entries = entries[size:]
			tag, kind := order.Uint16(e), order.Uint16(e[2:])
			each, count, value := uint64(tiffSizes[kind]), number(e[4:], word), e[4+word:]
			if seen[tag] || each == 0 || count == 0 {
				continue
			}
			if count > uint64(word)/each {
				at := number(value, word)
				if at >= 1<<63 {
					continue
				}
				if count > within { // which count*each may not overflow
					total = within + 1
				} else {
					total += count * each
				}
				if total > within {
					continue
				}
				if at > within || within-at < count*each {
					return
				}
				value = data[at:]
			}
			seen[tag] = true
			if !yield(tiffEntry{order, tag, kind, value[:count*each]}) {
				return
			}
		}
	}
}
