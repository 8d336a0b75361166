package models

import (
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// Likeness is what a graph that gives no classes looks like; "" nothing that is known.
type Likeness string

const (
	PipelinePart Likeness = "a part of a diffusion pipeline"
	TextPart     Likeness = "a part of a model of texts"
	Detector     Likeness = "a detector"
	Features     Likeness = "a model without its last layers, that gives a vector for each part of an image"
	Map          Likeness = "a segmenter or detector, that gives values for each place of an image"
)

// NoClassesError says that none of a graph's outputs gives the scores of classes.
type NoClassesError struct {
	Model  string
	Why    string // as what the model does not
	Like   Likeness
	Output string // the one output whose values could be taken as they are; "": none
}

func (e *NoClassesError) Error() string {
	text := e.Model + " " + e.Why
	switch e.Like {
	case "":
		return text
	case Map:
		return text + ". It gives values for each place of an image, as segmenters and detectors do"
	}
	return text + ". It looks like " + string(e.Like)
}

// looks says what a graph that gives no classes is likely to be, as far as its inputs,
// outputs and operators show, and which output may be taken as it is.
func looks(g *onnx.Graph) (like Likeness, output string) {
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
		return PipelinePart, ""
	case named(g.Inputs, "input_ids", "inputs_embeds"):
		return TextPart, ""
	case g.Ops["NonMaxSuppression"] > 0, named(g.Outputs, "box", "dets", "kps"), ofBoxes(g), len(g.Outputs) > 1 && rank > 2:
		return Detector, ""
	case len(g.Outputs) != 1:
		return "", ""
	}
	out := g.Outputs[0]
	switch {
	case rank == 3 && named(g.Outputs, "hidden"):
		return Features, out.Name
	case rank == 3 && out.Dims[1].Size > 4 && out.Dims[2].Size > 4:
		return Detector, out.Name
	case rank == 4:
		return Map, out.Name
	}
	return "", ""
}
