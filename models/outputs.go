package models

import (
	"slices"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// meaning is what the values of an output stand for.
type meaning int

const (
	meansNothing meaning = iota // nothing that its shape would show
	meansScores                 // of classes
	meansPicture
	meansEmbedding
)

// embeddingNames are those that exporters give to the output that stands for the whole image:
// CLIP's vision models (image_embeds), encoders of transformers (pooler_output), and what people
// call it.
var embeddingNames = []string{"image_embeds", "pooler_output", "embedding", "embeddings", "image_embedding", "image_embeddings"}

// standsForItem reports whether an output's name and shape are those of an embedding: one row
// of numbers per item.
func standsForItem(v onnx.Value) bool {
	return v.Kind == "tensor" && scoreTypes[v.Type] && len(v.Dims) == 2 && slices.Contains(embeddingNames, v.Name)
}

// outputMeaning is what the values of an output mean. It is the one place that says so;
// what a person or a file states of the task has precedence over it, in settleTask, and of
// which output is meant, in the ports.
func outputMeaning(v onnx.Value) meaning {
	if standsForItem(v) {
		return meansEmbedding
	}
	if _, ok := classesOf(v); ok && v.Ranked {
		return meansScores
	}
	if givesImage(v) {
		return meansPicture
	}
	return meansNothing
}

// meaningOf is what a graph's outputs mean together: scores where any does, since
// classifiers give maps of features beside them.
func meaningOf(g *onnx.Graph) meaning {
	m := meansNothing
	for _, v := range g.Outputs {
		switch outputMeaning(v) {
		case meansScores:
			return meansScores
		case meansPicture, meansEmbedding:
			m = max(m, outputMeaning(v))
		}
	}
	return m
}

// mayGiveClasses reports whether an output may be the scores of classes, as far as its
// shape is known.
func mayGiveClasses(g *onnx.Graph) bool {
	return slices.ContainsFunc(g.Outputs, func(v onnx.Value) bool { _, ok := classesOf(v); return ok })
}

// namedOutput is the output that output-name states, where that is stated: nil where there
// is none of that name.
func (r *resolver) namedOutput() (v *onnx.Value, s config.Stated[string], stated bool) {
	s, stated = config.OutputName.Find(r.layers)
	for i := range r.graph.Outputs {
		if stated && r.graph.Outputs[i].Name == s.Value {
			return &r.graph.Outputs[i], s, true
		}
	}
	return nil, s, stated
}
