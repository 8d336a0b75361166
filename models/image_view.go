package models

import (
	"fmt"
	"math"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// imageTypes are the element types that an image input may have.
var imageTypes = map[onnx.ElementType]preprocess.ElementType{
	onnx.Float: preprocess.Float32, onnx.Float16: preprocess.Float16, onnx.Uint8: preprocess.Uint8, onnx.Int8: preprocess.Int8,
	onnx.Double: preprocess.Float64, onnx.BFloat16: preprocess.BFloat16, onnx.Uint16: preprocess.Uint16, onnx.Int16: preprocess.Int16,
	onnx.Uint32: preprocess.Uint32, onnx.Int32: preprocess.Int32, onnx.Int64: preprocess.Int64,
}

// imageView is an input that takes images, as if it had the four dimensions of a batch.
type imageView struct {
	onnx.Value                 // with four dimensions
	form       preprocess.Form // which of them the graph has
	alone      bool            // it takes one image, without a dimension for several
	source     string          // what says that the missing ones are missing; "" where none is
}

var (
	oneDim  = onnx.Dim{Size: 1}
	openDim = onnx.Dim{Size: -1}
)

// viewOf returns how a value may take images; ok is false where it can't. Layers are what is
// stated of the model; nil where that is not yet known.
func viewOf(v onnx.Value, layers config.Layers) (view imageView, ok bool) {
	if _, known := imageTypes[v.Type]; !known || v.Kind != "tensor" {
		return view, false
	}
	view.Value = v
	d := v.Dims
	dims := func(source string, four ...onnx.Dim) {
		view.Dims, view.source, view.Ranked = four, source, true
	}
	layout, byLayout := config.Layout.Find(layers)
	channels, byChannels := config.Channels.Find(layers)
	size, bySize := config.InputSize.Find(layers)
	one := func(i int) bool { return roleOf(d[i]) == "channels" || isChannels(d[i]) }
	switch {
	case !v.Ranked:
		if !byLayout || !byChannels || !bySize {
			return view, false
		}
		c, h, w := onnx.Dim{Size: int64(channels.Value)}, onnx.Dim{Size: int64(size.Value.Height)}, onnx.Dim{Size: int64(size.Value.Width)}
		if layout.Value == preprocess.NHWC {
			dims("", openDim, h, w, c)
		} else {
			dims("", openDim, c, h, w)
		}
	case len(d) == 4:
		return view, true
	case len(d) == 3 && !one(0) && one(2) && mayBeOneImage(d[0], d[1]):
		view.alone = true
		dims("graph (three dimensions, the last of which counts channels: one image a run)", oneDim, d[0], d[1], d[2])
	case len(d) == 3 && d[0].Size == 3 && mayBeOneImage(d[1], d[2]), len(d) == 3 && roleOf(d[0]) == "channels", len(d) == 3 && byChannels && channels.Value == 3 && !d[0].Fixed() && !d[0].SaysBatch():
		view.alone = true
		dims("graph (three dimensions, the first of which counts channels: one image a run)", oneDim, d[0], d[1], d[2])
	case len(d) == 3 && (d[0].Size == 1 || !d[0].Fixed() || byChannels && channels.Value == 1) && mayBeEdge(d[1]) && mayBeEdge(d[2]):
		view.form = preprocess.Plane
		dims("graph (three dimensions: gray pixels without one for channels)", d[0], oneDim, d[1], d[2])
	case len(d) == 2 && v.Type != onnx.Int64 && v.Type != onnx.Int32:
		return rows(view, layers)
	default:
		return view, false
	}
	return view, true
}

// mayBeEdge reports whether a dimension may be an image's edge.
func mayBeEdge(d onnx.Dim) bool { return !d.Fixed() || d.Size >= 4 }

// mayBeOneImage reports whether two dimensions beside one that may count channels may be the edges
// of one image: rows of a batch, such as [batch,10,1], are none.
func mayBeOneImage(height, width onnx.Dim) bool {
	return mayBeEdge(height) && mayBeEdge(width) && !height.SaysBatch() && (height.Fixed() == width.Fixed() || roleOf(height) == "edge")
}

// mayBePlanes reports whether an input of three dimensions may be a fixed number of gray images.
func mayBePlanes(v onnx.Value) bool {
	_, known := imageTypes[v.Type]
	return known && v.Kind == "tensor" && len(v.Dims) == 3 && mayBeEdge(v.Dims[1]) && mayBeEdge(v.Dims[2])
}

// rows is a view of rows of numbers: of pixels, where the user gives the size, or where so many are
// a square of gray ones, as [N,784] are.
func rows(view imageView, layers config.Layers) (imageView, bool) {
	const least = 256 // fewer numbers are features of something else as likely
	d := view.Dims
	n := d[1].Size
	s, stated := config.InputSize.Find(layers)
	edge := int64(math.Round(math.Sqrt(float64(max(0, n)))))
	view.form = preprocess.Row
	switch {
	case stated && layers[s.Rank].ByUser():
		h, w := int64(s.Value.Height), int64(s.Value.Width)
		channels := n / max(1, h*w)
		if n > 0 && (channels*h*w != n || channels != 1 && channels != 3) {
			return view, false
		}
		four := []onnx.Dim{d[0], {Size: channels}, {Size: h}, {Size: w}}
		if layout, ok := config.Layout.Find(layers); ok && layout.Value == preprocess.NHWC || n <= 0 {
			if c, ok := config.Channels.Find(layers); n <= 0 && ok {
				four[1].Size = int64(c.Value)
			} else if n <= 0 {
				return view, false
			}
			if ok && layout.Value == preprocess.NHWC {
				four = []onnx.Dim{d[0], four[2], four[3], four[1]}
			}
		} else if channels == 3 && !ok {
			return view, false // colours side by side, or one plane after the other: nobody knows
		}
		view.Dims, view.source = four, s.Source+" (rows of pixels)"
		return view, true
	case d[0].Size >= 8 && n >= 8 && max(d[0].Size, n) <= 4*min(d[0].Size, n) && (d[0].Size == n || edge*edge != n || n < least): // [28,28], and not [32,784] of a fixed batch
		view.form, view.alone = preprocess.Plane, true
		view.Dims, view.source = []onnx.Dim{oneDim, oneDim, d[0], d[1]}, "graph (two dimensions: one image of gray pixels a run)"
		return view, true
	case n >= least && edge*edge == n:
		view.Dims, view.source = []onnx.Dim{d[0], oneDim, {Size: edge}, {Size: edge}}, fmt.Sprintf("graph (rows of %d numbers: %dx%d gray pixels)", n, edge, edge)
		return view, true
	}
	return view, false
}
