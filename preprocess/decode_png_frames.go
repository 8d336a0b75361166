package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"
)

// pngFrame is a frame of an APNG: what controls it, and its deflated pixels.
type pngFrame struct {
	control []byte
	packed  []byte
}

func (f pngFrame) region() region {
	c := f.control
	return region{int(be32(c[12:])), int(be32(c[16:])), int(be32(c[4:])), int(be32(c[8:]))}
}

func (f pngFrame) delay() time.Duration {
	number, over := int64(be16(f.control[20:])), int64(be16(f.control[22:]))
	if over == 0 {
		over = 100
	}
	return time.Duration(number) * time.Second / time.Duration(over)
}

// What becomes of a frame before the next (APNG, dispose_op), and how it is drawn (blend_op).
const (
	pngToBackground = 1
	pngToPrevious   = 2
	pngOver         = 1
)

// pngFrames yields the frames as they stand in the file, which Pillow refuses where their numbers are wrong.
func pngFrames(data []byte) iter.Seq2[pngFrame, error] {
	return func(yield func(pngFrame, error) bool) {
		var f pngFrame
		number := uint32(0)
		for kind, body := range pngChunksOf(data) {
			if kind == "fcTL" || kind == "fdAT" {
				if len(body) < leastBody[kind] || be32(body) != number {
					yield(f, errors.New("its frames are out of order: the file is damaged"))
					return
				}
				number++
			}
			switch kind {
			case "fcTL":
				if f.packed != nil && !yield(f, nil) {
					return
				}
				f = pngFrame{control: body}
			case "IDAT":
				f.packed = append(f.packed, body...)
			case "fdAT":
				f.packed = append(f.packed, body[4:]...)
			case "IEND":
				if f.packed != nil {
					yield(f, nil)
				}
				return
			}
		}
		if f.packed != nil {
			yield(f, nil)
		}
	}
}

// pngSequence is nil where the picture in front of the frames is none of them.
func pngSequence(data []byte) *Sequence {
	f, err := readPNG(data)
	if err != nil || !f.frames || f.frame == (region{}) {
		return nil
	}
	head := pngChunk(data, "acTL")
	s := &Sequence{Count: int(be32(head)), Plays: int(be32(head[4:])), Delay: pngFrame{control: pngChunk(data, "fcTL")}.delay()}
	s.frames = func(yield func(timed, error) bool) {
		c := f.pixels(frameRequest)
		if err := c.begin(frameRequest); err != nil {
			yield(timed{}, err)
			return
		}
		c.black(0, f.height)
		icc, orientation := pngProfile(data), pngOrientation(data)
		dispose := func() {}
		number := 0
		for one, err := range pngFrames(data) {
			if err == nil {
				dispose()
				dispose, err = c.frame(one, number == 0)
			}
			if err != nil {
				yield(timed{}, err)
				return
			}
			if number++; number == 1 {
				continue
			}
			img := *c.img
			img.Pix = bytes.Clone(img.Pix)
			if !yield(timed{picture{img: &img, width: img.Width, height: img.Height, alpha: bytes.Clone(c.alpha), icc: icc, stated: f.statedColours(), orientation: orientation}, one.delay()}, nil) {
				return
			}
		}
	}
	return s
}

// frameRequest is for frames, which lie within a canvas that has been admitted.
var frameRequest = request{maxPixels: math.MaxInt64, extras: true}

// frame draws one, and returns what is to be done before the next.
func (o *pngPixels) frame(one pngFrame, first bool) (dispose func(), err error) {
	r := one.region()
	if r.x+r.width > o.f.width || r.y+r.height > o.f.height || r.width < 1 || r.height < 1 {
		return nil, fmt.Errorf("a frame of %dx%d at %d,%d does not fit the picture", r.width, r.height, r.x, r.y)
	}
	own := *o.f
	own.width, own.height = r.width, r.height
	part := own.pixels(frameRequest)
	if err := part.begin(frameRequest); err != nil {
		return nil, err
	}
	if _, err := own.unpackRows(one.packed, region{0, 0, r.width, r.height}, part); err != nil {
		return nil, err
	}
	how := one.control[24]
	if first && how == pngToPrevious {
		how = pngToBackground
	}
	dispose = func() {}
	switch how {
	case pngToBackground:
		zeros := make([]byte, 8*r.width)
		dispose = func() {
			for y := range r.height {
				o.row(zeros, r.x, r.y+y, r.width)
			}
		}
	case pngToPrevious:
		before := o.img.cropped(r)
		var alpha *Image
		if o.alpha != nil {
			alpha = o.mask().cropped(r)
		}
		dispose = func() {
			o.img.paste(before, r.x, r.y)
			if alpha != nil {
				o.mask().paste(alpha, r.x, r.y)
			}
		}
	}
	// Of gray with a transparent value Pillow draws all.
	if over := one.control[25] == pngOver && o.alpha != nil && !(o.f.color == pngGray); over && !first {
		o.over(part, r)
		return dispose, nil
	}
	o.img.paste(part.img, r.x, r.y)
	if o.alpha != nil {
		o.mask().paste(part.mask(), r.x, r.y)
	}
	return dispose, nil
}

// mask is the alpha as an image.
func (o *pngPixels) mask() *Image {
	return &Image{Width: o.img.Width, Height: o.img.Height, Channels: 1, Pix: o.alpha}
}

// over draws a part by its alpha, as the specification has it (PNG, third edition, 13.16 and annex C.5). Pillow's paste
// does otherwise where neither layer is opaque: half of nothing becomes a quarter with it.
func (o *pngPixels) over(part *pngPixels, r region) {
	c := o.img.Channels
	for i, m := range part.alpha {
		at := (r.y+i/r.width)*o.img.Width + r.x + i%r.width
		below := o.alpha[at]
		switch {
		case m == 0:
		case m == 255 || below == 0:
			copy(o.img.Pix[at*c:(at+1)*c], part.img.Pix[i*c:])
			o.alpha[at] = m
		case below == 255:
			for k := range c {
				o.img.Pix[at*c+k] = mixed(o.img.Pix[at*c+k], part.img.Pix[i*c+k], m)
			}
		default:
			u, v := uint32(m)*255, (255-uint32(m))*uint32(below)
			for k := range c {
				o.img.Pix[at*c+k] = uint8((uint32(part.img.Pix[i*c+k])*u + uint32(o.img.Pix[at*c+k])*v + (u+v)/2) / (u + v))
			}
			o.alpha[at] = uint8((u + v + 127) / 255)
		}
	}
}

// mixed is Pillow's BLEND of Paste.c.
func mixed(below, above, mask uint8) uint8 {
	v := uint32(below)*uint32(255-mask) + uint32(above)*uint32(mask) + 128
	return uint8((v>>8 + v) >> 8)
}
