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

	"ortho/cmd/ortho/internal/term"
)

// The columns: a row for each prediction, or one for an item that failed or has none. Those
// of texts have no size, and may be no answer.
var (
	imageColumns = []string{"input", "rank", "index", "id", "label", "probability", "width", "height", "error_kind", "error"}
	textColumns  = []string{"input", "rank", "index", "id", "label", "probability", "doubt", "error_kind", "error"}
)

type csvWriter struct {
	w       *csv.Writer
	clean   func(string) string
	columns []string
	headed  bool
}

func newCSV(w io.Writer, terminal bool, columns []string) *csvWriter {
	c := &csvWriter{w: csv.NewWriter(w), clean: func(s string) string { return s }, columns: columns}
	if terminal {
		c.clean = term.Clean
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
	fields := map[string]string{"input": c.clean(row.Input)}
	switch {
	case row.Error != nil:
		fields["error_kind"], fields["error"] = row.Error.Kind, c.clean(row.Error.Message)
	default:
		fields["width"], fields["height"], fields["doubt"] = strconv.Itoa(row.Width), strconv.Itoa(row.Height), c.clean(row.Doubt)
	}
	if len(row.Predictions) == 0 { // it failed, or nothing is above --min-probability
		c.line(fields)
	}
	for i, p := range row.Predictions {
		fields["rank"], fields["index"], fields["id"], fields["label"] = strconv.Itoa(i+1), strconv.Itoa(p.Index), c.clean(p.ID), c.clean(p.Label)
		fields["probability"] = strconv.FormatFloat(p.Probability, 'g', -1, 64)
		c.line(fields)
	}
	c.w.Flush()
	return c.w.Error()
}

// line writes the columns of a line; what a map lacks is empty.
func (c *csvWriter) line(fields map[string]string) {
	line := make([]string, len(c.columns))
	for i, name := range c.columns {
		line[i] = fields[name]
	}
	c.w.Write(line)
}

func (c *csvWriter) head() {
	if !c.headed {
		c.w.Write(c.columns)
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
func readCSV(r io.Reader, max int, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		bounded := &returns{r: r, max: max}
		reader := csv.NewReader(bounded)
		reader.FieldsPerRecord = len(columns)
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
			case errors.Is(err, io.EOF), err == nil && n == 0 && !slices.Equal(fields, columns):
				err = fmt.Errorf("it does not begin with the columns %s", strings.Join(columns, ","))
			case err == nil && n > 0:
				var done *Row
				if done, row, err = addCSV(row, columns, fields); err == nil && done != nil && !yield(*done, nil) {
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
func addCSV(before *Row, columns, fields []string) (done, row *Row, err error) {
	field := func(column string) string {
		if i := slices.Index(columns, column); i >= 0 {
			return restored(fields[i])
		}
		return ""
	}
	number := func(column string) int {
		if !slices.Contains(columns, column) {
			return 0
		}
		n, e := strconv.Atoi(field(column))
		if e != nil && err == nil {
			err = fmt.Errorf("%s %q is no number", column, field(column))
		}
		return n
	}
	row = &Row{Input: field("input"), Doubt: field("doubt")}
	rank := 0
	switch {
	case field("error_kind") != "" || field("error") != "":
		row.Error = &Error{field("error_kind"), field("error")}
	case field("rank") == "":
		row.Predictions = []Prediction{}
		row.Width, row.Height = number("width"), number("height")
	default:
		rank = number("rank")
		p, e := strconv.ParseFloat(field("probability"), 64)
		if e != nil {
			return nil, nil, fmt.Errorf("probability %q is no number", field("probability"))
		}
		row.Predictions = []Prediction{{Index: number("index"), ID: field("id"), Label: field("label"), Probability: p}}
		row.Width, row.Height = number("width"), number("height")
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
