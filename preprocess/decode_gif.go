package preprocess

import (
	"encoding/binary"
	"errors"
	"io"
)

// decodeGIF decodes the first frame and puts it on its canvas as Pillow does: on
// the transparent colour where there is one, else on colour 0. An index without a colour is black.
func decodeGIF(data []byte, ask request) (picture, error) {
	f, err := firstFrame(data)
	if err != nil {
		return picture{}, err
	}
	width, height := max(f.width, f.left+f.frameWidth), max(f.height, f.top+f.frameHeight)
	// Indices, colours, alpha, and what they are converted to.
	if err := ask.admit(width, height, 1+3+1+3); err != nil {
		return picture{}, err
	}
	if f.frameWidth == 0 || f.frameHeight == 0 {
		return picture{}, errors.New("its first frame is empty")
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
	p := picture{img: img}
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
	gray                    bool // index i is the gray value i
	palette                 [256][3]uint8
	transparent             bool
	background              uint8  // the transparent colour, or else 0
	data                    []byte // from the LZW code size on
}

func firstFrame(data []byte) (*gifFrame, error) {
	f := &gifFrame{}
	rest := data
	take := func(n int) []byte {
		if n > len(rest) {
			rest = nil
			return nil
		}
		b := rest[:n]
		rest = rest[n:]
		return b
	}
	colours := func(flags byte) {
		f.setPalette(take(3 << (flags&7 + 1)))
	}
	head := take(13)
	if head == nil {
		return nil, io.ErrUnexpectedEOF
	}
	f.width, f.height = le16(head[6:]), le16(head[8:])
	f.setPalette(nil)
	if head[10]&0x80 != 0 {
		colours(head[10])
	}
	for {
		b := take(1)
		if b == nil {
			return nil, io.ErrUnexpectedEOF
		}
		switch b[0] {
		case '!':
			label := take(1)
			for first := true; ; first = false {
				size := take(1)
				if size == nil {
					return nil, io.ErrUnexpectedEOF
				}
				if size[0] == 0 {
					break
				}
				block := take(int(size[0]))
				if first && label[0] == 0xf9 && len(block) >= 4 && block[0]&1 != 0 {
					f.transparent, f.background = true, block[3]
				}
			}
		case ',':
			d := take(9)
			if d == nil {
				return nil, io.ErrUnexpectedEOF
			}
			f.left, f.top = le16(d), le16(d[2:])
			f.frameWidth, f.frameHeight = le16(d[4:]), le16(d[6:])
			f.interlaced = d[8]&0x40 != 0
			if d[8]&0x80 != 0 {
				colours(d[8])
			}
			f.data = rest
			return f, nil
		case ';':
			return nil, errors.New("no image in it")
		}
	}
}

// setPalette keeps a colour table; Pillow makes a gray image of one whose colour
// i is (i, i, i), and of none at all.
func (f *gifFrame) setPalette(table []byte) {
	f.palette, f.gray = [256][3]uint8{}, true
	for i := range len(table) / 3 {
		f.palette[i] = [3]uint8(table[3*i:])
		f.gray = f.gray && f.palette[i] == [3]uint8{uint8(i), uint8(i), uint8(i)}
	}
	if f.gray {
		for i := range f.palette {
			f.palette[i] = [3]uint8{uint8(i), uint8(i), uint8(i)}
		}
	}
}

func le16(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }
