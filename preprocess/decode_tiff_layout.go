package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// tiffLayout is what a pixel's samples mean: one of the kinds that Pillow's OPEN_INFO has.
type tiffLayout struct {
	colours       tiffColours
	samples       int
	alpha         int  // the sample that is alpha; -1: none
	premultiplied bool // by alpha
	inverted      bool // white is 0
}

// bands are those of Pillow's mode for it.
func (l *tiffLayout) bands() int {
	n := map[tiffColours]int{tiffGray: 1, tiffPalette: 1, tiffRGB: 3, tiffYCC: 3, tiffLab: 3, tiffInks: 4}[l.colours]
	if l.alpha >= 0 {
		n++
	}
	return n
}

type tiffColours int

const (
	tiffGray tiffColours = iota
	tiffRGB
	tiffPalette
	tiffInks
	tiffYCC
	tiffLab
)

// newLayout tells it by photometric interpretation, bits, and what further samples are.
func (f *tiffFile) newLayout() (tiffLayout, error) {
	l := tiffLayout{samples: f.layout.samples, alpha: -1}
	unsigned := f.stored.format == 1
	plain := unsigned && !f.stored.reversed
	few := f.stored.bits == 1 || f.stored.bits == 2 || f.stored.bits == 4 || f.stored.bits == 8
	little := f.order == binary.LittleEndian
	own, known := 1, false
	switch f.photo {
	case 0, 1:
		l.inverted = f.photo == 0 && f.stored.bits <= 8
		one := l.samples == 1
		switch {
		case one && few && unsigned, one && f.stored.bits == 8 && f.photo == 1 && f.stored.format == 2 && !f.stored.reversed:
			known = true
		case one && f.stored.bits == 12:
			known = little && f.photo == 1 && plain
		case one && f.stored.bits == 16 && unsigned:
			known = (little || f.photo == 1 && !f.stored.reversed) && (!f.stored.reversed || f.photo == 1)
		case one && f.stored.bits == 16:
			known = f.photo == 1 && f.stored.format == 2 && !f.stored.reversed
		case one && f.stored.bits == 32 && f.stored.format == 3:
			known = !f.stored.reversed
		case one && f.stored.bits == 32:
			known = f.photo == 1 && !f.stored.reversed && (f.stored.format == 2 || unsigned && little)
		case l.samples == 2:
			known = f.photo == 1 && f.stored.bits == 8 && plain && len(f.extra) == 1
		}
	case 2:
		l.colours, own = tiffRGB, 3
		known = unsigned && f.stored.bits == 8 && (!f.stored.reversed || l.samples == 3) || plain && f.stored.bits == 16 && l.samples <= 4
	case 3:
		l.colours = tiffPalette
		known = few && unsigned && l.samples == 1 || l.samples == 2 && f.stored.bits == 8 && plain && len(f.extra) == 1
	case 5:
		l.colours, own = tiffInks, 4
		known = plain && (f.stored.bits == 8 || f.stored.bits == 16 && l.samples == 4)
	case 6:
		if l.colours, own = tiffYCC, 3; l.samples == 1 {
			l.colours, own = tiffGray, 1
		}
		known = plain && f.stored.bits == 8 && (l.samples == 1 || l.samples == 3)
	case 8:
		l.colours, own = tiffLab, 3
		known = plain && f.stored.bits == 8 && l.samples == 3
	case 32803:
		return l, fmt.Errorf("its colours are a camera's raw ones (CFA), which is not supported: convert it to RGB")
	}
	further := l.samples - own
	if known && further > 0 {
		known = f.furtherSamples(&l, own, further)
	} else if further < 0 || len(f.extra) > 0 {
		known = false
	}
	if !known {
		return l, fmt.Errorf("pixels of %d samples of %d bits (kind %d, PhotometricInterpretation %d, ExtraSamples %d, FillOrder %d) are not known",
			l.samples, f.stored.bits, f.stored.format, f.photo, f.extra, f.one(tagFillOrder, 1))
	}
	if l.colours == tiffGray && l.premultiplied {
		return l, errors.New("its gray is premultiplied by alpha, which Pillow can't convert: write alpha that is not associated")
	}
	return l, nil
}

// furtherSamples tells what those behind the colours are: the first may be alpha.
func (f *tiffFile) furtherSamples(l *tiffLayout, own, n int) bool {
	first := int64(2)
	if len(f.extra) > 0 {
		first = f.extra[0]
	}
	switch {
	case len(f.extra) == 0:
		if l.colours != tiffRGB || n != 1 {
			return false // RGBA may lack the tag
		}
	case len(f.extra) != n || n > 1 && slices.Max(f.extra[1:]) != 0 || n > 1 && f.stored.bits != 8:
		return false
	}
	switch {
	case first == 0:
	case l.colours == tiffInks:
		return false
	case first == 2, first == 999 && n == 1 && f.stored.bits == 8 && l.colours == tiffRGB:
		l.alpha = own
	case first == 1 && l.colours != tiffPalette:
		l.alpha, l.premultiplied = own, true
	default:
		return false
	}
	return true
}
