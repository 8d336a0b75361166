package generate

import (
	"io"

	"ortho/preprocess"
)

// finish makes the file's rows of the mosaic's:
//
//	rows -> + colours, where they are luma -> resized, where the size is kept -> + alpha -> writer
type finish struct {
	in                      *preprocess.Picture
	chroma                  [2]*preprocess.Image // Cb and Cr, where rows are Y; nil: they are not
	width, height, channels int                  // of the mosaic
	toWidth, toHeight       int                  // of the file; 0: the mosaic's

	to        io.Writer
	resizer   *preprocess.Resampler
	row       int // of the mosaic, the next
	last      int // of the file, the next
	colored   []byte
	resized   [2][]byte // rows of Cb and Cr
	alpha     []byte
	withAlpha []byte
}

// filter resizes what does not go through the graph, and what comes out of it.
const filter = preprocess.Bicubic

// start begins the file.
func (f *finish) start(begin func(width, height, channels int) (io.Writer, error)) (err error) {
	channels := f.channels
	if f.chroma[0] != nil {
		channels = 3
	}
	if f.toWidth == 0 {
		f.toWidth, f.toHeight = f.width, f.height
	}
	if f.resizer, err = preprocess.NewResampler(sink(f.join), f.width, f.height, channels, f.toWidth, f.toHeight, filter); err != nil {
		return err
	}
	f.channels = channels
	if f.in.Alpha != nil && channels < 4 { // else the graph makes alpha itself
		channels++
	}
	f.to, err = begin(f.toWidth, f.toHeight, channels)
	return err
}

// sink is a function as a writer.
type sink func(rows []byte) error

func (s sink) Write(rows []byte) (int, error) { return len(rows), s(rows) }

// write takes rows of the mosaic.
func (f *finish) write(rows []byte) error {
	if f.chroma[0] != nil {
		rows = f.color(rows)
	}
	_, err := f.resizer.Write(rows)
	return err
}

// end writes what is left.
func (f *finish) end() error { return f.resizer.Close() }

// color adds the colours to rows of Y.
func (f *finish) color(y []byte) []byte {
	n := len(y) / f.width
	for c, plane := range f.chroma {
		f.resized[c] = room(f.resized[c], len(y))
		preprocess.ResampleRows(f.resized[c], plane, f.width, f.height, filter, f.row, f.row+n)
	}
	f.row += n
	f.colored = room(f.colored, 3*len(y))
	preprocess.MergeYCbCr(f.colored, y, f.resized[0], f.resized[1])
	return f.colored
}

// join adds alpha to rows of the file.
func (f *finish) join(rows []byte) error {
	if f.in.Alpha == nil || f.channels == 4 {
		_, err := f.to.Write(rows)
		return err
	}
	pixels := len(rows) / f.channels
	n := pixels / f.toWidth
	f.alpha = room(f.alpha, pixels)
	whole := &preprocess.Image{Width: f.in.Width, Height: f.in.Height, Channels: 1, Pix: f.in.Alpha}
	preprocess.ResampleRows(f.alpha, whole, f.toWidth, f.toHeight, filter, f.last, f.last+n)
	f.last += n
	out := room(f.withAlpha, len(rows)+pixels)
	f.withAlpha = out
	if f.channels == 1 {
		for i, a := range f.alpha {
			out[2*i], out[2*i+1] = rows[i], a
		}
	} else {
		for i, a := range f.alpha {
			from, p := rows[3*i:3*i+3:3*i+3], out[4*i:4*i+4:4*i+4]
			p[0], p[1], p[2], p[3] = from[0], from[1], from[2], a
		}
	}
	_, err := f.to.Write(out)
	return err
}

// room returns n bytes of memory, b's where it has them.
func room(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
