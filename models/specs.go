package models

import (
	"slices"

	"ortho/preprocess"
)

// A spec gathers what one task needs of a model's ports.

// Scores says what the numbers of a classifier's output mean.
type Scores struct {
	ScoresPort
	// Embedding is true where output-name was set: that output's values are
	// returned as they are, not as classes.
	Embedding bool
}

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
}

// GeneratorSpec is all that is needed to run a graph whose output is an image.
// What the graph does not take is nil or "".
type GeneratorSpec struct {
	Batch      int // images per run; 0 where the graph leaves it open
	Image      *ImagePort
	Mask       *MaskPort // of Image: what is made anew
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
// is a [TaskError], or names all that is missing.
func (m *Model) Classifier() (*ClassifierSpec, error) {
	if err := m.isFor(Classify); err != nil {
		return nil, err
	}
	in, err := m.Image()
	if err != nil {
		return nil, err
	}
	scores, err := m.outputScores()
	if err != nil {
		return nil, err
	}
	return &ClassifierSpec{Input: in.Spec, InputName: in.Name, Batch: m.ports.batch, Scores: scores}, nil
}

// TextClassifier returns how to run the model as a classifier of texts. The error is a
// [TaskError], or names all that is missing.
func (m *Model) TextClassifier() (*TextClassifierSpec, error) {
	if err := m.isFor(ClassifyText); err != nil {
		return nil, err
	}
	in, err := m.Text()
	if err != nil {
		return nil, err
	}
	scores, err := m.outputScores()
	if err != nil {
		return nil, err
	}
	return &TextClassifierSpec{Text: *in, Batch: m.ports.batch, Scores: scores}, nil
}

// Generator returns how to run the model as a generator of images. The error is a
// [TaskError], or names all that is missing.
func (m *Model) Generator() (*GeneratorSpec, error) {
	if err := m.isFor(Generate); err != nil {
		return nil, err
	}
	out, err := m.Picture()
	if err != nil {
		return nil, err
	}
	p := m.ports
	return &GeneratorSpec{Batch: p.batch, Image: p.image, Mask: p.mask, Latents: p.latents, Class: p.class, Text: p.text, Truncation: p.truncation, Output: *out, Labels: slices.Clone(p.labels), Tile: p.tile, Overlap: p.overlap}, nil
}

// outputScores is what the numbers of the output mean: scores, or values as they are.
func (m *Model) outputScores() (Scores, error) {
	if out, err := m.Embedding(); err == nil {
		return Scores{ScoresPort{OutputName: out.OutputName, Activation: None}, true}, nil
	}
	out, err := m.Scores()
	if err != nil {
		return Scores{}, err
	}
	return Scores{ScoresPort: *out}, nil
}
