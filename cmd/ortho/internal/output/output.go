package output

import (
	"fmt"
	"io"
	"iter"
	"strings"
)

// Formats are the names that rows' formats have.
var Formats = []string{"table", "jsonl", "csv", "parquet"}

// MaxRow bounds the bytes of one row that is read back. A row of JSONL with a
// million values has about ten million.
const MaxRow = 256 << 20

// Writer takes rows in order. Close writes what is still held back; it does not
// close what is written to.
type Writer[R Row] interface {
	Write(R) error
	Close() error
}

// Codec is how the rows of one task are written and read. JSONL follows from the tags of
// their type; a format that is nil has no place for them.
type Codec[R Row] struct {
	// Variant is appended to the names of all formats but JSONL in a run's record, since tasks
	// have different columns.
	Variant string
	CSV     *CSV[R]
	Parquet *Parquet[R]
	Table   *Table[R]
	// Own are writers of formats of this task alone, which can't be read back.
	Own map[string]func(io.Writer) Writer[R]
}

// Recorded is a format's name in the record of a run.
func (c *Codec[R]) Recorded(format string) string {
	if format == "jsonl" { // which leaves out what a row has not
		return format
	}
	return format + c.Variant
}

// Takes returns an error for a format that is not known, or that can't hold the rows.
func (c *Codec[R]) Takes(format string) error {
	if c.takes(format) {
		return nil
	}
	return c.unknown(format)
}

func (c *Codec[R]) takes(format string) bool {
	return format == "jsonl" || IsCSV(format) && c.CSV != nil || format == "parquet" && c.Parquet != nil || format == "table" && c.Table != nil || c.Own[format] != nil
}

// Writer returns a writer of a format, for a terminal of width columns, or for what is no
// terminal where that is 0. On a terminal, names and labels can't act on it in any format:
// CSV shows their control characters as escapes there, and the others always do. (Parquet
// is no text, and not for a terminal.)
func (c *Codec[R]) Writer(format string, w io.Writer, width int) (Writer[R], error) {
	switch {
	case format == "jsonl":
		return newJSONL[R](w), nil
	case IsCSV(format) && c.CSV != nil:
		return c.CSV.writer(w, width > 0, format == EscapedCSV), nil
	case format == "parquet" && c.Parquet != nil:
		return c.Parquet.writer(w), nil
	case format == "table" && c.Table != nil:
		return c.Table.writer(w, width), nil
	case c.Own[format] != nil:
		return c.Own[format](w), nil
	}
	return nil, c.unknown(format)
}

// Read yields the rows of a file that Writer has written in that format, and ends with the
// first error. A table can't be read back.
func (c *Codec[R]) Read(format string, r io.ReaderAt, size int64) iter.Seq2[R, error] {
	switch {
	case format == "jsonl":
		return readJSONL[R](io.NewSectionReader(r, 0, size))
	case IsCSV(format) && c.CSV != nil:
		return c.CSV.read(io.NewSectionReader(r, 0, size), MaxRow, format == EscapedCSV)
	case format == "parquet" && c.Parquet != nil:
		return c.Parquet.read(r, size)
	}
	return func(yield func(R, error) bool) {
		var none R
		err := fmt.Errorf("rows can't be read back from the format %s", format)
		if ReadsBack(format) {
			err = c.unknown(format)
		}
		yield(none, err)
	}
}

// ReadsBack reports whether a format's rows can be read back.
func ReadsBack(format string) bool { return format != "table" && format != "coco" }

// IsCSV reports whether a format is CSV, with or without its formulas.
func IsCSV(format string) bool { return format == "csv" || format == EscapedCSV }

func (c *Codec[R]) unknown(format string) error {
	if IsCSV(format) {
		format = "csv"
	}
	if _, ok := formats[format]; ok {
		var others []string
		for _, f := range Formats {
			if c.takes(f) {
				others = append(others, f)
			}
		}
		return fmt.Errorf("the format %s has no place for such rows: there are %s", format, strings.Join(others, ", "))
	}
	return fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats, ", "))
}
