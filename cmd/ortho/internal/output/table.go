package output

import (
	"bufio"
	"cmp"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
)

// together is how many inputs are gathered into one table: enough for a person,
// bounded for a million.
const together = 100

// Table says how rows are shown in tables for people.
type Table[R Row] struct {
	Columns []grid.Column
	// Cells gives line the cells of each of a row's lines, also of one that failed. What could
	// act on a terminal is taken out of them later.
	Cells    func(row R, line func(cells ...any))
	Together int // rows of one table; 0: as many as suit people
}

type tableWriter[R Row] struct {
	*Table[R]
	w     *bufio.Writer
	width int
	table *grid.Table
	rows  int
}

func (t *Table[R]) writer(w io.Writer, width int) *tableWriter[R] {
	return &tableWriter[R]{Table: t, w: bufio.NewWriterSize(w, 1<<16), width: cmp.Or(width, grid.Standard), table: grid.New(t.Columns...)}
}

func (t *tableWriter[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	t.Cells(row, func(cells ...any) {
		for i, cell := range cells {
			if text, ok := cell.(string); ok {
				cells[i] = term.Clean(text)
			}
		}
		t.table.Row(cells...)
	})
	t.table.Separate()
	if t.rows++; t.rows == cmp.Or(t.Together, together) {
		return t.flush()
	}
	return nil
}

func (t *tableWriter[R]) flush() error {
	fmt.Fprintln(t.w, t.table.Draw(t.width))
	t.table, t.rows = grid.New(t.Columns...), 0
	return t.w.Flush()
}

func (t *tableWriter[R]) Close() error {
	if t.rows == 0 {
		return nil
	}
	return t.flush()
}
