package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"ortho/preprocess/codecs"
)

// webpEncoder writes a file of what encodes its pictures: this package lossless ones, libwebp lossy ones.
type webpEncoder struct {
	w       io.Writer
	first   fileHead
	head    fileHead
	picture webpPicture
	frames  riffChunkList // of an animation
}

// webpPicture encodes a picture to its chunks, of which alpha says whether they have any.
type webpPicture interface {
	rows(packed []byte) error
	stream() (chunks riffChunkList, alpha bool, err error)
}

func newWebPEncoder(w io.Writer, h fileHead) (rowEncoder, error) {
	const most = 16383
	if max(h.width, h.height) > most {
		return nil, fmt.Errorf("WebP ends at %d pixels a side: write PNG, JPEG or TIFF", most)
	}
	if h.Quality > 0 {
		if err := codecs.FindWebP().Err; err != nil {
			return nil, fmt.Errorf("lossy WebP: %w; without a quality, WebP is lossless and needs no library", err)
		}
	}
	e := &webpEncoder{w: w, first: h}
	e.begin(h)
	return e, nil
}

func (e *webpEncoder) begin(h fileHead) {
	if e.head = h; h.Quality == 0 {
		e.picture = newVP8LEncoder(h)
		return
	}
	e.picture = &lossyEncoder{head: h}
}

func (e *webpEncoder) rows(packed []byte) error { return e.picture.rows(packed) }

func (e *webpEncoder) next(h fileHead) error {
	if err := e.frame(); err != nil {
		return err
	}
	e.begin(h)
	return nil
}

// frame adds a picture to the animation: it covers all, and replaces what was there.
func (e *webpEncoder) frame() error {
	stream, _, err := e.picture.stream()
	if err != nil {
		return err
	}
	const most = 1 << 30
	if len(e.frames)+len(stream) > most {
		return errors.New("the animation has more than 1 GiB, which can't be written as WebP: write PNG")
	}
	head := make([]byte, 16)
	putLE24(head[6:], e.head.width-1)
	putLE24(head[9:], e.head.height-1)
	putLE24(head[12:], int(min(max(0, e.head.Delay.Round(time.Millisecond)/time.Millisecond), 1<<24-1)))
	head[15] = 2 // not blended
	e.frames.add("ANMF", append(head, stream...))
	return nil
}

func (e *webpEncoder) end() error {
	if !e.first.animated() {
		stream, alpha, err := e.picture.stream()
		if err != nil {
			return err
		}
		return writeWebP(e.w, e.first, stream, alpha)
	}
	if err := e.frame(); err != nil {
		return err
	}
	var stream riffChunkList
	plays := binary.LittleEndian.AppendUint16(nil, uint16(min(e.first.Plays, math.MaxUint16)))
	stream.add("ANIM", append([]byte{0, 0, 0, 0}, plays...))
	return writeWebP(e.w, e.first, append(stream, e.frames...), e.first.channels%2 == 0)
}

// lossyEncoder collects the image, in RGB or RGBA.
type lossyEncoder struct {
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

func (e *lossyEncoder) stream() (stream riffChunkList, alpha bool, err error) {
	file, err := codecs.EncodeWebP(e.pix, e.head.width, e.head.height, float32(e.head.Quality))
	if err != nil {
		return nil, false, err
	}
	err = riffChunks(file[min(12, len(file)):], func(id string, chunk []byte) error {
		if id == "ALPH" || id == "VP8 " {
			stream.add(id, chunk[8:])
			alpha = alpha || id == "ALPH"
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("what libwebp encoded: %w", err)
	}
	return stream, alpha, nil
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
	if h.animated() {
		flags |= webpAnimation
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
