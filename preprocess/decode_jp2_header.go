package preprocess

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// jp2Header is what Jpeg2KImagePlugin makes of a file's boxes, or of its codestream where there are none.
type jp2Header struct {
	width, height int
	mode          string // Pillow's: "L", "LA", "RGB", "RGBA", "CMYK", "I;16", "P" or "PA"
	palette       [256][4]byte
	icc           []byte
}

func readJP2(data []byte, bare bool) (*jp2Header, error) {
	if bare {
		h := &jp2Header{}
		err := h.codestream(data[4:])
		return h, err
	}
	h, rest, err := readJP2Boxes(data)
	if err != nil {
		return nil, err
	}
	if h.mode == "" || h.width == 0 && h.height == 0 {
		return nil, errors.New("its header does not say what it holds")
	}
	// A codestream that follows at once is looked into, though what it says is not taken.
	if len(rest) >= 12 && string(rest[4:12]) == "jp2c"+j2kSignature {
		if err := new(jp2Header).codestream(rest[12:]); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// codestream reads the size and the components, and then the markers up to a comment or the first tile.
func (h *jp2Header) codestream(data []byte) error {
	if len(data) < 2 {
		return io.ErrUnexpectedEOF
	}
	n := int(be16(data))
	if n < 38 || n > len(data) && len(data) < 38 {
		return errors.New("its size is not stated in full")
	}
	siz := data[:min(n, len(data))]
	if len(siz) < 38 {
		return io.ErrUnexpectedEOF
	}
	h.width, h.height = int(be32(siz[4:]))-int(be32(siz[12:])), int(be32(siz[8:]))-int(be32(siz[16:]))
	components := int(be16(siz[36:]))
	switch components {
	case 1:
		if len(siz) < 39 {
			return io.ErrUnexpectedEOF
		}
		if h.mode = "L"; siz[38]&0x7f+1 > 8 {
			h.mode = "I;16"
		}
	case 2, 3, 4:
		h.mode = []string{"LA", "RGB", "RGBA"}[components-2]
	default:
		return fmt.Errorf("%d components: from 1 to 4 are read", components)
	}
	for data = data[len(siz):]; len(data) > 0; {
		if len(data) < 2 {
			return io.ErrUnexpectedEOF
		}
		kind := data[1]
		if data = data[2:]; kind == 0x90 || kind == 0xd9 {
			return nil
		}
		if len(data) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(be16(data))
		if n < 2 {
			return errors.New("a marker is shorter than it can be: the file is damaged")
		}
		if kind == 0x64 {
			return nil
		}
		data = data[min(n, len(data)):]
	}
	return nil
}

// boxes is Pillow's BoxReader: of a file, or within a box.
type boxes struct {
	data   []byte
	at     int
	within bool
	left   int // of the box that was begun; -1: none
}

var errBox = errors.New("a box ends before what it must hold: the file is damaged")

func (b *boxes) read(n int) ([]byte, error) {
	if b.within && b.at+n > len(b.data) || b.left >= 0 && n > b.left {
		return nil, errBox
	}
	if b.at+n > len(b.data) {
		return nil, io.ErrUnexpectedEOF
	}
	out := b.data[b.at : b.at+n]
	b.at += n
	if b.left > 0 {
		b.left -= n
	}
	return out, nil
}

func (b *boxes) more() bool { return !b.within || b.at+b.left < len(b.data) }

func (b *boxes) next() (kind string, err error) {
	if b.left > 0 {
		b.at += b.left
	}
	b.left = -1
	if b.at > len(b.data) {
		return "", io.ErrUnexpectedEOF
	}
	head, err := b.read(8)
	if err != nil {
		return "", err
	}
	n, size := uint64(be32(head)), uint64(8)
	if n == 1 {
		long, err := b.read(8)
		if err != nil {
			return "", err
		}
		n, size = uint64(be32(long))<<32|uint64(be32(long[4:])), 16
	}
	if n < size || n > math.MaxInt32 || b.within && b.at+int(n-size) > len(b.data) {
		return "", errBox
	}
	b.left = int(n - size)
	return string(head[4:]), nil
}

// inside reads a box's boxes.
func (b *boxes) inside() (*boxes, error) {
	data, err := b.read(b.left)
	return &boxes{data: data, within: true, left: -1}, err
}

// readJP2Boxes reads the boxes up to the header's, and that. rest is what follows.
func readJP2Boxes(data []byte) (h *jp2Header, rest []byte, err error) {
	file := &boxes{data: data, at: len(jp2Signature), left: -1}
	var header *boxes
	for header == nil {
		kind, err := file.next()
		if err != nil {
			return nil, nil, err
		}
		switch kind {
		case "jp2h":
			if header, err = file.inside(); err != nil {
				return nil, nil, err
			}
		case "ftyp":
			if _, err := file.read(4); err != nil {
				return nil, nil, err
			}
		}
	}
	h = &jp2Header{}
	for i := range h.palette {
		h.palette[i][3] = 255
	}
	components, colours := 0, ""
	for header.more() {
		kind, err := header.next()
		if err != nil {
			return nil, nil, err
		}
		switch kind {
		case "ihdr":
			body, err := header.read(11)
			if err != nil {
				return nil, nil, err
			}
			h.height, h.width, components = int(be32(body)), int(be32(body[4:])), int(be16(body[8:]))
			if mode := map[int]string{1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[components]; mode != "" {
				h.mode = mode
			}
			if components == 1 && body[10]&0x7f > 8 {
				h.mode = "I;16"
			}
		case "colr":
			at, size := header.at, header.left
			body, err := header.read(7)
			if err != nil {
				return nil, nil, err
			}
			if body[0] == 2 {
				h.icc = header.data[at+3 : at+size]
			}
			if body[0] != 1 {
				break
			}
			switch be32(body[3:]) {
			case 0, 15:
				colours = "1"
			case 12:
				if colours = "CMYK"; components == 4 {
					h.mode = "CMYK"
				}
			case 17:
				colours = "L"
			}
		case "pclr":
			if h.mode != "L" && h.mode != "LA" || colours == "1" || colours == "L" {
				break
			}
			switch narrow, err := h.readPalette(header); {
			case err != nil:
				return nil, nil, err
			case narrow:
				h.mode = map[string]string{"L": "P", "LA": "PA"}[h.mode]
			}
		case "res ":
			if err := readResolutions(header); err != nil {
				return nil, nil, err
			}
		}
	}
	return h, data[min(file.at, len(data)):], nil
}

// readPalette reads colours of up to 8 bits: of more Pillow takes no palette. A colour that comes twice has one
// place, as it has in Pillow, so that those behind it stand one before where the file has them.
func (h *jp2Header) readPalette(header *boxes) (narrow bool, err error) {
	head, err := header.read(3)
	if err != nil {
		return false, err
	}
	entries, channels := int(be16(head)), int(head[2])
	depths, err := header.read(channels)
	if err != nil || channels > 0 && slices.Max(depths) > 8 {
		return false, err
	}
	if channels != 3 && channels != 4 {
		return false, fmt.Errorf("a palette of colours of %d parts: 3 or 4 are read", channels)
	}
	places := map[[4]byte]bool{}
	for range entries {
		body, err := header.read(channels)
		if err != nil {
			return false, err
		}
		colour := [4]byte{0, 0, 0, 255}
		if copy(colour[:], body); places[colour] {
			continue
		}
		if len(places) == len(h.palette) {
			return false, errors.New("its palette has more than 256 colours")
		}
		h.palette[len(places)], places[colour] = colour, true
	}
	return true, nil
}

// readResolutions only sees that the boxes are whole.
func readResolutions(header *boxes) error {
	inner, err := header.inside()
	for err == nil && inner.more() {
		var kind string
		if kind, err = inner.next(); err == nil && kind == "resc" {
			_, err = inner.read(10)
			break
		}
	}
	return err
}
