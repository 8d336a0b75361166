package preprocess

import (
	"fmt"
	"io"

	"ortho/preprocess/codecs"
)

// newWebPEncoder writes lossless files itself and has libwebp write lossy ones.
func newWebPEncoder(w io.Writer, h fileHead) (rowEncoder, error) {
	const most = 16383
	if max(h.width, h.height) > most {
		return nil, fmt.Errorf("WebP ends at %d pixels a side: write PNG, JPEG or TIFF", most)
	}
	if h.Quality == 0 {
		return newVP8LEncoder(w, h), nil
	}
	if err := codecs.FindWebP().Err; err != nil {
		err = fmt.Errorf("lossy WebP takes a library: %w; without a quality, WebP is lossless and needs none", err)
		return nil, err
	}
	return &lossyEncoder{w: w, head: h}, nil
}

// lossyEncoder collects the image, in RGB or RGBA.
type lossyEncoder struct {
	w    io.Writer
	head fileHead
	pix  []byte
}

func (e *lossyEncoder) rows(packed []byte) error {
	if e.pix == nil {
		e.pix = make([]byte, 0, e.head.width*e.head.height*(4-e.head.channels%2))
	}
	if e.head.channels >= 3 {
		e.pix = append(e.pix, packed...)
		return nil
	}
	for ; len(packed) > 0; packed = packed[e.head.channels:] {
		v := packed[0]
		e.pix = append(append(e.pix, v, v, v), packed[1:e.head.channels]...)
	}
	return nil
}

func (e *lossyEncoder) end() error {
	file, err := codecs.EncodeWebP(e.pix, e.head.width, e.head.height, float32(e.head.Quality))
	if err != nil {
		return err
	}
	var stream riffChunkList
	var alpha bool
	err = riffChunks(file[min(12, len(file)):], func(id string, chunk []byte) error {
		if id == "ALPH" || id == "VP8 " {
			stream.add(id, chunk[8:])
			alpha = alpha || id == "ALPH"
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("what libwebp encoded: %w", err)
	}
	return writeWebP(e.w, e.head, stream, alpha)
}

// writeWebP writes the file that a picture's chunks make: an extended one where there is
// more than its stream.
func writeWebP(w io.Writer, h fileHead, stream riffChunkList, alpha bool) error {
	var front, back riffChunkList
	var flags byte
	for _, c := range []struct {
		to   *riffChunkList
		id   string
		body []byte
		flag byte
	}{{&front, "ICCP", h.ICC, webpProfile}, {&back, "EXIF", h.Metadata.EXIF, webpEXIF}, {&back, "XMP ", h.Metadata.XMP, webpXMP}} {
		if c.body != nil {
			flags |= c.flag
			c.to.add(c.id, c.body)
		}
	}
	if flags != 0 || string(stream[:4]) == "ALPH" {
		if alpha {
			flags |= webpAlpha
		}
		var first riffChunkList
		first.add("VP8X", vp8x(flags, h.width, h.height))
		front = append(first, front...)
	}
	for _, part := range [][]byte{riffHead(len(front) + len(stream) + len(back)), front, stream, back} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
