package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// decodeBMP converts the many kinds of header to the one that the decoder reads, with a full
// palette where there is one, since Pillow takes an index out of range for black.
func decodeBMP(data []byte, ask request) (picture, error) {
	const fileHeader, header = 14, 40
	le := binary.LittleEndian
	if len(data) < fileHeader+12 {
		return picture{}, io.ErrUnexpectedEOF
	}
	size := int64(le.Uint32(data[fileHeader:]))
	if size != 12 && (size < header || size > 124) {
		return picture{}, fmt.Errorf("a header of %d bytes is not supported", size)
	}
	if int64(len(data)) < fileHeader+size {
		return picture{}, io.ErrUnexpectedEOF
	}
	h, rest := data[fileHeader:fileHeader+size], data[fileHeader+size:]
	var width, height, depth, compression, colours, entry int
	if size == 12 {
		width, height, depth, entry = le16(h[4:]), le16(h[6:]), le16(h[10:]), 3
	} else {
		width, height = int(int32(le.Uint32(h[4:]))), int(int32(le.Uint32(h[8:])))
		depth, compression, colours, entry = le16(h[14:]), int(le.Uint32(h[16:])), int(int32(le.Uint32(h[32:]))), 4
	}
	if err := checkSize(width, max(height, -height), ask.maxPixels); err != nil {
		return picture{}, err
	}

	var palette []byte
	gray := false // Pillow's rule: the colours are 0, 1, 2 and so on, or black and white
	switch {
	case depth == 1 || depth == 4 || depth == 8:
		if colours <= 0 {
			colours = 1 << depth
		}
		if int64(len(rest)) < int64(entry)*int64(colours) {
			return picture{}, io.ErrUnexpectedEOF
		}
		palette = make([]byte, 4<<depth)
		gray = true
		for i := range colours {
			v := byte(i)
			if colours == 2 && i == 1 {
				v = 255
			}
			c := rest[entry*i:][:3]
			gray = gray && c[0] == v && c[1] == v && c[2] == v
			if i < 1<<depth {
				copy(palette[4*i:4*i+3], c)
			}
		}
		rest = rest[entry*colours:]
	case depth != 16 && depth != 24 && depth != 32:
		return picture{}, fmt.Errorf("%d bits per pixel are not supported", depth)
	}
	from := rest // of the masks: behind a header of 40 bytes, or within a longer one
	if size > header {
		from = h[header:]
	}
	masks, err := bmpMasksOf(from, depth, compression, size >= 56)
	if err != nil {
		return picture{}, err
	}
	// Where the file says that the pixels begin; it may be that it does not say.
	if at := int64(le.Uint32(data[10:])); at > fileHeader+size {
		if at > int64(len(data)) {
			return picture{}, io.ErrUnexpectedEOF
		}
		rest = data[at:]
	}
	p := picture{}
	if ask.extras && masks.alpha >= 0 {
		if p.alpha, err = bmpAlpha(rest, width, height, masks.alpha); err != nil {
			return picture{}, err
		}
	}
	if !masks.plain {
		if rest, err = unmask(rest, width, max(height, -height), depth, masks.rgb); err != nil {
			return picture{}, err
		}
		depth = 24
	}

	plain := make([]byte, fileHeader+header, fileHeader+header+len(palette))
	copy(plain, "BM")
	le.PutUint32(plain[10:], uint32(cap(plain)))
	le.PutUint32(plain[14:], header)
	le.PutUint32(plain[18:], uint32(width))
	le.PutUint32(plain[22:], uint32(height))
	le.PutUint16(plain[26:], 1)
	le.PutUint16(plain[28:], uint16(depth))
	m, err := decodeParts(ask.maxPixels, append(plain, palette...), rest)
	if err != nil {
		return picture{}, err
	}
	if p.img, err = pixels(m, highByte); err != nil {
		return picture{}, err
	}
	if gray {
		p.img = p.img.firstChannel()
	}
	return p, nil
}

// bmpMasks say where the samples of a pixel of 16, 24 or 32 bits are.
type bmpMasks struct {
	rgb   [3]uint32
	plain bool // as the decoder has it: BGR, or BGRX
	alpha int  // the byte that is alpha; -1: none
}

// bmpMasksOf reads the masks, of which headers of 56 bytes or more have one for alpha.
// Pillow takes masks that are all zero for BGRA.
func bmpMasksOf(from []byte, depth, compression int, four bool) (bmpMasks, error) {
	m := bmpMasks{[3]uint32{0xff0000, 0xff00, 0xff}, depth != 16, -1}
	if depth == 16 {
		m.rgb = [3]uint32{0x7c00, 0x3e0, 0x1f}
	}
	switch {
	case compression == 0:
		return m, nil
	case compression != 3 || depth < 16:
		return m, fmt.Errorf("run-length and other compression (kind %d) is not supported", compression)
	case len(from) < 12 || four && len(from) < 16:
		return m, io.ErrUnexpectedEOF
	}
	le := binary.LittleEndian
	given, alpha := [3]uint32{le.Uint32(from), le.Uint32(from[4:]), le.Uint32(from[8:])}, uint32(0)
	if four {
		alpha = le.Uint32(from[12:])
	}
	none := given == [3]uint32{}
	if !none && given != m.rgb {
		m.rgb, m.plain = given, false
	}
	if depth == 32 && (alpha != 0 || none) {
		m.alpha = 3
		if alpha != 0 {
			m.alpha = bits.TrailingZeros32(alpha) / 8
		}
	}
	return m, nil
}

// bmpAlpha takes one byte of every pixel of 32 bits, in rows from the top.
func bmpAlpha(data []byte, width, height, at int) ([]byte, error) {
	lines := max(height, -height)
	if int64(len(data)) < 4*int64(width)*int64(lines) {
		return nil, io.ErrUnexpectedEOF
	}
	out := make([]byte, width*lines)
	for y := range lines {
		src := data[4*width*y:]
		if height > 0 { // rows from the bottom
			src = data[4*width*(lines-1-y):]
		}
		for x := range width {
			out[y*width+x] = src[4*x+at]
		}
	}
	return out, nil
}

// unmask brings rows of 16 or 32 bits per pixel to 24 bits, each sample from as
// many bits as its mask has to 255, rounding down as Pillow does.
func unmask(data []byte, width, height, depth int, masks [3]uint32) ([]byte, error) {
	if depth == 24 {
		return nil, errors.New("colour masks of 24 bits other than BGR are not supported")
	}
	size := depth / 8
	from, to := (width*size+3)&^3, (width*3+3)&^3
	if int64(len(data)) < int64(from)*int64(height) {
		return nil, io.ErrUnexpectedEOF
	}
	out := make([]byte, to*height)
	for y := range height {
		src, dst := data[y*from:], out[y*to:]
		for x := range width {
			v := uint32(le16(src[x*size:]))
			if size == 4 {
				v |= uint32(le16(src[x*size+2:])) << 16
			}
			for c, mask := range masks {
				if mask != 0 {
					shift := bits.TrailingZeros32(mask)
					dst[3*x+2-c] = uint8(uint64((v&mask)>>shift) * 255 / uint64(mask>>shift))
				}
			}
		}
	}
	return out, nil
}
