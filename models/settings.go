package models

import "errors"

// Settings is what one layer, such as the command line, states about a model's
// input and output. The zero value states nothing.
type Settings struct {
	labels       []Label
	labelsSource string
}

// Set states one value in the command line's syntax; key is the flag's name.
func (s *Settings) Set(key, value string) error { return errors.ErrUnsupported }

// SetLabels states the classes' labels, in order; source says where they come from.
func (s *Settings) SetLabels(labels []Label, source string) {
	s.labels, s.labelsSource = labels, source
}
