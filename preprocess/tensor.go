package preprocess

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Bytes returns the bytes of one image's tensor.
func (s *Spec) Bytes() int { return s.Height * s.Width * s.Channels * s.Type.Size() }

// Shape returns the dimensions of one image's tensor, without a batch dimension.
func (s *Spec) Shape() []int64 {
	switch s.Form {
	case Plane:
		return []int64{int64(s.Height), int64(s.Width)}
	case Row:
		return []int64{int64(s.Height) * int64(s.Width) * int64(s.Channels)}
	}
	return s.Layout.Shape(s.Channels, s.Height, s.Width)
}

// Shape returns the dimensions of an image in the layout's order, without a batch dimension.
func (l Layout) Shape(channels, height, width int) []int64 {
	if l == NHWC {
		return []int64{int64(height), int64(width), int64(channels)}
	}
	return []int64{int64(channels), int64(height), int64(width)}
}

// Size returns the bytes that one element takes.
func (t ElementType) Size() int {
	return [...]int{Float32: 4, Float16: 2, Uint8: 1, Int8: 1, Float64: 8, BFloat16: 2, Uint16: 2, Int16: 2, Uint32: 4, Int32: 4, Int64: 8}[t]
}

// ResizedSize returns the size to which an image is resized before the crop.
func (s *Spec) ResizedSize(width, height int) (int, int) {
	short, long := min(width, height), max(width, height)
	switch s.Resize.Mode {
	case Exact, PadSquare:
		return s.Resize.Width, s.Resize.Height
	case ShortEdgeRounded:
		scale := float64(s.Resize.Size) / float64(short)
		return s.Resize.multiples(max(1, int(math.RoundToEven(float64(width)*scale))), max(1, int(math.RoundToEven(float64(height)*scale))))
	case FitWithin:
		scale := min(float64(s.Resize.Height)/float64(height), float64(s.Resize.Width)/float64(width))
		return max(1, int(float64(width)*scale)), max(1, int(float64(height)*scale))
	case Letterbox:
		scale := min(float64(s.Resize.Height)/float64(height), float64(s.Resize.Width)/float64(width))
		return max(1, int(math.RoundToEven(float64(width)*scale))), max(1, int(math.RoundToEven(float64(height)*scale)))
	case ShortEdge:
		if s.Resize.Longest > 0 {
			return s.Resize.multiples(s.Resize.limited(width, height))
		}
		// torchvision's _compute_resized_output_size truncates.
		size := s.Resize.Size
		other := max(1, int(float64(size)*float64(long)/float64(short)))
		if width <= height {
			return s.Resize.multiples(size, other)
		}
		return s.Resize.multiples(other, size)
	case LongEdge:
		return keepRatio(width, height, max(float64(height)/float64(s.Resize.Size), float64(width)/float64(s.Resize.Size)))
	case Constrained:
		down, across := float64(s.Resize.Height)/float64(height), float64(s.Resize.Width)/float64(width)
		if math.Abs(1-across) < math.Abs(1-down) {
			down = across
		}
		return s.Resize.nearest(down * float64(width)), s.Resize.nearest(down * float64(height))
	case Multiples:
		m := s.Resize.Multiple
		return max(m, width/m*m), max(m, height/m*m)
	case Fit:
		return keepRatio(width, height, max(float64(height)/float64(s.Resize.Height), float64(width)/float64(s.Resize.Width)))
	case Cover:
		return keepRatio(width, height, min(float64(height)/float64(s.Resize.Height), float64(width)/float64(s.Resize.Width)))
	}
	return width, height
}

// limited is transformers' get_size_with_aspect_ratio.
func (r Resize) limited(width, height int) (int, int) {
	short, long := float64(min(width, height)), float64(max(width, height))
	size, exact := r.Size, float64(r.Size)
	if long/short*exact > float64(r.Longest) {
		exact = float64(r.Longest) * short / long
		size = int(math.RoundToEven(exact)) // 0 is where transformers fails
	}
	switch {
	case min(width, height) == size:
		return width, height
	case width < height:
		return max(1, size), max(1, int(exact*float64(height)/float64(width)))
	}
	return max(1, int(exact*float64(width)/float64(height))), max(1, size)
}

// nearest is the multiple next to an edge, and at least one.
func (r Resize) nearest(edge float64) int {
	m := max(1, r.Multiple)
	return max(m, int(math.RoundToEven(edge/float64(m)))*m)
}

// multiples brings both edges up to multiples, or down, but for the first.
func (r Resize) multiples(width, height int) (int, int) {
	m := r.Multiple
	switch {
	case m > 1 && r.Down:
		return max(m, width/m*m), max(m, height/m*m)
	case m > 1:
		return (width + m - 1) / m * m, (height + m - 1) / m * m
	}
	return width, height
}

// keepRatio is timm's ResizeKeepRatio: both edges divided by ratio and rounded.
// timm fails where one becomes 0; here it stays a pixel wide.
func keepRatio(width, height int, ratio float64) (int, int) {
	return max(1, int(math.RoundToEven(float64(width)/ratio))), max(1, int(math.RoundToEven(float64(height)/ratio)))
}

// window places a crop of size out in an edge of size in: the first input pixel,
// the first output pixel, and how many follow.
func (s *Spec) window(in, out int) (from, to, n int) {
	if s.CropOffset == Start {
		return 0, 0, min(in, out)
	}
	if in < out {
		if s.PadEnd {
			return 0, 0, in
		}
		margin := out - in
		if s.CropOffset == Floor { // transformers pads ceil(d/2) first, torchvision d//2
			margin++
		}
		return 0, margin / 2, in
	}
	d := in - out
	if s.CropOffset != RoundHalfEven {
		return d / 2, 0, out
	}
	return int(math.RoundToEven(float64(d) / 2)), 0, out
}

// mostSquare bounds the pixels of what PadSquare makes.
const mostSquare = 100_000_000

// squared lays an image on a square of its long edge.
func (s *Spec) squared(img *Image) *Image {
	edge, row := max(img.Width, img.Height), img.Width*img.Channels
	out := newImage(edge, edge, img.Channels)
	for i := range out.Pix {
		out.Pix[i] = s.Fill[i%img.Channels]
	}
	left, top := (edge-img.Width)/2, (edge-img.Height)/2
	for y := range img.Height {
		copy(out.Pix[((top+y)*edge+left)*img.Channels:], img.Pix[y*row:(y+1)*row])
	}
	return out
}

// part is what of an image of width x height pixels a tensor is made of, where that can be told.
func (s *Spec) part(width, height int) region {
	all := region{0, 0, width, height}
	if s.Validate() != nil || s.Central != [2]float64{} || s.Resize.Mode == PadSquare || !s.Interpolation.pillow() || s.Interpolation == Nearest {
		return all
	}
	if s.Open() {
		made := s.For(width, height)
		s = &made
	}
	w, h := s.ResizedSize(width, height)
	if max(width, height) > maxEdge || max(w, h) > maxResizedEdge {
		return all
	}
	x, _, wide := s.window(w, s.Width)
	y, _, high := s.window(h, s.Height)
	across, down := resize1D{in: width, out: w, filter: s.Interpolation}, resize1D{in: height, out: h, filter: s.Interpolation}
	_, left, _ := across.reach(x)
	_, _, right := across.reach(x + wide - 1)
	_, top, _ := down.reach(y)
	_, _, bottom := down.reach(y + high - 1)
	return region{left, top, right - left, bottom - top}
}

// Edges beyond these come from no camera: a filter's taps grow with the one, the
// search for nearest's positions with the other.
const maxEdge, maxResizedEdge = 1 << 22, 1 << 28

// Tensor turns an image into the model's input: dst, aligned to its elements, gets
// Bytes() bytes in native byte order. It works on the calling goroutine, allocates
// nothing once it is warm (but for the Central part), and may be called concurrently. It fails where the spec is not
// valid, or dst or the image is not what the spec wants.
func (s *Spec) Tensor(dst []byte, img *Image) error { return s.tensor(dst, whole(img)) }

// TensorOf is Tensor of a part of an image: what it makes of the same pixels as an image of their own. It
// copies none of them.
func (s *Spec) TensorOf(dst []byte, img *Image, x, y, width, height int) error {
	if !whole(img).holds() {
		return fmt.Errorf("an image of %dx%d pixels in %d bytes", img.Width, img.Height, len(img.Pix))
	}
	if x < 0 || y < 0 || width < 1 || height < 1 || width > img.Width-x || height > img.Height-y {
		return fmt.Errorf("%dx%d pixels from %d,%d are no part of an image of %dx%d", width, height, x, y, img.Width, img.Height)
	}
	return s.tensor(dst, window(img, x, y, width, height))
}

// tensor makes it of a part of an image that holds all that [Spec.part] gives.
func (s *Spec) tensor(dst []byte, img strip) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if s.Open() {
		return errors.New("the tensor's size follows from the image's: see For")
	}
	if img.Channels != s.Channels {
		return fmt.Errorf("an image of %d channels for a tensor of %d", img.Channels, s.Channels)
	}
	if len(dst) != s.Bytes() {
		return fmt.Errorf("%d bytes for a tensor of %d", len(dst), s.Bytes())
	}
	if !img.holds() {
		return fmt.Errorf("an image of %dx%d pixels in %d bytes", img.Width, img.Height, len(img.Pix))
	}
	if s.Central != [2]float64{} {
		img = whole(s.central(img.packed()))
	}
	if s.Resize.Mode == PadSquare && img.width != img.height {
		if edge := int64(max(img.width, img.height)); edge*edge > mostSquare {
			return fmt.Errorf("an image of %dx%d pixels: its long edge makes a square of more than %d pixels", img.width, img.height, mostSquare)
		}
		img = whole(s.squared(img.packed()))
	}
	width, height := s.ResizedSize(img.width, img.height)
	if max(img.width, img.height) > maxEdge || max(width, height) > maxResizedEdge {
		return fmt.Errorf("an image of %dx%d pixels, resized to %dx%d before the crop: edges above %d, or %d resized, are not supported",
			img.width, img.height, width, height, maxEdge, maxResizedEdge)
	}
	if s.PadEnd && (width > s.Width || height > s.Height) {
		return fmt.Errorf("an image of %dx%d pixels becomes one of %dx%d, which can't be padded to %dx%d", img.width, img.height, width, height, s.Width, s.Height)
	}
	if size := s.Type.Size(); uintptr(unsafe.Pointer(unsafe.SliceData(dst)))%uintptr(size) != 0 {
		return fmt.Errorf("a tensor's memory is not aligned to its elements of %d bytes", size)
	}
	x, left, w := s.window(width, s.Width)
	y, top, h := s.window(height, s.Height)
	m := scratches.Get().(*scratch)
	defer m.release()
	fill := func(s *Spec, dst []byte) {
		if w < s.Width || h < s.Height {
			s.fill(dst, &m.tables)
		}
	}
	pack := func(s *Spec, dst []byte) {
		fill(s, dst)
		m.resample(dst, img, width, height, region{x, y, w, h}, s.Interpolation, s.placement(left, top))
	}
	switch {
	case s.Peak:
		s.peak(m, dst, pack)
	case s.Interpolation.decimals():
		s.tabulate(&m.tables)
		fill(s, dst)
		s.interpolate(m, dst, img, width, height, region{x, y, w, h}, s.placement(left, top))
	case s.Type.Size() == 8:
		s.wide(m, dst, pack)
	default:
		s.tabulate(&m.tables)
		pack(s, dst)
	}
	return nil
}
