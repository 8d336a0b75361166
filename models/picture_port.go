package models

import (
	"fmt"
	"math"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// PicturePort is the output that gives an image.
type PicturePort struct {
	Name          string
	Type          onnx.ElementType
	Channels      int // 1, 3, or 4 of colours and alpha; 0 where only a run shows it
	Height, Width int // 0 where only a run shows it
	Layout        preprocess.Layout
	ColorOrder    preprocess.ColorOrder
	Range         [2]float64      // the values that become pixel 0 and pixel 255
	Invert        bool            // 255 minus that
	Form          preprocess.Form // Plane: [N,height,width]; Row: all values of an image of Channels, Height and Width
}

// givePicture settles which output is the image, and what its values mean.
func (r *resolver) givePicture() {
	picked := r.pickOutput()
	if picked == nil {
		return
	}
	out := &PicturePort{Name: picked.Name, Type: picked.Type}
	r.picture = out
	if r.image != nil {
		out.Layout = r.image.Spec.Layout
	}
	view, form, ok := pictureOf(*picked)
	switch _, known := pictureTypes[picked.Type]; {
	case ok:
		out.Form = form
		r.outputShape(view)
	case picked.Ranked || !known:
		r.fail("%s: output %s is no image: it must have four dimensions, or be gray images of three, or rows of a square's values, of float32, float16, uint8 or int8", r.name, picked)
	default:
		r.fact("output", picked.String(), "graph")
	}
	invert, _ := config.Invert.Find(r.layers)
	order, _ := config.ColorOrder.Find(r.layers)
	out.Invert, out.ColorOrder = invert.Value, order.Value
	r.outputRange(*picked)
	r.color()
}

// pickOutput picks the output that is the image.
func (r *resolver) pickOutput() *onnx.Value {
	output, name, named := r.namedOutput(config.OutputName)
	if output != nil {
		return output
	}
	var images []*onnx.Value
	for i, v := range r.graph.Outputs {
		if givesImage(v) || !v.Ranked && len(r.graph.Outputs) == 1 {
			images = append(images, &r.graph.Outputs[i])
		}
	}
	if _, asked := config.ModelTask.Find(r.layers); len(images) == 0 && asked {
		for i, v := range r.graph.Outputs {
			if _, _, ok := pictureOf(v); ok {
				images = append(images, &r.graph.Outputs[i])
			}
		}
	}
	all := onnx.List(r.graph.Outputs)
	switch {
	case named:
		r.fact("output", name.Value+" (not there)", name.Source)
		r.fail("%s has no output %q; there are %s", r.name, name.Value, all)
	case len(images) == 0:
		r.fact("output", "none is an image", "graph")
		r.fail("%w", &TaskError{Model: r.name, Wanted: Generate, Why: "gives no image: no output has the shape [batch,1 or 3,height,width] (outputs: " + all + ")", MayClassify: mayGiveClasses(r.graph)})
	case len(images) > 1:
		r.gap("output", "which of its outputs is the image ("+all+")", images[0].Name, "output-name")
	default:
		return images[0]
	}
	return nil
}

func (r *resolver) outputShape(v onnx.Value) {
	out := r.picture
	second, last := v.Dims[1], v.Dims[3]
	s, stated := config.Layout.Find(r.layers)
	layout := config.Layout.Of(out.Layout, "that of the input")
	switch {
	case countsColors(second) && !countsColors(last):
		layout = config.Layout.Of(preprocess.NCHW, "graph")
	case countsColors(last) && !countsColors(second):
		layout = config.Layout.Of(preprocess.NHWC, "graph")
	case stated:
		layout = s
	case r.image == nil:
		layout = config.Layout.Of(preprocess.NCHW, "default")
	}
	out.Layout = layout.Value
	channels, height, width := second, v.Dims[2], last
	if out.Layout == preprocess.NHWC {
		channels, height, width = last, v.Dims[1], v.Dims[2]
	}
	fixed := func(d onnx.Dim) int { return int(min(max(d.Size, 0), preprocess.MaxSize*64)) }
	out.Channels, out.Height, out.Width = fixed(channels), fixed(height), fixed(width)
	r.fact("output", fmt.Sprintf("%s, %s", v, layout.Text), layout.Source)
}

// countsColors reports whether a dimension may count the channels of an image that a graph gives.
func countsColors(d onnx.Dim) bool { return isChannels(d) || d.Size == 4 }

// pictureOf is an output as a batch of images, of four dimensions: what has three is one image with its
// channels at an end, or gray images, and what has two is rows that hold a square's values, as those of
// decoders of digits. An output that says no more may be anything else: it is one where the task is stated.
func pictureOf(v onnx.Value) (view onnx.Value, form preprocess.Form, ok bool) {
	if _, known := pictureTypes[v.Type]; !known || v.Kind != "tensor" || !v.Ranked {
		return v, preprocess.Full, false
	}
	one := onnx.Dim{Size: 1}
	edge := func(d onnx.Dim) bool { return !d.Fixed() || d.Size >= smallestEdge }
	view = v
	switch d := v.Dims; {
	case len(d) == 4:
		return v, preprocess.Full, true
	case len(d) == 3 && (d[2].Size == 3 || d[2].Size == 4) && edge(d[0]) && edge(d[1]),
		len(d) == 3 && (d[0].Size == 3 || d[0].Size == 4) && edge(d[1]) && edge(d[2]):
		view.Dims = []onnx.Dim{one, d[0], d[1], d[2]}
		return view, preprocess.Full, true
	case len(d) == 3 && edge(d[1]) && edge(d[2]):
		view.Dims = []onnx.Dim{d[0], one, d[1], d[2]}
		return view, preprocess.Plane, true
	case len(d) == 2 && d[1].Fixed():
		for _, channels := range []int64{1, 3} {
			n := int64(math.Round(math.Sqrt(float64(d[1].Size / channels))))
			if n >= smallestEdge && n <= preprocess.MaxSize && n*n*channels == d[1].Size {
				edge := onnx.Dim{Size: n}
				view.Dims = []onnx.Dim{d[0], {Size: channels}, edge, edge}
				return view, preprocess.Row, true
			}
		}
	}
	return v, preprocess.Full, false
}

// smallestEdge is that of a picture whose output does not say that it is one.
const smallestEdge = 8

// outputRange derives the range from the last operator, where that bounds the values.
func (r *resolver) outputRange(v onnx.Value) {
	s, ok := config.OutputRange.Find(r.layers)
	if !ok {
		switch {
		case v.Type == onnx.Uint8:
			s, ok = config.OutputRange.Of([2]float64{0, 255}, "graph (uint8)"), true
		case v.Op == "Tanh":
			s, ok = config.OutputRange.Of([2]float64{-1, 1}, "graph (Tanh inside)"), true
		case v.Op == "Sigmoid", v.Op == "HardSigmoid":
			s, ok = config.OutputRange.Of([2]float64{0, 1}, "graph ("+v.Op+" inside)"), true
		default:
			r.lacks("output-range", rangeGap("which values of its output are black and white", "output-range"))
			return
		}
	}
	r.picture.Range = noted(r, config.OutputRange, s)
}

// color settles which channel of a colour image a graph of one channel gets.
func (r *resolver) color() {
	in, out := r.image, r.picture
	s, ok := config.Color.Find(r.layers)
	if in == nil || in.Spec.Channels != 1 || out.Channels != 1 {
		if ok && s.Value == "luma" {
			r.fail("%s states that the graph takes luma, but luma is one channel in and one out", s.Source)
		}
		return
	}
	if !ok {
		s = config.Color.Of("luma", "default (one channel in and out)")
	}
	if s.Value == "rgb" {
		r.fail("%s states that the graph takes RGB, but it takes one channel", s.Source)
	}
	in.Luma = noted(r, config.Color, s) == "luma"
}
