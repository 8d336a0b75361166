package preprocess

import (
	"fmt"
	"math"
	"sync"
	"unsafe"
)

// Pixels says how the elements of a tensor are an image: the inverse of [Spec].
type Pixels struct {
	Height, Width int
	Channels      int // 1, 3, or 4 of colours and alpha
	Layout        Layout
	Type          ElementType
	Range         [2]float64 // the values that become pixel 0 and pixel 255
	ColorOrder    ColorOrder
	Invert        bool // 255 minus that
}

// Bytes returns the bytes of one image's tensor.
func (p *Pixels) Bytes() int { return p.Height * p.Width * p.Channels * p.Type.Size() }

// Unpack reads n pixels of row y, from column x on, out of a tensor of Bytes() bytes in
// native byte order, aligned to its elements. dst gets n*Channels values: the channels of
// a pixel side by side, colours as R, G, B (and alpha), from 0 for black to 255 for white, and beyond
// where the tensor's are. With Width and Height of an image that is packed without gaps, a
// call with n = Width*(rows) reads whole rows if x is 0.
//
// A value v of the tensor becomes (v-lo)/(hi-lo)*255, and 255 minus that where Invert is set.
// hi-lo is a float64 that is rounded to float32; all else is float32, each step rounded: what
// NumPy makes of a float32 array and Python's floats.
//
// Returned is how many values are infinite or not a number.
func (p *Pixels) Unpack(dst []float32, tensor []byte, x, y, n int) (bad int, err error) {
	size := p.Type.Size()
	first := y*p.Width + x
	switch {
	case p.Channels != 1 && p.Channels != 3 && p.Channels != 4:
		return 0, fmt.Errorf("an image of %d channels: 1, 3 or 4", p.Channels)
	case len(tensor) != p.Bytes() || uintptr(unsafe.Pointer(unsafe.SliceData(tensor)))%uintptr(size) != 0:
		return 0, fmt.Errorf("%d bytes, or not aligned ones, for a tensor of %d", len(tensor), p.Bytes())
	case x < 0 || y < 0 || n < 0 || first+n > p.Width*p.Height || x > 0 && x+n > p.Width || len(dst) != n*p.Channels:
		return 0, fmt.Errorf("%d values for %d pixels from (%d, %d) on of %dx%d", len(dst), n, x, y, p.Width, p.Height)
	}
	s := scaling{zero: float32(p.Range[0]), span: float32(p.Range[1] - p.Range[0]), invert: p.Invert, step: 1, channels: p.Channels}
	for c := range p.Channels {
		from := c
		if p.ColorOrder == BGR && c < 3 {
			from = min(p.Channels, 3) - 1 - c // alpha stays the last
		}
		if p.Layout == NHWC {
			s.step = p.Channels
			s.at[c] = first*p.Channels + from
		} else {
			s.at[c] = from*p.Height*p.Width + first
		}
	}
	switch p.Type {
	case Float32:
		return unpack(&s, dst, view[float32](tensor)), nil
	case Float16:
		return unpackHalf(&s, dst, view[uint16](tensor)), nil
	case Uint8:
		return unpack(&s, dst, tensor), nil
	case Int8:
		return unpack(&s, dst, view[int8](tensor)), nil
	}
	return 0, fmt.Errorf("elements of type %s are not supported", p.Type)
}

// scaling says where the elements are, and how they become pixel values.
type scaling struct {
	zero, span float32
	invert     bool
	channels   int
	at         [4]int // of the first pixel's channels
	step       int    // to the next pixel
}

// The conversions to float32 keep a compiler from fusing a multiplication with an addition.
func (s *scaling) value(v float32) float32 {
	v = float32((v-s.zero)/s.span) * 255
	if s.invert {
		v = 255 - float32(v)
	}
	return v
}

func unpack[T float32 | uint8 | int8](s *scaling, dst []float32, src []T) (bad int) {
	if len(dst) == 0 {
		return 0
	}
	t := *s // what is in registers is not read again after each store
	for c := range t.channels {
		from := src[t.at[c]:]
		for i, k := c, 0; i < len(dst); i, k = i+t.channels, k+t.step {
			v := t.value(float32(from[k]))
			bad += odd(v)
			dst[i] = v
		}
	}
	return bad
}

func unpackHalf(s *scaling, dst []float32, src []uint16) (bad int) {
	if len(dst) == 0 {
		return 0
	}
	t, wide := *s, halves()
	for c := range t.channels {
		from := src[t.at[c]:]
		for i, k := c, 0; i < len(dst); i, k = i+t.channels, k+t.step {
			v := t.value(wide[from[k]])
			bad += odd(v)
			dst[i] = v
		}
	}
	return bad
}

// halves holds every half-precision value.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	var wide [1 << 16]float32
	for h := range wide {
		wide[h] = Float16ToFloat32(uint16(h))
	}
	return &wide
})

// odd is 1 for what is infinite or not a number, else 0.
func odd(v float32) int {
	const exponent = 0xff << 23
	if math.Float32bits(v)&exponent == exponent {
		return 1
	}
	return 0
}

// Round turns values from 0 to 255 into bytes: rounded half to even, clamped, as
// np.clip(np.rint(v), 0, 255). What is not a number becomes 0. dst is as long as src.
func Round(dst []byte, src []float32) {
	const magic = 3 << 22 // adding it leaves no bits for a fraction, and the number in the last ones
	dst = dst[:len(src)]
	for i, v := range src {
		if !(v > 0) {
			v = 0
		} else if v > 255 {
			v = 255
		}
		dst[i] = byte(math.Float32bits(v + magic))
	}
}

// view is memory, aligned for T, as elements.
func view[T any](data []byte) []T {
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(t)))
}
