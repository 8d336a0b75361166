package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// tableRows is how many inputs are gathered into one table: enough for a person,
// bounded for a million.
const tableRows = 100

// The widest that a name and a label get before they are broken into lines.
const nameWidth, labelWidth = 60, 60

type tableWriter struct {
	w     *bufio.Writer
	table table.Writer
	rows  int
}

func newTable(w io.Writer) *tableWriter {
	t := &tableWriter{w: bufio.NewWriterSize(w, 1<<16)}
	t.begin()
	return t
}

func (t *tableWriter) begin() {
	t.table, t.rows = table.NewWriter(), 0
	t.table.SetStyle(table.StyleLight)
	t.table.Style().Format.Header = text.FormatLower
	t.table.AppendHeader(table.Row{"image", "class", "label", "probability"})
	t.table.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: nameWidth, WidthMaxEnforcer: text.WrapHard},
		{Number: 2, Align: text.AlignRight},
		{Number: 3, WidthMax: labelWidth, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, Align: text.AlignRight},
	})
}

func (t *tableWriter) Write(row Row) error {
	if row.Picture != nil || row.Description != nil {
		return errPicture
	}
	name := Clean(row.Input)
	switch {
	case row.Error != nil: // the name stands beside it already
		t.table.AppendRow(table.Row{name, "", "failed: " + Clean(strings.TrimPrefix(row.Error.Message, strings.ToValidUTF8(row.Input, "\uFFFD")+": ")), ""})
	case row.Output != nil:
		t.table.AppendRow(table.Row{name, "", fmt.Sprintf("%s: %d values (-f jsonl prints them)", Clean(row.Output.Name), len(row.Output.Values)), ""})
	case len(row.Predictions) == 0:
		t.table.AppendRow(table.Row{name, "", "nothing above --min-probability", ""})
	}
	for _, p := range row.Predictions {
		label := Clean(p.Label)
		if label == "" {
			label = fmt.Sprintf("class %d", p.Index)
		}
		t.table.AppendRow(table.Row{name, p.Index, label, fmt.Sprintf("%.1f %%", 100*p.Probability)})
		name = ""
	}
	t.table.AppendSeparator()
	if t.rows++; t.rows == tableRows {
		return t.flush()
	}
	return nil
}

func (t *tableWriter) flush() error {
	fmt.Fprintln(t.w, t.table.Render())
	t.begin()
	return t.w.Flush()
}

func (t *tableWriter) Close() error {
	if t.rows == 0 {
		return nil
	}
	return t.flush()
}
