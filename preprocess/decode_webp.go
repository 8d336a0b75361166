package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// decodeWebP decodes the picture, or an animation's first frame on a black
// canvas as libwebp's WebPAnimDecoder has it once alpha is dropped. The decoder
// gets the bare bitstream, and the alpha plane only where that is asked for.
func decodeWebP(data []byte, ask request) (picture, error) {
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
		left, top     int // of its first frame
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
	if width != 0 {
		if err := checkSize(width, height, ask.maxPixels); err != nil {
			return picture{}, err
		}
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
		p.icc = icc
		if string(stream[:4]) == "VP8 " || vp8lHasAlpha(stream) {
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
