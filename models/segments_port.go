package models

import (
	"slices"
	"strconv"
	"strings"

	"ortho/models/config"
	"ortho/models/segments"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// SegmentsPort are the outputs that say what each pixel belongs to.
type SegmentsPort struct {
	Outputs   []string // one, or of queries their classes and their masks
	Reading   segments.Reading
	ClassLast bool // the output is [N,h,w,classes]
	Whole     bool // the map covers all of the image, whatever the input shows of it: transformers' processors
	Classes   int  // 0 where nothing says how many there are
	Labels    []Label
}

func (p *SegmentsPort) named() string {
	if p == nil {
		return ""
	}
	return " (output " + strings.Join(p.Outputs, ", ") + ")"
}

// SegmenterSpec is all that is needed to have a graph divide images.
type SegmenterSpec struct {
	Input preprocess.Spec
	Batch int // images per run; 0 where the graph leaves it open
	SegmentsPort
}

// Segmenter returns how to run the model as a segmenter. The error is a [TaskError], or names all that is missing.
func (m *Model) Segmenter() (*SegmenterSpec, error) {
	if err := m.isFor(Segment); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	out, err := port(m, m.ports.segments, "gives no map of classes", m.Graph.Outputs)
	if err != nil {
		return nil, err
	}
	out.Labels = slices.Clone(out.Labels)
	return &SegmenterSpec{in.Spec, m.ports.batch, *out}, nil
}

// The names that transformers gives to the outputs of queries.
const queryClasses, queryMasks = "class_queries_logits", "masks_queries_logits"

// segmenters are how the names of transformers' classes end that segment.
var segmenters = []string{"ForSemanticSegmentation", "ForUniversalSegmentation", "ForInstanceSegmentation", "ForPanopticSegmentation"}

// givesSegments reports whether a graph is a segmenter: its files say so, or its outputs have the names that
// transformers gives to queries. A stack of maps alone may as well be features, or latents.
func (r *resolver) givesSegments(purpose) bool {
	if s, ok := config.BoxTask.Find(r.layers); ok && s.Value == "semantic" {
		return true
	}
	if s, ok := config.Architectures.Find(r.layers); ok && len(s.Value) == 1 {
		if slices.ContainsFunc(segmenters, func(end string) bool { return strings.HasSuffix(s.Value[0], end) }) && slices.ContainsFunc(r.graph.Outputs, isStack) {
			return true
		}
	}
	return r.outputNamed(queryClasses) != nil && r.outputNamed(queryMasks) != nil
}

func (r *resolver) outputNamed(name string) *onnx.Value {
	for i, v := range r.graph.Outputs {
		if v.Name == name {
			return &r.graph.Outputs[i]
		}
	}
	return nil
}

// isStack reports whether an output may be the scores of classes for each place: four dimensions of floats.
func isStack(v onnx.Value) bool {
	return v.Kind == "tensor" && scoreTypes[v.Type] && v.Ranked && len(v.Dims) == 4
}

// isIndices reports whether an output may be the class of each place: whole numbers, [N,h,w] or [N,1,h,w].
func isIndices(v onnx.Value) bool {
	_, whole := integers[v.Type]
	return v.Kind == "tensor" && (whole || wholeTypes[v.Type]) && v.Ranked && (len(v.Dims) == 3 || len(v.Dims) == 4 && v.Dims[1].Size == 1)
}

// segmenter settles how the graph divides an image.
func (r *resolver) segmenter() {
	if in, ok := r.onlyImage(); ok {
		r.takeImage(in)
	}
	out := &SegmentsPort{}
	reading, source := r.mapReading()
	if reading == "" {
		return
	}
	out.Reading = reading
	r.fact("map", string(reading)+": "+reading.About(), source)
	n := 0
	switch {
	case reading.Queries():
		classes, masks := r.outputNamed(queryClasses), r.outputNamed(queryMasks)
		if classes == nil || masks == nil {
			r.unfit("%s: its outputs (%s) are not those of queries: transformers calls them %s and %s", r.name, onnx.List(r.graph.Outputs), queryClasses, queryMasks)
			return
		}
		out.Outputs = []string{classes.Name, masks.Name}
		if d := classes.Dims; len(d) == 3 && d[2].Fixed() {
			n = int(d[2].Size) - 1
		}
	default:
		v := r.mapOf(reading)
		if v == nil {
			return
		}
		out.Outputs = []string{v.Name}
		if reading == segments.Logits {
			n = r.stackClasses(*v, out)
		}
	}
	if r.by == "huggingface" {
		out.Whole = true
		r.fact("map-covers", "all of the image, as transformers' processors bring it to the image's size, whatever was cropped or padded", "huggingface")
	}
	r.fact("outputs", strings.Join(out.Outputs, ", "), "graph")
	r.segments = out
	r.mapClasses(out, n)
}

// mapReading settles how the outputs are read.
func (r *resolver) mapReading() (reading segments.Reading, source string) {
	if s, ok := config.Map.Find(r.layers); ok {
		if reading = segments.Reading(s.Value); !slices.Contains(segments.Readings, reading) {
			r.fact("map", s.Value+" (no such reading)", s.Source)
			r.fail("%s states the map %q; there are %s", s.Source, s.Value, strings.Join(readingNames(), ", "))
			return "", ""
		}
		return reading, s.Source
	}
	if r.outputNamed(queryClasses) != nil && r.outputNamed(queryMasks) != nil {
		s, _ := config.Architectures.Find(r.layers)
		for _, class := range s.Value {
			if strings.HasPrefix(class, "Mask2Former") {
				return segments.Mask2Former, s.Source
			} else if strings.HasPrefix(class, "MaskFormer") {
				return segments.MaskFormer, s.Source
			}
		}
		r.gap("map", "whose its queries are: "+about(segments.MaskFormer)+", or "+about(segments.Mask2Former), string(segments.MaskFormer), "map")
		return "", ""
	}
	named, _, stated := r.namedOutput(config.OutputName)
	among := r.graph.Outputs
	if stated && named != nil {
		among = []onnx.Value{*named}
	}
	switch stacks, maps := slices.ContainsFunc(among, isStack), slices.ContainsFunc(among, isIndices); {
	case stacks:
		return segments.Logits, "graph"
	case maps:
		return segments.Indices, "graph"
	}
	r.fact("map", "none: no output has a score of classes, or a class, for each place", "graph")
	r.unfit("%s gives no map of classes: no output has a score of classes, or a class, for each place (outputs: %s)", r.name, onnx.List(r.graph.Outputs))
	return "", ""
}

func about(r segments.Reading) string { return string(r) + " (" + r.About() + ")" }

func readingNames() (names []string) {
	for _, r := range segments.Readings {
		names = append(names, string(r))
	}
	return names
}

// mapOf picks the output that is the map: the one that is stated, the only one, or torchvision's out beside aux.
func (r *resolver) mapOf(reading segments.Reading) *onnx.Value {
	named, s, stated := r.namedOutput(config.OutputName)
	if stated && named == nil {
		r.noOutput(s)
		return nil
	} else if stated {
		return named
	}
	fits := isStack
	if reading == segments.Indices {
		fits = isIndices
	}
	var all []*onnx.Value
	for i, v := range r.graph.Outputs {
		if fits(v) {
			all = append(all, &r.graph.Outputs[i])
		}
	}
	for _, name := range []string{"logits", "out"} {
		if v := r.outputNamed(name); len(all) > 1 && v != nil && fits(*v) {
			return v
		}
	}
	switch len(all) {
	case 0:
		r.unfit("%s gives no map of classes that is read as %s (outputs: %s)", r.name, reading, onnx.List(r.graph.Outputs))
		return nil
	case 1:
		return all[0]
	}
	r.gap("output", "which of its outputs is the map ("+onnx.List(r.graph.Outputs)+")", all[0].Name, "output-name")
	return nil
}

// stackClasses settles which dimension of [N,C,h,w] or [N,h,w,C] counts the classes.
func (r *resolver) stackClasses(v onnx.Value, out *SegmentsPort) int {
	first, last := v.Dims[1], v.Dims[3]
	list, _ := config.Labels.Find(r.layers)
	labels := int64(len(list.Value.Labels))
	source := "as the input's layout"
	switch {
	case labels > 0 && first.Size == labels && last.Size != labels:
		source = list.Source
	case labels > 0 && last.Size == labels && first.Size != labels:
		out.ClassLast, source = true, list.Source
	default:
		out.ClassLast = r.image != nil && r.image.Spec.Layout == preprocess.NHWC
	}
	n := first
	if out.ClassLast {
		n = last
	}
	order := "classes first"
	if out.ClassLast {
		order = "classes last"
	}
	r.fact("map-layout", order, source)
	switch {
	case n.Size == 1:
		r.unfit("%s gives one map alone (%s): of one class there is no largest. Where it says what is kept of an image, it is one for cutout", r.name, v)
	case n.Fixed():
		return int(n.Size)
	}
	return 0
}

// mapClasses settles what the classes are called.
func (r *resolver) mapClasses(out *SegmentsPort, n int) {
	list, named := config.Labels.Find(r.layers)
	source := "graph"
	if n == 0 && named {
		n, source = len(list.Value.Labels), list.Source
	}
	out.Classes = n
	if n > 0 {
		r.fact("classes", strconv.Itoa(n), source)
	}
	if !named {
		r.fact("labels", "none: classes are told by their index", "default")
		return
	}
	out.Labels = r.stateLabels(list, n)
	if got := len(out.Labels); n > 0 && got != n {
		r.fail("%w", config.Errorf("%s holds %s, but %s gives a map of %s: give other %s", list.Source, many(got, "label"), r.name, many(n, "class"), config.Key("labels")))
	}
}
