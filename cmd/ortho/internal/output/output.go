// Package output writes rows of results: a table for people, JSONL or CSV for
// programs.
package output

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"
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
// is the row of a JSONL output; bytes of a name that are not UTF-8 become U+FFFD.
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

// New returns a writer of a format.
func New(format string, w io.Writer) (Writer, error) {
	switch format {
	case "table":
		return newTable(w), nil
	case "jsonl":
		return newJSONL(w), nil
	case "csv":
		return newCSV(w), nil
	}
	return nil, fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats, ", "))
}

// Format chooses the format: the one asked for, else by the output file's ending,
// else a table for a terminal and JSONL for anything else.
func Format(asked, path string, terminal bool) (string, error) {
	if asked != "" {
		if _, err := New(asked, io.Discard); err != nil {
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

// Clean makes text from outside safe to print on a terminal: control characters,
// and those that change the direction of what follows, are shown as escapes.
func Clean(s string) string {
	safe := func(r rune) bool {
		return !unicode.IsControl(r) && !unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) && r != unicode.ReplacementChar
	}
	if strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case safe(r):
			b.WriteRune(r)
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
