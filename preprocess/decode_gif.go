package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// decodeGIF decodes the first frame and puts it on its canvas as Pillow does: on
// the transparent colour where there is one, else on colour 0. An index without a colour is black.
func decodeGIF(data []byte, ask request) (picture, error) {
	g, err := openGIF(data)
	if err != nil {
		return picture{}, err
	}
	f, err := g.next()
	if err != nil {
		return picture{}, err
	}
	width, height := f.canvas()
	// Indices, colours, alpha, and what they are converted to.
	if err := ask.admit(width, height, 1+3+1+3); err != nil {
		return picture{}, err
	}
	if f.frameWidth == 0 || f.frameHeight == 0 {
		return picture{}, errEmptyFrame
	}
	frame, err := gifPixels(f.data, f.frameWidth, f.frameHeight, f.interlaced)
	if err != nil {
		return picture{}, err
	}
	channels := 3
	if f.gray {
		channels = 1
	}
	img := newImage(width, height, channels)
	if bg := f.palette[f.background]; bg != [3]uint8{} {
		for i := 0; i < len(img.Pix); i += channels {
			copy(img.Pix[i:i+channels], bg[:])
		}
	}
	for y := range f.frameHeight {
		dst := img.Pix[((y+f.top)*width+f.left)*channels:]
		for i, v := range frame[y*f.frameWidth : (y+1)*f.frameWidth] {
			copy(dst[i*channels:(i+1)*channels], f.palette[v][:])
		}
	}
	p := picture{img: img, metadata: commented(f.comment)}
	if ask.extras && f.transparent {
		p.alpha = make([]byte, width*height) // beyond the frame is transparent
		for y := range f.frameHeight {
			dst := p.alpha[(y+f.top)*width+f.left:]
			for x, v := range frame[y*f.frameWidth : (y+1)*f.frameWidth] {
				if v != f.background {
					dst[x] = 255
				}
			}
		}
	}
	return p, nil
}

type gifFrame struct {
	width, height           int // of the logical screen
	left, top               int
	frameWidth, frameHeight int
	interlaced              bool
	gifColours
	transparent bool
	background  uint8  // the transparent colour, or else 0
	screen      uint8  // the background colour that the file states
	data        []byte // from the LZW code size on

	disposal int // what becomes of it, by the last frame that says something
	delay    time.Duration
	comment  []byte // what stands before it
}

// canvas is the size of what the frame is drawn on, if it is the first.
func (f *gifFrame) canvas() (width, height int) {
	return max(f.width, f.left+f.frameWidth), max(f.height, f.top+f.frameHeight)
}

// gifColours are those of a table.
type gifColours struct {
	gray    bool // index i is the gray value i
	palette [256][3]uint8
	count   int
}

// colour is that of an index, or, where it has none, the first.
func (c *gifColours) colour(index uint8) [3]uint8 {
	if int(index) >= c.count {
		index = 0
	}
	return c.palette[index]
}

var errEmptyFrame = errors.New("a frame of it is empty")

// gifFile reads a GIF frame by frame.
type gifFile struct {
	rest     []byte
	head     gifFrame // what is the same of all frames
	disposal int
	plays    int
	begun    bool // a frame was read, whose data come first
}

func openGIF(data []byte) (*gifFile, error) {
	g := &gifFile{rest: data, plays: 1}
	head := g.take(13)
	if head == nil {
		return nil, io.ErrUnexpectedEOF
	}
	g.head.width, g.head.height = le16(head[6:]), le16(head[8:])
	g.head.setPalette(nil)
	if head[10]&0x80 != 0 {
		g.head.screen = head[11]
		g.head.setPalette(g.take(3 << (head[10]&7 + 1)))
	}
	return g, nil
}

func (g *gifFile) take(n int) []byte {
	if n > len(g.rest) {
		g.rest = nil
		return nil
	}
	b := g.rest[:n]
	g.rest = g.rest[n:]
	return b
}

// blocks reads up to the empty one.
func (g *gifFile) blocks(use func(i int, block []byte)) error {
	for i := 0; ; i++ {
		size := g.take(1)
		if size == nil {
			return io.ErrUnexpectedEOF
		}
		if size[0] == 0 {
			return nil
		}
		use(i, g.take(int(size[0])))
	}
}

// next reads up to the data of the next frame.
func (g *gifFile) next() (*gifFrame, error) {
	f := g.head
	if g.begun {
		g.take(1) // the size of codes
		if err := g.blocks(func(int, []byte) {}); err != nil {
			return nil, err
		}
	}
	for {
		b := g.take(1)
		if b == nil {
			return nil, io.ErrUnexpectedEOF
		}
		switch b[0] {
		case '!':
			if err := g.extension(&f); err != nil {
				return nil, err
			}
		case ',':
			d := g.take(9)
			if d == nil {
				return nil, io.ErrUnexpectedEOF
			}
			f.left, f.top = le16(d), le16(d[2:])
			f.frameWidth, f.frameHeight = le16(d[4:]), le16(d[6:])
			f.interlaced = d[8]&0x40 != 0
			if d[8]&0x80 != 0 {
				f.setPalette(g.take(3 << (d[8]&7 + 1)))
			}
			f.data, f.disposal, g.begun = g.rest, g.disposal, true
			return &f, nil
		case ';':
			return nil, errors.New("no image in it")
		}
	}
}

// extension reads what stands before a frame.
func (g *gifFile) extension(f *gifFrame) error {
	label := g.take(1)
	loops := false
	return g.blocks(func(i int, block []byte) {
		switch {
		case label[0] == 0xfe:
			if i == 0 && f.comment != nil {
				f.comment = append(f.comment, '\n')
			}
			f.comment = append(f.comment, block...)
		case i == 0 && label[0] == 0xf9 && len(block) >= 4:
			f.delay = hundredths(le16(block[1:]))
			if block[0]&1 != 0 {
				f.transparent, f.background = true, block[3]
			}
			if how := int(block[0] >> 2 & 7); how != 0 {
				g.disposal = how
			}
		case i == 0 && label[0] == 0xff && !g.begun:
			loops = bytes.HasPrefix(block, []byte("NETSCAPE2.0"))
		case i == 1 && loops && len(block) >= 3 && block[0] == 1:
			if g.plays = le16(block[1:]); g.plays > 0 {
				g.plays++ // it is how often it is shown again
			}
		}
	})
}

// setPalette keeps a colour table; Pillow makes a gray image of one whose colour
// i is (i, i, i), and of none at all.
func (f *gifColours) setPalette(table []byte) {
	f.palette, f.gray, f.count = [256][3]uint8{}, true, len(table)/3
	for i := range len(table) / 3 {
		f.palette[i] = [3]uint8(table[3*i:])
		f.gray = f.gray && f.palette[i] == [3]uint8{uint8(i), uint8(i), uint8(i)}
	}
	if f.gray {
		f.count = 256
		for i := range f.palette {
			f.palette[i] = [3]uint8{uint8(i), uint8(i), uint8(i)}
		}
	}
}

func le16(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }
