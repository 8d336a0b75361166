package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"

	"ortho/preprocess/codecs"
)

const (
	jxlSignature = "\x00\x00\x00\x0cJXL \r\n\x87\n"
	jxlBare      = "\xff\x0a" // of a codestream without boxes
)

// decodeJXL is pillow-jxl-plugin, but for what that does not mean: of an animation the first picture is taken, and not
// the last; gray of 16 bits with alpha, of which it takes every second byte, and of floats, which are black with it, are
// made 8 bits as colours are. A picture that was a JPEG file is that.
func decodeJXL(data []byte, ask request) (picture, error) {
	if err := codecs.FindJXL().Err; err != nil {
		return picture{}, fmt.Errorf("it needs libjxl 0.11 or 0.12 (apt install libjxl0.11, brew install jpeg-xl)%s: %w", convertFirst, err)
	}
	j, err := codecs.OpenJXL(data)
	if err != nil {
		return picture{}, err
	}
	defer j.Close()
	// libjxl took 17 bytes at most; and samples, and what these become.
	if err := ask.admit(j.Width, j.Height, 17+4*(j.Bits+7)/8+4); err != nil {
		return picture{}, err
	}
	if err := j.Begin(); err != nil {
		return picture{}, err
	}
	if j.JPEG != nil {
		if !bytes.HasPrefix(j.JPEG, []byte("\xff\xd8\xff")) {
			return picture{}, errors.New("the JPEG file in it is none")
		}
		ask.shrink = nil // which Pillow knows for JPEG alone
		p, err := decodeJPEG(j.JPEG, ask)
		if ask.extras && p.icc == nil {
			p.icc = j.ICC
		}
		return p, err
	}
	if j.Colors != 1 && j.Colors != 3 {
		return picture{}, fmt.Errorf("%d colours a pixel: 1 or 3 are read", j.Colors)
	}
	pix, err := jxlBytes(j, ask.extras)
	if err != nil {
		return picture{}, err
	}
	p := picture{orientation: jxlOrientation(j, data), upright: j.Orientation != 1}
	if ask.extras {
		p.icc, p.metadata = j.ICC, jxlMetadata(data)
	}
	if !j.Alpha {
		p.img = &Image{Width: j.Width, Height: j.Height, Channels: j.Colors, Pix: pix}
		return p, nil
	}
	p.img = ask.image(j.Width, j.Height, j.Colors)
	if ask.extras {
		p.alpha = make([]byte, j.Width*j.Height)
	}
	for i := range j.Width * j.Height {
		from := pix[i*(j.Colors+1):][:j.Colors+1]
		copy(p.img.Pix[i*j.Colors:], from[:j.Colors])
		if ask.extras {
			p.alpha[i] = from[j.Colors]
		}
	}
	return p, nil
}

// jxlOrientation is EXIF's, which the plugin leaves to who opens the picture. By the specification it does not count,
// and where the picture says itself how it is turned, libjxl has turned it.
func jxlOrientation(j *codecs.JXL, data []byte) int {
	if j.Orientation != 1 {
		return 1
	}
	for kind, body := range jxlBoxes(data) {
		if kind != "Exif" {
			continue
		}
		if len(body) > 8 && isTIFF(body[4:]) { // behind where it begins; some leave that out
			body = body[4:]
		}
		return orientationOf(body, nil)
	}
	return 0
}

// jxlMetadata is what the boxes of a file say.
func jxlMetadata(data []byte) (m Metadata) {
	for kind, body := range jxlBoxes(data) {
		switch {
		case kind == "Exif":
			m.EXIF = boxedEXIF(body)
			m.Resolution = exifResolution(m.EXIF)
		case kind == "xml ":
			m.XMP = body
		case kind == "brob" && len(body) >= 4: // compressed by Brotli
			if name := map[string]string{"Exif": "EXIF", "xml ": "XMP"}[string(body[:4])]; name != "" {
				m.Rest = append(m.Rest, name)
			}
		}
	}
	return m
}

// jxlBoxes yields the boxes of a file behind its signature and its type, up to where it is damaged.
func jxlBoxes(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if !bytes.HasPrefix(data, []byte(jxlSignature)) {
			return
		}
		for data = data[min(32, len(data)):]; len(data) >= 8; {
			n, head := uint64(be32(data)), 8
			switch {
			case n == 0:
				n = uint64(len(data))
			case n == 1 && len(data) >= 16:
				n, head = binary.BigEndian.Uint64(data[8:]), 16
			}
			if n < uint64(head) || n > uint64(len(data)) || !yield(string(data[4:8]), data[head:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// jxlBytes decodes the samples, and makes bytes of them.
func jxlBytes(j *codecs.JXL, extras bool) ([]byte, error) {
	n := j.Width * j.Height * j.Colors
	if j.Alpha {
		n += j.Width * j.Height
	}
	pix := make([]byte, n)
	sample, size := codecs.JXLUint8, 1
	switch {
	case j.Float && j.Bits == 16:
		sample, size = codecs.JXLFloat16, 2
	case j.Float && j.Bits == 32:
		sample, size = codecs.JXLFloat32, 4
	case j.Float || j.Bits > 16:
		return nil, fmt.Errorf("samples of %d bits are not read", j.Bits)
	case j.Bits > 8:
		sample, size = codecs.JXLUint16, 2
	default:
		return pix, j.Decode(pix, sample)
	}
	wide := make([]byte, n*size)
	if err := j.Decode(wide, sample); err != nil {
		return nil, err
	}
	if !j.Float && j.Colors == 1 && !j.Alpha {
		narrow(pix, wide, extras)
		return pix, nil
	}
	for i := range pix {
		s := wide[i*size:]
		switch {
		case !j.Float:
			pix[i] = highByte(binary.NativeEndian.Uint16(s))
		case size == 2:
			pix[i] = byteOfFloat(Float16ToFloat32(binary.NativeEndian.Uint16(s)))
		default:
			pix[i] = byteOfFloat(math.Float32frombits(binary.NativeEndian.Uint32(s)))
		}
	}
	return pix, nil
}

// byteOfFloat is Rust's conversion: what is no number is 0.
func byteOfFloat(v float32) byte {
	switch v *= 255; {
	case v >= 255:
		return 255
	case v > 0:
		return byte(v)
	}
	return 0
}
