package models

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ortho/models/boxes"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// BoxesPort are the outputs that give boxes.
type BoxesPort struct {
	Head    *boxes.Head
	Classes int // 0 where nothing says how many there are
	Labels  []Label
	// First is the model's number of the class that the first label is of: 1 where the labels leave out
	// the background.
	First int
}

// named are the outputs in words, where there are any.
func (p *BoxesPort) named() string {
	if p == nil {
		return ""
	}
	return " (output " + strings.Join(p.Head.Outputs, ", ") + ")"
}

// DetectorSpec is all that is needed to have a graph find boxes in images.
type DetectorSpec struct {
	Input preprocess.Spec
	Batch int // images per run; 0 where the graph leaves it open
	BoxesPort
}

// Detector returns how to run the model as a detector. The error is a [TaskError], or names all
// that is missing.
func (m *Model) Detector() (*DetectorSpec, error) {
	if err := m.isFor(Detect); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	out, err := m.Boxes()
	if err != nil {
		return nil, err
	}
	return &DetectorSpec{in.Spec, m.ports.batch, *out}, nil
}

// givesBoxes reports whether a graph is a detector: files say so, or its outputs can be read as boxes,
// and as nothing else that is known.
func (r *resolver) givesBoxes(p purpose) bool {
	if !slices.ContainsFunc(r.graph.Inputs, func(v onnx.Value) bool { _, ok := viewOf(v, r.layers); return ok }) {
		return false
	}
	heads := boxes.Match(r.boxesGraph())
	return len(heads) == 1 && heads[0].Certain || p == forNothing && len(heads) > 0
}

// boxesGraph is what is known of the graph, as package boxes takes it.
func (r *resolver) boxesGraph() *boxes.Graph {
	g := &boxes.Graph{Inputs: r.graph.Inputs, Outputs: r.graph.Outputs, Ops: r.graph.Ops, Exporter: r.by}
	if s, ok := config.BoxTask.Find(r.layers); ok {
		g.Stated.Task, g.Stated.Source = s.Value, s.Source
	}
	if s, ok := config.HeadClass.Find(r.layers); ok {
		g.Stated.Head, g.Stated.Source = s.Value, s.Source
	} else if s, ok := config.Architectures.Find(r.layers); ok && len(s.Value) == 1 {
		g.Stated.Head, g.Stated.Source = s.Value[0], s.Source
	}
	end, _ := config.EndToEnd.Find(r.layers)
	nms, _ := config.NMSInside.Find(r.layers)
	points, _ := config.Keypoints.Find(r.layers)
	g.Stated.EndToEnd, g.Stated.NMSInside, g.Stated.Keypoints = end.Value, nms.Value, points.Value
	if n, ok := config.Classes.Find(r.layers); ok {
		g.Stated.Classes = n.Value
	} else if list, ok := config.Labels.Find(r.layers); ok {
		g.Stated.Classes = len(list.Value.Labels)
	}
	if size := fixedSize(r.graph); size != nil {
		g.Stated.Width, g.Stated.Height = size.Width, size.Height
	} else if s, ok := config.InputSize.Find(r.layers); ok && g.Exporter != "ultralytics" {
		g.Stated.Width, g.Stated.Height = s.Value.Width, s.Value.Height
	}
	return g
}

// detector settles how the graph finds boxes in an image: first how these are read, since that says
// what the input is where nothing else does.
func (r *resolver) detector() {
	head := r.head()
	if head != nil {
		layer := config.Layer{Source: head.Family.Name}
		for _, s := range head.Input {
			if err := layer.Assume(s.Key, s.Value, "as "+cmp.Or(head.InputBy, head.RulesBy, head.Family.Name)+" has it"); err != nil {
				r.fail("%s states %w", head.Family.Name, err)
			}
		}
		if head.OwnSize {
			layer.AssumeOwnSize(head.Family.Name)
		}
		for _, s := range head.Given {
			if err := layer.Assume(config.GivenInputs.Name(), s.Key+"="+s.Value, head.Family.Name+" takes the size that boxes are of: the input's"); err != nil {
				r.fail("%s states %w", head.Family.Name, err)
			}
		}
		r.layers = append(slices.Clone(r.layers), layer)
		if err := r.give(config.Layers{layer}); err != nil {
			r.errs = append(r.errs, err)
		}
	}
	in, ok := r.onlyImage()
	switch {
	case !ok:
	case head == nil: // what the image is depends on it: nothing else is asked before
		r.fact("input", in.String(), "graph")
	default:
		r.takeImage(in)
	}
	if head == nil {
		return
	}
	r.boxes = &BoxesPort{Head: head}
	r.boxClasses(head)
	rules := head.Rules
	r.fact("confidence", "above "+strconv.FormatFloat(float64(rules.Confidence), 'g', -1, 32), head.RulesBy)
	r.fact("overlap", overlap(rules), head.RulesBy)
	if rules.Most > 0 {
		r.fact("boxes-at-most", strconv.Itoa(rules.Most), head.RulesBy)
	}
}

// overlap says which of two boxes that overlap goes.
func overlap(rules boxes.Rules) string {
	of := "of a class"
	if rules.Agnostic {
		of = "of any class"
	}
	iou := strconv.FormatFloat(rules.Overlap, 'g', -1, 64)
	switch rules.Suppression {
	case boxes.Torch:
		return "a worse box " + of + " with an IoU above " + iou + " goes (torchvision's nms)"
	case boxes.WholePixels:
		return "a worse box " + of + " with an IoU above " + iou + " goes, of whole pixels (OpenCV's NMSBoxes)"
	case boxes.PlusOne:
		return "a worse box " + of + " with an IoU above " + iou + " goes, of edges that are a pixel longer"
	case boxes.Rotated:
		return "a worse box " + of + " with a probabilistic IoU above " + iou + " goes (fast_nms)"
	}
	return "the graph has picked the boxes"
}

// head settles how the outputs are read: as stated, or as the only family has it that fits.
func (r *resolver) head() *boxes.Head {
	g := r.boxesGraph()
	s, stated := config.Head.Find(r.layers)
	if stated {
		family := boxes.Named(s.Value)
		if family == nil {
			r.fail("%s states the head %q; there are %s", s.Source, s.Value, strings.Join(familyNames(boxes.Families), ", "))
			return nil
		}
		head := family.Fit(g)
		if head == nil {
			r.fact("boxes", s.Value+" (does not fit)", s.Source)
			r.fail("%s: its outputs (%s) are not those of %s (%s)", r.name, onnx.List(r.graph.Outputs), family.Name, family.About)
			return nil
		}
		head.Family = family
		return r.read(head, s.Source)
	}
	switch heads := boxes.Match(g); len(heads) {
	case 0:
		if r.otherClasses(*g) {
			return nil
		}
		r.fact("boxes", "none: the outputs are those of no family that is known", "graph")
		r.unfits = append(r.unfits, config.Errorf("%s: its outputs (%s) are those of no family of detectors that is known. %s names one where they are: %s",
			r.name, onnx.List(r.graph.Outputs), config.Key(config.Head.Name()), strings.Join(familyNames(boxes.Families), ", ")))
		return nil
	case 1:
		return r.read(heads[0], heads[0].By)
	default:
		var readings []string
		for _, h := range heads {
			readings = append(readings, h.Family.Name+" ("+h.Family.About+")")
		}
		first := heads[0].Family.Name
		r.lacks("boxes", Gap{About: "how its boxes are read, as its outputs (" + onnx.List(r.graph.Outputs) + ") may be those of " + strings.Join(readings, " or of "),
			Settings: []string{config.Head.Name()}, Example: one(config.Head.Name(), first), Note: config.Textf("if it is of %s", first)})
		return nil
	}
}

// otherClasses reports whether the outputs could be read as boxes but for the number of classes that is
// stated, and says so.
func (r *resolver) otherClasses(g boxes.Graph) bool {
	stated := g.Stated.Classes
	g.Stated.Classes = 0
	heads := boxes.Match(&g)
	if stated == 0 || len(heads) == 0 {
		return false
	}
	source := "it"
	if n, ok := config.Classes.Find(r.layers); ok {
		source = n.Source
	} else if list, ok := config.Labels.Find(r.layers); ok {
		source = list.Source
	}
	r.fact("boxes", "none: the outputs have not as many classes as are stated", source)
	r.fail("%s states %s, but %s, whose outputs are %s, gives boxes of %s as %s: give other %s", source, many(stated, "class"), r.name, onnx.List(r.graph.Outputs), many(heads[0].Classes, "class"), heads[0].Family.Name, config.Key("labels"))
	return true
}

func familyNames(families []*boxes.Family) (names []string) {
	for _, f := range families {
		names = append(names, f.Name)
	}
	return names
}

// read notes how boxes are read.
func (r *resolver) read(head *boxes.Head, source string) *boxes.Head {
	r.fact("boxes", head.Family.Name+": "+head.Reading, source)
	r.fact("outputs", strings.Join(head.Outputs, ", "), "graph")
	if n := head.Keypoints; n[0] > 0 {
		r.fact("keypoints", fmt.Sprintf("%d of %d numbers", n[0], n[1]), source)
	}
	return head
}

// isBackground reports whether a label is that of no object, as lists of them call it.
func isBackground(l Label) bool {
	switch strings.Trim(strings.ToLower(l.Name), "_") {
	case "", "background", "bg", "???", "n/a", "none", "no object":
		return true
	}
	return false
}

// boxClasses settles what the classes are called.
func (r *resolver) boxClasses(head *boxes.Head) {
	list, named := config.Labels.Find(r.layers)
	n, source := head.Classes, "graph"
	if n == 0 && named {
		n, source = len(list.Value.Labels), list.Source
	}
	if head.Background && named && !isBackground(list.Value.Labels[0]) && (head.Classes == 0 || len(list.Value.Labels) < n) {
		r.boxes.First = 1
		n = len(list.Value.Labels)
		if head.Classes > 0 {
			n = head.Classes - 1
		}
		r.fact("first-class", "1: class 0 is the background, of which the labels have none", list.Source)
	}
	r.boxes.Classes = n
	if n > 0 {
		r.fact("classes", strconv.Itoa(n), source)
	}
	if !named {
		r.fact("labels", "none: classes are told by their index", "default")
		return
	}
	r.boxes.Labels = r.stateLabels(list, n)
	if got := len(r.boxes.Labels); n > 0 && got != n {
		r.fail("%w", config.Errorf("%s holds %s, but %s gives boxes of %s: give other %s", list.Source, many(got, "label"), r.name, many(n, "class"), config.Key("labels")))
	}
}
