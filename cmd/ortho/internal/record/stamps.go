package record

import (
	"bytes"

	"ortho/cmd/ortho/internal/source"
)

// Stamps are those of the rows' inputs, in their order, of as many bytes each: [source.TimesBytes], and
// [source.ContentsBytes] more where contents were looked at. What is not known is 0.
type Stamps struct {
	Each int    `json:"bytes_each"`
	All  []byte `json:"all"`

	added int64
}

// maxStamps bounds the bytes of all: of 12 million inputs by their sizes and times, of 4 million by
// their contents.
const maxStamps = 96 << 20

// The two widths that a stamp has.
const narrow, wide = source.TimesBytes, source.TimesBytes + source.ContentsBytes

var nothing [wide]byte

// IsZero reports whether there are none.
func (s Stamps) IsZero() bool { return s.Each == 0 }

// at is that of a row; "" where it is not known.
func (s *Stamps) at(i int64) source.Stamp {
	if s.Each == 0 || i >= int64(len(s.All)/s.Each) {
		return ""
	}
	one := s.All[int(i)*s.Each:][:s.Each]
	switch {
	case bytes.Equal(one, nothing[:s.Each]):
		return ""
	case bytes.Equal(one[narrow:], nothing[narrow:s.Each]):
		return source.Stamp(one[:narrow])
	}
	return source.Stamp(one)
}

// add adds that of the next row.
func (s *Stamps) add(stamp source.Stamp) {
	if len(stamp) > s.Each {
		wider := Stamps{Each: narrow}
		if len(stamp) > narrow {
			wider.Each = wide
		}
		for i := range s.added {
			wider.put(s.at(i))
		}
		wider.added = s.added
		*s = wider
	}
	s.put(stamp)
	s.added++
}

func (s *Stamps) put(stamp source.Stamp) {
	s.All = append(append(s.All, stamp...), nothing[len(stamp):max(s.Each, len(stamp))]...)
}

// digest is that of the first n, as [source.Inventory] has it.
func (s *Stamps) digest(look source.Look, n int64) string {
	d := source.NewDigestOfStamps(look)
	for i := range n {
		d.Add(s.at(i))
	}
	return d.Sum()
}

// fit reports whether they are of so many rows.
func (s *Stamps) fit(rows int64) bool {
	return s.Each == 0 && len(s.All) == 0 || (s.Each == narrow || s.Each == wide) && int64(len(s.All)) == rows*int64(s.Each)
}
