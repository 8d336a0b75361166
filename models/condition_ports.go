package models

import (
	"fmt"
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

// condition tells what an input that is no image takes: see [GeneratorSpec].
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
	case float && single && named("truncation") && r.made.Truncation == "":
		r.made.Truncation = v.Name
		r.fact("truncation input", v.String(), "graph")
	case integer && single && rank > 0 && r.made.Class == nil:
		r.made.Class = &ClassPort{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
		r.fact("class input", v.String(), "graph")
	case float && rank == 2 && isClass && r.made.Class == nil:
		shape := r.shapeOf(v)
		r.made.Class = &ClassPort{Name: v.Name, Type: v.Type, Shape: shape, OneHot: true}
		if len(shape) == 1 {
			r.made.Class.Count = int(shape[0])
		}
		r.fact("class input", v.String()+", one-hot", "graph")
	case integer && rank == 2 && named("mask"):
		if r.made.Text == nil {
			r.made.Text = &TextPort{}
		}
		r.made.Text.Mask, r.made.Text.MaskType = v.Name, v.Type
		r.fact("mask input", v.String(), "graph")
	case integer && rank == 2 && (r.made.Text == nil || r.made.Text.Name == ""):
		if r.made.Text == nil {
			r.made.Text = &TextPort{}
		}
		r.made.Text.Name, r.made.Text.Type = v.Name, v.Type
		if d := v.Dims[1]; d.Fixed() {
			r.made.Text.Length = int(min(d.Size, 1<<20))
		}
		r.fact("text input", v.String(), "graph")
	case float && rank >= 2 && r.made.Latents == nil:
		r.made.Latents = &LatentsPort{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
		r.fact("latent input", v.String(), "graph")
	default:
		r.fail("%s: what its input %s takes can't be told: it is no image, no latents, no class, no token ids", r.name, v)
	}
	if rank > 0 && v.Dims[0].Fixed() {
		r.batch(v.Dims[0].Size)
	}
}

// batch notes that the graph fixes it.
func (r *resolver) batch(n int64) {
	if n < 1 || n > 1<<16 {
		r.fail("%s fixes its batch at %d images", r.name, n)
		return
	}
	r.made.Batch = int(n)
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

// conditions settles what latents and classes are.
func (r *resolver) conditions() {
	if in := r.made.Latents; in != nil {
		in.Uniform = settled(r, config.LatentDistribution, "normal") == "uniform"
	}
	if r.made.Class == nil && r.made.Text == nil {
		return
	}
	if s, ok := config.Labels.Find(r.layers); ok {
		labels := s.Value.Labels
		r.made.Labels = labels
		r.fact("labels", fmt.Sprintf("%d, from %q to %q", len(labels), labels[0].Name, labels[len(labels)-1].Name), s.Source)
	}
	in := r.made.Class
	if in == nil {
		return
	}
	n := len(r.made.Labels)
	if s, ok := config.Classes.Find(r.layers); ok && in.Count == 0 && n == 0 {
		n = told(r, config.Classes, s)
	}
	if in.Count > 0 && n > 0 && n != in.Count {
		r.fail("there are %s, but %s takes %s: give other --labels", many(n, "label"), r.name, many(in.Count, "class"))
	}
	in.Count = max(in.Count, n)
}
