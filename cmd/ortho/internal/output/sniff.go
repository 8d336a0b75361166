package output

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Sniff tells the format of rows by a file's content, and not by its name; formulas of CSV that were
// escaped can't be told.
func Sniff(r io.ReaderAt, size int64) (format string, err error) {
	head := make([]byte, min(size, 1<<16))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return "", err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	switch trimmed := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet", nil
	case bytes.HasPrefix(head, []byte("PK")):
		return sniffZip(r, size)
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		return "", errors.New("a .npy has no names of inputs, so that its rows can't be told: .npz has them")
	case bytes.HasPrefix(head, []byte("┌")):
		return "", errors.New("a table is for people, and can't be read back")
	case bytes.HasPrefix(trimmed, []byte("[")):
		return "json", nil
	case bytes.HasPrefix(trimmed, []byte("{")):
		return "jsonl", nil
	case bytes.HasPrefix(line, []byte("input\t")):
		return "tsv", nil
	case bytes.HasPrefix(line, []byte("input,")):
		if bytes.HasPrefix(line, []byte("input,class1,p1")) {
			return "wide", nil
		}
		return "csv", nil
	case len(trimmed) == 0:
		return "", errors.New("it is empty: rows of no kind")
	}
	return "", errors.New("it holds no rows of ortho: neither JSON, CSV, tab-separated values, a spreadsheet, Parquet nor arrays")
}

func sniffZip(r io.ReaderAt, size int64) (string, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is unpacked
		return "", fmt.Errorf("a damaged .xlsx or .npz: %w", err)
	}
	for _, f := range archive.File {
		switch {
		case f.Name == "xl/workbook.xml":
			return "xlsx", nil
		case strings.HasSuffix(f.Name, ".npy"):
			return "npz", nil
		}
	}
	return "", errors.New("it is an archive, and neither a workbook (.xlsx) nor arrays (.npz)")
}

// Fields yields names of fields that rows in a file have: its columns, or of JSON the fields of each row in
// turn. Rows that are damaged are passed over.
func Fields(format string, r io.ReaderAt, size int64) iter.Seq[[]string] {
	all := io.NewSectionReader(r, 0, size)
	switch format {
	case "json":
		return rowFields(readJSON[anyRow](all))
	case "jsonl":
		return rowFields(readJSONL[anyRow](all))
	case "parquet":
		return slices.Values([][]string{parquetColumns(r, size)})
	case "npz":
		return slices.Values([][]string{{"embedding"}})
	case "xlsx":
		return first(cells(r, size))
	}
	comma := ','
	if format == "tsv" {
		comma = '\t'
	}
	return first(func(yield func([]string, error) bool) {
		reader := csv.NewReader(io.LimitReader(all, MaxRow))
		reader.Comma = comma
		yield(reader.Read())
	})
}

// first is the first record alone.
func first(records iter.Seq2[[]string, error]) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for fields, err := range records {
			if err == nil {
				yield(fields)
			}
			return
		}
	}
}

func parquetColumns(r io.ReaderAt, size int64) (names []string) {
	defer func() { _ = recover() }() // of a broken file, which its reader names
	if checkFooter(r, size) != nil {
		return nil
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil
	}
	for _, f := range file.Schema().Fields() {
		names = append(names, f.Name())
	}
	return names
}

// anyRow is a row of any kind, as far as its fields' names.
type anyRow struct {
	Head
	Failure
	fields []string
}

func (anyRow) Results() int { return 1 }

func (a *anyRow) UnmarshalJSON(text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	if _, ok := fields["position"]; ok {
		return errors.New("it is of a run that is not complete")
	}
	for name := range fields {
		a.fields = append(a.fields, name)
	}
	return nil
}

func rowFields(rows iter.Seq2[anyRow, error]) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for row, err := range rows {
			if err == nil && !yield(row.fields) {
				return
			}
		}
	}
}
