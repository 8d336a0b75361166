package models

import (
	"fmt"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// EmbeddingPort is an output whose values are taken as they are.
type EmbeddingPort struct{ OutputName string }

// named is the output in words, where there is one.
func (p *EmbeddingPort) named() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" (output %s)", p.OutputName)
}

// imageEmbedder settles how the graph makes an embedding of an image: from the output that is
// stated, or else from the only one with a usual name. Other outputs are never guessed.
func (r *resolver) imageEmbedder() {
	if in, ok := r.onlyImage(); ok {
		r.takeImage(in)
	}
	v, s, named := r.namedOutput(config.OutputName)
	source := s.Source
	if !named {
		source = "graph"
		var fit []onnx.Value
		for _, out := range r.graph.Outputs {
			if standsForItem(r.graph, out) {
				fit = append(fit, out)
			}
		}
		if _, ok := extractor(r.layers); ok && len(fit) == 0 && len(r.graph.Outputs) == 1 && len(r.graph.Outputs[0].Dims) == 2 {
			fit = r.graph.Outputs
		}
		if len(fit) == 1 {
			v = &fit[0]
		}
	}
	switch {
	case v != nil:
		r.embedding = &EmbeddingPort{v.Name}
		r.fact("output", v.String(), source)
	case named:
		r.fact("output", s.Value+" (not there)", source)
		r.fail("%s has no output %q; there are %s", r.name, s.Value, onnx.List(r.graph.Outputs))
	default:
		r.gap("output", "which of its outputs stands for an image ("+onnx.List(r.graph.Outputs)+")", r.graph.Outputs[0].Name, "output-name")
	}
}

// EmbedderSpec is all that is needed to have a graph make embeddings of images.
type EmbedderSpec struct {
	Input  preprocess.Spec
	Batch  int // images per run; 0 where the graph leaves it open
	Output EmbeddingPort
}

// Embedder returns how the model makes embeddings of images. The error is a [TaskError], or
// names all that is missing.
func (m *Model) Embedder() (*EmbedderSpec, error) {
	if err := m.isFor(Embed); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	out, err := m.Embedding()
	if err != nil {
		return nil, err
	}
	return &EmbedderSpec{in.Spec, m.ports.batch, *out}, nil
}
