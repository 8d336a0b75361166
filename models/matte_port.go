package models

import (
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/models/matte"
	"ortho/models/meaning"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// MattePort is the output that says how much of each pixel is kept.
type MattePort struct {
	Output string
	Rule   *matte.Rule
	Inside bool // the graph ends in a Sigmoid
}

func (p *MattePort) named() string {
	if p == nil {
		return ""
	}
	return " (output " + p.Output + ")"
}

// CutterSpec is all that is needed to have a graph remove the background of images.
type CutterSpec struct {
	Input preprocess.Spec
	Batch int // images per run; 0 where the graph leaves it open
	MattePort
}

// Cutter returns how to run the model as one that removes backgrounds. The error is a [TaskError], or names all
// that is missing.
func (m *Model) Cutter() (*CutterSpec, error) {
	if err := m.isFor(Cutout); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	out, err := port(m, m.ports.matte, "gives no alpha", m.Graph.Outputs)
	if err != nil {
		return nil, err
	}
	return &CutterSpec{in.Spec, m.ports.batch, *out}, nil
}

// givesMatte reports whether a graph removes backgrounds: its files, or its outputs, are those of a program that
// does. A map of one channel alone may as well be a picture.
func (r *resolver) givesMatte(purpose) bool {
	rule, _ := r.knownRule()
	return rule != nil && slices.ContainsFunc(r.graph.Outputs, matte.IsMap)
}

// knownRule is the rule that files or the outputs leave no doubt about, and what says so.
func (r *resolver) knownRule() (*matte.Rule, string) {
	if s, ok := config.Matte.Find(r.layers); ok {
		return matte.Named(s.Value), s.Source
	}
	if s, ok := config.Architectures.Find(r.layers); ok && len(s.Value) == 1 {
		if rule := matte.OfArchitecture(s.Value[0]); rule != nil {
			return rule, s.Source
		}
	}
	if rule := matte.OfOutputs(r.graph.Outputs); rule != nil {
		return rule, "graph (seven maps of 320x320: all stages of U2Net)"
	}
	return nil, ""
}

// cutter settles how the graph removes a background: first by which rule, since that says what the input is where
// nothing else does.
func (r *resolver) cutter() {
	rule, source := r.knownRule()
	if s, ok := config.Matte.Find(r.layers); ok && rule == nil {
		r.fact("matte", s.Value+" (no such rule)", s.Source)
		r.fail("%s states the matte %q; there are %s", s.Source, s.Value, strings.Join(ruleNames(), ", "))
	} else if rule == nil {
		r.askRule()
	} else {
		r.fact("matte", rule.Name+": "+rule.About+"; "+reading(rule), source)
		layer := config.Layer{Source: rule.By}
		for _, s := range rule.Input {
			if s.Key == config.InputSize.Name() && fixedSize(r.graph) != nil {
				continue // a graph that was exported for another size says so
			}
			if err := layer.Assume(s.Key, s.Value, "as "+rule.By+" has it"); err != nil {
				r.fail("%s states %w", rule.By, err)
			}
		}
		r.layers = append(slices.Clone(r.layers), layer)
	}
	if in, ok := r.onlyImage(); ok && rule != nil {
		r.takeImage(in)
		if to := r.image.Spec.Resize; to.Mode != preprocess.Exact && r.image.Spec.Height > 0 {
			r.contradiction("resize", "squash", "%s is to be fed images of which it may not see all (%s), and its alpha would be of that part", r.name, describe(to))
		}
	}
	out := r.mapOutput()
	if out == nil || rule == nil {
		return
	}
	means := meaning.Of(r.graph, out.Name)
	r.matte = &MattePort{Output: out.Name, Rule: rule, Inside: means.Kind == meaning.Probabilities}
	r.fact("output", out.String(), "graph")
	if rule.Sigmoid && r.matte.Inside {
		r.fact("sigmoid", "none is applied: it is inside", "graph ("+means.By+")")
	}
}

// reading says what is done with the values of a rule's output.
func reading(rule *matte.Rule) string {
	var steps []string
	if rule.Sigmoid {
		steps = append(steps, "sigmoid")
	}
	if rule.Stretch {
		steps = append(steps, "stretched from the least value to the largest")
	}
	if rule.Truncate {
		steps = append(steps, "cut to bytes")
	} else {
		steps = append(steps, "rounded to bytes")
	}
	return strings.Join(append(steps, "brought to the image's size by "+rule.Filter.String()), ", ")
}

func ruleNames() (names []string) {
	for _, rule := range matte.Rules {
		names = append(names, rule.Name)
	}
	return names
}

// askRule asks for the rule, with all readings. The example is what the input's size and the last operator speak for.
func (r *resolver) askRule() {
	var readings []string
	for _, rule := range matte.Rules {
		readings = append(readings, rule.Name+" ("+rule.About+")")
	}
	likely := "probability"
	sigmoid := slices.ContainsFunc(r.graph.Outputs, func(v onnx.Value) bool { return v.Op == "Sigmoid" })
	switch size := fixedSize(r.graph); {
	case size != nil && size.Width == 320:
		likely = "u2net"
	case size != nil && size.Width == 1024 && sigmoid:
		likely = "isnet"
	case size != nil && size.Width == 1024:
		likely = "birefnet"
	}
	r.gap("matte", "whose rule its input is made by and its alpha read: "+strings.Join(readings, ", ")+", so that it is asked", likely, "matte")
}

// mapOutput picks the output that is the map: the one that is stated, or the first, as rembg takes it.
func (r *resolver) mapOutput() *onnx.Value {
	out, name, named := r.namedOutput(config.OutputName)
	switch {
	case named && out == nil:
		r.noOutput(name)
		return nil
	case named:
		return out
	}
	at := slices.IndexFunc(r.graph.Outputs, matte.IsMap)
	if at < 0 {
		r.fact("output", "none is a map of alpha", "graph")
		r.unfit("%s gives no alpha: no output is a map of one channel (outputs: %s)", r.name, onnx.List(r.graph.Outputs))
		return nil
	}
	return &r.graph.Outputs[at]
}
