package models

import (
	"errors"
	"fmt"
	"slices"

	"ortho/runner/onnx"
)

// ports are what a graph's inputs take and what its outputs give, as its task needs them:
// nil, or "", where none does.
type ports struct {
	image      *ImagePort
	mask       *MaskPort
	text       *TextPort
	latents    *LatentsPort
	class      *ClassPort
	truncation string // the name of the input

	scores    *ScoresPort
	embedding *EmbeddingPort
	boxes     *BoxesPort
	matte     *MattePort
	segments  *SegmentsPort
	depth     *DepthPort
	picture   *PicturePort

	batch  int     // items per run; 0 where the graph leaves it open
	labels []Label // of the classes that it gives or takes

	// tile is the edge of the tiles of large images and overlap what neighbours share, in
	// pixels of the input; 0 where nothing states it.
	tile, overlap int
}

// ErrNoPort is what a graph's ports fail with where none of its inputs or outputs is of
// the kind.
var ErrNoPort = errors.New("no such input or output")

// Image returns how the graph takes an image. Like all ports, it fails with [ErrNoPort]
// where the model has none, and where anything is missing to run the model, with that.
func (m *Model) Image() (*ImagePort, error) {
	in, err := port(m, m.ports.image, "takes no image", m.Graph.Inputs)
	if err == nil {
		in.Spec.Mean, in.Spec.Std = slices.Clone(in.Spec.Mean), slices.Clone(in.Spec.Std)
	}
	return in, err
}

// Text returns how the graph takes a text.
func (m *Model) Text() (*TextPort, error) {
	return port(m, m.ports.text, "takes no text", m.Graph.Inputs)
}

// Latents returns how the graph takes random numbers.
func (m *Model) Latents() (*LatentsPort, error) {
	return port(m, m.ports.latents, "takes no latents", m.Graph.Inputs)
}

// Class returns how the graph takes a class.
func (m *Model) Class() (*ClassPort, error) {
	return port(m, m.ports.class, "takes no class", m.Graph.Inputs)
}

// Scores returns what the scores of classes are that the graph gives.
func (m *Model) Scores() (*ScoresPort, error) {
	out, err := port(m, m.ports.scores, "gives no scores", m.Graph.Outputs)
	if err == nil {
		out.Labels, out.Untrained = slices.Clone(out.Labels), slices.Clone(out.Untrained)
	}
	return out, err
}

// Embedding returns which output's values are taken as they are.
func (m *Model) Embedding() (*EmbeddingPort, error) {
	return port(m, m.ports.embedding, "gives no embedding", m.Graph.Outputs)
}

// Boxes returns how the graph's outputs are read as boxes.
func (m *Model) Boxes() (*BoxesPort, error) {
	out, err := port(m, m.ports.boxes, "gives no boxes", m.Graph.Outputs)
	if err == nil {
		out.Labels = slices.Clone(out.Labels)
	}
	return out, err
}

// Picture returns what the image is that the graph gives.
func (m *Model) Picture() (*PicturePort, error) {
	return port(m, m.ports.picture, "gives no image", m.Graph.Outputs)
}

// port copies a port, so that nobody changes the model's.
func port[T any](m *Model, p *T, none string, among []onnx.Value) (*T, error) {
	if m.err != nil {
		return nil, m.err
	}
	if p == nil {
		return nil, fmt.Errorf("%s %s (it has %s): %w", m.Name, none, onnx.List(among), ErrNoPort)
	}
	own := *p
	return &own, nil
}

// Labels are the classes' labels, as far as they are known, whatever else is missing.
func (m *Model) Labels() []Label { return slices.Clone(m.ports.labels) }
