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

// CSV says how rows are written as CSV and its like, in UTF-8. Columns are those between the input's name and
// its error, which all rows have; of a row that failed they are empty. The last column is
// input_bytes, see [Head.UTF8]: base64, and empty where the name is UTF-8.
type CSV[R Row] struct {
	Columns []string
	// Several says that a row may have several records, so that the format wide is none for it.
	Several bool
	// Later is how many of the last of them files of older versions lack: Read gets fields without those.
	Later int
	// Number reports whether the values of a column are numbers, for formats that tell; nil: none
	// is.
	Number func(column string) bool
	// Write gives record the fields of each of a row's records, of which there is one at
	// least.
	Write func(row R, record func(fields ...string)) error
	// Read reads the fields of a record into a row that has its name, or adds them to the row
	// before it, if that goes on: joined. There may be none before it.
	Read func(row, before *R, fields []string) (joined bool, err error)

	lists func(n int) *CSV[R] // of wide: that for lists of another length
}

// form is CSV, or its like with another separator. Fields are quoted as in CSV, which pandas,
// DuckDB and spreadsheets read in tab-separated values, too.
func (c *CSV[R]) form(comma rune, escaped bool) *form[R] {
	return &form[R]{
		writer: func(w io.Writer, width int) Writer[R] { return c.writer(w, comma, width > 0, escaped) },
		read:   sections(func(r io.Reader) iter.Seq2[R, error] { return c.read(r, MaxRow, comma, escaped) }),
	}
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

func (c *CSV[R]) writer(w io.Writer, comma rune, terminal, escaped bool) *csvWriter[R] {
	to := csv.NewWriter(w)
	to.Comma = comma
	return &csvWriter[R]{CSV: c, w: to, terminal: terminal, escaped: escaped}
}

func (c *csvWriter[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	c.head()
	if err := c.records(row, c.record); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// records gives record the parts of each of a row's records.
func (c *CSV[R]) records(row R, record func(head Head, fields []string, err Error)) error {
	if err := row.Failed(); err != nil {
		record(row.head(), make([]string, len(c.Columns)), *err)
		return nil
	}
	return c.Write(row, func(fields ...string) { record(row.head(), fields, Error{}) })
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

// fits is the CSV that has written a file's first record; nil: none has. Files of versions that
// kept every byte of a name, and had no input_bytes, are read, too.
func (c *CSV[R]) fits(header []string) *CSV[R] {
	if c.lists != nil {
		none := len(c.lists(0).columns())
		n := (len(header) - none) / (len(c.lists(1).columns()) - none)
		c = c.lists(max(0, n))
	}
	for _, n := range []int{0, c.Later} {
		of := *c
		of.Columns = c.Columns[:len(c.Columns)-n]
		if columns := of.columns(); slices.Equal(header, columns) || slices.Equal(header, columns[:len(columns)-1]) {
			return &of
		}
	}
	return nil
}

// errColumns is of a file that another kind of rows is in.
func (c *CSV[R]) errColumns() error {
	return fmt.Errorf("it does not begin with the columns %s", strings.Join(c.columns(), ","))
}

// read yields the rows of a file. A record may have max bytes.
func (c *CSV[R]) read(r io.Reader, max int, comma rune, escaped bool) iter.Seq2[R, error] {
	return c.rows(func(yield func([]string, error) bool) {
		bounded := &returns{r: r, max: max}
		reader := csv.NewReader(bounded)
		reader.Comma, reader.ReuseRecord = comma, true
		for n := 1; ; n++ {
			bounded.left = max
			fields, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			for i, field := range fields {
				if fields[i] = restored(field); escaped && n > 1 {
					fields[i] = unescapeFormula(fields[i])
				}
			}
			wrong := (*csv.ParseError)(nil)
			if err != nil {
				err = fmt.Errorf("record %d: %w", n, err)
			}
			if !yield(fields, err) || err != nil && !errors.As(err, &wrong) {
				return
			}
		}
	})
}

// rows yields those of records, of which the first has the columns. A record that is damaged
// costs itself; each is good until the next.
func (c *CSV[R]) rows(records iter.Seq2[[]string, error]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		var of *CSV[R]
		var row *R // not yielded yet: it may go on
		n := 0
		for fields, err := range records {
			n++
			if of == nil {
				if err == nil {
					if of = c.fits(fields); of != nil {
						continue
					}
					err = fmt.Errorf("record %d: %w", n, c.errColumns())
				}
				yield(none, err)
				return
			}
			next := row
			if err == nil {
				if next, err = of.row(row, fields); err != nil {
					err = fmt.Errorf("record %d: %w", n, err)
				}
			}
			if err == nil && next == row {
				continue
			}
			if row != nil && !yield(*row, nil) {
				return
			}
			if row = next; err != nil {
				row = nil
				if !yield(none, err) {
					return
				}
			}
		}
		switch {
		case of == nil:
			yield(none, fmt.Errorf("record 1: %w", c.errColumns()))
		case row != nil:
			yield(*row, nil)
		}
	}
}

// row is the one that a record belongs to: the one before, or another.
func (c *CSV[R]) row(before *R, fields []string) (*R, error) {
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
