package models

import (
	"fmt"
	"slices"
	"strings"

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

// givesImage reports whether an output may be a batch of images: with 1 or 3 channels,
// or with dimensions that are all open.
func givesImage(v onnx.Value) bool {
	return isImage(v) && (isChannels(v.Dims[1]) || isChannels(v.Dims[3]) || !v.Dims[1].Fixed() && !v.Dims[3].Fixed())
}

// takesImage reports whether an input is an image, and no latents.
func takesImage(v onnx.Value) bool {
	return givesImage(v) && !(v.Dims[2].Size == 1 && (v.Dims[1].Size == 1 || v.Dims[3].Size == 1))
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
		r.made.Class = &ClassInput{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
		r.fact("class input", v.String(), "graph")
	case float && rank == 2 && isClass && r.made.Class == nil:
		shape := r.shapeOf(v)
		r.made.Class = &ClassInput{Name: v.Name, Type: v.Type, Shape: shape, OneHot: true}
		if len(shape) == 1 {
			r.made.Class.Count = int(shape[0])
		}
		r.fact("class input", v.String()+", one-hot", "graph")
	case integer && rank == 2 && named("mask"):
		if r.made.Text == nil {
			r.made.Text = &TextInput{}
		}
		r.made.Text.Mask, r.made.Text.MaskType = v.Name, v.Type
		r.fact("mask input", v.String(), "graph")
	case integer && rank == 2 && (r.made.Text == nil || r.made.Text.Name == ""):
		if r.made.Text == nil {
			r.made.Text = &TextInput{}
		}
		r.made.Text.Name, r.made.Text.Type = v.Name, v.Type
		if d := v.Dims[1]; d.Fixed() {
			r.made.Text.Length = int(min(d.Size, 1<<20))
		}
		r.fact("text input", v.String(), "graph")
	case float && rank >= 2 && r.made.Latents == nil:
		r.made.Latents = &LatentInput{Name: v.Name, Type: v.Type, Shape: r.shapeOf(v)}
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

// text settles how a text becomes tokens.
func (r *resolver) text() {
	in := r.made.Text
	if in.Name == "" {
		r.fail("%s takes a mask (%s), but no token ids", r.name, in.Mask)
	}
	vocabulary, ok := config.Vocabulary.Find(r.layers)
	if ok {
		in.Vocabulary = vocabulary.Value
		r.fact("vocabulary", many(in.Vocabulary.Len(), "token"), vocabulary.Source)
	}
	if topic, ok := config.TopicWords.Find(r.layers); ok && topic.Rank <= vocabulary.Rank && in.Vocabulary != nil { // else they are of another vocabulary
		words := strings.Fields(topic.Value)
		with, err := in.Vocabulary.WithTopic(words)
		if err != nil {
			r.fail("%s states topic-words: %w", topic.Source, err)
		} else {
			in.Vocabulary = with
			r.fact("topic-words", fmt.Sprintf("%d of the tokens", len(words)), topic.Source)
		}
	}
	if in.Vocabulary == nil {
		r.gap("vocabulary", "which tokens it knows", "--vocabulary FILE", "vocabulary", "words.txt")
	}
	s, ok := config.TextLength.Find(r.layers)
	switch {
	case in.Length > 0 && ok && s.Value != in.Length:
		r.fail("%s states text-length %s, but the graph takes %s", s.Source, s.Text, many(in.Length, "token"))
	case in.Length > 0:
		s = config.TextLength.Of(in.Length, "graph")
	case !ok:
		r.gap("text-length", "how many tokens a text has", "--text-length", "text-length", "77")
		return
	}
	in.Length = told(r, config.TextLength, s)
}
