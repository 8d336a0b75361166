package models

import (
	"fmt"
	"slices"
	"strconv"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// imageInput settles how an image becomes the graph's input.
func (r *resolver) imageInput(in onnx.Value) {
	r.fact("input", in.String(), "graph")
	r.spec.Input.Type = imageTypes[in.Type]
	if in.Dims[0].Fixed() {
		r.batch(in.Dims[0].Size)
	}
	r.shape(in)
	r.geometry()
	r.pixels(in)
	multiple := 1
	if s, _, ok := r.find("size-multiple"); ok && r.spec.Input.Height == 0 {
		multiple, _ = config.ParseCount(s.Value)
		r.fact("size-multiple", s.Value, s.Source)
	}
	r.made.Image = &ImageInput{Name: in.Name, Spec: r.spec.Input, Multiple: multiple}
}

// imageOutput settles which output is the image, and what its values mean.
func (r *resolver) imageOutput() {
	picked := r.pickOutput()
	if picked == nil {
		return
	}
	out := &r.made.Output
	out.Name, out.Type = picked.Name, picked.Type
	out.Layout = r.spec.Input.Layout
	switch _, known := imageTypes[picked.Type]; {
	case isImage(*picked):
		r.outputShape(*picked)
	case picked.Ranked || !known:
		r.fail("%s: output %s is no image: it must have four dimensions, of float32, float16, uint8 or int8", r.name, picked)
	default:
		r.fact("output", picked.String(), "graph")
	}
	out.Invert, _ = strconv.ParseBool(r.stated("invert"))
	out.ColorOrder, _ = preprocess.ParseColorOrder(r.stated("color-order"))
	r.outputRange(*picked)
	r.color()
}

// stated is a value as it was settled for the input, or else as it is stated.
func (r *resolver) stated(key string) string {
	if s, _, ok := r.find(key); ok {
		return s.Value
	}
	return map[string]string{"invert": "false", "color-order": "rgb"}[key]
}

func (r *resolver) pickOutput() *onnx.Value {
	name, _, named := r.find("output-name")
	var images []*onnx.Value
	for i, v := range r.graph.Outputs {
		if named && v.Name == name.Value {
			return &r.graph.Outputs[i]
		}
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
		but := ""
		if slices.ContainsFunc(r.graph.Outputs, func(v onnx.Value) bool { _, ok := classesOf(v); return ok }) {
			but = "; where they are classes', ortho classify runs it"
		}
		r.fail("%s gives no image: no output has the shape [batch,1 or 3,height,width] (outputs: %s)%s", r.name, all, but)
	case len(images) > 1:
		r.gap("output", "which of its outputs is the image ("+all+")", "--output-name", "output-name", images[0].Name)
	default:
		return images[0]
	}
	return nil
}

func (r *resolver) outputShape(v onnx.Value) {
	out := &r.made.Output
	second, last := v.Dims[1], v.Dims[3]
	s, _, stated := r.find("layout")
	layout := config.Statement{r.spec.Input.Layout.String(), "that of the input"}
	switch {
	case isChannels(second) && !isChannels(last):
		layout = config.Statement{"nchw", "graph"}
	case isChannels(last) && !isChannels(second):
		layout = config.Statement{"nhwc", "graph"}
	case stated:
		layout = s
	case r.made.Image == nil:
		layout = config.Statement{"nchw", "default"}
	}
	out.Layout, _ = preprocess.ParseLayout(layout.Value)
	channels, height, width := second, v.Dims[2], last
	if out.Layout == preprocess.NHWC {
		channels, height, width = last, v.Dims[1], v.Dims[2]
	}
	fixed := func(d onnx.Dim) int { return int(min(max(d.Size, 0), preprocess.MaxSize*64)) }
	out.Channels, out.Height, out.Width = fixed(channels), fixed(height), fixed(width)
	r.fact("output", fmt.Sprintf("%s, %s", v, layout.Value), layout.Source)
}

// outputRange is told by the last operator where that bounds the values.
func (r *resolver) outputRange(v onnx.Value) {
	s, _, ok := r.find("output-range")
	if !ok {
		switch {
		case v.Type == onnx.Uint8:
			s, ok = config.Statement{"0,255", "graph (uint8)"}, true
		case v.Op == "Tanh":
			s, ok = config.Statement{"-1,1", "graph (Tanh inside)"}, true
		case v.Op == "Sigmoid", v.Op == "HardSigmoid":
			s, ok = config.Statement{"0,1", "graph (" + v.Op + " inside)"}, true
		default:
			r.gap("output-range", "which values of its output are black and white", "--output-range (most graphs: 0,1 or 0,255)", "output-range", "0,1")
			return
		}
	}
	r.made.Output.Range, _ = config.ParseRange(s.Value)
	r.fact("output-range", s.Value, s.Source)
}

// color settles what a graph that takes and gives one channel is given of colours.
func (r *resolver) color() {
	in, out := r.made.Image, r.made.Output
	s, _, ok := r.find("color")
	if in == nil || in.Spec.Channels != 1 || out.Channels != 1 {
		if ok && s.Value == "luma" {
			r.fail("%s states that the graph takes luma, but luma is one channel in and one out", s.Source)
		}
		return
	}
	if !ok {
		s = config.Statement{"luma", "default (one channel in and out)"}
	}
	if s.Value == "rgb" {
		r.fail("%s states that the graph takes RGB, but it takes one channel", s.Source)
	}
	in.Luma = s.Value == "luma"
	r.fact("color", s.Value, s.Source)
}

// tiles settles how large images are cut.
func (r *resolver) tiles() {
	if r.made.Image == nil {
		return
	}
	for _, f := range []struct {
		key string
		to  *int
	}{{"tile", &r.made.Tile}, {"tile-overlap", &r.made.Overlap}} {
		if s, _, ok := r.find(f.key); ok {
			*f.to, _ = config.ParseCount(s.Value)
			r.fact(f.key, s.Value, s.Source)
		}
	}
	if tile, overlap := r.made.Tile, r.made.Overlap; tile > 0 && overlap > tile/2 {
		r.fail("a tile-overlap of %d is more than half of the tile of %d", overlap, tile)
	}
}
