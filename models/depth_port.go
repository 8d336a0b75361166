package models

import (
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// DepthPort is the output that says how far each place of an image is.
type DepthPort struct {
	Output string
	Metres bool // values are distances in metres; else relative ones, of which mostly the larger is nearer
}

func (p *DepthPort) named() string {
	if p == nil {
		return ""
	}
	return " (output " + p.Output + ")"
}

// DepthSpec is all that is needed to have a graph estimate depth.
type DepthSpec struct {
	Input preprocess.Spec
	Batch int // images per run; 0 where the graph leaves it open
	DepthPort
}

// DepthEstimator returns how to run the model as one that estimates depth. The error is a [TaskError], or names all
// that is missing.
func (m *Model) DepthEstimator() (*DepthSpec, error) {
	if err := m.isFor(Depth); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	out, err := port(m, m.ports.depth, "gives no map of depth", m.Graph.Outputs)
	if err != nil {
		return nil, err
	}
	return &DepthSpec{in.Spec, m.ports.batch, *out}, nil
}

// The name that transformers gives to maps of depth, and how the names of its classes end that make them.
const predictedDepth, depthEstimators = "predicted_depth", "ForDepthEstimation"

// metric are those of transformers' classes that give metres.
var metric = []string{"ZoeDepthForDepthEstimation", "GLPNForDepthEstimation", "DepthProForDepthEstimation"}

// depthClass is the class that config.json names, where it estimates depth.
func (r *resolver) depthClass() (string, string) {
	if s, ok := config.Architectures.Find(r.layers); ok && len(s.Value) == 1 && strings.HasSuffix(s.Value[0], depthEstimators) {
		return s.Value[0], s.Source
	}
	return "", ""
}

// givesDepth reports whether a graph estimates depth: its files say so, or an output has transformers' name. A map of
// one channel alone may as well be a picture, or alpha.
func (r *resolver) givesDepth(purpose) bool {
	class, _ := r.depthClass()
	named := r.outputNamed(predictedDepth)
	return named != nil && isDepth(*named) || class != "" && slices.ContainsFunc(r.graph.Outputs, isDepth)
}

// isDepth reports whether an output may be a value for each place: floats of [N,h,w] or [N,1,h,w].
func isDepth(v onnx.Value) bool {
	return v.Kind == "tensor" && scoreTypes[v.Type] && v.Ranked && (len(v.Dims) == 3 || len(v.Dims) == 4 && (v.Dims[1].Size == 1 || !v.Dims[1].Fixed()))
}

// depth settles how the graph estimates depth.
func (r *resolver) depth() {
	if in, ok := r.onlyImage(); ok {
		r.takeImage(in)
		if r.image != nil && r.by != "huggingface" {
			switch to := r.image.Spec.Resize; to.Mode {
			case preprocess.Exact, preprocess.Constrained, preprocess.Multiples, preprocess.ResizeNone:
			default:
				r.contradiction("resize", "squash", "%s is to be fed images of which it may not see all (%s), and its map would be of that part", r.name, describe(to))
			}
		}
	}
	out := r.depthOutput()
	if out == nil {
		return
	}
	r.ports.depth = &DepthPort{Output: out.Name}
	r.fact("output", out.String(), "graph")
	class, source := r.depthClass()
	kind, stated := config.DepthKind.Find(r.layers)
	switch {
	case stated:
		r.ports.depth.Metres, source = kind.Value == config.MetricDepth, kind.Source
	case slices.Contains(metric, class):
		r.ports.depth.Metres = true
	case class == "":
		source = "default (nothing says more of them)"
	}
	values := "relative: mostly the larger is nearer"
	if r.ports.depth.Metres {
		values = "distances in metres"
	}
	r.fact("values", values, source)
	r.fact("resize-back", "bicubic, to the image's size (transformers' post_process_depth_estimation)", "default")
}

// depthOutput picks the output that is the map: the one that is stated, that has transformers' name, or the only one.
func (r *resolver) depthOutput() *onnx.Value {
	out, name, named := r.namedOutput(config.OutputName)
	switch {
	case named && out == nil:
		r.noOutput(name)
		return nil
	case named:
		return out
	}
	if v := r.outputNamed(predictedDepth); v != nil && isDepth(*v) {
		return v
	}
	var all []*onnx.Value
	for i, v := range r.graph.Outputs {
		if isDepth(v) {
			all = append(all, &r.graph.Outputs[i])
		}
	}
	switch len(all) {
	case 0:
		r.fact("output", "none is a map of depth", "graph")
		r.unfit("%s gives no depth: no output is a map of one channel (outputs: %s)", r.name, onnx.List(r.graph.Outputs))
		return nil
	case 1:
		return all[0]
	}
	r.gap("output", "which of its outputs is the map ("+onnx.List(r.graph.Outputs)+")", all[0].Name, "output-name")
	return nil
}
