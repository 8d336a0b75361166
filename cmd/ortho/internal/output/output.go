package output

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// Formats are the names that rows' formats have.
var Formats = []string{"table", "jsonl", "json", "csv", "tsv", "wide", "xlsx", "parquet", "npz", "npy"}

// MaxRow bounds the bytes of one row that is read back. A row of JSONL with a
// million values has about ten million.
const MaxRow = 256 << 20

// Writer takes rows in order. Close writes what is still held back; it does not
// close what is written to.
type Writer[R Row] interface {
	Write(R) error
	Close() error
}

// Codec is how the rows of one task are written and read. JSON follows from the tags of their
// type; a format that is nil has no place for them.
type Codec[R Row] struct {
	// Variant is appended to the names of all formats but JSON's in a run's record, since tasks
	// have different columns.
	Variant string
	CSV     *CSV[R]
	// Wide is CSV that has a record for each row, with columns for lists of up to n; nil: CSV has
	// that already.
	Wide    func(n int) *CSV[R]
	Parquet *Parquet[R]
	Values  *Values[R]
	Table   *Table[R]
	// Own are writers of formats of this task alone, which can't be read back.
	Own map[string]func(io.Writer) Writer[R]
	// Fields are what --where knows of a row; see package where.
	Fields func(R) any

	choices Choices
}

// Choices are what a run chooses of its formats.
type Choices struct {
	Lists     int                               // columns of wide and xlsx are for lists of so many; 0: 5
	Thumbnail func(name string) (Picture, bool) // of an input, for xlsx; nil: there are none
	Warn      func(string)                      // prints what a format has not kept; nil: nobody reads it
}

// With is the codec with a run's choices.
func (c *Codec[R]) With(choices Choices) *Codec[R] {
	with := *c
	with.choices = choices
	return &with
}

// Recorded is a format's name in the record of a run.
func (c *Codec[R]) Recorded(format string) string {
	if format == "jsonl" || format == "json" { // which leave out what a row has not
		return format
	}
	return format + c.Variant
}

// form is how rows are written in a format, for a terminal of width columns (see Writer), and
// read; once says why they can't be read back.
type form[R Row] struct {
	writer func(w io.Writer, width int) Writer[R]
	read   func(r io.ReaderAt, size int64) iter.Seq2[R, error]
	once   string
}

// form is nil for a format that is not known, or that can't hold the rows.
func (c *Codec[R]) form(name string) *form[R] {
	plain, escaped := strings.CutSuffix(name, escapedSuffix)
	switch {
	case name == "jsonl":
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return newJSONL[R](w) }, read: sections(readJSONL[R])}
	case name == "json":
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return newJSON[R](w) }, read: sections(readJSON[R])}
	case plain == "csv" && c.CSV != nil:
		return c.CSV.form(',', escaped)
	case plain == "tsv" && c.CSV != nil:
		return c.CSV.form('\t', escaped)
	case plain == "wide" && c.CSV != nil && (c.Wide != nil || !c.CSV.Several):
		return c.wide().form(',', escaped)
	case name == "xlsx" && c.CSV != nil:
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return newSheet(c.wide(), w, c.choices) }, read: c.wide().readSheet}
	case name == "parquet" && c.Parquet != nil:
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return c.Parquet.writer(w) }, read: c.Parquet.read}
	case name == "npz" && c.Values != nil:
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return newArrays(c.Values, w, c.choices.Warn, true) }, read: c.Values.read}
	case name == "npy" && c.Values != nil:
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return newArrays(c.Values, w, c.choices.Warn, false) }, once: "a .npy has no names of inputs"}
	case c.Own[name] != nil:
		return &form[R]{writer: func(w io.Writer, _ int) Writer[R] { return c.Own[name](w) }, once: "it has no place for all of a row"}
	case name == "table" && c.Table != nil:
		return &form[R]{writer: func(w io.Writer, width int) Writer[R] { return c.Table.writer(w, width) }, once: "a table is for people"}
	}
	return nil
}

// wide is the CSV that has a record for each row.
func (c *Codec[R]) wide() *CSV[R] {
	if c.Wide == nil {
		return c.CSV
	}
	of := c.Wide(cmp.Or(c.choices.Lists, 5))
	of.lists = c.Wide
	return of
}

// sections reads all of a file in its order.
func sections[R Row](read func(io.Reader) iter.Seq2[R, error]) func(io.ReaderAt, int64) iter.Seq2[R, error] {
	return func(r io.ReaderAt, size int64) iter.Seq2[R, error] { return read(io.NewSectionReader(r, 0, size)) }
}

// Takes returns an error for a format that is not known, or that can't hold the rows.
func (c *Codec[R]) Takes(format string) error {
	if c.form(format) == nil {
		return c.unknown(format)
	}
	if most := maxSheetColumns; format == "xlsx" && len(c.wide().columns()) >= most {
		return fmt.Errorf("a sheet has %d columns, and lists of %d need more: a smaller --top, or -f csv", most, c.choices.Lists)
	}
	return nil
}

// Back returns why rows can't be read back from a format; nil: they can.
func (c *Codec[R]) Back(format string) error {
	f := c.form(format)
	switch {
	case f == nil:
		return c.unknown(format)
	case f.read == nil:
		return fmt.Errorf("rows can't be read back from the format %s: %s", format, f.once)
	}
	return nil
}

// Formats are those that hold the rows.
func (c *Codec[R]) Formats() []string {
	return slices.DeleteFunc(slices.Clone(Formats), func(f string) bool { return c.form(f) == nil })
}

// Writer returns a writer of a format, for a terminal of width columns, or for what is no
// terminal where that is 0. On a terminal, names and labels can't act on it in any format:
// CSV shows their control characters as escapes there, and the others always do. (What is no
// text is not for a terminal, see [Binary].) A writer that is not closed is given to [Abandon].
func (c *Codec[R]) Writer(format string, w io.Writer, width int) (Writer[R], error) {
	f := c.form(format)
	if f == nil {
		return nil, c.unknown(format)
	}
	return f.writer(w, width), nil
}

// Abandon frees what a writer holds that is not to be closed.
func Abandon[R Row](w Writer[R]) {
	if holds, ok := w.(interface{ abandon() }); ok {
		holds.abandon()
	}
}

// Read yields the rows of a file that Writer has written in that format. Where a row is damaged it
// yields an error, and goes on where the format lets it: who needs all rows ends with the first.
func (c *Codec[R]) Read(format string, r io.ReaderAt, size int64) iter.Seq2[R, error] {
	if err := c.Back(format); err != nil {
		return func(yield func(R, error) bool) {
			var none R
			yield(none, err)
		}
	}
	return c.form(format).read(r, size)
}

// Plain is a format without what Escaped adds.
func Plain(format string) string { return strings.TrimSuffix(format, escapedSuffix) }

// Binary reports whether a format is no text.
func Binary(format string) bool {
	return slices.Contains([]string{"parquet", "xlsx", "npz", "npy"}, format)
}

// Once reports whether rows of a format are written once, and can't be read back.
func Once(format string) bool { return slices.Contains([]string{"table", "npy", "coco"}, format) }

// Raw reports whether a format has a place for raw outputs.
func Raw(format string) bool { return slices.Contains([]string{"jsonl", "json", "parquet"}, format) }

// Delimited reports whether a format is CSV or its like, with or without their formulas.
func Delimited(format string) bool {
	return slices.Contains([]string{"csv", "tsv", "wide"}, strings.TrimSuffix(format, escapedSuffix))
}

func (c *Codec[R]) unknown(format string) error {
	format = strings.TrimSuffix(format, escapedSuffix)
	if _, ok := formats[format]; ok {
		return fmt.Errorf("the format %s has no place for such rows: there are %s", format, strings.Join(c.Formats(), ", "))
	}
	return fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats, ", "))
}
