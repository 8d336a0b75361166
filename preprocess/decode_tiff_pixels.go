package preprocess

import (
	"fmt"
	"math"
	"slices"

	"ortho/preprocess/codecs"
)

// tiffPixels is what a TIFF's rows become.
type tiffPixels struct {
	f       *tiffFile
	layout  tiffLayout
	lines   *lines
	img     *Image // that of lines
	err     error  // of what is resized
	alpha   []byte // nil: none, or not wanted
	inks    []byte // nil: none, or not wanted
	luma    []byte // of YCbCr, which Pillow takes as it is
	wanted  bool   // alpha, and 16-bit gray as its high byte
	palette [256][3]uint8
}

// newPixels takes the memory.
func (f *tiffFile) newPixels(ask request, orientation int) (*tiffPixels, error) {
	channels := 3
	if f.layout.colours == tiffGray {
		channels = 1
	}
	if err := checkSize(f.width, f.height, ask.maxPixels); err != nil {
		return nil, err // before it is divided by
	}
	each, beside := f.bytes(ask)
	lines, err := ask.lines(f.width, f.height, channels, orientation, f.band(orientation), each, beside)
	if err != nil {
		return nil, err
	}
	out := &tiffPixels{f: f, layout: f.layout, lines: lines, img: lines.img, wanted: ask.extras}
	if f.layout.colours == tiffYCC && f.compression == 1 {
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
		if colours == nil || len(colours) > 3*256 || slices.Min(colours) < 0 || slices.Max(colours) > math.MaxUint16 {
			return nil, fmt.Errorf("a palette of %d numbers, some of them maybe no colours: the file is damaged", len(colours))
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

// row unpacks n pixels of a row from x on.
func (o *tiffPixels) row(row []byte, s tiffStored, x, y, n int) {
	if _, err := o.lines.row(y); err != nil {
		o.err = err
		return
	}
	at := (y-o.lines.top)*o.f.width + x
	if s.bits == 8 && !s.reversed && !s.inverted {
		if c := o.img.Channels; s.samples == c && !o.layout.premultiplied && (o.layout.colours == tiffGray || o.layout.colours == tiffRGB) {
			copy(o.img.Pix[at*c:(at+n)*c], row)
			return
		}
		for i := range n {
			o.pixel(at+i, row[i*s.samples:(i+1)*s.samples])
		}
		return
	}
	var pixel [8]byte
	for i := range n {
		for c := range s.samples {
			pixel[c] = o.sample(row, s, i*s.samples+c)
		}
		o.pixel(at+i, pixel[:s.samples])
	}
}

// sample is number i of a row, brought to 8 bits as Pillow does.
func (o *tiffPixels) sample(row []byte, s tiffStored, i int) uint8 {
	switch {
	case s.bits == 12: // I;12 is packed from the left
		p := row[i/2*3:]
		v := uint16(p[0])<<4 | uint16(p[1])>>4
		if i%2 == 1 {
			v = uint16(p[1]&15)<<8 | uint16(p[2])
		}
		if o.wanted {
			return highByte(v << 4)
		}
		return clip16(v)
	case s.bits == 16:
		v := s.order.Uint16(row[2*i:])
		if s.reversed {
			v = uint16(reversedBits[v>>8])<<8 | uint16(reversedBits[v&255])
		}
		switch {
		case o.layout.colours != tiffGray:
			return highByte(v)
		case s.format == 2:
			return uint8(min(max(int16(v), 0), 255))
		case o.wanted && o.f.photo == 0:
			return 255 - highByte(v)
		case o.wanted:
			return highByte(v)
		}
		return clip16(v)
	case s.bits == 32 && s.format == 3:
		switch v := math.Float32frombits(s.order.Uint32(row[4*i:])); {
		case v >= 255:
			return 255
		case v > 0:
			return uint8(v)
		}
		return 0
	case s.bits == 32:
		return uint8(min(max(int32(s.order.Uint32(row[4*i:])), 0), 255))
	case s.reversed:
		per := 8 / s.bits
		b := [1]byte{reversedBits[row[i/per]]}
		return o.scaled(s, packedSample(b[:], i%per, s.bits))
	}
	return o.scaled(s, packedSample(row, i, s.bits))
}

// scaled brings a few bits of gray to 8; those of a palette stay what they are.
func (o *tiffPixels) scaled(s tiffStored, v int) uint8 {
	if o.layout.colours != tiffPalette {
		v = v * 255 / (1<<s.bits - 1)
	}
	if s.inverted {
		return ^uint8(v)
	}
	return uint8(v)
}

// pixel makes pixel at of its samples.
func (o *tiffPixels) pixel(at int, p []byte) {
	l := &o.layout
	if o.alpha != nil {
		o.alpha[at] = p[l.alpha]
	}
	switch l.colours {
	case tiffGray:
		o.img.Pix[at] = p[0]
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
	case tiffLab:
		d := o.img.Pix[3*at : 3*at+3]
		d[0], d[1], d[2] = p[0], p[1]^signed, p[2]^signed
	case tiffYCC:
		o.luma[at] = p[0]
		MergeYCbCr(o.img.Pix[3*at:3*at+3], p[:1], p[1:2], p[2:3])
	}
}

// signed is how CIELab's a and b differ from bytes with 128 for 0.
const signed = 128

// blank makes all pixels what zeros are in Pillow's mode.
func (o *tiffPixels) blank() {
	var zero [8]byte
	if o.layout.colours == tiffLab {
		zero[1], zero[2] = signed, signed
	}
	for at := range o.f.width * o.f.height {
		o.pixel(at, zero[:])
	}
}

// labToRGB converts a picture whose colours are CIELab, as Pillow does.
func labToRGB(img *Image) error {
	if library := codecs.FindLCMS(); library.Err != nil {
		return fmt.Errorf("its colours are CIELab, which need liblcms2: %w: convert it to RGB", library.Err)
	}
	return codecs.LabToRGB(img.Pix)
}

// tiffPlanes are the samples of all planes, brought to 8 bits, where each sample has a plane of its own.
type tiffPlanes struct {
	*tiffPixels
	samples int
	all     []byte
}

func (o *tiffPixels) newPlanes(samples int) *tiffPlanes {
	return &tiffPlanes{o, samples, make([]byte, o.f.width*o.f.height*samples)}
}

// row unpacks n samples of a plane's row from x on.
func (p *tiffPlanes) row(row []byte, s tiffStored, x, y, n, plane int) {
	at := y*p.f.width + x
	for i := range n {
		p.all[(at+i)*p.samples+plane] = p.sample(row, s, i)
	}
}

// merge makes pixels of them, as Pillow does with what libtiff unpacks. It takes a second plane for green, so
// that there is no alpha beside gray; and a fourth for what extra says, or else for alpha that colours are
// premultiplied by.
func (p *tiffPlanes) merge(extra int) {
	switch {
	case p.samples == 2:
		for i := 1; i < len(p.all); i += 2 {
			p.all[i] = 0
		}
	case p.layout.colours == tiffLab: // Pillow takes planes for red, green and blue, as bytes
		for i := range p.all {
			if i%3 != 0 {
				p.all[i] ^= signed
			}
		}
	case p.samples == 4 && p.layout.colours == tiffRGB:
		const unspecified, associated = 0, 1
		p.layout.premultiplied = extra == unspecified || extra == associated
	}
	for at := range p.f.width * p.f.height {
		p.pixel(at, p.all[at*p.samples:(at+1)*p.samples])
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
