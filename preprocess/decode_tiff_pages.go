package preprocess

import (
	"bytes"
	"slices"
)

// tiffPages are where a TIFF's directories begin, as far as they are whole.
func tiffPages(data []byte) (pages []uint64) {
	order, big := tiffOrder(data)
	word, counter, size := uint64(4), uint64(2), uint64(12)
	if big {
		word, counter, size = 8, 8, 20
	}
	if order == nil || uint64(len(data)) < 2*word {
		return nil
	}
	number := func(at, n uint64) uint64 {
		switch n {
		case 2:
			return uint64(order.Uint16(data[at:]))
		case 4:
			return uint64(order.Uint32(data[at:]))
		}
		return order.Uint64(data[at:])
	}
	const most = 1 << 16
	seen, within := map[uint64]bool{}, uint64(len(data))
	for next := number(word, word); next != 0 && !seen[next] && len(pages) < most; {
		if seen[next] = true; next > within || within-next < counter {
			break
		}
		pages = append(pages, next)
		entries := number(next, counter)
		if entries > (within-next-counter)/size || within-next-counter-entries*size < word {
			break
		}
		next = number(next+counter+entries*size, word)
	}
	return pages
}

// tiffSequence reads each page as the first of a file that is the same but for where the first one stands.
func tiffSequence(data []byte, maxPixels int64) *Sequence {
	pages := tiffPages(data)
	if len(pages) < 2 {
		return nil
	}
	s := &Sequence{Count: len(pages), Pages: true}
	s.frames = func(yield func(timed, error) bool) {
		file := bytes.Clone(data)
		order, big := tiffOrder(data)
		for _, at := range pages[1:] {
			if big {
				order.PutUint64(file[8:], at)
			} else {
				order.PutUint32(file[4:], uint32(at))
			}
			p, err := decodeTIFF(file, request{maxPixels: maxPixels, extras: true})
			if err == nil {
				p.icc = bytes.Clone(p.icc)
				p.metadata = p.metadata.ofFurtherPage()
			}
			if !yield(timed{p, 0}, err) {
				return
			}
		}
	}
	return s
}

// ofFurtherPage is what of it a page behind the first can have: directories of a camera stand in the first.
func (m Metadata) ofFurtherPage() Metadata {
	if m.EXIF == nil {
		return m
	}
	within := false
	m.EXIF = rewriteEXIF(m.EXIF, func(directory, tag uint16) (uint32, bool) {
		within = within || leads(directory, tag)
		return 0, !leads(directory, tag)
	})
	if within {
		m.Rest = append(slices.Clip(m.Rest), "EXIF of further pages")
	}
	return m
}
