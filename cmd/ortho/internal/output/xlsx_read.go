package output

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"ortho/cmd/ortho/internal/scratch"
)

// What is unpacked of a workbook of so many bytes is bounded; a part that is larger than largePart
// goes through a temporary file.
const (
	unpackedBase  = 64 << 20
	unpackedTimes = 200
	maxUnpacked   = 16 << 30
	largePart     = 16 << 20
)

// readSheet yields the rows of a workbook's sheets: as they were written, or as a program for
// spreadsheets has stored them again. Columns may not have been moved, added or taken away; order,
// filters and looks don't matter.
func (c *CSV[R]) readSheet(r io.ReaderAt, size int64) iter.Seq2[R, error] {
	return c.rows(cells(r, size))
}

// cells yields the cells of each row of all sheets named as ours, as texts, the first of all being
// the header; a thumbnail's cell is left out.
func cells(r io.ReaderAt, size int64) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if err := eachRecord(r, size, yield); err != nil {
			yield(nil, err)
		}
	}
}

// errEnough is of a reader that wants no more.
var errEnough = errors.New("enough")

func eachRecord(r io.ReaderAt, size int64, each func([]string, error) bool) (err error) {
	inside := true
	defer func() {
		if !inside { // the caller's panic
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("the workbook is broken: %v", p)
		}
		if errors.Is(err, errEnough) {
			err = nil
		}
	}()
	folder, err := scratch.New("sheet")
	if err != nil {
		return err
	}
	defer folder.Remove()
	book, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), excelize.Options{RawCellValue: true, TmpDir: folder.Path,
		UnzipSizeLimit: min(maxUnpacked, unpackedBase+unpackedTimes*size), UnzipXMLSizeLimit: largePart})
	if err != nil {
		return fmt.Errorf("it is no workbook: %w", err)
	}
	defer book.Close()
	sheets := slices.DeleteFunc(book.GetSheetList(), func(name string) bool { return name != "rows" && !strings.HasPrefix(name, "rows ") })
	if len(sheets) == 0 {
		return errors.New(`it has no sheet "rows"`)
	}
	var header []string
	for n, name := range sheets {
		err := eachCells(book, name, func(i int, fields []string) bool {
			if i == 1 {
				if n == 0 {
					header = slices.Clone(fields)
				} else if !slices.Equal(fields, header) {
					inside = false
					more := each(nil, fmt.Errorf("the sheet %q has other columns than the first", name))
					inside = true
					return more
				}
			}
			if i == 1 && n > 0 {
				return true
			}
			fields, err := record(header, fields)
			inside = false
			more := each(fields, err)
			inside = true
			return more
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachCells goes through the rows of a sheet, numbered from 1. Those without any cell are left out.
func eachCells(book *excelize.File, sheet string, each func(n int, fields []string) bool) error {
	rows, err := book.Rows(sheet)
	if err != nil {
		return fmt.Errorf("sheet %q: %w", sheet, err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		fields, err := rows.Columns()
		if err != nil {
			return fmt.Errorf("sheet %q, row %d: %w", sheet, n, err)
		}
		if len(fields) > 0 && !each(n, fields) {
			return errEnough
		}
	}
	if err := rows.Error(); err != nil {
		return fmt.Errorf("sheet %q: %w", sheet, err)
	}
	return nil
}

// record is a row's fields under the header, with those that are empty at its end.
func record(header, fields []string) ([]string, error) {
	all := make([]string, len(header))
	if len(fields) > len(all) {
		return nil, fmt.Errorf("it has %d cells, and there are %d columns", len(fields), len(all))
	}
	for i, text := range fields {
		if len(text) > MaxRow {
			return nil, fmt.Errorf("a cell has %d bytes", len(text))
		}
		if len(text) > maxCell/2 && strings.HasSuffix(text, cutMark) {
			return nil, errors.New("a text was cut to what a cell holds: it can't be had back")
		}
		all[i] = uncell(text)
	}
	if len(all) > 0 && header[0] == pictureColumn {
		all = all[1:]
	}
	return all, nil
}
