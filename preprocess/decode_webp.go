package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"ortho/preprocess/codecs"
)

// webpReader is what tests of Go's decoder replace.
var webpReader = codecs.FindWebPReader

// decodeWebP is WebPImagePlugin where libwebp is there; elsewhere Go's decoder has the same pixels.
func decodeWebP(data []byte, ask request) (picture, error) {
	switch err := webpReader().Err; {
	case err == nil:
		return decodeLibWebP(data, ask)
	case !errors.Is(err, codecs.ErrNone):
		return picture{}, err
	}
	return decodeGoWebP(data, ask)
}

func decodeLibWebP(data []byte, ask request) (picture, error) {
	if size := int64(binary.LittleEndian.Uint32(data[4:])) + 8; size > int64(len(data)) {
		return picture{}, io.ErrUnexpectedEOF
	}
	width, height, err := webpSize(data[12:])
	if err != nil {
		return picture{}, err
	}
	// The library makes two canvases of four bytes a pixel: within the limit they are of a known size.
	// With a third one where pixels without loss are decoded.
	if err := ask.admit(width, height, 3*4+3); err != nil {
		return picture{}, err
	}
	w, err := codecs.OpenWebP(data)
	if err != nil {
		return picture{}, err
	}
	defer w.Close()
	if w.Width != width || w.Height != height {
		return picture{}, fmt.Errorf("the header says %dx%d pixels, the data %dx%d", width, height, w.Width, w.Height)
	}
	pix, err := w.Decode()
	if err != nil {
		return picture{}, err
	}
	p := picture{img: ask.image(width, height, 3), orientation: orientationOf(w.EXIF, w.XMP)}
	dropAlpha(p.img.Pix, pix)
	if ask.extras {
		p.icc, p.metadata = w.ICC, Metadata{EXIF: w.EXIF, XMP: w.XMP}
		if w.Alpha {
			p.alpha = fourths(pix)
		}
	}
	return p, nil
}

// webpSize is the size that a chunk states, which is of the canvas, or of a picture.
func webpSize(chunk []byte) (width, height int, err error) {
	switch id := string(chunk[:min(4, len(chunk))]); {
	case id == "VP8 " && len(chunk) >= 18 && string(chunk[11:14]) == "\x9d\x01\x2a":
		return le16(chunk[14:]) & (1<<14 - 1), le16(chunk[16:]) & (1<<14 - 1), nil
	case id == "VP8X" && len(chunk) >= 18:
		return le24(chunk[12:]) + 1, le24(chunk[15:]) + 1, nil
	case id == "VP8L" && len(chunk) >= 13 && chunk[8] == 0x2f:
		bits := int(binary.LittleEndian.Uint32(chunk[9:]))
		return bits&(1<<14-1) + 1, bits>>14&(1<<14-1) + 1, nil
	}
	return 0, 0, errors.New("its header is damaged")
}

// decodeGoWebP decodes the picture, or an animation's first frame on a black
// canvas as libwebp's WebPAnimDecoder has it once alpha is dropped. The decoder
// gets the bare bitstream, and the alpha plane only where that is asked for.
func decodeGoWebP(data []byte, ask request) (picture, error) {
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size < 12 || size > int64(len(data)) {
		return picture{}, io.ErrUnexpectedEOF
	}
	var (
		exif, xmp     []byte
		icc           []byte
		alpha, stream []byte // with their chunk headers
		width, height int    // of the canvas; 0: those of the stream
		animated      bool
		opaque        bool // an animation that says so
		left, top     int  // of its first frame
	)
	var take func(id string, chunk []byte) error
	take = func(id string, chunk []byte) error {
		body := chunk[8:]
		switch id {
		case "VP8 ", "VP8L":
			if stream == nil {
				stream = chunk
			}
		case "VP8X":
			if len(body) < 10 {
				return io.ErrUnexpectedEOF
			}
			width, height = le24(body[4:])+1, le24(body[7:])+1
			opaque = body[0]&(webpAlpha|webpAnimation) == webpAnimation
		case "ANMF":
			if len(body) < 16 {
				return io.ErrUnexpectedEOF
			}
			if stream == nil {
				animated = true
				left, top = 2*le24(body), 2*le24(body[3:])
				return riffChunks(body[16:], take)
			}
		case "ALPH":
			if stream == nil {
				alpha = chunk
			}
		case "ICCP":
			icc = body
		case "EXIF":
			exif = body
		case "XMP ":
			xmp = body
		}
		return nil
	}
	if err := riffChunks(data[12:size], take); err != nil {
		return picture{}, err
	}
	if stream == nil {
		return picture{}, errors.New("no image in it")
	}
	ownWidth, ownHeight, err := webpSize(stream)
	if err != nil {
		return picture{}, err
	}
	// Pixels of four bytes, colours, alpha, the canvas, and what they become.
	if err := ask.admit(max(width, ownWidth), max(height, ownHeight), 4+3+1+4+3); err != nil {
		return picture{}, err
	}
	if !ask.extras {
		alpha = nil
	}
	m, err := decodeWebPStream(alpha, stream, ask.maxPixels)
	if err != nil {
		return picture{}, err
	}
	img, err := webpPixels(m)
	if err != nil {
		return picture{}, err
	}
	p := picture{orientation: orientationOf(exif, xmp)}
	if ask.extras {
		p.icc, p.metadata = icc, Metadata{EXIF: exif, XMP: xmp}
		if !opaque && (string(stream[:4]) == "VP8 " || vp8lHasAlpha(stream)) {
			p.alpha = alphaOf(m)
		}
	}
	if width != 0 && (img.Width != width || img.Height != height) {
		if !animated || left+img.Width > width || top+img.Height > height {
			return picture{}, fmt.Errorf("a frame of %dx%d at %d,%d does not fit the canvas of %dx%d",
				img.Width, img.Height, left, top, width, height)
		}
		if p.alpha != nil {
			frame := &Image{Width: img.Width, Height: img.Height, Channels: 1, Pix: p.alpha}
			p.alpha = frame.onCanvas(width, height, left, top).Pix
		}
		img = img.onCanvas(width, height, left, top)
	}
	p.img = img
	return p, nil
}

// onCanvas puts the image on one of zeros.
func (m *Image) onCanvas(width, height, left, top int) *Image {
	canvas, row := newImage(width, height, m.Channels), m.Width*m.Channels
	for y := range m.Height {
		copy(canvas.Pix[((y+top)*width+left)*m.Channels:], m.Pix[y*row:(y+1)*row])
	}
	return canvas
}

// decodeWebPStream decodes a frame's chunks; alpha is nil where it is not wanted, or
// within the stream.
func decodeWebPStream(alpha, stream []byte, maxPixels int64) (image.Image, error) {
	var front riffChunkList
	if alpha != nil && string(stream[:4]) == "VP8 " {
		if len(stream) < 8+10 {
			return nil, io.ErrUnexpectedEOF
		}
		const size = 1<<14 - 1
		front.add("VP8X", vp8x(webpAlpha, le16(stream[14:])&size, le16(stream[16:])&size))
		front.add("ALPH", alpha[8:])
	}
	pad := make([]byte, len(stream)&1)
	return decodeParts(maxPixels, riffHead(len(front)+len(stream)+len(pad)), front, stream, pad)
}

func webpPixels(m image.Image) (*Image, error) {
	switch m := m.(type) {
	case *image.YCbCr:
		return fromVP8(m), nil
	case *image.NYCbCrA:
		return fromVP8(&m.YCbCr), nil
	}
	return pixels(m)
}

// vp8lHasAlpha is the bit behind a lossless stream's size.
func vp8lHasAlpha(chunk []byte) bool { return len(chunk) >= 8+5 && chunk[8+4]&0x10 != 0 }
