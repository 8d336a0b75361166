package models

import (
	"fmt"
	"slices"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// ClassifierSpec is all that is needed to run a graph as an image classifier.
type ClassifierSpec struct {
	Input     preprocess.Spec
	InputName string
	Batch     int // images per run; 0 where the graph leaves it open
	Scores
}

// TextClassifierSpec is all that is needed to run a graph as a classifier of texts.
type TextClassifierSpec struct {
	Text  TextPort
	Batch int // texts per run; 0 where the graph leaves it open
	Scores
	// Untrained are the classes that no text was there for in training, in ascending
	// order: what the model says of them means nothing.
	Untrained []int
	Doubt     config.Doubt
}

// Short is how many words a short text has.
const Short = 4

// GeneratorSpec is all that is needed to run a graph whose output is an image.
// What the graph does not take is nil or "".
type GeneratorSpec struct {
	Batch      int // images per run; 0 where the graph leaves it open
	Image      *ImagePort
	Latents    *LatentsPort
	Class      *ClassPort
	Text       *TextPort
	Truncation string // the name of the input that takes it
	Output     PicturePort
	Labels     []Label // of the classes
	// Tile is the edge of the tiles of large images and Overlap what neighbours share,
	// in pixels of the input; 0 where nothing states it.
	Tile, Overlap int
}

// Classifier returns how to run the model as an image classifier. The error
// names every flag that is missing.
func (m *Model) Classifier() (*ClassifierSpec, error) {
	switch m.Task {
	case ClassifyText:
		return nil, fmt.Errorf("%s takes texts, not images (input %s): ortho classify-text runs it", m.Name, m.made.Text.Name)
	case Generate:
		or := ""
		if slices.ContainsFunc(m.Graph.Outputs, func(v onnx.Value) bool { _, ok := classesOf(v); return ok }) {
			or = " (or give --task classify)"
		}
		return nil, fmt.Errorf("%s gives no classes but an image (output %s): ortho generate runs it%s", m.Name, m.made.Output.Name, or)
	}
	if m.err != nil {
		return nil, m.err
	}
	spec := m.spec
	spec.Labels = slices.Clone(spec.Labels)
	return &spec, nil
}

// TextClassifier returns how to run the model as a classifier of texts. The error names
// every flag that is missing.
func (m *Model) TextClassifier() (*TextClassifierSpec, error) {
	if m.Task != ClassifyText {
		return nil, fmt.Errorf("%s classifies no texts: it does not take token ids and give classes (inputs: %s; outputs: %s)%s",
			m.Name, onnx.List(m.Graph.Inputs), onnx.List(m.Graph.Outputs), map[Task]string{Classify: "; ortho classify is for classifiers of images", Generate: "; it makes images: ortho generate runs it"}[m.Task])
	}
	if m.err != nil {
		return nil, m.err
	}
	spec := &TextClassifierSpec{Text: *m.made.Text, Batch: m.made.Batch, Scores: m.spec.Scores, Untrained: slices.Clone(m.untrained), Doubt: m.doubt}
	spec.Labels = slices.Clone(spec.Labels)
	return spec, nil
}

// Generator returns how to run the model as a generator of images. The error names
// every flag that is missing.
func (m *Model) Generator() (*GeneratorSpec, error) {
	if m.Task != Generate {
		return nil, fmt.Errorf("%s gives no image: no output has the shape [batch,1 or 3,height,width] (outputs: %s)", m.Name, onnx.List(m.Graph.Outputs))
	}
	if m.err != nil {
		return nil, m.err
	}
	spec := m.made
	spec.Labels = slices.Clone(spec.Labels)
	return &spec, nil
}
