package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// bmpFile is a BMP's header, and what Pillow's BmpImagePlugin makes of it.
type bmpFile struct {
	width, height int
	up            bool // rows come from the bottom
	depth         int
	compression   int
	palette       []byte // entries of 3 or 4 bytes, B, G and R first; nil: gray, or no palette
	raw           bmpRaw
	at            int // where the pixels begin
}

// bmpRaw is how a row's pixels are stored.
type bmpRaw struct {
	bits   int
	rgb    [3]int    // of 24 and 32 bits, which byte is R, G and B
	alpha  int       // that of alpha; -1: none
	masks  [3]uint32 // of 16 bits
	paints bool      // by the palette
}

const (
	bmpRLE8      = 1
	bmpRLE4      = 2
	bmpBitfields = 3

	bmpFileHeader = 14
)

// bmpHeaders are the sizes of the headers that there are.
var bmpHeaders = []int{12, 40, 52, 56, 64, 108, 124}

// bmpLayouts are the masks of 32 bits that Pillow knows, with the bytes of R, G, B and alpha.
var bmpLayouts = map[[4]uint32][4]int{
	{0xff0000, 0xff00, 0xff, 0}:          {2, 1, 0, -1},
	{0xff000000, 0xff0000, 0xff00, 0}:    {3, 2, 1, -1},
	{0xff000000, 0xff00, 0xff, 0}:        {3, 1, 0, -1},
	{0xff000000, 0xff0000, 0xff00, 0xff}: {3, 2, 1, 0},
	{0xff, 0xff00, 0xff0000, 0xff000000}: {0, 1, 2, 3},
	{0xff0000, 0xff00, 0xff, 0xff000000}: {2, 1, 0, 3},
	{0xff000000, 0xff00, 0xff, 0xff0000}: {3, 1, 0, 2},
	{}:                                   {2, 1, 0, 3},
}

var bmpMasks16 = [][3]uint32{{0x7c00, 0x3e0, 0x1f}, {0xf800, 0x7e0, 0x1f}}

// decodeBMP is BmpImagePlugin, of a BMP file or, without its first 14 bytes, of a DIB.
func decodeBMP(data []byte, ask request) (picture, error) {
	f, err := readBMP(data, ask.maxPixels)
	if err != nil {
		return picture{}, err
	}
	channels := 3
	if f.raw.bits <= 8 && f.palette == nil {
		channels = 1
	}
	runs := f.compression == bmpRLE8 || f.compression == bmpRLE4
	var indices int64 // of runs
	if runs {
		indices = int64(f.width) * int64(f.height)
	}
	out, err := ask.lines(f.width, f.height, channels, 0, 1, 3+1+3, indices) // colours, alpha, and what they become
	if err != nil {
		return picture{}, err
	}
	rows, stride := data[min(f.at, len(data)):], (f.width*f.depth+31)>>3&^3
	if runs {
		rows, stride = f.runs(data), f.width
		if f.raw.bits = 8; len(rows) < f.width*f.height {
			return picture{}, io.ErrUnexpectedEOF
		}
	}
	line := (f.width*f.raw.bits + 7) / 8
	switch {
	case stride < line:
		return picture{}, fmt.Errorf("rows of %d bytes for %d gray pixels: the file is damaged", stride, f.width)
	case len(rows) < stride*(f.height-1)+line:
		return picture{}, io.ErrUnexpectedEOF
	}
	var alpha []byte
	if ask.extras && f.raw.alpha >= 0 && f.raw.bits == 32 {
		alpha = make([]byte, f.width*f.height)
	}
	for y := range f.height {
		from := y
		if f.up {
			from = f.height - 1 - y
		}
		pix, err := out.row(y)
		if err != nil {
			return picture{}, err
		}
		var a []byte
		if alpha != nil {
			a = alpha[y*f.width : (y+1)*f.width]
		}
		f.unpack(pix, a, rows[from*stride:][:line])
	}
	p, err := out.picture()
	p.alpha = alpha
	return p, err
}

func readBMP(data []byte, maxPixels int64) (*bmpFile, error) {
	le := binary.LittleEndian
	f, start := &bmpFile{up: true}, 0
	if string(data[:2]) == "BM" {
		if start = bmpFileHeader; len(data) < start+4 {
			return nil, io.ErrUnexpectedEOF
		}
		f.at = int(le.Uint32(data[10:]))
	}
	size := int(le.Uint32(data[start:]))
	switch {
	case !slices.Contains(bmpHeaders, size):
		return nil, fmt.Errorf("a header of %d bytes is not known", size)
	case len(data) < start+size:
		return nil, io.ErrUnexpectedEOF
	}
	h, rest := data[start:start+size], data[start+size:]
	colours, entry := 0, 4
	if size == 12 {
		f.width, f.height, f.depth, entry = le16(h[4:]), le16(h[6:]), le16(h[10:]), 3
	} else {
		f.width, f.height = int(le.Uint32(h[4:])), int(le.Uint32(h[8:]))
		if h[11] == 0xff {
			f.up, f.height = false, 1<<32-f.height
		}
		f.depth, f.compression, colours = le16(h[14:]), int(le.Uint32(h[16:])), int(le.Uint32(h[32:]))
	}
	if err := checkSize(f.width, f.height, maxPixels); err != nil {
		return nil, err
	}
	var masks [4]uint32
	if f.compression == bmpBitfields {
		given := h[min(40, size):]
		if size == 40 {
			if len(rest) < 12 {
				return nil, io.ErrUnexpectedEOF
			}
			given, rest = rest[:12], rest[12:]
		}
		for i := range min(4, len(given)/4) {
			if i < 3 || size >= 56 {
				masks[i] = le.Uint32(given[4*i:])
			}
		}
	}
	if colours == 0 {
		colours = 1 << min(f.depth, 32)
	}
	if f.at == start+size && f.depth <= 8 {
		f.at += entry * min(colours, 1<<20)
	}
	if err := f.layout(masks); err != nil {
		return nil, err
	}
	if f.depth <= 8 {
		if colours > 65536 {
			return nil, fmt.Errorf("it states %d colours", colours)
		}
		n := min(len(rest), entry*colours)
		if rest = rest[n:]; f.setPalette(data[len(data)-len(rest)-n:][:n], colours, entry) != nil {
			return nil, fmt.Errorf("it states %d colours, and 256 are the most", colours)
		}
	}
	if f.at == 0 {
		f.at = len(data) - len(rest)
	}
	return f, nil
}

// layout tells how pixels are stored.
func (f *bmpFile) layout(masks [4]uint32) error {
	f.raw = bmpRaw{bits: f.depth, rgb: [3]int{2, 1, 0}, alpha: -1, masks: bmpMasks16[0]}
	known := f.compression == 0
	switch f.depth {
	case 1, 4, 8:
		known = known || f.compression == bmpRLE8 || f.compression == bmpRLE4
	case 16, 24, 32:
		if f.compression != bmpBitfields {
			break
		}
		rgb := [3]uint32(masks[:3])
		layout, ok := bmpLayouts[masks]
		switch {
		case f.depth == 32 && ok:
			known, f.raw.rgb, f.raw.alpha = true, [3]int(layout[:3]), layout[3]
		case f.depth == 24:
			known = rgb == [3]uint32{0xff0000, 0xff00, 0xff}
		case f.depth == 16 && slices.Contains(bmpMasks16, rgb):
			known, f.raw.masks = true, rgb
		}
		if !known {
			return fmt.Errorf("its colours lie where %#x of %d bits have them, which is not known", masks, f.depth)
		}
	default:
		return fmt.Errorf("%d bits a pixel are not known", f.depth)
	}
	if !known {
		return fmt.Errorf("compression of kind %d with %d bits a pixel is not known", f.compression, f.depth)
	}
	return nil
}

// setPalette keeps the colours, but for those of a gray ramp, or black and white: such pixels are
// then gray, and packed as gray ones are whatever the depth says. That is Pillow's rule.
func (f *bmpFile) setPalette(table []byte, colours, entry int) error {
	gray := true
	for i := range colours {
		v := byte(i)
		if colours == 2 && i == 1 {
			v = 255
		}
		at := entry * i
		gray = gray && i < 256 && at+3 <= len(table) && table[at] == v && table[at+1] == v && table[at+2] == v
	}
	switch {
	case gray && colours <= 2:
		f.raw.bits = 1
	case gray:
		f.raw.bits = 8
	case len(table)/entry > 256:
		return errors.New("too many colours")
	default:
		f.raw.paints = true
		f.palette = make([]byte, 3*256)
		for i := range len(table) / entry {
			f.palette[3*i], f.palette[3*i+1], f.palette[3*i+2] = table[entry*i+2], table[entry*i+1], table[entry*i]
		}
	}
	return nil
}

// unpack makes a row's pixels, as Pillow's Unpack.c does.
func (f *bmpFile) unpack(pix, alpha, row []byte) {
	r := &f.raw
	switch r.bits {
	case 1, 4, 8:
		for i := range f.width {
			switch v := packedSample(row, i, r.bits); {
			case r.paints:
				copy(pix[3*i:3*i+3], f.palette[3*v:])
			case r.bits == 1:
				pix[i] = uint8(-v)
			default:
				pix[i] = uint8(v)
			}
		}
	case 16:
		for i := range f.width {
			v := uint32(le16(row[2*i:]))
			for c, mask := range r.masks {
				shift := bits.TrailingZeros32(mask)
				pix[3*i+c] = uint8((v & mask >> shift) * 255 / (mask >> shift))
			}
		}
	default:
		size := r.bits / 8
		for i := range f.width {
			p := row[i*size : (i+1)*size]
			pix[3*i], pix[3*i+1], pix[3*i+2] = p[r.rgb[0]], p[r.rgb[1]], p[r.rgb[2]]
			if alpha != nil {
				alpha[i] = p[r.alpha]
			}
		}
	}
}

// runs unpacks run-length coded pixels, a byte each, as Pillow's BmpRleDecoder does. There are
// fewer than the picture has where the file ends.
func (f *bmpFile) runs(data []byte) []byte {
	total := f.width * f.height
	out := make([]byte, 0, min(total, 64*len(data))) // two bytes make 255 pixels at most, deltas more
	at, x := min(f.at, len(data)), 0
	nibble := func(b byte, i int) byte {
		if i%2 == 0 {
			return b >> 4
		}
		return b & 15
	}
	for len(out) < total && at+2 <= len(data) {
		n, b := int(data[at]), data[at+1]
		at += 2
		switch {
		case n > 0:
			n = min(n, max(0, f.width-x))
			for i := range n {
				if f.compression == bmpRLE4 {
					out = append(out, nibble(b, i))
				} else {
					out = append(out, b)
				}
			}
			x += n
		case b == 0:
			out = append(out, make([]byte, (f.width-len(out)%f.width)%f.width)...)
			x = 0
		case b == 1:
			return out
		case b == 2:
			if at+2 > len(data) {
				return out
			}
			out = append(out, make([]byte, min(total-len(out), int(data[at])+int(data[at+1])*f.width))...)
			at += 2
			x = len(out) % f.width
		default:
			n := min(total-len(out), int(b))
			size := n
			if f.compression == bmpRLE4 {
				size = (n + 1) / 2
			}
			came := data[at:min(len(data), at+size)]
			at += len(came)
			for i := range n {
				switch {
				case f.compression == bmpRLE4 && i/2 < len(came):
					out = append(out, nibble(came[i/2], i))
				case f.compression == bmpRLE8 && i < len(came):
					out = append(out, came[i])
				}
			}
			if len(came) < size || len(out) == total {
				return out
			}
			x += int(b)
			at += at % 2
		}
	}
	return out
}
