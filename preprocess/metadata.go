package preprocess

import (
	"math"
	"slices"
)

// Metadata is what an image file says beside its pixels and colours, and a file made of it should
// say, too. Pictures have it as they are turned: an orientation that was followed is 1, and there is
// no thumbnail, which would show the old picture.
type Metadata struct {
	EXIF       []byte // a TIFF stream, without "Exif\0\0" in front; nil: none
	XMP        []byte // a packet of XML; nil: none
	Resolution Resolution
	// Text is keywords and texts: of PNG, and the comments of JPEG and GIF (keyword "Comment").
	Text [][2]string
	// Rest names what there is and is not here: it is damaged, larger than 16 MiB, or of a kind
	// that no file written here holds.
	Rest []string
}

// Resolution is how densely pixels lie. Zero: it is not stated.
type Resolution struct {
	X, Y  float64 // pixels an inch
	Ratio bool    // X and Y only say how many pixels across are as long as how many down
}

// mostTexts is how many comments or texts are carried over.
const mostTexts = 1000

// metadataLimit is the most bytes of EXIF data, of an XMP packet, and of all texts, that are carried over.
const metadataLimit = 16 << 20

// Empty reports whether the file says nothing.
func (m Metadata) Empty() bool {
	return m.EXIF == nil && m.XMP == nil && m.Resolution == (Resolution{}) && len(m.Text) == 0 && len(m.Rest) == 0
}

// For is what of it a file of a format holds, and the names of what it loses, in a fixed order: "EXIF",
// "XMP", "text", "resolution", and those of Rest.
//
// PNG holds all; JPEG 65527 bytes of EXIF data, 65502 of XMP, and comments; WebP no text, and a
// resolution only within EXIF data; TIFF the texts of ASCII that it has tags for.
func (m Metadata) For(format FileFormat) (held Metadata, lost []string) {
	held = m
	held.Rest = nil
	switch format {
	case JPEG:
		if len(m.EXIF) > jpegSegment-len(exifMark) {
			held.EXIF = nil
		}
		if len(m.XMP) > jpegSegment-len(xmpMark)-2 { // 65502, as the specification of XMP has it
			held.XMP = nil
		}
		if x, y := m.Resolution.whole(1); max(x, y) > math.MaxUint16 || min(x, y) < 1 {
			held.Resolution = Resolution{}
		}
		held.Text = kept(m.Text, func(t [2]string) bool { return t[0] == jpegComment && len(t[1]) <= jpegSegment })
	case WebP:
		if held.Text = nil; !exifResolution(m.EXIF).near(m.Resolution) {
			held.Resolution = Resolution{}
		}
	case TIFF:
		held.Text = kept(m.Text, func(t [2]string) bool { return tiffTexts[t[0]] != 0 && isASCII(t[1]) })
	}
	for _, l := range []struct {
		name string
		lost bool
	}{
		{"EXIF", len(held.EXIF) < len(m.EXIF)}, {"XMP", len(held.XMP) < len(m.XMP)},
		{"text", len(held.Text) < len(m.Text)}, {"resolution", held.Resolution != m.Resolution},
	} {
		if l.lost {
			lost = append(lost, l.name)
		}
	}
	for _, name := range m.Rest {
		if !slices.Contains(lost, name) {
			lost = append(lost, name)
		}
	}
	return held, lost
}

func kept(texts [][2]string, keep func([2]string) bool) (some [][2]string) {
	for _, t := range texts {
		if keep(t) {
			some = append(some, t)
		}
	}
	return some
}

// note adds to Rest.
func (m *Metadata) note(name string) {
	if !slices.Contains(m.Rest, name) {
		m.Rest = append(m.Rest, name)
	}
}

// upright is the metadata of a picture, from what its file has: turned says that its orientation was followed,
// sideways that its rows became columns.
func (m Metadata) upright(turned, sideways bool) Metadata {
	note := m.note
	if m.EXIF != nil {
		if m.EXIF = cleanEXIF(m.EXIF, turned); m.EXIF == nil {
			note("EXIF")
		}
	}
	if m.XMP != nil {
		if m.XMP = cleanXMP(m.XMP, turned); m.XMP == nil {
			note("XMP")
		}
	}
	if !m.Resolution.sound() {
		m.Resolution = Resolution{}
	}
	if turned && sideways {
		m.Resolution.X, m.Resolution.Y = m.Resolution.Y, m.Resolution.X
		swapResolution(m.EXIF)
	}
	return m
}

// sized is the metadata of a file of so many pixels.
func (m Metadata) sized(width, height int) Metadata {
	m.EXIF, m.XMP = sizedEXIF(m.EXIF, width, height), sizedXMP(m.XMP, width, height)
	return m
}

// sound reports whether it says something. As a ratio, 1 to 1 says nothing.
func (r Resolution) sound() bool {
	const most = 1e7
	return 0 < r.X && r.X <= most && 0 < r.Y && r.Y <= most && !(r.Ratio && r.X == r.Y)
}

// near reports whether it is the other one but for rounding.
func (r Resolution) near(other Resolution) bool {
	const most = 0.01
	return r.Ratio == other.Ratio && math.Abs(r.X-other.X) <= most*other.X && math.Abs(r.Y-other.Y) <= most*other.Y
}

// whole is the resolution in whole numbers, for as many inches as are stated; 1, 1 where there is none.
func (r Resolution) whole(inches float64) (x, y int64) {
	if r == (Resolution{}) {
		return 1, 1
	}
	if r.Ratio {
		if inches = 1; r.X != math.Trunc(r.X) || r.Y != math.Trunc(r.Y) {
			inches = 1000
		}
	}
	return int64(math.Round(r.X * inches)), int64(math.Round(r.Y * inches))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] == 0 || s[i] > 127 {
			return false
		}
	}
	return true
}
