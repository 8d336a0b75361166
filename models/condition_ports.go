package models

import (
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// LatentsPort is an input of random numbers.
type LatentsPort struct {
	Name    string
	Type    onnx.ElementType
	Shape   []int64 // without the batch dimension
	Uniform bool    // from -1 to 1; else standard normal
}

// ClassPort is an input that takes a class.
type ClassPort struct {
	Name   string
	Type   onnx.ElementType
	Shape  []int64 // without the batch dimension
	OneHot bool
	Count  int // of classes; 0 where nothing states it
}

// imageAndConditions settles what the inputs of a generator take, and returns the one that
// takes an image, if any does.
func (r *resolver) imageAndConditions() (image *onnx.Value) {
	mask := maskOf(r.graph.Inputs)
	for i, v := range r.graph.Inputs {
		switch {
		case v.Name == mask:
			r.mask = &MaskPort{Name: v.Name, Type: v.Type}
			r.fact("mask input", v.String(), "graph")
			if s, ok := config.MaskMarks.Find(r.layers); ok {
				r.mask.Marks = noted(r, config.MaskMarks, s)
			}
		case v.Kind != "tensor" || !v.Ranked:
			r.fail("%s: nothing is known of its input %s", r.name, v)
		case takesImage(v) && image == nil:
			image = &r.graph.Inputs[i]
		case takesImage(v):
			r.fail("%s takes more than one image (%s, %s), which can't be given", r.name, image.Name, v.Name)
		default:
			r.condition(v)
		}
	}
	if s, ok := config.ClassInput.Find(r.layers); ok && (r.class == nil || r.class.Name != s.Value) {
		r.fail("%s states that input %q takes the class, but %s has no such input: it takes %s", s.Source, s.Value, r.name, onnx.List(r.graph.Inputs))
	}
	return image
}

// maskOf is the name of the input that says what of an image is made anew; "" where there is none: of two
// images the one of one channel, beside one of three.
func maskOf(inputs []onnx.Value) string {
	channels := func(v onnx.Value) int64 {
		if isChannels(v.Dims[3]) && !isChannels(v.Dims[1]) {
			return v.Dims[3].Size
		}
		return v.Dims[1].Size
	}
	mask, colored, images := "", 0, 0
	for _, v := range inputs {
		if !takesImage(v) {
			continue
		}
		images++
		switch n := channels(v); {
		case n == 1 && (v.Type == onnx.Float || v.Type == onnx.Float16 || v.Type == onnx.Uint8):
			mask = v.Name
		case n == 3:
			colored++
		}
	}
	if images != 2 || colored != 1 {
		return ""
	}
	return mask
}

// condition settles which port an input that takes no image is: see [ports].
func (r *resolver) condition(v onnx.Value) {
	named := func(parts ...string) bool {
		name := strings.ToLower(v.Name)
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	s, stated := config.ClassInput.Find(r.layers)
	isClass := stated && s.Value == v.Name || !stated && (named("class", "label", "onehot", "one_hot") || v.Name == "y")
	integer := v.Type == onnx.Int64 || v.Type == onnx.Int32
	float := v.Type == onnx.Float || v.Type == onnx.Float16
	rank := len(v.Dims)
	single := rank == 0 || rank == 1 || rank == 2 && v.Dims[1].Size == 1
	switch {
	case float && single && named("truncation") && r.truncation == "":
		r.truncation = v.Name
		r.fact("truncation input", v.String(), "graph")
	case integer && single && rank > 0 && r.class == nil:
		r.class = &ClassPort{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
		r.fact("class input", v.String(), "graph")
	case float && rank == 2 && isClass && r.class == nil:
		shape := r.shapeOf(v)
		r.class = &ClassPort{Name: v.Name, Type: v.Type, Shape: shape, OneHot: true}
		if len(shape) == 1 {
			r.class.Count = int(shape[0])
		}
		r.fact("class input", v.String()+", one-hot", "graph")
	case integer && rank == 2 && named("mask"):
		if r.text == nil {
			r.text = &TextPort{}
		}
		r.text.Mask, r.text.MaskType = v.Name, v.Type
		r.fact("mask input", v.String(), "graph")
	case integer && rank == 2 && (r.text == nil || r.text.Name == ""):
		if r.text == nil {
			r.text = &TextPort{}
		}
		r.text.Name, r.text.Type = v.Name, v.Type
		if d := v.Dims[1]; d.Fixed() {
			r.text.Length = int(min(d.Size, 1<<20))
		}
		r.fact("text input", v.String(), "graph")
	case float && rank >= 2 && r.latents == nil:
		r.latents = &LatentsPort{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
		r.fact("latent input", v.String(), "graph")
	default:
		r.needs(v)
		return
	}
	if rank > 0 && v.Dims[0].Fixed() {
		r.fixBatch(v.Dims[0].Size)
	}
}

// fixBatch notes that the graph fixes the batch.
func (r *resolver) fixBatch(n int64) {
	if n < 1 || n > 1<<16 {
		r.fail("%s fixes its batch at %d images", r.name, n)
		return
	}
	r.ports.batch = int(n)
}

// shapeOf returns a value's shape without the batch dimension.
func (r *resolver) shapeOf(v onnx.Value) []int64 {
	shape := []int64{}
	if len(v.Dims) == 0 {
		return shape
	}
	elements := int64(1)
	for _, d := range v.Dims[1:] {
		if !d.Fixed() || d.Size < 1 {
			r.fail("%s: input %s leaves %s open, so what it takes can't be told: export it with a fixed size", r.name, v, d)
			return nil
		}
		if elements *= d.Size; elements > 1<<28 {
			r.fail("%s: input %s is too large", r.name, v)
			return nil
		}
		shape = append(shape, d.Size)
	}
	return shape
}

// conditions settles the ports of latents and classes.
func (r *resolver) conditions() {
	if in := r.latents; in != nil {
		in.Uniform = settled(r, config.LatentDistribution, "normal") == "uniform"
	}
	if r.class == nil && r.text == nil {
		return
	}
	if s, ok := config.Labels.Find(r.layers); ok {
		n := 0
		if r.class != nil {
			n = r.class.Count
		}
		r.stateLabels(s, n)
	}
	in := r.class
	if in == nil {
		return
	}
	n := len(r.labels)
	if s, ok := config.Classes.Find(r.layers); ok && in.Count == 0 && n == 0 {
		n = noted(r, config.Classes, s)
	}
	if in.Count > 0 && n > 0 && n != in.Count {
		r.fail("there are %s, but %s takes %s: give other %s", many(n, "label"), r.name, many(in.Count, "class"), config.Key("labels"))
	}
	in.Count = max(in.Count, n)
}
