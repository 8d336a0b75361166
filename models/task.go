package models

import (
	"slices"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// settleTask tells what the graph is for: an image among its outputs, and none that gives
// classes, is for generating; classes out of token ids alone are those of texts.
func (r *resolver) settleTask() {
	r.task = Classify
	if s, ok := config.ModelTask.Find(r.layers); ok {
		r.task = told(r, config.ModelTask, s)
		return
	}
	images := false
	for _, v := range r.graph.Outputs {
		if _, ok := classesOf(v); ok && v.Ranked {
			if takesTokens(r.graph) {
				r.task = ClassifyText
				r.fact("task", string(ClassifyText), "graph")
			}
			return
		}
		images = images || givesImage(v)
	}
	if images {
		r.task = Generate
		r.fact("task", string(Generate), "graph")
	}
}

// generator settles how the graph makes images.
func (r *resolver) generator() {
	r.made.Image, r.made.Latents, r.made.Class, r.made.Text = nil, nil, nil, nil
	var image *onnx.Value
	for i, v := range r.graph.Inputs {
		switch {
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
	if s, ok := config.ClassInput.Find(r.layers); ok && (r.made.Class == nil || r.made.Class.Name != s.Value) {
		r.fail("%s states that input %q takes the class, but %s has no such input: it takes %s", s.Source, s.Value, r.name, onnx.List(r.graph.Inputs))
	}
	if image == nil {
		settled(r, config.ColorOrder, preprocess.RGB) // of the output
	} else {
		r.imageInput(*image)
	}
	r.imageOutput()
	r.conditions()
	if r.made.Text != nil {
		r.text()
	}
	r.tiles()
}

// textClassifier settles how the graph classifies texts.
func (r *resolver) textClassifier() {
	for _, v := range r.graph.Inputs {
		if !takesTokens(&onnx.Graph{Inputs: []onnx.Value{v}}) {
			r.fail("%s: what its input %s takes can't be told: it is no token ids", r.name, v)
			continue
		}
		r.condition(v)
	}
	if r.made.Text == nil {
		r.made.Text = &TextPort{}
		return
	}
	r.text()
	r.output()
	if s, ok := config.DoubtBelow.Find(r.layers); ok {
		r.doubt = told(r, config.DoubtBelow, s)
	}
	s, ok := config.Untrained.Find(r.layers)
	if !ok {
		return
	}
	r.untrained = slices.Clone(s.Value)
	r.fact("untrained", many(len(r.untrained), "class"), s.Source)
	if n := r.spec.Classes; n > 0 && slices.Max(r.untrained) >= n {
		r.fail("%s states that class %d is untrained, but %s gives %s", s.Source, slices.Max(r.untrained), r.name, many(n, "class"))
	}
}
