package models

import (
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/models/meaning"
	"ortho/runner/onnx"
)

// purpose is what the values of an output stand for.
type purpose int

const (
	forNothing purpose = iota // nothing that is known
	forScores                 // of classes
	forPicture
	forEmbedding
)

// embeddingNames are those that exporters give to the output that stands for the whole image:
// CLIP's vision models (image_embeds), encoders of transformers (pooler_output), and what people
// call it.
var embeddingNames = []string{"image_embeds", "pooler_output", "embedding", "embeddings", "image_embedding", "image_embeddings"}

// standsForItem reports whether an output's name, or how the graph ends, is that of an embedding,
// and its shape: one row of numbers per item.
func standsForItem(g *onnx.Graph, v onnx.Value) bool {
	if v.Kind != "tensor" || !scoreTypes[v.Type] || len(v.Dims) != 2 {
		return false
	}
	return slices.Contains(embeddingNames, v.Name) || meaning.Of(g, v.Name).Kind == meaning.UnitVector
}

// purposeOf is what the values of an output are for. It is the one place that says so; what a
// person or a file states of the task has precedence over it, in settleTask, and of which
// output is meant, in the ports.
func purposeOf(g *onnx.Graph, v onnx.Value) purpose {
	if standsForItem(g, v) {
		return forEmbedding
	}
	if _, ok := scoresOf(g, v); ok && (v.Ranked || v.Kind != "tensor") {
		return forScores
	}
	if givesImage(v) {
		return forPicture
	}
	return forNothing
}

// purposeOfAll is what a graph's outputs are for together: scores where any is, since
// classifiers give maps of features beside them.
func purposeOfAll(g *onnx.Graph) purpose {
	p := forNothing
	for _, v := range g.Outputs {
		switch one := purposeOf(g, v); one {
		case forScores:
			return forScores
		case forPicture, forEmbedding:
			p = max(p, one)
		}
	}
	return p
}

// extractors are how the names of transformers' classes end whose models have no head: what they
// give are features.
var extractors = []string{"Model", "ModelWithProjection", "Backbone", "VisionTransformer"}

// extractor reports whether a model's files say that it has no classes, and which says so: every
// class that config.json names is one without a head, or timm states no classes.
func extractor(layers config.Layers) (source string, ok bool) {
	if s, ok := config.NumLabels.Find(layers); ok && s.Value == 0 {
		return s.Source + ": 0", true
	}
	s, ok := config.Architectures.Find(layers)
	if !ok || len(s.Value) == 0 {
		return "", false
	}
	for _, class := range s.Value {
		if !slices.ContainsFunc(extractors, func(end string) bool { return strings.HasSuffix(class, end) }) {
			return "", false
		}
	}
	return s.Source + ": " + strings.Join(s.Value, ", "), true
}

// mayGiveClasses reports whether an output may be the scores of classes, as far as its
// shape is known.
func mayGiveClasses(g *onnx.Graph) bool {
	return slices.ContainsFunc(g.Outputs, func(v onnx.Value) bool { _, ok := scoresOf(g, v); return ok })
}

// namedOutput is the output that a setting states, where it is stated: nil where there
// is none of that name.
func (r *resolver) namedOutput(setting config.Setting[string]) (v *onnx.Value, s config.Stated[string], stated bool) {
	s, stated = setting.Find(r.layers)
	for i := range r.graph.Outputs {
		if stated && r.graph.Outputs[i].Name == s.Value {
			return &r.graph.Outputs[i], s, true
		}
	}
	return nil, s, stated
}

// noOutput notes that the output that is stated is not there.
func (r *resolver) noOutput(s config.Stated[string]) {
	var all []string
	for _, v := range r.graph.Outputs {
		all = append(all, v.Name)
	}
	r.fact("output", s.Value+" (not there)", s.Source)
	r.fail("%s has no output %q; there are %s", r.name, s.Value, strings.Join(all, ", "))
}
