package output

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

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
		return errors.New("CSV has no place for raw outputs: use -f jsonl or parquet")
	}
	if row.Picture != nil || row.Description != nil {
		return errPicture
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

// readCSV gathers the lines of one input: its predictions' ranks count from 1, and an
// input without any has one line with no rank. A line may have max bytes.
func readCSV(r io.Reader, max int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		bounded := &returns{r: r, max: max}
		reader := csv.NewReader(bounded)
		reader.FieldsPerRecord = len(csvColumns)
		reader.ReuseRecord = true
		var row *Row // not yielded yet: more predictions may follow
		for n := 0; ; n++ {
			bounded.left = max
			fields, err := reader.Read()
			switch {
			case errors.Is(err, io.EOF) && n > 0:
				if row != nil {
					yield(*row, nil)
				}
				return
			case errors.Is(err, io.EOF), err == nil && n == 0 && !slices.Equal(fields, csvColumns):
				err = fmt.Errorf("it does not begin with the columns %s", strings.Join(csvColumns, ","))
			case err == nil && n > 0:
				var done *Row
				if done, row, err = addCSV(row, fields); err == nil && done != nil && !yield(*done, nil) {
					return
				}
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("record %d: %w", n+1, err))
				return
			}
		}
	}
}

// addCSV adds a line to the row that it belongs to. Where it begins another, the row
// before is done.
func addCSV(before *Row, fields []string) (done, row *Row, err error) {
	for i, f := range fields {
		fields[i] = restored(f)
	}
	number := func(i int) int {
		n, e := strconv.Atoi(fields[i])
		if e != nil && err == nil {
			err = fmt.Errorf("%s %q is no number", csvColumns[i], fields[i])
		}
		return n
	}
	row = &Row{Input: fields[0]}
	rank := 0
	switch {
	case fields[8] != "" || fields[9] != "":
		row.Error = &Error{fields[8], fields[9]}
	case fields[1] == "":
		row.Predictions = []Prediction{}
		row.Width, row.Height = number(6), number(7)
	default:
		rank = number(1)
		p, e := strconv.ParseFloat(fields[5], 64)
		if e != nil {
			return nil, nil, fmt.Errorf("probability %q is no number", fields[5])
		}
		row.Predictions = []Prediction{{Index: number(2), ID: fields[3], Label: fields[4], Probability: p}}
		row.Width, row.Height = number(6), number(7)
		if err == nil && rank < 1 {
			err = fmt.Errorf("rank %d is below 1", rank)
		}
	}
	if err != nil || rank <= 1 {
		return before, row, err
	}
	if before == nil || before.Input != row.Input || len(before.Predictions) != rank-1 {
		return nil, nil, fmt.Errorf("rank %d of %q does not follow rank %d", rank, row.Input, rank-1)
	}
	before.Predictions = append(before.Predictions, row.Predictions...)
	return nil, before, nil
}

// returns keeps carriage returns from csv.Reader, which would take those before a
// newline away, and with them bytes of a name: \r comes out as \0r, \0 as \00. It
// gives no more than left bytes, so that a quote that is never closed is not read
// to the end of a large file.
type returns struct {
	r    io.Reader
	max  int
	left int
	raw  [2048]byte
	held []byte
}

func (r *returns) Read(p []byte) (int, error) {
	if len(r.held) == 0 {
		n, err := r.r.Read(r.raw[:])
		if n == 0 {
			return 0, err
		}
		if r.left -= n; r.left < 0 {
			return 0, fmt.Errorf("it has more than %d bytes", r.max)
		}
		for _, b := range r.raw[:n] {
			switch b {
			case '\r':
				r.held = append(r.held, 0, 'r')
			case 0:
				r.held = append(r.held, 0, '0')
			default:
				r.held = append(r.held, b)
			}
		}
	}
	n := copy(p, r.held)
	r.held = append(r.held[:0], r.held[n:]...)
	return n, nil
}

var returnsBack = strings.NewReplacer("\x00r", "\r", "\x000", "\x00")

func restored(s string) string { return returnsBack.Replace(s) }
