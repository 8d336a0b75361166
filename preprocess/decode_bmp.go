package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// decodeBMP brings the header, of which there are many, to the one kind that the
// decoder reads, with a full palette where there is one: Pillow takes an index out
// of range for black.
func decodeBMP(data []byte, maxPixels int64) (picture, error) {
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
	var width, height, bits, compression, colours, entry int
	if size == 12 {
		width, height, bits, entry = le16(h[4:]), le16(h[6:]), le16(h[10:]), 3
	} else {
		width, height = int(int32(le.Uint32(h[4:]))), int(int32(le.Uint32(h[8:])))
		bits, compression, colours, entry = le16(h[14:]), int(le.Uint32(h[16:])), int(int32(le.Uint32(h[32:]))), 4
	}
	if err := checkSize(width, max(height, -height), maxPixels); err != nil {
		return picture{}, err
	}

	var palette []byte
	switch {
	case bits == 1 || bits == 4 || bits == 8:
		if colours <= 0 {
			colours = 1 << bits
		}
		if int64(len(rest)) < int64(entry)*int64(colours) {
			return picture{}, io.ErrUnexpectedEOF
		}
		palette = make([]byte, 4<<bits)
		for i := range min(colours, 1<<bits) {
			copy(palette[4*i:4*i+3], rest[entry*i:])
		}
		rest = rest[entry*colours:]
	case bits != 24 && bits != 32:
		return picture{}, fmt.Errorf("%d bits per pixel are not supported", bits)
	}
	switch compression {
	case 0:
	case 3: // colour masks, behind a header of 40 bytes or within a longer one
		masks := rest
		if size > header {
			masks = h[header:]
		}
		if len(masks) < 12 {
			return picture{}, io.ErrUnexpectedEOF
		}
		if le.Uint32(masks) != 0xff0000 || le.Uint32(masks[4:]) != 0xff00 || le.Uint32(masks[8:]) != 0xff {
			return picture{}, errors.New("colour masks other than BGR are not supported")
		}
	default:
		return picture{}, fmt.Errorf("compression %d is not supported", compression)
	}
	// Where the file says that the pixels begin; it may be that it does not say.
	if at := int64(le.Uint32(data[10:])); at > fileHeader+size {
		if at > int64(len(data)) {
			return picture{}, io.ErrUnexpectedEOF
		}
		rest = data[at:]
	}

	plain := make([]byte, fileHeader+header, fileHeader+header+len(palette))
	copy(plain, "BM")
	le.PutUint32(plain[10:], uint32(cap(plain)))
	le.PutUint32(plain[14:], header)
	le.PutUint32(plain[18:], uint32(width))
	le.PutUint32(plain[22:], uint32(height))
	le.PutUint16(plain[26:], 1)
	le.PutUint16(plain[28:], uint16(bits))
	m, err := decodeParts(maxPixels, append(plain, palette...), rest)
	if err != nil {
		return picture{}, err
	}
	img, err := pixels(m, highByte)
	return picture{img: img}, err
}
