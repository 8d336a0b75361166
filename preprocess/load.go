package preprocess

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// LoadOptions say how Load decodes.
type LoadOptions struct {
	MaxPixels int64 // largest width * height decoded; 0: 100 million
	// Scaled lets libjpeg-turbo decode a JPEG by 2, 4 or 8 times smaller where both of
	// its edges then are still at least twice what the resize brings them to: Pillow's
	// draft. It is faster, and not exact. Without libjpeg-turbo it has no effect.
	Scaled bool
	// Unturned, unless nil, counts the images whose file says how they are to be turned or
	// mirrored (an EXIF orientation of 2 to 8), and which the spec takes as they are stored.
	Unturned *atomic.Int64
}

// Load turns an image file into the model's input: [Decode], as the spec wants it,
// then [Spec.Tensor]. It reuses the memory of the pixels. Returned is the size of
// the file's image, upright where the spec turns it. Errors are those of the two.
func (s *Spec) Load(dst, file []byte, opt LoadOptions) (width, height int, err error) {
	return s.LoadInto(file, opt, func(*Spec) ([]byte, error) { return dst, nil })
}

// LoadInto is Load for a spec of which images may have tensors of their own sizes. room is called
// once, with the image's spec (see [Spec.For]), and returns the memory of the tensor.
func (s *Spec) LoadInto(file []byte, opt LoadOptions, room func(*Spec) ([]byte, error)) (width, height int, err error) {
	memory := frames.Get().(*frame)
	defer memory.release()
	held := new(lease)
	defer held.release()
	ask := request{maxPixels: opt.MaxPixels, memory: memory, lease: held, part: func(width, height, orientation int) region {
		if s.Orientation == ApplyOrientation && orientation > 1 && orientation <= 8 {
			return region{0, 0, width, height}
		}
		return s.part(width, height)
	}}
	if opt.Scaled {
		ask.shrink = s.shrink
	}
	key, keyed := s.key(file)
	if !keyed {
		ask.reduce = s.reduce
	}
	pic, err := read(file, ask)
	if err != nil {
		return 0, 0, err
	}
	img := s.taken(pic, opt)
	if keyed {
		img.whiten(key)
	}
	width, height = pic.width, pic.height
	if s.turns(pic) {
		width, height = turned(width, height, pic.orientation)
	}
	of := whole(img)
	if pic.part != (region{}) {
		of = strip{Image: img, left: pic.part.x, top: pic.part.y, width: pic.width, height: pic.height}
	}
	if s.Open() {
		made := s.For(width, height)
		if made.Width > MaxSize || made.Height > MaxSize {
			return 0, 0, fmt.Errorf("a tensor of %dx%d pixels, which are more than %d in a row: resize to less", made.Height, made.Width, MaxSize)
		}
		s = &made
	}
	dst, err := room(s)
	if err != nil {
		return 0, 0, err
	}
	if pic.resized {
		resized := *s
		resized.Resize = Resize{}
		s = &resized
	}
	return width, height, s.tensor(dst, of)
}

// Decode decodes an image file to what the spec's tensors are made of: so many channels, upright where
// the spec turns it, with white where KeyWhite has it. It is for tensors of parts of it ([Spec.TensorOf]); nothing
// is decoded smaller. Errors are those of the function [Decode].
func (s *Spec) Decode(file []byte, opt LoadOptions) (*Image, error) {
	pic, err := read(file, request{maxPixels: opt.MaxPixels})
	if err != nil {
		return nil, err
	}
	img := s.taken(pic, opt)
	if key, ok := s.key(file); ok {
		img.whiten(key)
	}
	return img, nil
}

// taken is a picture as the spec takes it.
func (s *Spec) taken(pic picture, opt LoadOptions) *Image {
	if opt.Unturned != nil && !s.turns(pic) && pic.orientation > 1 && pic.orientation <= 8 {
		opt.Unturned.Add(1)
	}
	return pic.as(s.Channels, s.Orientation)
}

// turns reports whether a picture comes upright.
func (s *Spec) turns(pic picture) bool { return s.Orientation == ApplyOrientation || pic.upright }

// shrink is Pillow's choice in JpegImageFile.draft, for twice the resized size.
func (s *Spec) shrink(width, height, orientation int) int {
	if s.Orientation == ApplyOrientation {
		width, height = turned(width, height, orientation)
	}
	width, height = s.centralSize(width, height)
	w, h := s.ResizedSize(width, height)
	for _, by := range []int{8, 4, 2} {
		if width >= 2*by*w && height >= 2*by*h {
			return by
		}
	}
	return 1
}

// turned is an image's size once it is upright.
func turned(width, height, orientation int) (int, int) {
	if orientation >= 5 {
		return height, width
	}
	return width, height
}

// frame is memory for one image's pixels, reused by later ones.
type frame struct{ pix []byte }

var frames = sync.Pool{New: func() any { return new(frame) }}

// release hands the memory to a later image, except where a rare huge one has
// grown it.
func (f *frame) release() {
	if cap(f.pix) <= keepLimit {
		frames.Put(f)
	}
}
