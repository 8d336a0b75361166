package generate

import (
	"fmt"
	"math"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// plane is a graph's output as an image.
type plane struct {
	preprocess.Pixels
	name string
	data []byte
}

var elementTypes = map[onnx.ElementType]preprocess.ElementType{
	onnx.Float: preprocess.Float32, onnx.Float16: preprocess.Float16, onnx.Uint8: preprocess.Uint8, onnx.Int8: preprocess.Int8,
}

// planeOf reads image i of a tensor of shape [N,C,H,W] or [N,H,W,C], or [C,H,W] or [H,W,C], or of what its
// port says: [N,H,W], or rows of values.
func planeOf(t *runner.Tensor, out *models.PicturePort, i int) (plane, error) {
	shape, data := t.Shape, t.Bytes()
	if len(shape) == 4 || out.Form != preprocess.Full && len(shape) > 1 {
		if i >= int(shape[0]) {
			return plane{}, fmt.Errorf("output %q has shape %v: it lacks image %d", out.Name, shape, i)
		}
		shape, data = shape[1:], t.Row(i)
	}
	switch {
	case out.Form == preprocess.Plane && len(shape) == 2:
		shape = []int64{1, shape[0], shape[1]}
	case out.Form == preprocess.Row && len(shape) == 1 && shape[0] == int64(out.Channels*out.Height*out.Width):
		shape = []int64{int64(out.Channels), int64(out.Height), int64(out.Width)}
	}
	if len(shape) != 3 {
		return plane{}, fmt.Errorf("output %q has shape %v: an image has the dimensions batch, channels, height and width", out.Name, t.Shape)
	}
	kind, ok := elementTypes[t.Type]
	if !ok {
		return plane{}, fmt.Errorf("output %q: values of type %s can't be read as an image", out.Name, t.Type)
	}
	c, h, w := int(shape[0]), int(shape[1]), int(shape[2])
	if out.Layout == preprocess.NHWC && out.Form == preprocess.Full {
		c, h, w = int(shape[2]), int(shape[0]), int(shape[1])
	}
	if c != 1 && c != 3 && c != 4 || h < 1 || w < 1 {
		return plane{}, fmt.Errorf("output %q has shape %v: %d channels of %dx%d pixels are no image (is the layout another than %s?)",
			out.Name, t.Shape, c, w, h, out.Layout)
	}
	layout := out.Layout
	if out.Form != preprocess.Full {
		layout = preprocess.NCHW
	}
	return plane{preprocess.Pixels{Height: h, Width: w, Channels: c, Layout: layout, Type: kind,
		Range: out.Range, ColorOrder: out.ColorOrder, Invert: out.Invert}, out.Name, data}, nil
}

// levels gathers from an image's bytes whether it can be one.
type levels struct {
	channels          int
	values, low, high int     // in all, and those that lay a level or more beyond black and white
	least, most       [4]byte // of each channel; not looked at any more once one has contrast
	contrast          bool
}

// noContrast is by how many levels an image of one colour may vary.
const noContrast = 2

// round writes float pixels as bytes: clamped and rounded half to even, as numpy.rint.
func (l *levels) round(dst []byte, src []float32) {
	const magic = 3 << 22 // adding it leaves no bits for a fraction, and the number in the last ones
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
	l.look(dst)
	l.low += low
	l.high += high
}

// look goes through pixels for contrast.
func (l *levels) look(pixels []byte) {
	if l.values == 0 {
		copy(l.least[:], pixels[:l.channels])
		l.most = l.least
	}
	l.values += len(pixels)
	for i, v := range pixels {
		if l.contrast {
			return
		}
		c := i % l.channels
		l.least[c], l.most[c] = min(l.least[c], v), max(l.most[c], v)
		l.contrast = l.most[c]-l.least[c] > noContrast
	}
}

// verdict says what is wrong with an image made from another, where that shows.
func (l *levels) verdict(output string, in *preprocess.Image) error {
	of := levels{channels: in.Channels}
	of.look(in.Pix)
	switch {
	case nearlyAll(l.low+l.high, l.values) && !nearlyAll(blackOrWhite(in.Pix), len(in.Pix)):
		return config.Errorf("output %q: of %d values %d lie below black and %d above white: the usual cause is an %s "+
			"that is not the graph's (0,1 where it is 0,255)", output, l.values, l.low, l.high, config.Key("output-range"))
	case !l.contrast && of.contrast:
		return config.Errorf("output %q: all of the image has the colour %v, and the input has not: the usual causes are an %s "+
			"that is not the graph's (0,255 where it is 0,1), and an %s, %s or %s that it was not made for",
			output, l.least[:l.channels], config.Key("output-range"), config.Key("input-range"), config.Key("mean"), config.Key("std"))
	}
	return nil
}

func nearlyAll(n, of int) bool { return float64(n) > 0.99*float64(of) }

func blackOrWhite(pixels []byte) (n int) {
	for _, v := range pixels {
		if v == 0 || v == 255 {
			n++
		}
	}
	return n
}
