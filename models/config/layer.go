package config

import (
	"strings"
)

// Task is what a model is for.
type Task string

const (
	Classify     Task = "classify"      // it takes images; its output are the scores of classes, or an embedding
	ClassifyText Task = "classify-text" // the same of texts
	Generate     Task = "generate"      // its output is an image
)

// Tasks are all of them.
var Tasks = []Task{Classify, ClassifyText, Generate}

// Layer is one source of settings. Problem says why a source that is there
// can't be read as far as it goes.
type Layer struct {
	Source string
	Settings
	Problem error
}

// ByUser reports whether the layer is what a person wrote for this use of the
// graph, rather than what an exporter wrote about the model.
func (l Layer) ByUser() bool {
	return l.Source == "flag" || l.Source == SidecarFile || strings.HasPrefix(l.Source, "preset ")
}

// Layers are all that is stated of a model, the first with precedence.
type Layers []Layer
