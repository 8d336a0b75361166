package preprocess

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Sequence is what a file holds beside its first picture: the further frames of an animation, or pages.
type Sequence struct {
	Count int  // of pictures, the first among them: 2 or more
	Pages bool // a TIFF's: they have sizes and metadata of their own, and no time
	Plays int  // how often an animation is shown; 0: for ever
	Delay time.Duration

	frames iter.Seq2[timed, error] // behind the first
	opt    DecodeOptions
	need   int64 // bytes of memory: canvases, and what is drawn on them and yielded
	file   int   // the file's bytes
}

// Frame is a further picture. A frame of an animation is the whole canvas as Pillow has it after seek and convert,
// and has no metadata.
type Frame struct {
	*Picture
	Delay time.Duration // how long it is shown
}

// FrameError says that a further picture of a file can't be decoded.
type FrameError struct {
	Number, Count int // the first is 1
	Err           error
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("picture %d of %d: %v", e.Number, e.Count, e.Err)
}

func (e *FrameError) Unwrap() error { return e.Err }

// timed is one as its format's decoder yields it: picture may be changed with the next.
type timed struct {
	picture
	delay time.Duration
}

// Further decodes the pictures behind the first, one at a time: in memory there are two canvases beside what is
// yielded. With the first error, a [FrameError], it ends. It can be ranged over again.
func (s *Sequence) Further() iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		number := 1
		for one, err := range s.recovered() {
			number++
			if err != nil {
				yield(Frame{}, s.failed(number, err))
				return
			}
			if !yield(Frame{one.finished(s.opt), one.delay}, nil) || number == s.Count {
				return
			}
		}
		if number < s.Count {
			yield(Frame{}, s.failed(number+1, io.ErrUnexpectedEOF))
		}
	}
}

func (s *Sequence) failed(number int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the file is truncated: %w", err)
	}
	return &FrameError{number, s.Count, err}
}

// recovered yields the frames; a decoder's panic on a bad file is an error of that file.
func (s *Sequence) recovered() iter.Seq2[timed, error] {
	return func(yield func(timed, error) bool) {
		held := new(lease)
		defer held.release()
		if err := held.take(s.need, s.file); err != nil {
			yield(timed{}, err)
			return
		}
		next, stop := iter.Pull2(s.frames)
		defer stop()
		for {
			one, err, ok := pulled(next)
			if !ok || !yield(one, err) || err != nil {
				return
			}
		}
	}
}

func pulled(next func() (timed, error, bool)) (one timed, err error, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			err, ok = fmt.Errorf("the file is corrupt: %v", r), true
		}
	}()
	return next()
}

// sequenceOf is that of a file which has been decoded; nil where it holds one picture, or no more can be
// decoded.
func sequenceOf(data []byte, first *Image, opt DecodeOptions) *Sequence {
	f, err := sniff(data)
	if err != nil {
		return nil
	}
	if opt.MaxPixels <= 0 {
		opt.MaxPixels = defaultMaxPixels
	}
	var s *Sequence
	switch f.name {
	case "GIF":
		s = gifSequence(data)
	case "PNG":
		s = pngSequence(data)
	case "TIFF":
		s = tiffSequence(data, opt.MaxPixels)
	case "WebP":
		s = webpSequence(data)
	case "AVIF":
		s = avifSequence(data)
	}
	if s == nil || s.Count < 2 {
		return nil
	}
	s.opt, s.need, s.file = opt, 4*4*int64(first.Width)*int64(first.Height), len(data)
	return s
}

// Holds reports whether a file of the format holds all pictures of a sequence: PNG and WebP animations, TIFF
// pages, and an animation's frames as such.
func (f FileFormat) Holds(s *Sequence) bool {
	return f == TIFF || !s.Pages && (f == PNG || f == WebP)
}
