package preprocess

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Bytes returns the bytes of one image's tensor.
func (s *Spec) Bytes() int { return s.Height * s.Width * s.Channels * s.Type.Size() }

// Size returns the bytes that one element takes.
func (t ElementType) Size() int { return [...]int{Float32: 4, Float16: 2, Uint8: 1, Int8: 1}[t] }

// ResizedSize returns the size to which an image is resized before the crop.
func (s *Spec) ResizedSize(width, height int) (int, int) {
	short, long := min(width, height), max(width, height)
	switch s.Resize.Mode {
	case Exact:
		return s.Resize.Width, s.Resize.Height
	case ShortEdge:
		// torchvision's _compute_resized_output_size truncates.
		size := s.Resize.Size
		other := max(1, int(float64(size)*float64(long)/float64(short)))
		if width <= height {
			return size, other
		}
		return other, size
	case LongEdge:
		// timm's ResizeKeepRatio(longest=1): each edge divided by the larger ratio, rounded.
		ratio := max(float64(height)/float64(s.Resize.Size), float64(width)/float64(s.Resize.Size))
		return max(1, int(math.RoundToEven(float64(width)/ratio))), max(1, int(math.RoundToEven(float64(height)/ratio)))
	}
	return width, height
}

// window places a crop of size out in an edge of size in: the first input pixel,
// the first output pixel, and how many follow.
func (s *Spec) window(in, out int) (from, to, n int) {
	if in < out {
		margin := out - in
		if s.CropOffset == Floor { // transformers pads ceil(d/2) first, torchvision d//2
			margin++
		}
		return 0, margin / 2, in
	}
	d := in - out
	if s.CropOffset == Floor {
		return d / 2, 0, out
	}
	return int(math.RoundToEven(float64(d) / 2)), 0, out
}

// Tensor turns an image into the model's input: dst gets Bytes() bytes in native
// byte order. It allocates little, works on the calling goroutine, and may be
// called concurrently.
func (s *Spec) Tensor(dst []byte, img *Image) error {
	if img.Channels != s.Channels {
		return fmt.Errorf("an image of %d channels for a tensor of %d", img.Channels, s.Channels)
	}
	if len(dst) != s.Bytes() {
		return fmt.Errorf("%d bytes for a tensor of %d", len(dst), s.Bytes())
	}
	if img.Width < 1 || img.Height < 1 {
		return fmt.Errorf("an image of %dx%d pixels", img.Width, img.Height)
	}
	width, height := s.ResizedSize(img.Width, img.Height)
	x, left, w := s.window(width, s.Width)
	y, top, h := s.window(height, s.Height)
	memory := scratches.Get().(*scratch)
	defer memory.release()
	memory.crop = grown(memory.crop, s.Width*s.Height*s.Channels)
	crop := memory.crop
	if w == s.Width && h == s.Height {
		memory.resample(crop, img, width, height, region{x, y, w, h}, s.Interpolation)
	} else {
		s.fill(crop)
		memory.inner = grown(memory.inner, w*h*s.Channels)
		memory.resample(memory.inner, img, width, height, region{x, y, w, h}, s.Interpolation)
		for row := range h {
			copy(crop[((top+row)*s.Width+left)*s.Channels:], memory.inner[row*w*s.Channels:(row+1)*w*s.Channels])
		}
	}
	s.pack(dst, crop)
	return nil
}

func (s *Spec) fill(crop []byte) {
	for i := range crop {
		crop[i] = s.Fill[i%s.Channels]
	}
}

// pack normalises 8-bit pixels through a table for each channel and lays them out.
func (s *Spec) pack(dst, crop []byte) {
	n := s.Width * s.Height
	for c := range s.Channels {
		from := c // the colour in the image that channel c of the tensor holds
		if s.ColorOrder == BGR {
			from = s.Channels - 1 - c
		}
		first, step := c*n, 1
		if s.Layout == NHWC {
			first, step = c, s.Channels
		}
		switch s.Type {
		case Float32:
			var table [256]uint32
			for p := range table {
				table[p] = math.Float32bits(float32(s.value(p, c)))
			}
			for i, o := from, first*4; i < len(crop); i, o = i+s.Channels, o+step*4 {
				binary.NativeEndian.PutUint32(dst[o:o+4:o+4], table[crop[i]])
			}
		case Float16:
			var table [256]uint16
			for p := range table {
				table[p] = ToFloat16(float32(s.value(p, c)))
			}
			for i, o := from, first*2; i < len(crop); i, o = i+s.Channels, o+step*2 {
				binary.NativeEndian.PutUint16(dst[o:o+2:o+2], table[crop[i]])
			}
		default:
			var table [256]byte
			lo, hi := 0.0, 255.0
			if s.Type == Int8 {
				lo, hi = -128, 127
			}
			for p := range table {
				table[p] = byte(int(min(max(math.RoundToEven(s.value(p, c)), lo), hi)))
			}
			for i, o := from, first; i < len(crop); i, o = i+s.Channels, o+step {
				dst[o] = table[crop[i]]
			}
		}
	}
}

// value is what pixel p becomes in channel c of the tensor.
func (s *Spec) value(p, c int) float64 {
	if s.Invert {
		p = 255 - p
	}
	v := float64(p)/255*(s.Range[1]-s.Range[0]) + s.Range[0]
	return (v - s.Mean[c]) / s.Std[c]
}
