// Package output writes rows of results: a table for people, JSONL or CSV for
// programs.
package output

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Prediction is one class of a row.
type Prediction struct {
	Index       int     `json:"index"`
	Label       string  `json:"label,omitempty"`
	ID          string  `json:"id,omitempty"`
	Probability float64 `json:"probability"`
}

// Error says why an item has no result.
type Error struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Values are a named output's values.
type Values struct {
	Name   string    `json:"name"`
	Shape  []int64   `json:"shape"`
	Values []float32 `json:"values"`
}

// Row is what became of one input: Predictions or Output, or an Error. Its JSON
// is the row of a JSONL output. JSON is UTF-8: other bytes of a name become U+FFFD
// there, so names that differ in them only look the same; CSV keeps every byte.
type Row struct {
	Input       string       `json:"input"`
	Predictions []Prediction `json:"predictions,omitzero"`
	Output      *Values      `json:"output,omitempty"`
	Logits      []float32    `json:"logits,omitempty"`
	Error       *Error       `json:"error,omitempty"`
	Width       int          `json:"width,omitempty"`
	Height      int          `json:"height,omitempty"`
}

// Writer takes rows in order. Close writes what is still held back; it does not
// close what is written to.
type Writer interface {
	Write(Row) error
	Close() error
}

// Formats are the names that New knows.
var Formats = []string{"table", "jsonl", "csv"}

// New returns a writer of a format. On a terminal, names and labels can't act on it
// in any format: CSV shows their control characters as escapes there, and the others
// always do.
func New(format string, w io.Writer, terminal bool) (Writer, error) {
	switch format {
	case "table":
		return newTable(w), nil
	case "jsonl":
		return newJSONL(w), nil
	case "csv":
		return newCSV(w, terminal), nil
	}
	return nil, fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats, ", "))
}

// Format chooses the format: the one asked for, else by the output file's ending,
// else a table for a terminal and JSONL for anything else.
func Format(asked, path string, terminal bool) (string, error) {
	if asked != "" {
		if _, err := New(asked, io.Discard, false); err != nil {
			return "", err
		}
		return asked, nil
	}
	switch ending := strings.ToLower(filepath.Ext(path)); {
	case ending == ".jsonl" || ending == ".ndjson" || ending == ".json":
		return "jsonl", nil
	case ending == ".csv":
		return "csv", nil
	case ending == ".txt":
		return "table", nil
	case path == "" && terminal:
		return "table", nil
	}
	return "jsonl", nil
}
