package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
)

// pngFile is what precedes a PNG's pixels, as Pillow's PngImagePlugin reads it: chunks up to the
// first IDAT, whose checksums must be right, whatever order they come in.
type pngFile struct {
	width, height  int
	depth, color   byte
	interlaced     bool
	palette, key   []byte // PLTE and tRNS, the last of each
	icc            []byte // iCCP's body
	srgb           bool   // it says that it is sRGB's
	gamma          uint32 // gAMA, in 100,000ths
	cicp           []byte
	chromaticities []byte // cHRM
	frames         bool   // acTL: it is animated
	frame          region // of the first frame; nothing: all
	data           int    // where the body of the first IDAT begins
}

const (
	pngGray    = 0
	pngRGB     = 2
	pngPalette = 3
	pngGrayA   = 4
	pngRGBA    = 6
)

// pngSamples is how many samples a pixel has.
var pngSamples = map[byte]int{pngGray: 1, pngRGB: 3, pngPalette: 1, pngGrayA: 2, pngRGBA: 4}

// pngChunkAt reads a chunk's kind and length. Pillow asks of a kind that it be letters, digits or
// underscores.
func pngChunkAt(data []byte, at int) (kind string, length int, err error) {
	if at+8 > len(data) {
		return "", 0, io.ErrUnexpectedEOF
	}
	for _, c := range data[at+4 : at+8] {
		if letter := 'a' <= c|0x20 && c|0x20 <= 'z'; !letter && (c < '0' || c > '9') && c != '_' {
			return "", 0, fmt.Errorf("what should be a chunk's name is %q", data[at+4:at+8])
		}
	}
	return string(data[at+4 : at+8]), int(be32(data[at:])), nil
}

// pngChunksOf yields the kinds and bodies of a PNG's chunks, as far as they are whole.
func pngChunksOf(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for data := data[8:]; len(data) >= 12; {
			n := int64(be32(data))
			if n+12 > int64(len(data)) || !yield(string(data[4:8]), data[8:8+n]) {
				return
			}
			data = data[12+n:]
		}
	}
}

// leastBody is how long the bodies of some chunks are at least: Pillow refuses files with shorter
// ones, wherever they stand.
var leastBody = map[string]int{"IHDR": 13, "gAMA": 4, "cHRM": 32, "sRGB": 1, "pHYs": 9, "acTL": 8, "fcTL": 26, "fdAT": 4}

func readPNG(data []byte) (*pngFile, error) {
	f := &pngFile{}
	for at := 8; ; {
		kind, n, err := pngChunkAt(data, at)
		if err != nil {
			return nil, err
		}
		if at += 8; kind == "IDAT" || kind == "fdAT" || kind == "IEND" {
			if f.data = at; kind != "IDAT" {
				return nil, errors.New("there is no image in it")
			}
			break
		}
		if n > len(data)-at-4 {
			return nil, io.ErrUnexpectedEOF
		}
		body := data[at : at+n]
		if err := f.chunk(kind, body); err != nil {
			return nil, err
		}
		if crc32.ChecksumIEEE(data[at-4:at+n]) != be32(data[at+n:]) {
			return nil, fmt.Errorf("chunk %s has a wrong checksum: the file is damaged", kind)
		}
		at += n + 4
	}
	if f.width == 0 {
		return nil, errors.New("it has no header")
	}
	return f, nil
}

// chunk takes what a chunk before the pixels says.
func (f *pngFile) chunk(kind string, body []byte) error {
	if len(body) < leastBody[kind] {
		return fmt.Errorf("chunk %s has %d bytes, and not %d", kind, len(body), leastBody[kind])
	}
	switch kind {
	case "IHDR":
		f.width, f.height = int(int32(be32(body))), int(int32(be32(body[4:])))
		depth, color := body[8], body[9]
		f.depth, f.color, f.interlaced = depth, color, body[12] != 0
		known := depth == 8 || depth == 16 && color != pngPalette || color == pngPalette && depth < 8 || color == pngGray
		if pngSamples[color] == 0 || depth != 1 && depth != 2 && depth != 4 && depth != 8 && depth != 16 || !known {
			return fmt.Errorf("%d bits a sample with colour type %d: there are no such PNGs", depth, color)
		}
		if body[11] != 0 {
			return fmt.Errorf("filter method %d is not known", body[11])
		}
	case "PLTE":
		f.palette = body
	case "tRNS":
		least := map[byte]int{pngGray: 2, pngRGB: 6}[f.color]
		if len(body) < least {
			return fmt.Errorf("chunk tRNS has %d bytes, and not %d", len(body), least)
		}
		f.key = body
	case "iCCP":
		f.icc = body
		if _, packed, _ := bytes.Cut(body, []byte{0}); len(packed) == 0 || packed[0] != 0 {
			return errors.New("its colour profile is packed in a way that is not known")
		}
	case "sRGB":
		f.srgb = true
	case "gAMA":
		f.gamma = be32(body)
	case "cHRM":
		f.chromaticities = body
	case "cICP":
		f.cicp = body
	case "acTL":
		if n := be32(body); f.frames || n == 0 || n > 1<<31 {
			f.frames = false
			return nil
		}
		f.frames = true
	case "fcTL":
		w, h, x, y := int64(be32(body[4:])), int64(be32(body[8:])), int64(be32(body[12:])), int64(be32(body[16:]))
		if be32(body) != 0 || f.frame != (region{}) || x+w > int64(f.width) || y+h > int64(f.height) {
			return errors.New("its first frame is none of the picture")
		}
		f.frame = region{int(x), int(y), int(w), int(h)}
	}
	return nil
}

// decodePNG is PngImagePlugin with ZipDecode.c.
func decodePNG(data []byte, ask request) (picture, error) {
	f, err := readPNG(data)
	if err != nil {
		return picture{}, err
	}
	part := region{0, 0, f.width, f.height}
	if f.frame != (region{}) {
		part = f.frame
	}
	if len(f.palette) > 3*256 && f.color == pngPalette {
		return picture{}, fmt.Errorf("it has %d colours, and 256 are the most", len(f.palette)/3)
	}
	p := picture{width: f.width, height: f.height, orientation: pngOrientation(data)}
	out := f.pixels(ask)
	if ask.reduce != nil && !f.interlaced && part == (region{0, 0, f.width, f.height}) && checkSize(f.width, f.height, ask.maxPixels) == nil {
		out.reduced = ask.reduce(f.width, f.height, out.channels, p.orientation)
	}
	if err := out.begin(ask); err != nil {
		return picture{}, err
	}
	rest, err := f.rows(data, part, out)
	if err == nil && out.reduced != nil {
		err = out.reduced.Close()
	}
	if err != nil {
		return picture{}, err
	}
	if err := pngEnd(data, rest, f.frames); err != nil {
		return picture{}, err
	}
	p.img, p.resized = out.img, out.reduced != nil
	if out.reduced != nil {
		p.img = out.reduced.img
	}
	if ask.extras {
		p.alpha, p.metadata = out.alpha, pngMetadata(data)
		p.stated = f.statedColours()
		if f.icc != nil {
			if p.icc = pngProfile(data); p.icc == nil {
				p.stated = func(bool) ([]byte, error) { return nil, errors.New("its profile is damaged, or too large") }
			}
		}
	}
	return p, nil
}

// pngEnd reads what follows the chunk with the last pixels, which begins at, as Pillow does: chunks up
// to IEND, or to what is none, must be whole and as long as they have to be. Checksums don't count
// any more.
func pngEnd(data []byte, at int, animated bool) error {
	for {
		kind, n, err := pngChunkAt(data, at)
		if err != nil || kind == "IEND" {
			return nil
		}
		if kind == "fcTL" && animated {
			return nil // a further frame
		}
		at += 8
		if n > len(data)-at {
			return io.ErrUnexpectedEOF
		}
		if n < leastBody[kind] {
			return fmt.Errorf("chunk %s has %d bytes, and not %d", kind, n, leastBody[kind])
		}
		at += n + 4
	}
}
