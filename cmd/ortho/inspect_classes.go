package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models"
)

// class is one of a model's classes; its JSON is an output format.
type class struct {
	Index int    `json:"index"`
	ID    string `json:"id,omitempty"`
	Label string `json:"label,omitempty"`
	Gloss string `json:"gloss,omitempty"`
}

// classesOf are a model's classes, as its labels name them.
func classesOf(m *models.Model) ([]class, error) {
	var labels []models.Label
	switch m.Task {
	case models.Generate:
		spec, err := m.Generator()
		if err != nil {
			return nil, err
		}
		labels = spec.Labels
	case models.ClassifyText:
		spec, err := m.TextClassifier()
		if err != nil {
			return nil, err
		}
		labels = spec.Labels
	default:
		spec, err := m.Classifier()
		if err != nil {
			return nil, err
		}
		labels = spec.Labels
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("%s: nothing names its classes; --labels FILE does", m.Name)
	}
	classes := make([]class, len(labels))
	for i, l := range labels {
		classes[i] = class{Index: i, ID: text(l.ID), Label: text(l.Name), Gloss: text(l.Gloss)}
	}
	return classes, nil
}

func printClasses(c *cli.Context, classes []class) error {
	t := grid.New(grid.Number("class"), grid.Text("id").Optional(), grid.Text("label").Optional(), grid.Text("gloss").Optional())
	for _, one := range classes {
		t.Row(one.Index, output.Clean(one.ID), output.Clean(one.Label), output.Clean(one.Gloss))
	}
	return t.Print(c.App.Writer)
}
