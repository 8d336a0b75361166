package preprocess

import (
	"bytes"
	"fmt"
	"slices"

	"ortho/preprocess/codecs"
)

const (
	jp2Signature = "\x00\x00\x00\x0cjP  \r\n\x87\n"
	j2kSignature = "\xff\x4f\xff\x51" // of a bare codestream: SOC, SIZ
)

// decodeJP2 is Jpeg2KImagePlugin with Jpeg2KDecode.c.
func decodeJP2(data []byte, ask request) (picture, error) {
	if err := codecs.FindJP2().Err; err != nil {
		return picture{}, fmt.Errorf("%w", err)
	}
	bare := bytes.HasPrefix(data, []byte(j2kSignature))
	h, err := readJP2(data, bare)
	if err != nil {
		return picture{}, err
	}
	if err := jp2Affordable(data, bare, ask.maxPixels); err != nil {
		return picture{}, err
	}
	// OpenJPEG keeps 32 bits of each sample, twice.
	if err := ask.admit(h.width, h.height, 2*4*4+4+4); err != nil {
		return picture{}, err
	}
	j, err := codecs.OpenJP2(data, bare)
	if err != nil {
		return picture{}, err
	}
	defer j.Close()
	out := &jp2Pixels{width: h.width, height: h.height, image: j}
	if err := out.choose(h.mode); err != nil {
		return picture{}, err
	}
	out.pix = make([]byte, h.width*h.height*out.channels)
	if err := out.tiles(); err != nil {
		return picture{}, err
	}
	p := h.picture(out.pix, out.channels, ask)
	if ask.extras {
		p.icc = h.icc
	}
	return p, nil
}

// jp2Pixels unpacks tiles into pixels of so many channels.
type jp2Pixels struct {
	width, height int
	image         *codecs.JP2
	channels      int  // those of the image's components that are taken
	wide          bool // gray of more than 8 bits: two bytes a pixel, the low one first
	ycc           bool // to be converted to R, G, B
	pix           []byte
}

// choose is Pillow's table of what it can unpack: of which colours, of how many components, into which of its
// modes, and whether components may have fewer samples than the image has pixels.
func (o *jp2Pixels) choose(mode string) error {
	n, space := len(o.image.Components), o.image.Space
	coarse := slices.IndexFunc(o.image.Components, func(c codecs.JP2Component) bool { return c.DX != 1 || c.DY != 1 })
	if space <= codecs.JP2Unstated {
		space = codecs.JP2sRGB
		if n <= 2 {
			space = codecs.JP2Gray
		} else if coarse == 1 || coarse == 2 {
			space = codecs.JP2YCC
		}
	}
	gray, coloured := space == codecs.JP2Gray, space == codecs.JP2sRGB || space == codecs.JP2YCC
	colours := mode == "RGB" || mode == "RGBA"
	o.ycc = space == codecs.JP2YCC
	switch {
	case gray && n == 1 && (mode == "L" || colours), mode == "P" && n == 1 && (space == codecs.JP2sRGB || space == codecs.JP2CMYK), gray && n == 2 && mode == "RGB":
		o.channels = 1
	case gray && n == 1 && mode == "I;16":
		o.channels, o.wide = 2, true
	case gray && n == 2 && (mode == "LA" || mode == "RGBA"), mode == "PA" && n == 2 && space == codecs.JP2sRGB:
		o.channels = 2
	case coloured && n == 3 && colours, coloured && n == 4 && mode == "RGB":
		o.channels, coarse = 3, -1
	case n == 4 && mode == "RGBA" && (gray || coloured), n == 4 && mode == "CMYK" && space == codecs.JP2CMYK:
		o.channels, coarse = 4, -1
	}
	if o.channels == 0 || coarse != -1 {
		return fmt.Errorf("%d components of colours of kind %d as %s, some of them with fewer samples: %v; Pillow does not read this, either: convert it to PNG first", n, space, mode, coarse != -1)
	}
	return nil
}

func (o *jp2Pixels) tiles() error {
	for {
		t, err := o.image.Next()
		if err != nil {
			return err
		}
		if t == nil {
			return o.image.End()
		}
		if t.X0 >= t.X1 || t.Y0 >= t.Y1 || t.X0 < o.image.X || t.Y0 < o.image.Y || t.X1-o.image.X > o.width || t.Y1-o.image.Y > o.height {
			return fmt.Errorf("a tile at %d,%d to %d,%d lies outside of the image of %dx%d: the file is damaged", t.X0-o.image.X, t.Y0-o.image.Y, t.X1-o.image.X, t.Y1-o.image.Y, o.width, o.height)
		}
		if t.Components != len(o.image.Components) {
			return fmt.Errorf("a tile has %d components, and the image %d: the file is damaged", t.Components, len(o.image.Components))
		}
		width, height, bytes := t.X1-t.X0, t.Y1-t.Y0, 0
		for _, c := range o.image.Components {
			bytes += sampleBytes(c)
		}
		samples, err := o.image.Decode(t, make([]byte, width*height*bytes))
		if err != nil {
			return err
		}
		o.unpack(samples, t.X0-o.image.X, t.Y0-o.image.Y, width, height)
	}
}

// sampleBytes is in how many bytes OpenJPEG has a sample.
func sampleBytes(c codecs.JP2Component) int {
	if n := (c.Bits + 7) / 8; n != 3 {
		return n
	}
	return 4
}

// unpack puts a tile's samples into the picture. Where components have fewer samples than the tile has pixels,
// rows are as long as Pillow takes them to be, which is one less than they are where it does not divide.
func (o *jp2Pixels) unpack(samples []byte, left, top, width, height int) {
	size, bits := o.channels, 8
	if o.wide {
		size, bits = 1, 16
	}
	at := 0
	for n := range size {
		c := o.image.Components[n]
		bytes, shift, offset := sampleBytes(c), bits-c.Bits, uint32(0)
		if c.Signed {
			offset = 1 << (c.Bits - 1)
		}
		if shift < 0 {
			offset += 1 << (-shift - 1)
		}
		row := width / c.DX
		for y := range height {
			from := at + bytes*(y/c.DY)*row
			to := ((top+y)*o.width+left)*o.channels + n
			for x := range width {
				v := offset
				if i := from + bytes*(x/c.DX); i+bytes <= len(samples) {
					for b := range bytes {
						v += uint32(samples[i+b]) << (8 * b)
					}
				}
				if shift < 0 {
					v >>= -shift
				} else {
					v <<= shift
				}
				if o.pix[to] = byte(v); o.wide {
					o.pix[to+1] = byte(v >> 8)
				}
				to += o.channels
			}
		}
		at += bytes * row * (height / c.DY)
	}
	if o.ycc {
		for y := range height {
			row := o.pix[((top+y)*o.width+left)*o.channels:][:width*o.channels]
			for ; len(row) > 0; row = row[o.channels:] {
				l, b, r := row[0], row[1], row[2]
				MergeYCbCr(row[:3], []byte{l}, []byte{b}, []byte{r})
			}
		}
	}
}

// picture makes what Pillow's modes are in RGB or gray.
func (h *jp2Header) picture(pix []byte, channels int, ask request) (p picture) {
	n := h.width * h.height
	alpha := func() {
		if ask.extras {
			p.alpha = make([]byte, n)
			for i := range p.alpha {
				p.alpha[i] = pix[channels*i+channels-1]
			}
		}
	}
	switch h.mode {
	case "I;16":
		p.img = ask.image(h.width, h.height, 1)
		for i := range p.img.Pix {
			if v := uint16(pix[2*i]) | uint16(pix[2*i+1])<<8; ask.extras {
				p.img.Pix[i] = highByte(v)
			} else {
				p.img.Pix[i] = clip16(v)
			}
		}
	case "P", "PA":
		p.img = ask.image(h.width, h.height, 3)
		for i := range n {
			copy(p.img.Pix[3*i:3*i+3], h.palette[pix[channels*i]][:])
		}
		if channels == 2 {
			alpha()
		} else if ask.extras {
			p.alpha = make([]byte, n)
			for i := range p.alpha {
				p.alpha[i] = h.palette[pix[i]][3]
			}
		}
	case "CMYK":
		p.img = ask.image(h.width, h.height, 3)
		for i := range n {
			for c := range 3 {
				p.img.Pix[3*i+c] = inked(pix[4*i+c], 255-int32(pix[4*i+3]))
			}
		}
		if ask.extras {
			p.inks = pix
		}
	default:
		gray := &Image{Width: h.width, Height: h.height, Channels: 1, Pix: pix}
		switch {
		case channels == 2:
			gray.Pix = make([]byte, n)
			for i := range gray.Pix {
				gray.Pix[i] = pix[2*i]
			}
			p.img = gray
			alpha()
		case channels == 1:
			p.img = gray
		case channels == 4:
			p.img = ask.image(h.width, h.height, 3)
			dropAlpha(p.img.Pix, pix)
			alpha()
		default:
			p.img = &Image{Width: h.width, Height: h.height, Channels: 3, Pix: pix}
		}
		if h.mode == "RGB" || h.mode == "RGBA" {
			p.img = p.img.WithChannels(3)
		}
	}
	return p
}
