package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// decodeBMP brings the header, of which there are many, to the one kind that the
// decoder reads, with a full palette where there is one: Pillow takes an index out
// of range for black.
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
	switch {
	case depth == 1 || depth == 4 || depth == 8:
		if colours <= 0 {
			colours = 1 << depth
		}
		if int64(len(rest)) < int64(entry)*int64(colours) {
			return picture{}, io.ErrUnexpectedEOF
		}
		palette = make([]byte, 4<<depth)
		for i := range min(colours, 1<<depth) {
			copy(palette[4*i:4*i+3], rest[entry*i:])
		}
		rest = rest[entry*colours:]
	case depth != 16 && depth != 24 && depth != 32:
		return picture{}, fmt.Errorf("%d bits per pixel are not supported", depth)
	}
	masks := [3]uint32{0xff0000, 0xff00, 0xff} // of R, G and B
	if depth == 16 {
		masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	}
	plainMasks := depth != 16
	switch {
	case compression == 0:
	case compression == 3 && depth >= 16:
		from := rest // behind a header of 40 bytes, or within a longer one
		if size > header {
			from = h[header:]
		}
		if len(from) < 12 {
			return picture{}, io.ErrUnexpectedEOF
		}
		given := [3]uint32{le.Uint32(from), le.Uint32(from[4:]), le.Uint32(from[8:])}
		if given != [3]uint32{} && given != masks {
			masks, plainMasks = given, false
		}
	default:
		return picture{}, fmt.Errorf("run-length and other compression (kind %d) is not supported", compression)
	}
	// Where the file says that the pixels begin; it may be that it does not say.
	if at := int64(le.Uint32(data[10:])); at > fileHeader+size {
		if at > int64(len(data)) {
			return picture{}, io.ErrUnexpectedEOF
		}
		rest = data[at:]
	}
	if !plainMasks {
		var err error
		if rest, err = unmask(rest, width, max(height, -height), depth, masks); err != nil {
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
	img, err := pixels(m, highByte)
	return picture{img: img}, err
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
