package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// jsonl writes one object a line, each with one call of Write, so that a line is
// there as soon as its item is done.
type jsonl struct {
	w       io.Writer
	line    bytes.Buffer
	encoder *json.Encoder
}

func newJSONL(w io.Writer) *jsonl {
	j := &jsonl{w: w}
	j.encoder = json.NewEncoder(&j.line)
	j.encoder.SetEscapeHTML(false)
	return j
}

func (j *jsonl) Write(row Row) error {
	j.line.Reset()
	if err := j.encoder.Encode(row); err != nil {
		return err
	}
	_, err := j.w.Write(escapeJSON(j.line.Bytes()))
	return err
}

func (j *jsonl) Close() error { return nil }

// escapeJSON writes as \uXXXX what encoding/json leaves as it is, but what a terminal
// could act on. Outside of strings there is no such character.
func escapeJSON(line []byte) []byte {
	special := func(r rune) bool { return r >= 0x7f && acts(r) }
	if bytes.IndexFunc(line, special) < 0 {
		return line
	}
	var out []byte
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if special(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, line[:size]...)
		}
		line = line[size:]
	}
	return out
}

// csvColumns: a row for each prediction, or one for an item that failed or has none.
var csvColumns = []string{"input", "rank", "index", "id", "label", "probability", "width", "height", "error_kind", "error"}

type csvWriter struct {
	w      *csv.Writer
	clean  func(string) string
	headed bool
}

func newCSV(w io.Writer, terminal bool) *csvWriter {
	c := &csvWriter{w: csv.NewWriter(w), clean: func(s string) string { return s }}
	if terminal {
		c.clean = Clean
	}
	return c
}

func (c *csvWriter) Write(row Row) error {
	if row.Output != nil || row.Logits != nil {
		return errors.New("CSV has no place for raw outputs: use -f jsonl")
	}
	c.head()
	input, width, height := c.clean(row.Input), strconv.Itoa(row.Width), strconv.Itoa(row.Height)
	switch {
	case row.Error != nil:
		c.w.Write([]string{input, "", "", "", "", "", "", "", row.Error.Kind, c.clean(row.Error.Message)})
	case len(row.Predictions) == 0: // nothing above --min-probability
		c.w.Write([]string{input, "", "", "", "", "", width, height, "", ""})
	}
	for i, p := range row.Predictions {
		c.w.Write([]string{input, strconv.Itoa(i + 1), strconv.Itoa(p.Index), c.clean(p.ID), c.clean(p.Label),
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
