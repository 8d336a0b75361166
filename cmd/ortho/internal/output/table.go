package output

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"sync"
	"time"

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

// patience is how long rows are gathered for a person: what has come until then is shown, and what comes
// later is shown as it comes.
const patience = time.Second

type tableWriter[R Row] struct {
	*Table[R]
	w     *bufio.Writer
	width int
	shown bool // on a terminal, where a person waits

	mutex  sync.Mutex // the timer shows rows, too
	table  *grid.Table
	rows   int
	stream *grid.Stream // the table that is begun; nil: none is
	timer  *time.Timer
	err    error // of the timer
}

// writer gathers rows, for a terminal of width columns, or for what is none where that is 0.
func (t *Table[R]) writer(w io.Writer, width int) *tableWriter[R] {
	return &tableWriter[R]{Table: t, w: bufio.NewWriterSize(w, 1<<16), width: cmp.Or(width, grid.Standard), shown: width > 0, table: grid.New(t.Columns...)}
}

func (t *tableWriter[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.err != nil {
		return t.err
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
	t.rows++
	switch full := t.rows == cmp.Or(t.Together, together); {
	case full && t.stream == nil:
		return t.flush()
	case t.stream != nil:
		if err := t.show(); err != nil || !full {
			return err
		}
		return t.flush()
	case t.shown && t.timer == nil:
		t.timer = time.AfterFunc(patience, t.begin)
	}
	return nil
}

// begin shows the rows that have come, in columns that stay.
func (t *tableWriter[R]) begin() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.timer == nil || t.stream != nil || t.rows == 0 {
		return
	}
	t.stream = t.table.Stream(t.width)
	fmt.Fprint(t.w, t.stream.Head()+t.stream.Rows(t.table))
	t.table = grid.New(t.Columns...)
	t.err = t.w.Flush()
}

// show adds rows to the table that is begun.
func (t *tableWriter[R]) show() error {
	fmt.Fprint(t.w, t.stream.Between()+t.stream.Rows(t.table))
	t.table = grid.New(t.Columns...)
	return t.w.Flush()
}

// flush ends a table.
func (t *tableWriter[R]) flush() error {
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.stream != nil {
		fmt.Fprint(t.w, t.stream.Foot())
	} else {
		fmt.Fprintln(t.w, t.table.Draw(t.width))
	}
	t.table, t.rows, t.stream, t.timer = grid.New(t.Columns...), 0, nil, nil
	return t.w.Flush()
}

func (t *tableWriter[R]) Close() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.rows == 0 || t.err != nil {
		return t.err
	}
	return t.flush()
}
