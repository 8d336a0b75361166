package config

import (
	"strings"
)

// Layer is one source of settings. Problem says why a source that exists
// could not be read, or not completely.
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
