package pages

import (
	"bufio"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
)

// Class is one of a model's classes; its JSON is an output format.
type Class struct {
	Index int    `json:"index"`
	ID    string `json:"id,omitempty"`
	Label string `json:"label,omitempty"`
	Gloss string `json:"gloss,omitempty"`
}

// PrintClasses prints a table on a terminal, and lines with tabs for programs.
func PrintClasses(w io.Writer, classes []Class) error {
	if !term.IsTerminal(w) {
		b := bufio.NewWriter(w)
		for _, one := range classes {
			fmt.Fprintf(b, "%d\t%s\t%s\t%s\n", one.Index, term.Clean(one.ID), term.Clean(one.Label), term.Clean(one.Gloss))
		}
		return b.Flush()
	}
	return ClassTable(classes).Print(w)
}

// ClassTable has a row for each class.
func ClassTable(classes []Class) *grid.Table {
	t := grid.New(grid.Number("class"), grid.Text("id").Optional(), grid.Text("label").Optional(), grid.Text("gloss").Optional())
	for _, one := range classes {
		t.Row(one.Index, term.Clean(one.ID), term.Clean(one.Label), term.Clean(one.Gloss))
	}
	return t
}
