// Package output writes rows of results: a table for people; JSONL, CSV or Parquet
// for programs, which can also be read back.
package output

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"ortho/models/provenance"
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

// Picture is the file of an image that was made, and of what.
type Picture struct {
	File string `json:"file,omitempty"` // relative to the output folder, with slashes; "" where it failed
	provenance.Image
}

// Row is what became of one input: Predictions (of which there may be none), Output, a
// Description or the Picture of a file, or an Error. Its JSON is the row of a JSONL output,
// and Parquet has the same columns but for those of pictures, which only JSONL has, of
// descriptions, see [Descriptions], and of texts, see [Texts].
//
// Input may hold any bytes, as names of files do; all other texts must be UTF-8.
// JSON and Parquet's strings are UTF-8: where Input isn't, its other bytes become
// U+FFFD there, and a field more, input_bytes, holds the name itself (base64 in
// JSON). CSV keeps every byte.
type Row struct {
	Input       string       `json:"input"`
	*Picture                 // its fields stand beside these
	Predictions []Prediction `json:"predictions,omitzero"`
	Doubt       string       `json:"doubt,omitempty"` // why the predictions of a text are no answer
	Output      *Values      `json:"output,omitempty"`
	Description *Description `json:"description,omitempty"`
	Logits      []float32    `json:"logits,omitempty"`
	Error       *Error       `json:"error,omitempty"`
	Width       int          `json:"width,omitempty"`
	Height      int          `json:"height,omitempty"`
}

// check tells what no writer has written: a row says one thing of its input.
func (r *Row) check() error {
	n := 0
	for _, there := range []bool{r.Predictions != nil, r.Output != nil, r.Description != nil, r.Picture != nil && r.File != "", r.Error != nil} {
		if there {
			n++
		}
	}
	if n != 1 {
		return errors.New("it is no row: one of predictions, output, description, file and error must be there")
	}
	return nil
}

// MaxRow bounds the bytes of one row that is read back. A row of JSONL with a
// million values has about ten million.
const MaxRow = 256 << 20

// errPicture is what formats of classes say to what they have no place for.
var errPicture = errors.New("the format has no place for pictures and descriptions")

// Writer takes rows in order. Close writes what is still held back; it does not
// close what is written to.
type Writer interface {
	Write(Row) error
	Close() error
}

// Formats are the names that New knows.
var Formats = []string{"table", "jsonl", "csv", "parquet"}

// New returns a writer of a format, for a terminal of width columns, or for what is no
// terminal where that is 0. On a terminal, names and labels can't act on it in any format:
// CSV shows their control characters as escapes there, and the others always do. (Parquet
// is no text, and not for a terminal.)
func New(format string, w io.Writer, width int) (Writer, error) {
	terminal := width > 0
	switch format {
	case "table", "table" + ofTexts:
		return newTable(w, width, format != "table"), nil
	case "jsonl":
		return newJSONL(w), nil
	case "csv":
		return newCSV(w, terminal, imageColumns), nil
	case "csv" + ofTexts:
		return newCSV(w, terminal, textColumns), nil
	case "parquet":
		return newParquet(w), nil
	case "parquet" + ofTexts:
		return newTextsParquet(w), nil
	case "table" + ofDescriptions:
		return newDescriptionsTable(w, width), nil
	case "csv" + ofDescriptions:
		return newDescriptionsCSV(w, terminal), nil
	case "parquet" + ofDescriptions:
		return newDescriptionsParquet(w), nil
	}
	return nil, fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats, ", "))
}

// Read yields the rows of a file that New's writer of that format has written, and
// ends with the first error. A table can't be read back.
func Read(format string, r io.ReaderAt, size int64) iter.Seq2[Row, error] {
	switch format {
	case "jsonl":
		return readJSONL(io.NewSectionReader(r, 0, size))
	case "csv":
		return readCSV(io.NewSectionReader(r, 0, size), MaxRow, imageColumns)
	case "csv" + ofTexts:
		return readCSV(io.NewSectionReader(r, 0, size), MaxRow, textColumns)
	case "parquet":
		return readParquet(r, size)
	case "parquet" + ofTexts:
		return readTextsParquet(r, size)
	case "csv" + ofDescriptions:
		return readDescriptionsCSV(io.NewSectionReader(r, 0, size), MaxRow)
	case "parquet" + ofDescriptions:
		return readDescriptionsParquet(r, size)
	}
	return func(yield func(Row, error) bool) {
		yield(Row{}, fmt.Errorf("rows can't be read back from the format %s", format))
	}
}
