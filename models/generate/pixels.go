package generate

import (
	"fmt"
	"math"
	"unsafe"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// plane is an output tensor as an image: where its values are, and what they mean.
type plane struct {
	name                    string
	kind                    onnx.ElementType
	data                    []byte
	width, height, channels int
	channel                 [3]int // where the first pixel's R, G and B lie (or gray), in elements
	pixel, row              int    // from there to the next pixel, and row
	zero, scale             float32
}

// planeOf reads the first image of a tensor of shape [N,C,H,W], or [N,H,W,C], with or
// without N.
func planeOf(t *runner.Tensor, out *models.ImageOutput) (plane, error) {
	p := plane{name: out.Name, kind: t.Type, data: t.Bytes()}
	shape := t.Shape
	if len(shape) == 4 {
		shape = shape[1:]
	}
	if len(shape) != 3 {
		return p, fmt.Errorf("output %s has shape %v: an image has the dimensions batch, channels, height and width", out.Name, t.Shape)
	}
	c, h, w := int(shape[0]), int(shape[1]), int(shape[2])
	p.pixel, p.row = 1, w
	step := h * w
	if out.Layout == preprocess.NHWC {
		c, h, w = int(shape[2]), int(shape[0]), int(shape[1])
		p.pixel, p.row, step = c, w*c, 1
	}
	if c != 1 && c != 3 || h < 1 || w < 1 {
		return p, fmt.Errorf("output %s has shape %v: %d channels of %dx%d pixels are no image (is the layout another than %s?)", out.Name, t.Shape, c, w, h, out.Layout)
	}
	p.width, p.height, p.channels = w, h, c
	for i := range c {
		p.channel[i] = i * step
		if out.ColorOrder == preprocess.BGR {
			p.channel[i] = (c - 1 - i) * step
		}
	}
	lo, hi := out.Range[0], out.Range[1]
	if out.Invert {
		lo, hi = hi, lo
	}
	p.zero, p.scale = float32(lo), float32(255/(hi-lo))
	return p, nil
}

// pixels writes n pixels from (x, y) on to dst, their channels side by side: 0 is black and
// 255 white, and values may lie outside of that. Returned is how many are NaN or infinite.
func (p *plane) pixels(dst []float32, x, y, n int) (bad int, err error) {
	at := y*p.row + x*p.pixel
	dst = dst[:n*p.channels]
	switch p.kind {
	case onnx.Float:
		scaled(p, dst, view[float32](p.data), at)
	case onnx.Float16:
		p.halves(dst, at)
	case onnx.Double:
		scaled(p, dst, view[float64](p.data), at)
	case onnx.Uint8:
		scaled(p, dst, p.data, at)
	case onnx.Int8:
		scaled(p, dst, view[int8](p.data), at)
	default:
		return 0, fmt.Errorf("output %s: values of type %s can't be read as an image", p.name, p.kind)
	}
	for _, v := range dst {
		if math.Float32bits(v)&infinity == infinity {
			bad++
		}
	}
	return bad, nil
}

// infinity is the exponent of what is no number.
const infinity = 0xff << 23

func scaled[T float32 | float64 | uint8 | int8](p *plane, dst []float32, src []T, at int) {
	zero, scale, step := p.zero, p.scale, p.pixel
	if p.channels == 1 {
		src = src[at:]
		for i := range dst {
			dst[i] = (float32(src[i*step]) - zero) * scale
		}
		return
	}
	r, g, b := src[at+p.channel[0]:], src[at+p.channel[1]:], src[at+p.channel[2]:]
	for i := 0; len(dst) >= 3; i += step {
		dst[0], dst[1], dst[2] = (float32(r[i])-zero)*scale, (float32(g[i])-zero)*scale, (float32(b[i])-zero)*scale
		dst = dst[3:]
	}
}

// halves is scaled for float16.
func (p *plane) halves(dst []float32, at int) {
	src := view[uint16](p.data)
	for c := range p.channels {
		from := src[at+p.channel[c]:]
		for i := c; i < len(dst); i += p.channels {
			dst[i] = (preprocess.Float16ToFloat32(from[(i/p.channels)*p.pixel]) - p.zero) * p.scale
		}
	}
}

// view is memory, aligned for T, as elements.
func view[T any](data []byte) []T {
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(t)))
}

// extremes are what the values of an image say about whether it is one.
type extremes struct {
	values, low, high int // in all, and those a level or more beyond black and white
	least, most       [3]byte
}

// round writes float pixels as bytes, clamped and rounded half to even as numpy.rint.
func (e *extremes) round(dst []byte, src []float32) {
	const magic = 3 << 22 // adding it leaves no bits for a fraction
	dst = dst[:len(src)]
	low, high := 0, 0
	for i, v := range src {
		if v < 0 {
			if v <= -1 {
				low++
			}
			v = 0
		} else if v > 255 {
			if v >= 256 {
				high++
			}
			v = 255
		}
		dst[i] = byte(math.Float32bits(v + magic))
	}
	e.values += len(src)
	e.low += low
	e.high += high
}
