package preprocess

import (
	"bytes"
	"time"
)

// gifSequence counts the frames, up to where the file is damaged. It is nil where one lies beyond the canvas, which
// Pillow enlarges from there on.
func gifSequence(data []byte) *Sequence {
	g, err := openGIF(data)
	if err != nil {
		return nil
	}
	s := &Sequence{}
	var first *gifFrame
	for {
		f, err := g.next()
		if err != nil {
			break
		}
		if s.Count++; first == nil {
			first, s.Delay = f, f.delay
		}
		width, height := first.canvas()
		if f.left+f.frameWidth > width || f.top+f.frameHeight > height {
			return nil
		}
	}
	s.Plays = g.plays
	s.frames = func(yield func(timed, error) bool) {
		g, err := openGIF(data)
		if err != nil {
			yield(timed{}, err)
			return
		}
		var c *gifCanvas
		for number := range s.Count {
			f, err := g.next()
			if err == nil && c == nil {
				c = newGIFCanvas(f)
			}
			if err == nil {
				err = c.draw(f)
			}
			if err != nil {
				yield(timed{}, err)
				return
			}
			if number > 0 && !yield(timed{c.picture(), f.delay}, nil) {
				return
			}
		}
	}
	return s
}

// gifCanvas is what frames are drawn on, as Pillow has it: of the mode of the first frame, RGBA where that has a
// transparent colour, else RGB; or gray where it has no colours.
type gifCanvas struct {
	img     *Image
	alpha   []byte // nil: opaque
	key     int    // of a gray canvas the value that is transparent; -1: none
	dispose func() // what becomes of the frame that is shown before the next one
	first   bool
}

func newGIFCanvas(f *gifFrame) *gifCanvas {
	width, height := f.canvas()
	c := &gifCanvas{img: newImage(width, height, 3), key: -1, first: true}
	if f.transparent {
		c.alpha = make([]byte, width*height)
		if f.gray {
			c.key = int(f.background)
		}
	}
	c.fill(region{0, 0, width, height}, f.palette[f.background], f.transparent)
	return c
}

// fill paints a part with a colour.
func (c *gifCanvas) fill(r region, colour [3]uint8, transparent bool) {
	for y := r.y; y < r.y+r.height; y++ {
		for x := r.x; x < r.x+r.width; x++ {
			c.set(y*c.img.Width+x, colour, transparent)
		}
	}
}

func (c *gifCanvas) set(at int, colour [3]uint8, transparent bool) {
	copy(c.img.Pix[3*at:3*at+3], colour[:])
	if c.alpha != nil {
		c.alpha[at] = opaqueUnless(transparent)
	}
}

// draw disposes of the last frame, and draws one.
func (c *gifCanvas) draw(f *gifFrame) error {
	if c.dispose != nil {
		c.dispose()
	}
	c.dispose = c.disposal(f)
	if f.frameWidth == 0 || f.frameHeight == 0 {
		return errEmptyFrame
	}
	frame, err := gifPixels(f.data, f.frameWidth, f.frameHeight, f.interlaced)
	if err != nil {
		return err
	}
	for y := range f.frameHeight {
		for x, v := range frame[y*f.frameWidth : (y+1)*f.frameWidth] {
			through := f.transparent && v == f.background
			if through && !c.first {
				continue
			}
			c.set((y+f.top)*c.img.Width+f.left+x, f.palette[v], through || int(v) == c.key)
		}
	}
	c.first = false
	return nil
}

// disposal is what is to be done about a frame, which is not drawn yet, before the next.
func (c *gifCanvas) disposal(f *gifFrame) func() {
	r := region{f.left, f.top, f.frameWidth, f.frameHeight}
	switch {
	case f.disposal == 2, f.disposal == 3 && c.first && f.transparent:
		index, transparent := f.screen, f.transparent
		if transparent {
			index = f.background
		}
		if c.key >= 0 && !c.first {
			index, transparent = uint8(c.key), true
		}
		return func() { c.fill(r, f.colour(index), transparent) }
	case f.disposal == 3 && !c.first:
		before := c.img.cropped(r)
		var alpha *Image
		if c.alpha != nil {
			alpha = c.mask().cropped(r)
		}
		return func() {
			c.img.paste(before, r.x, r.y)
			if alpha != nil {
				c.mask().paste(alpha, r.x, r.y)
			}
		}
	}
	return nil
}

// mask is the alpha as an image.
func (c *gifCanvas) mask() *Image {
	return &Image{Width: c.img.Width, Height: c.img.Height, Channels: 1, Pix: c.alpha}
}

// picture is a copy.
func (c *gifCanvas) picture() picture {
	img := *c.img
	img.Pix = bytes.Clone(img.Pix)
	return picture{img: &img, width: img.Width, height: img.Height, alpha: bytes.Clone(c.alpha)}
}

// cropped is a copy of a part.
func (m *Image) cropped(r region) *Image {
	part := newImage(r.width, r.height, m.Channels)
	row := r.width * m.Channels
	for y := range r.height {
		copy(part.Pix[y*row:(y+1)*row], m.Pix[((y+r.y)*m.Width+r.x)*m.Channels:])
	}
	return part
}

// paste puts a part where it belongs.
func (m *Image) paste(part *Image, x, y int) {
	row := part.Width * part.Channels
	for i := range part.Height {
		copy(m.Pix[((i+y)*m.Width+x)*m.Channels:], part.Pix[i*row:(i+1)*row])
	}
}

// hundredths is a GIF's time.
func hundredths(n int) time.Duration { return time.Duration(n) * 10 * time.Millisecond }
