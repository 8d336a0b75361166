package preprocess

import (
	"errors"
	"io"
)

// gifLZW unpacks a frame's indices as Pillow's GifDecode.c does: it ends with the last pixel, whatever
// follows, and asks for no end code.
type gifLZW struct {
	data  []byte // what is left: blocks, each behind its length
	block int    // bytes left of the present one

	bits, count uint
	out         []byte
	width       int
	x, y        int
	passes      []gifPass // that follow; of an interlaced frame
	step        int
	height      int
}

// gifPass is where a pass of an interlaced frame begins, and how far it is to its next rows.
type gifPass struct{ y, step int }

const gifTable = 1 << 12

var errGIFCode = errors.New("its pixels are damaged: a code stands for nothing")

// gifPixels unpacks width x height indices of data, which begins with the size of codes.
func gifPixels(data []byte, width, height int, interlaced bool) ([]byte, error) {
	if len(data) < 1 {
		return nil, io.ErrUnexpectedEOF
	}
	first := uint(data[0])
	if first > 8 {
		return nil, errGIFCode
	}
	z := gifLZW{data: data[1:], out: make([]byte, width*height), width: width, height: height, step: 1}
	if interlaced {
		z.step, z.passes = 8, []gifPass{{4, 8}, {2, 4}, {1, 2}}
	}
	return z.out, z.unpack(first)
}

func (z *gifLZW) unpack(first uint) error {
	var suffix [gifTable]byte
	var prefix [gifTable]int16
	var text [gifTable]byte // of a code, from its end
	clearCode, endCode := 1<<first, 1<<first+1
	next, size := clearCode+2, first+1
	last, lastByte := -1, byte(0) // the code before; -1: none since a clear code
	for {
		code, err := z.code(size)
		if err != nil {
			return err
		}
		switch {
		case code == clearCode:
			next, size, last = clearCode+2, first+1, -1
			continue
		case code == endCode:
			return io.ErrUnexpectedEOF
		case last < 0 && code > clearCode, last >= 0 && code > next:
			return errGIFCode
		}
		if last < 0 {
			last, lastByte = code, byte(code)
			if z.put(lastByte) {
				return nil
			}
			continue
		}
		n, c := len(text), code
		if c == next {
			n--
			text[n], c = lastByte, last
		}
		for c >= clearCode {
			if n == 0 || c >= gifTable {
				return errGIFCode
			}
			n--
			text[n], c = suffix[c], int(prefix[c])
		}
		lastByte = byte(c)
		if next < gifTable {
			suffix[next], prefix[next] = lastByte, int16(last)
			if next == 1<<size-1 && size < 12 {
				size++
			}
			next++
		}
		last = code
		if z.put(lastByte) {
			return nil
		}
		for _, v := range text[n:] {
			if z.put(v) {
				return nil
			}
		}
	}
}

// code reads the next code. A block is read once all of it is there.
func (z *gifLZW) code(size uint) (int, error) {
	for z.count < size {
		if z.block > 0 {
			z.bits |= uint(z.data[0]) << z.count
			z.count, z.data, z.block = z.count+8, z.data[1:], z.block-1
			continue
		}
		if len(z.data) == 0 || len(z.data) < int(z.data[0])+1 {
			return 0, io.ErrUnexpectedEOF
		}
		z.block, z.data = int(z.data[0]), z.data[1:]
	}
	code := z.bits & (1<<size - 1)
	z.bits, z.count = z.bits>>size, z.count-size
	return int(code), nil
}

// put reports whether that was the last pixel.
func (z *gifLZW) put(v byte) bool {
	z.out[z.y*z.width+z.x] = v
	if z.x++; z.x < z.width {
		return false
	}
	z.x, z.y = 0, z.y+z.step
	for z.y >= z.height {
		if len(z.passes) == 0 {
			return true
		}
		z.y, z.step, z.passes = z.passes[0].y, z.passes[0].step, z.passes[1:]
	}
	return false
}
