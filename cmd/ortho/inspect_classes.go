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

// printClasses leaves out the columns that no class has something for.
func printClasses(c *cli.Context, classes []class) error {
	fields := []struct {
		column grid.Column
		of     func(class) string
	}{
		{grid.Text("id"), func(c class) string { return c.ID }},
		{grid.Text("label"), func(c class) string { return c.Label }},
		{grid.Text("gloss"), func(c class) string { return c.Gloss }},
	}
	columns := []grid.Column{grid.Number("class")}
	rows := make([][]any, len(classes))
	for i := range classes {
		rows[i] = []any{i}
	}
	for _, f := range fields {
		there := false
		for _, class := range classes {
			there = there || f.of(class) != ""
		}
		if !there {
			continue
		}
		columns = append(columns, f.column)
		for i, class := range classes {
			rows[i] = append(rows[i], output.Clean(f.of(class)))
		}
	}
	t := grid.New(columns...)
	for _, row := range rows {
		t.Row(row...)
	}
	return t.Print(c.App.Writer)
}
