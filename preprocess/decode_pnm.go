package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// pnmFile is the header of a PBM, PGM, PPM or PFM, and what follows it.
type pnmFile struct {
	kind          byte // of "P1" to "P6" and "Pf"
	width, height int
	maximum       int     // of a sample
	scale         float64 // of PFM: below 0 where bytes come little end first
	rest          []byte
}

// isPNM reports whether data begins as such a file does.
func isPNM(data []byte) bool {
	return len(data) >= 3 && data[0] == 'P' && bytes.IndexByte([]byte("123456f"), data[1]) >= 0 && pnmSpace(data[2])
}

func pnmSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// decodePNM is PpmImagePlugin.
func decodePNM(data []byte, ask request) (picture, error) {
	f, err := readPNM(data)
	if err != nil {
		return picture{}, err
	}
	channels := 1
	if f.kind == '3' || f.kind == '6' {
		channels = 3
	}
	line := f.lineBytes(channels)
	if line == 0 { // numbers as text
		if err := ask.admit(f.width, f.height, channels+3); err != nil {
			return picture{}, err
		}
		img := ask.image(f.width, f.height, channels)
		if f.kind == '1' {
			err = f.plainBits(img.Pix)
		} else {
			err = f.plain(img.Pix, ask)
		}
		return picture{img: img}, err
	}
	out, err := ask.lines(f.width, f.height, channels, 0, 1, int64(channels+3), 0)
	if err != nil {
		return picture{}, err
	}
	if len(f.rest)/line < f.height {
		return picture{}, io.ErrUnexpectedEOF
	}
	for y := range f.height {
		pix, err := out.row(y)
		if err != nil {
			return picture{}, err
		}
		switch f.kind {
		case '4':
			f.bits(pix, f.rest[y*line:])
		case 'f': // rows come from the bottom
			f.floats(pix, f.rest[(f.height-1-y)*line:])
		default:
			f.samples(pix, f.rest[y*line:], ask)
		}
	}
	return out.picture()
}

// lineBytes are those of a row; 0: it is text.
func (f *pnmFile) lineBytes(channels int) int {
	switch f.kind {
	case '4':
		return (f.width + 7) / 8
	case 'f':
		return 4 * f.width
	case '5', '6':
		return f.width * channels * f.sampleBytes()
	}
	return 0
}

// sampleBytes are those of a sample: two where one does not hold the largest.
func (f *pnmFile) sampleBytes() int {
	if f.maximum > 255 {
		return 2
	}
	return 1
}

func readPNM(data []byte) (*pnmFile, error) {
	f := &pnmFile{kind: data[1], rest: data[3:]}
	for _, to := range []*int{&f.width, &f.height} {
		if err := f.number(to); err != nil {
			return nil, err
		}
	}
	switch f.kind {
	case '1', '4':
	case 'f':
		token, err := f.token()
		if err != nil {
			return nil, err
		}
		if f.scale, err = strconv.ParseFloat(token, 64); err != nil || f.scale == 0 || math.IsInf(f.scale, 0) || math.IsNaN(f.scale) {
			return nil, fmt.Errorf("its scale is %q", token)
		}
	default:
		if err := f.number(&f.maximum); err != nil {
			return nil, err
		}
		if f.maximum < 1 || f.maximum > 65535 {
			return nil, fmt.Errorf("it states samples of up to %d: they are of up to 65535", f.maximum)
		}
	}
	return f, nil
}

// token reads up to the next space. Comments go from # to the end of the line, within tokens, too.
func (f *pnmFile) token() (string, error) {
	var token []byte
	for len(token) <= 10 {
		if len(f.rest) == 0 {
			break
		}
		c := f.rest[0]
		f.rest = f.rest[1:]
		if pnmSpace(c) {
			if len(token) == 0 {
				continue
			}
			break
		}
		if c == '#' {
			f.rest = afterLine(f.rest)
			continue
		}
		token = append(token, c)
	}
	switch {
	case len(token) == 0:
		return "", io.ErrUnexpectedEOF
	case len(token) > 10:
		return "", fmt.Errorf("its header has %q, and no number", token)
	}
	return string(token), nil
}

func afterLine(p []byte) []byte {
	if end := bytes.IndexAny(p, "\r\n"); end >= 0 {
		return p[end+1:]
	}
	return nil
}

func (f *pnmFile) number(to *int) error {
	token, err := f.token()
	if err != nil {
		return err
	}
	if *to, err = strconv.Atoi(token); err != nil {
		return fmt.Errorf("its header has %q, and no number", token)
	}
	return nil
}

// bits unpacks a row of bits, of which 1 is black.
func (f *pnmFile) bits(pix, row []byte) {
	for x := range pix {
		pix[x] = uint8(packedSample(row, x, 1) - 1)
	}
}

// floats unpacks a row. Pillow clips such values to 0 to 255, whatever the scale.
func (f *pnmFile) floats(pix, row []byte) {
	var order binary.ByteOrder = binary.BigEndian
	if f.scale < 0 {
		order = binary.LittleEndian
	}
	for x := range pix {
		switch v := math.Float32frombits(order.Uint32(row[4*x:])); {
		case v >= 255:
			pix[x] = 255
		case v > 0:
			pix[x] = uint8(v)
		default:
			pix[x] = 0
		}
	}
}

// samples unpacks a row.
func (f *pnmFile) samples(pix, row []byte, ask request) {
	if f.maximum == 255 {
		copy(pix, row)
		return
	}
	size := f.sampleBytes()
	for i := range pix {
		v := int(row[i*size])
		if size == 2 {
			v = int(be16(row[2*i:]))
		}
		pix[i] = f.scaled(v, ask)
	}
}

// scaled brings a sample to 8 bits. Gray ones of more than 255 steps are Pillow's mode I, of which
// convert takes what is above 255 for white.
func (f *pnmFile) scaled(v int, ask request) uint8 {
	if gray := f.kind == '2' || f.kind == '5'; gray && f.maximum > 255 {
		v := uint16(min(65535, math.RoundToEven(float64(v)/float64(f.maximum)*65535)))
		if ask.extras {
			return highByte(v)
		}
		return clip16(v)
	}
	return uint8(min(255, math.RoundToEven(float64(v)/float64(f.maximum)*255)))
}

// plainText is the rest without comments; they leave no space behind.
func (f *pnmFile) plainText() []byte {
	if bytes.IndexByte(f.rest, '#') < 0 {
		return f.rest
	}
	var text []byte
	for rest := f.rest; len(rest) > 0; {
		start := bytes.IndexByte(rest, '#')
		if start < 0 {
			return append(text, rest...)
		}
		text = append(text, rest[:start]...)
		rest = afterLine(rest[start:])
	}
	return text
}

func (f *pnmFile) plainBits(pix []byte) error {
	n := 0
	for _, c := range f.plainText() {
		switch {
		case pnmSpace(c):
			continue
		case c != '0' && c != '1':
			return fmt.Errorf("its pixels have %q, which is neither 0 nor 1", c)
		}
		if n < len(pix) {
			pix[n] = c - '1'
			n++
		}
	}
	if n < len(pix) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// plain are samples as decimal numbers.
func (f *pnmFile) plain(pix []byte, ask request) error {
	text := f.plainText()
	for i := range pix {
		text = bytes.TrimLeft(text, " \t\n\v\f\r")
		end := bytes.IndexAny(text, " \t\n\v\f\r")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return io.ErrUnexpectedEOF
		}
		v, err := strconv.Atoi(string(text[:min(end, 11)]))
		switch {
		case err != nil || end > 10:
			return fmt.Errorf("its pixels have %q, which is no number", text[:min(end, 11)])
		case v < 0 || v > f.maximum:
			return errors.New("it has a sample of " + strconv.Itoa(v) + ", and states that they are 0 to " + strconv.Itoa(f.maximum))
		}
		pix[i], text = f.scaled(v, ask), text[end:]
	}
	return nil
}
