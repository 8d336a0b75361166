package models

import (
	"fmt"
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// give takes the inputs out of the graph that are stated to be constants: runs get their
// values, and nothing else sees them. Of several layers that state one, the first counts.
func (r *resolver) give(layers config.Layers) error {
	var values []onnx.Given
	known := map[string]bool{}
	for _, l := range layers {
		s, ok := config.GivenInputs.In(l)
		if !ok {
			continue
		}
		for _, c := range s.Value {
			if known[c.Name] {
				continue
			}
			known[c.Name] = true
			v, err := r.constant(c)
			if err != nil {
				return fmt.Errorf("%s: %s %w", s.Source, config.GivenInputs.Name(), err)
			}
			values = append(values, v)
			r.fact(config.GivenInputs.Name()+" "+c.Name, c.Told(), s.Source)
		}
	}
	graph, err := r.graph.Give(values)
	if err != nil {
		return err
	}
	for i := range graph.Given {
		if err := derivable(graph, &graph.Given[i]); err != nil {
			return fmt.Errorf("%s %s: %w", config.GivenInputs.Name(), graph.Given[i].Input, err)
		}
	}
	r.graph = graph
	return nil
}

// constant is a stated value as the graph's input takes it.
func (r *resolver) constant(c config.Constant) (onnx.Given, error) {
	in, ok := r.graph.Takes(c.Name)
	if !ok {
		return onnx.Given{}, fmt.Errorf("%q: %s has no such input%s; it has %s", c.Name, r.name, r.nearest(c.Name), onnx.List(r.graph.Inputs))
	}
	others := slices.DeleteFunc(slices.Clone(r.graph.Inputs), func(v onnx.Value) bool { return v.Name == c.Name })
	switch {
	case len(others) == 0 && len(r.graph.Inputs) == 1 && r.graph.Inputs[0].Name == c.Name:
		return onnx.Given{}, fmt.Errorf("%q: it is the only input of %s, which takes what is run", c.Name, r.name)
	case takesImage(in) && !slices.ContainsFunc(others, isPicture):
		return onnx.Given{}, fmt.Errorf("%q: it is the input of %s that takes the image, which is what is run", c.Name, r.name)
	}
	return c.For(in)
}

// nearest asks whether an input with nearly the name was meant.
func (r *resolver) nearest(name string) string {
	for _, in := range r.graph.Inputs {
		if config.Alike(in.Name, name) {
			return fmt.Sprintf(" (did you mean %s?)", in.Name)
		}
	}
	return ""
}

// derivable returns why it can't be told how a value fills its input in a run; nil where the
// graph's dimensions and the value's own tell it.
func derivable(g *onnx.Graph, v *onnx.Given) error {
	sizes, batch := map[string]int64{}, ""
	for i, in := range g.Inputs {
		for at, d := range in.Dims {
			if !d.Fixed() && d.Name != "" {
				sizes[d.Name] = -1
			}
			if i == 0 && at == 0 {
				batch = d.Name
			}
		}
	}
	if !v.Input.Ranked {
		return nil
	}
	more := len(v.Input.Dims) - len(v.Shape)
	shape := make([]int64, len(v.Input.Dims))
	for i, d := range v.Input.Dims {
		own := int64(1)
		if i >= more {
			own = v.Shape[i-more]
		}
		switch {
		case d.Fixed():
			shape[i] = d.Size
		case i == 0 && own > 1 && len(g.Inputs) > 0 && d.Name == batch:
			return fmt.Errorf("the value has %d rows, and its first dimension %s counts those of a run: give one row", own, d)
		case i > 0 && i < more && (d.Name == "" || sizes[d.Name] == 0) && !sized(g, d.Name):
			return fmt.Errorf("nothing gives the size of its dimension %s (dimension %d): give a value of its whole shape, as a list or an .npy file", d, i)
		default:
			shape[i] = own
		}
	}
	return v.Fits(shape)
}

// sized reports whether a constant's own shape gives a dimension's size.
func sized(g *onnx.Graph, name string) bool {
	return name != "" && slices.ContainsFunc(g.Given, func(v onnx.Given) bool {
		return len(v.Shape) == len(v.Input.Dims) && slices.ContainsFunc(v.Input.Dims, func(d onnx.Dim) bool { return d.Name == name })
	})
}

// needs notes that nothing gives an input's value, with one that may fit.
func (r *resolver) needs(v onnx.Value) {
	key := config.GivenInputs.Name()
	if v.Kind != "tensor" || v.Type.Size() == 0 {
		r.unfit("%s: what its input %s takes can't be given: only tensors of numbers can", r.name, v)
		return
	}
	value := fitting(v)
	if graph, err := r.graph.Give([]onnx.Given{{Name: v.Name}}); err == nil && derivable(graph, &graph.Given[len(graph.Given)-1]) != nil && value[0] != '[' {
		deep := len(v.Dims) - 1
		value = strings.Repeat("[", deep) + value + strings.Repeat("]", deep)
	}
	r.lacks(key+" "+v.Name, Gap{About: "what its input " + v.String() + " takes", Settings: []string{key}, Value: v.Name + "=" + value,
		Example: one(key, v.Name+"="+value)})
}

// fitting is a value that an input often gets, by its name and type.
func fitting(v onnx.Value) string {
	name := strings.ToLower(v.Name)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	float := v.Type == onnx.Float || v.Type == onnx.Float16 || v.Type == onnx.Double || v.Type == onnx.BFloat16
	last := onnx.Dim{}
	if len(v.Dims) > 0 {
		last = v.Dims[len(v.Dims)-1]
	}
	switch {
	case v.Type == onnx.Bool && has("mask"):
		return "true"
	case v.Type == onnx.Bool:
		return "false"
	case has("size", "shape") && last.Size == 2 && float:
		return "[480.0,640.0]"
	case has("size", "shape") && last.Size == 2:
		return "[480,640]"
	case has("train", "phase", "dropout", "noise", "type"):
		if float {
			return "0.0"
		}
		return "0"
	case float:
		return "1.0"
	}
	return "1"
}
