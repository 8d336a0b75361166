package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"

	"ortho/preprocess/codecs"
)

// decodeJPEG decodes with libjpeg-turbo, or with Go's decoder where that is missing.
func decodeJPEG(data []byte, ask request) (picture, error) {
	h, err := readJPEGHeader(data)
	if err != nil {
		return picture{}, err
	}
	if err := checkSize(h.width, h.height, ask.maxPixels); err != nil {
		return picture{}, err
	}
	if scans := h.scans(data); int64(scans) > max(20, scanWork/(int64(h.width)*int64(h.height))) {
		return picture{}, fmt.Errorf("%d scans of %dx%d pixels are more than are decoded, which are %d: write it anew, with fewer", scans, h.width, h.height, max(20, scanWork/(int64(h.width)*int64(h.height))))
	}
	// A block of 8x8 takes one bit at least, but of a file that has its end: what lacks before that
	// is left gray.
	if int64(h.width)*int64(h.height) > 512*int64(len(data)) && !ended(data[h.scan:]) {
		return picture{}, io.ErrUnexpectedEOF
	}
	p := picture{width: h.width, height: h.height, orientation: orientationOf(h.exif, h.xmp)}
	if ask.extras {
		p.icc, p.metadata = h.profile(), h.metadata()
	}
	switch library := jpegLibrary(); {
	case library.Err == nil:
		err = h.libjpeg(&p, data, ask)
	case errors.Is(library.Err, codecs.ErrNone):
		p.img, err = h.golang(data, ask)
	default:
		err = library.Err
	}
	return p, err
}

// scans counts them, where there may be several.
func (h *jpegHeader) scans(data []byte) int {
	if h.sequential() && h.interleaved {
		return 1
	}
	return bytes.Count(data[h.scan:], []byte{0xff, 0xda})
}

// scanWork is how many pixels of scans are decoded, as each scan costs a pass over all coefficients.
// No encoder makes more than a dozen.
const scanWork = 500 << 20

// jpegLibrary is what tests of Go's decoder replace.
var jpegLibrary = codecs.FindJPEG

// libjpeg decodes what is asked for, or that part of it.
func (h *jpegHeader) libjpeg(p *picture, data []byte, ask request) error {
	shrink := 1
	if ask.shrink != nil {
		shrink = ask.shrink(h.width, h.height, p.orientation)
	}
	r := region{0, 0, (h.width + shrink - 1) / shrink, (h.height + shrink - 1) / shrink}
	if ask.part != nil && shrink == 1 {
		if part := h.widened(ask.part(h.width, h.height, p.orientation)); part != r && (!h.sequential() || sound(data[h.scan:])) {
			p.part, r = part, part
		}
	}
	of := codecs.JPEG{Width: h.width, Height: h.height, Components: h.components, Shrink: shrink, X: r.x, Y: r.y, W: r.width, H: r.height}
	if ask.reduce != nil && shrink == 1 && h.components != 4 {
		if reduced := ask.reduce(h.width, h.height, h.components, p.orientation); reduced != nil {
			of.X, of.Y, of.W, of.H = 0, 0, h.width, h.height
			p.part, p.resized, p.img = region{}, true, reduced.img
			if err := ask.admitBytes(h.width, h.height, reduced.bytes()+h.coefficients(2)); err != nil {
				return err
			}
			return reduced.jpeg(data, of)
		}
	}
	each := h.components + 3 // converted, or turned
	if ask.extras {
		each += 4
	}
	if err := ask.admitBytes(h.width, h.height, int64(r.width)*int64(r.height)*int64(each)+h.coefficients(2)); err != nil {
		return err
	}
	p.img = ask.image(r.width, r.height, h.components)
	err := codecs.DecodeJPEG(p.img.Pix, data, of)
	if errors.Is(err, codecs.ErrWhole) {
		p.part = region{}
		ask.part = nil
		return h.libjpeg(p, data, ask)
	}
	if h.components == 4 {
		inks := p.img
		if p.img = inksToRGB(inks); ask.extras {
			for i, v := range inks.Pix {
				inks.Pix[i] = 255 - v
			}
			p.inks = inks.Pix
		}
	}
	return err
}

// coefficients are the bytes of those that a decoder keeps, of so many bytes each: of all scans but one that has all
// components, and is not progressive.
func (h *jpegHeader) coefficients(each int64) int64 {
	if h.sequential() && h.interleaved {
		return 0
	}
	return h.samples() * each
}

// samples is how many the components have together.
func (h *jpegHeader) samples() (n int64) {
	for _, s := range h.factors {
		across, down := (h.width*int(s>>4)+h.sampling-1)/h.sampling, (h.height*int(s&15)+h.lines-1)/h.lines
		n += int64(across+15) * int64(down+15)
	}
	return n
}

// jpeg decodes rows for a reduction.
func (r *reduction) jpeg(data []byte, of codecs.JPEG) error {
	err := codecs.DecodeJPEGRows(data, of, func(y int, rows []byte) error {
		if y == 0 {
			if err := r.again(); err != nil {
				return err
			}
		}
		_, err := r.Write(rows)
		return err
	})
	if err == nil {
		err = r.Close()
	}
	return err
}

// widened is a part with all of the MCUs that its columns touch, and those beside them that upsampling looks
// at from its outermost samples.
func (h *jpegHeader) widened(r region) region {
	mcu := 8 * h.sampling
	left := max(0, r.x-h.sampling) / mcu * mcu
	right := min(h.width, (r.x+r.width+h.sampling+mcu-1)/mcu*mcu)
	return region{left, r.y, right - left, r.height}
}

// sequential reports whether rows come out of the file one after the other, so that what follows
// those that are wanted is not read: whether that is damaged is then to be told otherwise.
func (h *jpegHeader) sequential() bool { return h.process&3 != 2 }

// ended reports whether the end marker is among a JPEG's scans, within which no 0xff
// stands alone. Where it is, what is missing before it is left gray, in Pillow too.
func ended(scans []byte) bool { return bytes.Contains(scans, []byte{0xff, 0xd9}) }

// sound reports whether nothing but an end marker follows the first scan, whose header scans
// begins with. No library refuses such a file for what it holds: codes that are wrong make gray.
func sound(scans []byte) bool {
	if len(scans) < 4 {
		return false
	}
	scans = scans[min(len(scans), 2+int(be16(scans[2:]))):]
	for {
		at := bytes.IndexByte(scans, 0xff)
		if at < 0 || at+1 >= len(scans) {
			return false
		}
		switch m := scans[at+1]; {
		case m == 0xd9:
			return true
		case m == 0, 0xd0 <= m && m <= 0xd7:
			scans = scans[at+2:]
		case m == 0xff:
			scans = scans[at+1:]
		default:
			return false
		}
	}
}

// inksToRGB is Pillow's way from an Adobe CMYK JPEG, whose inks are inverted.
func inksToRGB(inks *Image) *Image {
	img := newImage(inks.Width, inks.Height, 3)
	for i := range len(inks.Pix) / 4 {
		s, d := inks.Pix[4*i:4*i+4:4*i+4], img.Pix[3*i:3*i+3:3*i+3]
		paper := int32(s[3])
		for c := range 3 {
			d[c] = inked(255-s[c], paper)
		}
	}
	return img
}

// golang uses Go's decoder for the planes only: it gets a header that stops it from converting
// colours, which is done here as libjpeg does it.
func (h *jpegHeader) golang(data []byte, ask request) (*Image, error) {
	if h.process > 0xc2 {
		return nil, fmt.Errorf("lossless, hierarchical and arithmetic-coded JPEGs need libjpeg-turbo: %w", jpegLibrary().Err)
	}
	need := int64(h.width)*int64(h.height)*6 + h.samples()
	if h.process == 0xc2 {
		need += 4 * h.samples()
	}
	if err := ask.admitBytes(h.width, h.height, need); err != nil {
		return nil, err
	}
	m, err := decodeParts(ask.maxPixels, h.plain, data[h.scan:])
	if e := jpeg.UnsupportedError(""); errors.As(err, &e) {
		return nil, fmt.Errorf("%s: libjpeg-turbo may read it: %w", string(e), jpegLibrary().Err)
	}
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *image.YCbCr:
		return fromYCbCr(m, h.colours() == jpegRGB, ask), nil
	case *image.CMYK:
		return fromCMYK(m, h.colours() == jpegYCCK, h.subsampled), nil
	}
	return pixels(m)
}

// jpegHeader is what precedes a JPEG's first scan.
type jpegHeader struct {
	process                   byte // the frame's marker: baseline, progressive, ...
	width, height, components int
	ids                       []byte
	sampling, lines           int // the most samples that a component has side by side in an MCU, and above each other
	factors                   []byte
	interleaved               bool // the first scan has all components
	subsampled                bool // the second component has fewer samples
	jfif                      bool
	density                   Resolution // that of the JFIF segment
	adobe                     int        // transform of the Adobe marker, -1 without one
	exif, xmp                 []byte
	icc                       [][]byte // parts of the profile: number, count, bytes
	comments                  [][]byte
	further                   []string // names of metadata of other kinds

	plain []byte // the segments that say how to decode, under a neutral header
	scan  int    // where the first scan's marker stands
}

func readJPEGHeader(data []byte) (*jpegHeader, error) {
	h := &jpegHeader{adobe: -1}
	var tables []byte
	for pos := 2; ; {
		// Pillow and libjpeg skip what is no marker.
		for pos < len(data) && data[pos] != 0xff {
			pos++
		}
		for pos < len(data) && data[pos] == 0xff {
			pos++
		}
		if pos+3 > len(data) {
			return nil, io.ErrUnexpectedEOF
		}
		marker := data[pos]
		if marker == 0 || marker == 0xd8 || 0xd0 <= marker && marker <= 0xd7 {
			pos++
			continue
		}
		if marker == 0xd9 {
			return nil, errors.New("no image in it")
		}
		if marker == 0xda {
			h.scan = pos - 1
			h.interleaved = pos+3 < len(data) && int(data[pos+3]) == h.components
			break
		}
		end := pos + 1 + int(be16(data[pos+1:]))
		end = max(end, pos+3) // a length of 0 or 1 leaves no body, in Pillow and libjpeg
		if end > len(data) {
			return nil, io.ErrUnexpectedEOF
		}
		body := data[pos+3 : end]
		switch {
		case marker == 0xe0 && len(body) >= 12 && bytes.HasPrefix(body, []byte("JFIF\x00")):
			h.jfif, h.density = true, jfifDensity(body)
		case marker == 0xee && len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")):
			h.adobe = int(body[11])
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			if h.exif != nil {
				body = body[6:] // a longer record goes on here
			}
			h.exif = append(h.exif, body...)
		case marker == 0xe1 && bytes.HasPrefix(body, []byte(xmpMark)):
			h.xmp = body[len(xmpMark):]
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("http://ns.adobe.com/xmp/extension/\x00")):
			h.note("extended XMP")
		case marker == 0xed && bytes.HasPrefix(body, []byte("Photoshop 3.0\x00")):
			h.note("IPTC")
		case marker == 0xfe:
			if len(h.comments) >= mostTexts {
				h.note("text")
				break
			}
			h.comments = append(h.comments, body)
		case marker == 0xe2 && len(body) >= 14 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")) && len(h.icc) < 256:
			h.icc = append(h.icc, body[12:])
		case marker >= 0xe0 && marker != 0xff: // other APPn, COM
		default:
			if 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
				if err := h.frame(marker, body); err != nil {
					return nil, err
				}
			}
			tables = append(append(tables, 0xff), data[pos:end]...)
		}
		pos = end
	}
	if h.components == 0 {
		return nil, errors.New("no frame header before the first scan")
	}
	neutral := "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
	if h.components == 4 {
		neutral = "\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	}
	h.plain = append([]byte(neutral), tables...)
	return h, nil
}

// What stands before an XMP packet.
const xmpMark = "http://ns.adobe.com/xap/1.0/\x00"

// note keeps the name of metadata that is not read.
func (h *jpegHeader) note(name string) {
	if !slices.Contains(h.further, name) {
		h.further = append(h.further, name)
	}
}

func (h *jpegHeader) frame(marker byte, body []byte) error {
	h.process = marker
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return io.ErrUnexpectedEOF
	}
	h.height, h.width, h.components = int(be16(body[1:])), int(be16(body[3:])), int(body[5])
	if body[0] != 8 || h.components != 1 && h.components != 3 && h.components != 4 {
		return fmt.Errorf("%d bits of %d components: 8 bits of 1, 3 or 4 are read", body[0], h.components)
	}
	h.ids = h.ids[:0]
	for i := range h.components {
		h.ids = append(h.ids, body[6+3*i])
	}
	h.sampling, h.lines, h.factors = 1, 1, nil
	for i := range h.components {
		f := body[7+3*i]
		h.sampling, h.lines, h.factors = max(h.sampling, int(f>>4)), max(h.lines, int(f&15)), append(h.factors, f)
	}
	h.subsampled = h.components > 1 && body[7] != body[10]
	return nil
}

type jpegColours uint8

const (
	jpegYCC jpegColours = iota
	jpegRGB
	jpegCMYK
	jpegYCCK
)

// colours is libjpeg's guess of what the components mean.
func (h *jpegHeader) colours() jpegColours {
	switch {
	case h.components == 4 && h.adobe <= 0:
		return jpegCMYK
	case h.components == 4:
		return jpegYCCK
	case h.components == 3 && !h.jfif && (h.adobe == 0 || h.adobe < 0 && string(h.ids) == "RGB"):
		return jpegRGB
	}
	return jpegYCC
}
