package preprocess

import (
	"encoding/binary"
	"fmt"
	"math"
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

type tiffColours int

const (
	tiffGray tiffColours = iota
	tiffRGB
	tiffPalette
	tiffInks
	tiffYCC
)

// newLayout tells it by photometric interpretation, bits, and what further samples are.
func (f *tiffFile) newLayout() (tiffLayout, error) {
	l := tiffLayout{samples: f.layout.samples, alpha: -1}
	unsigned := f.format == 1
	plain := unsigned && !f.reversed
	few := f.bits == 1 || f.bits == 2 || f.bits == 4 || f.bits == 8
	little := f.order == binary.LittleEndian
	own, known := 1, false
	switch f.photo {
	case 0, 1:
		l.inverted = f.photo == 0 && f.bits <= 8
		one := l.samples == 1
		switch {
		case one && few && unsigned, one && f.bits == 8 && f.photo == 1 && f.format == 2 && !f.reversed:
			known = true
		case one && f.bits == 12:
			known = little && f.photo == 1 && plain
		case one && f.bits == 16 && unsigned:
			known = (little || f.photo == 1 && !f.reversed) && (!f.reversed || f.photo == 1)
		case one && f.bits == 16:
			known = f.photo == 1 && f.format == 2 && !f.reversed
		case one && f.bits == 32 && f.format == 3:
			known = !f.reversed
		case one && f.bits == 32:
			known = f.photo == 1 && !f.reversed && (f.format == 2 || unsigned && little)
		case l.samples == 2:
			known = f.photo == 1 && f.bits == 8 && plain && len(f.extra) == 1
		}
	case 2:
		l.colours, own = tiffRGB, 3
		known = unsigned && f.bits == 8 && (!f.reversed || l.samples == 3) || plain && f.bits == 16 && l.samples <= 4
	case 3:
		l.colours = tiffPalette
		known = few && unsigned && l.samples == 1 || l.samples == 2 && f.bits == 8 && plain && len(f.extra) == 1
	case 5:
		l.colours, own = tiffInks, 4
		known = plain && (f.bits == 8 || f.bits == 16 && l.samples == 4)
	case 6:
		if l.colours, own = tiffYCC, 3; l.samples == 1 {
			l.colours, own = tiffGray, 1
		}
		known = plain && f.bits == 8
	case 8:
		return l, fmt.Errorf("its colours are CIELab, which is not supported: convert it to RGB")
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
			l.samples, f.bits, f.format, f.photo, f.extra, f.one(tagFillOrder, 1))
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
	case len(f.extra) != n || n > 1 && slices.Max(f.extra[1:]) != 0 || n > 1 && f.bits != 8:
		return false
	}
	switch {
	case first == 0:
	case l.colours == tiffInks:
		return false
	case first == 2, first == 999 && n == 1 && f.bits == 8 && l.colours == tiffRGB:
		l.alpha = own
	case first == 1 && l.colours != tiffPalette:
		l.alpha, l.premultiplied = own, true
	default:
		return false
	}
	return true
}

// tiffPixels is what a TIFF's rows become.
type tiffPixels struct {
	f       *tiffFile
	img     *Image
	alpha   []byte // nil: none, or not wanted
	inks    []byte // nil: none, or not wanted
	luma    []byte // of YCbCr, which Pillow takes as it is
	wanted  bool   // alpha, and 16-bit gray as its high byte
	palette [256][3]uint8
	planes  []byte // the samples of all planes, where each has its own
}

func (f *tiffFile) newPixels(ask request) (*tiffPixels, error) {
	channels := 3
	if f.layout.colours == tiffGray {
		channels = 1
	}
	out := &tiffPixels{f: f, img: ask.image(f.width, f.height, channels), wanted: ask.extras}
	if f.planes && f.layout.samples > 1 {
		out.planes = make([]byte, f.width*f.height*f.layout.samples)
	}
	if f.layout.colours == tiffYCC {
		out.luma = make([]byte, f.width*f.height)
	}
	if ask.extras && f.layout.colours == tiffInks {
		out.inks = make([]byte, f.width*f.height*4)
	}
	if ask.extras && f.layout.alpha >= 0 {
		out.alpha = make([]byte, f.width*f.height)
	}
	if f.layout.colours == tiffPalette {
		colours := f.tags[tagColorMap]
		if colours == nil || len(colours) > 3*256 {
			return nil, fmt.Errorf("a palette of %d numbers: the file is damaged", len(colours))
		}
		n := len(colours) / 3
		for i := range n {
			for c := range 3 {
				out.palette[i][c] = uint8(colours[c*n+i] >> 8)
			}
		}
	}
	return out, nil
}

// row unpacks n pixels of a row from x on: of all samples, or of one plane's.
func (o *tiffPixels) row(row []byte, x, y, n, plane int, order binary.ByteOrder) {
	f, at := o.f, y*o.f.width+x
	samples := f.samples
	if o.planes != nil {
		all := f.layout.samples
		for i := range n {
			o.planes[(at+i)*all+plane] = o.sample(row, i, order)
		}
		if plane < all-1 {
			return
		}
		row, samples = o.planes[at*all:(at+n)*all], all
		for i := range n {
			o.pixel(at+i, row[i*samples:(i+1)*samples])
		}
		return
	}
	if f.bits == 8 && !f.reversed && !f.layout.inverted {
		if c := o.img.Channels; samples == c && (f.layout.colours == tiffGray || f.layout.colours == tiffRGB) {
			copy(o.img.Pix[at*c:(at+n)*c], row)
			return
		}
		for i := range n {
			o.pixel(at+i, row[i*samples:(i+1)*samples])
		}
		return
	}
	var pixel [8]byte
	for i := range n {
		for c := range samples {
			pixel[c] = o.sample(row, i*samples+c, order)
		}
		o.pixel(at+i, pixel[:samples])
	}
}

// sample is number i of a row, brought to 8 bits as Pillow does.
func (o *tiffPixels) sample(row []byte, i int, order binary.ByteOrder) uint8 {
	f := o.f
	switch {
	case f.bits == 12: // I;12 is packed from the left
		p := row[i/2*3:]
		v := uint16(p[0])<<4 | uint16(p[1])>>4
		if i%2 == 1 {
			v = uint16(p[1]&15)<<8 | uint16(p[2])
		}
		if o.wanted {
			return highByte(v << 4)
		}
		return clip16(v)
	case f.bits == 16:
		v := order.Uint16(row[2*i:])
		if f.reversed {
			v = uint16(reversedBits[v>>8])<<8 | uint16(reversedBits[v&255])
		}
		switch {
		case f.layout.colours != tiffGray:
			return highByte(v)
		case f.format == 2:
			return uint8(min(max(int16(v), 0), 255))
		case o.wanted && f.photo == 0:
			return 255 - highByte(v)
		case o.wanted:
			return highByte(v)
		}
		return clip16(v)
	case f.bits == 32 && f.format == 3:
		switch v := math.Float32frombits(order.Uint32(row[4*i:])); {
		case v >= 255:
			return 255
		case v > 0:
			return uint8(v)
		}
		return 0
	case f.bits == 32:
		return uint8(min(max(int32(order.Uint32(row[4*i:])), 0), 255))
	}
	if f.reversed {
		if f.bits == 8 {
			return o.inverted(reversedBits[row[i]])
		}
		per := 8 / f.bits
		b := [1]byte{reversedBits[row[i/per]]}
		return o.scaled(packedSample(b[:], i%per, f.bits))
	}
	if f.bits == 8 {
		return o.inverted(row[i])
	}
	return o.scaled(packedSample(row, i, f.bits))
}

func (o *tiffPixels) inverted(v uint8) uint8 {
	if o.f.layout.inverted {
		return ^v
	}
	return v
}

// scaled brings a few bits of gray to 8; those of a palette stay what they are.
func (o *tiffPixels) scaled(v int) uint8 {
	if o.f.layout.colours == tiffPalette {
		return uint8(v)
	}
	return o.inverted(uint8(v * 255 / (1<<o.f.bits - 1)))
}

// pixel makes pixel at of its samples.
func (o *tiffPixels) pixel(at int, p []byte) {
	l := &o.f.layout
	if o.alpha != nil {
		o.alpha[at] = p[l.alpha]
	}
	switch l.colours {
	case tiffGray:
		if o.img.Pix[at] = p[0]; l.premultiplied {
			o.img.Pix[at] = unpremultiply(p[0], p[l.alpha])
		}
	case tiffRGB:
		d := o.img.Pix[3*at : 3*at+3]
		copy(d, p)
		if l.premultiplied {
			for c := range d {
				d[c] = unpremultiply(p[c], p[l.alpha])
			}
		}
	case tiffPalette:
		copy(o.img.Pix[3*at:3*at+3], o.palette[p[0]][:])
	case tiffInks:
		for c := range 3 {
			o.img.Pix[3*at+c] = inked(p[c], int32(255-p[3]))
		}
		if o.inks != nil {
			copy(o.inks[4*at:4*at+4], p)
		}
	case tiffYCC:
		o.luma[at] = p[0]
		MergeYCbCr(o.img.Pix[3*at:3*at+3], p[:1], p[1:2], p[2:3])
	}
}

// reversedBits are bytes with their bits from the other end.
var reversedBits = func() (t [256]byte) {
	for i := range t {
		for b := range 8 {
			t[i] |= byte(i>>b&1) << (7 - b)
		}
	}
	return t
}()
