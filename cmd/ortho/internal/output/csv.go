package output

import (
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/term"
)

// CSV says how rows are written as CSV, in UTF-8. Columns are those between the input's name and
// its error, which all rows have; of a row that failed they are empty. The last column is
// input_bytes, see [Head.UTF8]: base64, and empty where the name is UTF-8.
type CSV[R Row] struct {
	Columns []string
	// Write gives record the fields of each of a row's records, of which there is one at
	// least.
	Write func(row R, record func(fields ...string)) error
	// Read reads the fields of a record into a row that has its name, or adds them to the row
	// before it, if that goes on: joined. There may be none before it.
	Read func(row, before *R, fields []string) (joined bool, err error)
}

func (c *CSV[R]) columns() []string {
	return slices.Concat([]string{"input"}, c.Columns, []string{"error_kind", "error", "input_bytes"})
}

type csvWriter[R Row] struct {
	*CSV[R]
	w        *csv.Writer
	terminal bool
	escaped  bool // formulas are
	line     []string
	headed   bool
}

func (c *CSV[R]) writer(w io.Writer, terminal, escaped bool) *csvWriter[R] {
	return &csvWriter[R]{CSV: c, w: csv.NewWriter(w), terminal: terminal, escaped: escaped}
}

func (c *csvWriter[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	c.head()
	if err := row.Failed(); err != nil {
		c.record(row.head(), make([]string, len(c.Columns)), *err)
	} else if err := c.CSV.Write(row, func(fields ...string) { c.record(row.head(), fields, Error{}) }); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// record writes a record; an error is kept by w.
func (c *csvWriter[R]) record(head Head, fields []string, err Error) {
	name, bytes := head.UTF8()
	if c.terminal {
		name = head.Input // whose escapes tell more
	}
	c.line = append(append(append(c.line[:0], name), fields...), err.Kind, err.Message, base64.StdEncoding.EncodeToString(bytes))
	for i, field := range c.line {
		if c.terminal {
			field = term.Clean(field)
		}
		if c.escaped {
			field = EscapeFormula(field)
		}
		c.line[i] = field
	}
	c.w.Write(c.line)
}

func (c *csvWriter[R]) head() {
	if !c.headed {
		c.w.Write(c.columns())
		c.headed = true
	}
}

func (c *csvWriter[R]) Close() error {
	c.head()
	c.w.Flush()
	return c.w.Error()
}

// read yields the rows of a file. A record may have max bytes. Files of versions that kept every
// byte of a name, and had no input_bytes, are read, too.
func (c *CSV[R]) read(r io.Reader, max int, escaped bool) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		columns := c.columns()
		bounded := &returns{r: r, max: max}
		reader := csv.NewReader(bounded)
		reader.ReuseRecord = true
		var row *R // not yielded yet: it may go on
		for n := 0; ; n++ {
			bounded.left = max
			fields, err := reader.Read()
			switch {
			case errors.Is(err, io.EOF) && n > 0:
				if row != nil {
					yield(*row, nil)
				}
				return
			case errors.Is(err, io.EOF), err == nil && n == 0 && !slices.Equal(fields, columns) && !slices.Equal(fields, columns[:len(columns)-1]):
				err = fmt.Errorf("it does not begin with the columns %s", strings.Join(columns, ","))
			case err == nil && n > 0:
				var next *R
				if next, err = c.row(row, fields, escaped); err != nil || next == row {
					break
				}
				if row != nil && !yield(*row, nil) {
					return
				}
				row = next
			}
			if err != nil {
				var none R
				yield(none, fmt.Errorf("record %d: %w", n+1, err))
				return
			}
		}
	}
}

// row is the one that a record belongs to: the one before, or another.
func (c *CSV[R]) row(before *R, fields []string, escaped bool) (*R, error) {
	for i, field := range fields {
		if fields[i] = restored(field); escaped {
			fields[i] = unescapeFormula(fields[i])
		}
	}
	row := new(R)
	p := partsOf(row)
	p.setHead(fields[0])
	if last := len(c.Columns) + 3; len(fields) > last {
		if fields[last] != "" {
			name, err := base64.StdEncoding.DecodeString(fields[last])
			if err != nil {
				return nil, fmt.Errorf("input_bytes: %w", err)
			}
			p.setHead(string(name))
		}
		fields = fields[:last]
	}
	end := len(fields) - 2
	if kind, message := fields[end], fields[end+1]; kind != "" || message != "" {
		p.setFailure(&Error{kind, message})
		return row, nil
	}
	joined, err := c.Read(row, before, fields[1:end])
	if joined {
		return before, err
	}
	return row, err
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
