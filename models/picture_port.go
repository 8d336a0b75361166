package models

import (
	"fmt"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// PicturePort is the output that gives an image.
type PicturePort struct {
	Name          string
	Type          onnx.ElementType
	Channels      int // 1 or 3; 0 where only a run shows it
	Height, Width int // 0 where only a run shows it
	Layout        preprocess.Layout
	ColorOrder    preprocess.ColorOrder
	Range         [2]float64 // the values that become pixel 0 and pixel 255
	Invert        bool       // 255 minus that
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
	switch _, known := pictureTypes[picked.Type]; {
	case isPicture(*picked):
		r.outputShape(*picked)
	case picked.Ranked || !known:
		r.fail("%s: output %s is no image: it must have four dimensions, of float32, float16, uint8 or int8", r.name, picked)
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
	case isChannels(second) && !isChannels(last):
		layout = config.Layout.Of(preprocess.NCHW, "graph")
	case isChannels(last) && !isChannels(second):
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
