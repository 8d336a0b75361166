package output

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
)

// tableRows is how many inputs are gathered into one table: enough for a person,
// bounded for a million.
const tableRows = 100

type tableWriter struct {
	w     *bufio.Writer
	width int
	texts bool // rows are of texts, not of images
	table *grid.Table
	rows  int
}

func newTable(w io.Writer, width int, texts bool) *tableWriter {
	t := &tableWriter{w: bufio.NewWriterSize(w, 1<<16), width: cmp.Or(width, grid.Standard), texts: texts}
	t.begin()
	return t
}

func (t *tableWriter) begin() {
	input := grid.File("image")
	if t.texts {
		input = grid.Text("text")
	}
	t.table, t.rows = grid.New(input, grid.Number("class"), grid.Text("label"), grid.Number("probability")), 0
}

func (t *tableWriter) Write(row Row) error {
	if row.Picture != nil || row.Description != nil {
		return errPicture
	}
	name := term.Clean(row.Input)
	switch {
	case row.Error != nil: // the name stands beside it already
		t.table.Row(name, "", "failed: "+term.Clean(strings.TrimPrefix(row.Error.Message, strings.ToValidUTF8(row.Input, "\uFFFD")+": ")), "")
	case row.Output != nil:
		t.table.Row(name, "", fmt.Sprintf("%s: %d values (-f jsonl prints them)", term.Clean(row.Output.Name), len(row.Output.Values)), "")
	case len(row.Predictions) == 0:
		t.table.Row(name, "", "nothing above --min-probability", "")
	}
	for _, p := range row.Predictions {
		label := term.Clean(p.Label)
		if label == "" {
			label = fmt.Sprintf("class %d", p.Index)
		}
		t.table.Row(name, p.Index, label, percent(p.Probability))
		name = ""
	}
	if row.Doubt != "" {
		t.table.Row(name, "", "no answer: "+term.Clean(row.Doubt), "")
	}
	t.table.Separate()
	if t.rows++; t.rows == tableRows {
		return t.flush()
	}
	return nil
}

// percent writes a probability; what a graph gives under the activation none may be none.
func percent(p float64) string {
	if p < 0 || p > 1.0005 { // float32 sums to a little more
		return fmt.Sprintf("%.4g", p)
	}
	return fmt.Sprintf("%.1f %%", 100*p)
}

func (t *tableWriter) flush() error {
	fmt.Fprintln(t.w, t.table.Draw(t.width))
	t.begin()
	return t.w.Flush()
}

func (t *tableWriter) Close() error {
	if t.rows == 0 {
		return nil
	}
	return t.flush()
}
