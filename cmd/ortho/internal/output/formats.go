package output

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

type jsonl struct{ encoder *json.Encoder }

func newJSONL(w io.Writer) *jsonl {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &jsonl{encoder}
}

func (j *jsonl) Write(row Row) error { return j.encoder.Encode(row) }
func (j *jsonl) Close() error        { return nil }

// csvColumns: a row for each prediction, or one for an item that failed.
var csvColumns = []string{"input", "rank", "index", "id", "label", "probability", "width", "height", "error_kind", "error"}

type csvWriter struct {
	w      *csv.Writer
	headed bool
}

func newCSV(w io.Writer) *csvWriter { return &csvWriter{w: csv.NewWriter(w)} }

func (c *csvWriter) Write(row Row) error {
	if row.Output != nil || row.Logits != nil {
		return fmt.Errorf("CSV has no place for raw outputs: use -f jsonl")
	}
	c.head()
	width, height := strconv.Itoa(row.Width), strconv.Itoa(row.Height)
	if row.Error != nil {
		c.w.Write([]string{row.Input, "", "", "", "", "", "", "", row.Error.Kind, row.Error.Message})
	}
	if row.Error == nil && len(row.Predictions) == 0 { // nothing above --min-probability
		c.w.Write([]string{row.Input, "", "", "", "", "", width, height, "", ""})
	}
	for i, p := range row.Predictions {
		c.w.Write([]string{row.Input, strconv.Itoa(i + 1), strconv.Itoa(p.Index), p.ID, p.Label,
			strconv.FormatFloat(p.Probability, 'g', -1, 64), width, height, "", ""})
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvWriter) head() {
	if !c.headed {
		c.w.Write(csvColumns)
		c.headed = true
	}
}

func (c *csvWriter) Close() error {
	c.head()
	c.w.Flush()
	return c.w.Error()
}

// tableRows is how many inputs are gathered into one table: enough for a person,
// bounded for a million.
const tableRows = 200

type tableWriter struct {
	w     *bufio.Writer
	table table.Writer
	rows  int
}

func newTable(w io.Writer) *tableWriter {
	t := &tableWriter{w: bufio.NewWriter(w)}
	t.begin()
	return t
}

func (t *tableWriter) begin() {
	t.table, t.rows = table.NewWriter(), 0
	t.table.SetStyle(table.StyleLight)
	t.table.Style().Options.SeparateRows = false
	t.table.Style().Format.Header = text.FormatLower
	t.table.AppendHeader(table.Row{"image", "class", "label", "probability"})
	t.table.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}})
}

func (t *tableWriter) Write(row Row) error {
	name := Clean(row.Input)
	switch {
	case row.Error != nil:
		t.table.AppendRow(table.Row{name, "", text.WrapSoft("failed: "+Clean(row.Error.Message), 72), ""})
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
