package main

import (
	"bufio"
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/generate"
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
	labels := m.Labels()
	if len(labels) == 0 {
		if spec, err := m.Generator(); err == nil && spec.Class == nil {
			return nil, fmt.Errorf("%s has no classes: it makes images of %s", m.Name, generate.Takes(spec))
		}
		return nil, fmt.Errorf("%s: nothing names its classes; --labels FILE does", m.Name)
	}
	classes := make([]class, len(labels))
	for i, l := range labels {
		classes[i] = class{Index: i, ID: text(l.ID), Label: text(l.Name), Gloss: text(l.Gloss)}
	}
	return classes, nil
}

// printClasses prints a table on a terminal, and lines with tabs for programs.
func printClasses(c *cli.Context, classes []class) error {
	if !term.IsTerminal(c.App.Writer) {
		w := bufio.NewWriter(c.App.Writer)
		for _, one := range classes {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", one.Index, term.Clean(one.ID), term.Clean(one.Label), term.Clean(one.Gloss))
		}
		return w.Flush()
	}
	return classTable(classes).Print(c.App.Writer)
}

func classTable(classes []class) *grid.Table {
	t := grid.New(grid.Number("class"), grid.Text("id").Optional(), grid.Text("label").Optional(), grid.Text("gloss").Optional())
	for _, one := range classes {
		t.Row(one.Index, term.Clean(one.ID), term.Clean(one.Label), term.Clean(one.Gloss))
	}
	return t
}
