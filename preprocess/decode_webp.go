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
// gets the bare bitstream: the alpha plane has no part in the result.
func decodeWebP(data []byte, ask request) (picture, error) {
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size < 12 || size > int64(len(data)) {
		return picture{}, io.ErrUnexpectedEOF
	}
	var (
		exif, xmp     []byte
		stream        []byte // with its chunk header
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
	img, err := decodeWebPStream(stream, ask.maxPixels)
	if err != nil {
		return picture{}, err
	}
	if width != 0 && (img.Width != width || img.Height != height) {
		if !animated || left+img.Width > width || top+img.Height > height {
			return picture{}, fmt.Errorf("a frame of %dx%d at %d,%d does not fit the canvas of %dx%d",
				img.Width, img.Height, left, top, width, height)
		}
		canvas := newImage(width, height, 3)
		for y := range img.Height {
			copy(canvas.Pix[((y+top)*width+left)*3:], img.Pix[y*img.Width*3:(y+1)*img.Width*3])
		}
		img = canvas
	}
	return picture{img: img, orientation: orientationOf(exif, xmp)}, nil
}

func decodeWebPStream(chunk []byte, maxPixels int64) (*Image, error) {
	pad := make([]byte, len(chunk)&1)
	riff := make([]byte, 12)
	copy(riff, "RIFF")
	binary.LittleEndian.PutUint32(riff[4:], uint32(4+len(chunk)+len(pad)))
	copy(riff[8:], "WEBP")
	m, err := decodeParts(maxPixels, riff, chunk, pad)
	if err != nil {
		return nil, err
	}
	if m, ok := m.(*image.YCbCr); ok {
		return fromVP8(m), nil
	}
	return pixels(m, highByte)
}

// riffChunks calls f with each chunk, its header in front.
func riffChunks(data []byte, f func(id string, chunk []byte) error) error {
	for len(data) >= 8 {
		n := int64(binary.LittleEndian.Uint32(data[4:])) + 8
		if n > int64(len(data)) {
			return io.ErrUnexpectedEOF
		}
		if err := f(string(data[:4]), data[:n:n]); err != nil {
			return err
		}
		data = data[min(n+n&1, int64(len(data))):]
	}
	return nil
}

// fromVP8 is libwebp's "fancy" upsampling and its colours, to the bit. Output
// rows lie in pairs between two rows of chroma, but for the first and, where the
// height is even, the last.
func fromVP8(m *image.YCbCr) *Image {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	img := newImage(w, h, 3)
	u, v := make([]uint8, w+1), make([]uint8, w+1)
	chroma := (w + 1) / 2
	for y := range h {
		near := y / 2
		far := max(near-1, 0)
		if y&1 == 1 {
			far = min(near+1, (h-1)/2)
		}
		vp8Chroma(u, m.Cb[near*m.CStride:][:chroma], m.Cb[far*m.CStride:][:chroma])
		vp8Chroma(v, m.Cr[near*m.CStride:][:chroma], m.Cr[far*m.CStride:][:chroma])
		dst := img.Pix[y*w*3 : (y+1)*w*3]
		for x, luma := range m.Y[y*m.YStride:][:w] {
			yy, uu, vv := int32(luma)*19077>>8, int32(u[x]), int32(v[x])
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0] = vp8Clip(yy + vv*26149>>8 - 14234)
			d[1] = vp8Clip(yy - uu*6419>>8 - vv*13320>>8 + 8708)
			d[2] = vp8Clip(yy + uu*33050>>8 - 17685)
		}
	}
	return img
}

// vp8Chroma weighs the four samples around a pixel 9:3:3:1, near and far being
// the rows of chroma on its two sides. dst has room for one pixel more.
func vp8Chroma(dst, near, far []uint8) {
	n0, f0 := uint32(near[0]), uint32(far[0])
	dst[0] = uint8((3*n0 + f0 + 2) >> 2)
	for x := 1; x < len(near); x++ {
		n1, f1 := uint32(near[x]), uint32(far[x])
		sum := n0 + n1 + f0 + f1 + 8
		dst[2*x-1] = uint8(((sum+2*(n1+f0))>>3 + n0) >> 1)
		dst[2*x] = uint8(((sum+2*(n0+f1))>>3 + n1) >> 1)
		n0, f0 = n1, f1
	}
	if last := 2*len(near) - 1; last < len(dst) {
		dst[last] = uint8((3*n0 + f0 + 2) >> 2)
	}
}

func vp8Clip(v int32) uint8 {
	return uint8(max(0, min(v>>6, 255)))
}

func le24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
