package models

import (
	"fmt"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// looks says what a graph that gives no classes is likely to be, as far as its inputs,
// outputs and operators tell, and what does run it.
func looks(g *onnx.Graph) string {
	named := func(values []onnx.Value, parts ...string) bool {
		return slices.ContainsFunc(values, func(v onnx.Value) bool {
			return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(v.Name), p) })
		})
	}
	rank := 0 // the least of the outputs'
	for i, v := range g.Outputs {
		if i == 0 || len(v.Dims) < rank {
			rank = len(v.Dims)
		}
	}
	switch {
	case named(g.Inputs, "timestep") && named(g.Inputs, "sample", "latent", "encoder_hidden_states"):
		return ". It looks like a part of a diffusion pipeline: ortho generate runs the whole, by -m and the folder that has the model_index.json"
	case named(g.Inputs, "input_ids", "inputs_embeds"):
		return ". It looks like a part of a model of texts"
	case g.Ops["NonMaxSuppression"] > 0, named(g.Outputs, "box", "dets", "kps"), len(g.Outputs) > 1 && rank > 2:
		return ". It looks like a detector: ortho reads no boxes"
	case len(g.Outputs) != 1:
		return ""
	}
	out := g.Outputs[0]
	as := fmt.Sprintf("; --output-name %s gives its values as they are", shellWord(out.Name))
	switch {
	case rank == 3 && named(g.Outputs, "hidden"):
		return ". It looks like a model without its last layers, that gives a vector for each part of an image" + as
	case rank == 3 && out.Dims[1].Size > 4 && out.Dims[2].Size > 4:
		return ". It looks like a detector: ortho reads no boxes" + as
	case rank == 4:
		return ". It gives values for each place of an image, as segmenters and detectors do" + as
	}
	return ""
}
