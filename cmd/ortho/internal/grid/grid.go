package grid

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Standard is the width of a terminal that is none: of a file, a pipe.
const Standard = 80

// Width is that of the terminal that w is, else Standard.
func Width(w io.Writer) int { return cmp.Or(terminal(w), Standard) }

// Sentence is a text behind its lead ("- ", "model      "), as w takes it: wrapped to a
// terminal's width, below its own beginning. Elsewhere it stays in one line, where programs
// find it.
func Sentence(w io.Writer, lead, text string) string {
	if width := terminal(w); width > 0 {
		text = wrapFrom(text, width, cells(lead))
	}
	return lead + text
}

// terminal is the width of a terminal; 0 where w is none.
func terminal(w io.Writer) int {
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return max(0, width)
		}
	}
	return 0
}

// Column is a column's header, and how its cells are drawn.
type Column struct {
	header string
	align  text.Align
	fit    func(cell string, width int) string
	least  func(cell string) int // width, as long as others can give
	split  func(cell string) int // width, where all have given that: intervals are broken, words are not
	broken int                   // the least width, where none can
	maybe  bool                  // left out where it is empty
}

// Text is a column of words, which are wrapped where the table is too wide.
func Text(header string) Column {
	return Column{header, text.AlignLeft, Wrap, longestWord, longestField, 4, false}
}

// Number is a column that is aligned right.
func Number(header string) Column {
	return Column{header, text.AlignRight, Wrap, longestWord, longestField, 4, false}
}

// File is a column of paths: where the table is too wide, folders are left out of them before
// a file's own name is cut in the middle.
func File(header string) Column {
	return Column{header, text.AlignLeft, shorten, shortened, shortened, 10, false}
}

// Absent stands in a cell without a value.
const Absent = "-"

// Optional is the column, left out where every cell of it is empty or Absent.
func (c Column) Optional() Column {
	c.maybe = true
	return c
}

// Table gathers rows. See [New].
type Table struct {
	columns   []Column
	rows      [][]string
	separated map[int]bool // by the number of rows above the line
	footer    []string
}

// New is an empty table. Where no column has a header, none is drawn.
func New(columns ...Column) *Table { return &Table{columns: columns, separated: map[int]bool{}} }

// Row appends a row, of a cell for each column. Cells must be clean: one line, without what
// acts on a terminal.
func (t *Table) Row(cells ...any) { t.rows = append(t.rows, texts(cells)) }

// Footer sets the last row, which a line stands above.
func (t *Table) Footer(cells ...any) { t.footer = texts(cells) }

// Separate draws a line below the rows so far, if others follow.
func (t *Table) Separate() { t.separated[len(t.rows)] = true }

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

func texts(cells []any) []string {
	s := make([]string, len(cells))
	for i, c := range cells {
		s[i] = fmt.Sprint(c)
	}
	return s
}

// Print draws the table for w, in the width that is w's.
func (t *Table) Print(w io.Writer) error {
	_, err := fmt.Fprintln(w, t.Draw(Width(w)))
	return err
}

// Draw returns the table in at most so many columns of a terminal, unless it has too many
// columns of its own for that.
func (t *Table) Draw(width int) string {
	t = t.dense()
	widths := t.widths(width)
	out := table.NewWriter()
	out.SetStyle(table.StyleLight)
	out.Style().Format.Header, out.Style().Format.Footer = text.FormatDefault, text.FormatDefault
	words := func(cells []string) table.Row {
		row := make(table.Row, len(cells))
		for i, c := range cells {
			row[i] = Wrap(c, widths[i])
		}
		return row
	}
	if headers := t.headers(); strings.Join(headers, "") != "" {
		out.AppendHeader(words(headers))
	}
	for n, cells := range t.rows {
		if n > 0 && t.separated[n] {
			out.AppendSeparator()
		}
		row := make(table.Row, len(cells))
		for i, c := range cells {
			row[i] = t.columns[i].fit(c, widths[i])
		}
		out.AppendRow(row)
	}
	if t.footer != nil {
		out.AppendFooter(words(t.footer))
	}
	configs := make([]table.ColumnConfig, len(t.columns))
	for i, c := range t.columns {
		configs[i] = table.ColumnConfig{Number: i + 1, Align: c.align, AlignFooter: c.align}
	}
	out.SetColumnConfigs(configs)
	return out.Render()
}

// dense is the table without the optional columns that are empty.
func (t *Table) dense() *Table {
	dense := &Table{rows: make([][]string, len(t.rows)), separated: t.separated}
	for i, column := range t.columns {
		full := func(row []string) bool { return row[i] != "" && row[i] != Absent }
		if column.maybe && !slices.ContainsFunc(t.rows, full) && (t.footer == nil || !full(t.footer)) {
			continue
		}
		dense.columns = append(dense.columns, column)
		for n, row := range t.rows {
			dense.rows[n] = append(dense.rows[n], row[i])
		}
		if t.footer != nil {
			dense.footer = append(dense.footer, t.footer[i])
		}
	}
	return dense
}

func (t *Table) headers() []string {
	headers := make([]string, len(t.columns))
	for i, c := range t.columns {
		headers[i] = c.header
	}
	return headers
}

// widths are those of the columns' cells. Where they are too wide, first only headers are
// wrapped; then paths are shortened, and cells wrapped between words, where that costs the
// fewest lines; then intervals are broken; and words if that is not enough, in the widest
// columns.
func (t *Table) widths(width int) []int {
	n := len(t.columns)
	natural, headed, whole, split, broken := make([]int, n), make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	for i, column := range t.columns {
		whole[i], split[i] = longestWord(column.header), longestField(column.header)
		for _, row := range t.rows {
			natural[i], whole[i], split[i] = max(natural[i], cells(row[i])), max(whole[i], column.least(row[i])), max(split[i], column.split(row[i]))
		}
		if t.footer != nil {
			natural[i], whole[i], split[i] = max(natural[i], cells(t.footer[i])), max(whole[i], longestWord(t.footer[i])), max(split[i], longestField(t.footer[i]))
		}
		headed[i] = max(natural[i], longestWord(column.header))
		natural[i] = max(natural[i], cells(column.header))
		broken[i] = min(split[i], column.broken)
	}
	const border, between = 1, 3 // "│ a │ b │"
	left := width - border - between*n
	widths := slices.Clone(natural)
	free := func(int, int) int { return 0 }
	narrow(widths, headed, left, free)
	narrow(widths, whole, left, t.cost())
	narrow(widths, split, left, t.cost())
	narrow(widths, broken, left, free)
	t.distribute(widths, natural, left)
	return widths
}

// narrow makes widths fit, as long as none falls below the least. It takes from the column
// where that costs the least, of several the widest.
func narrow(widths, least []int, left int, cost func(column, width int) int) {
	if sum(widths) <= left {
		return
	}
	for i, w := range least { // the others have at least theirs
		widths[i] = min(widths[i], max(w, left-sum(least)+w))
	}
	for sum(widths) > left {
		best, lowest := -1, 0
		for i, w := range widths {
			if w <= least[i] {
				continue
			}
			if more := cost(i, w-1) - cost(i, w); best < 0 || more < lowest || more == lowest && w > widths[best] {
				best, lowest = i, more
			}
		}
		if best < 0 {
			return
		}
		widths[best]--
	}
}

// costed is how many rows are looked at for the lines that a width costs.
const costed = 100

// cost returns a function: how many lines more than one the cells of a column take in a width.
func (t *Table) cost() func(column, width int) int {
	known := map[[2]int]int{}
	return func(column, width int) int {
		key := [2]int{column, width}
		if lines, ok := known[key]; ok {
			return lines
		}
		lines := 0
		for _, row := range t.rows[:min(len(t.rows), costed)] {
			lines += strings.Count(t.columns[column].fit(row[column], width), "\n")
		}
		known[key] = lines
		return lines
	}
}

// distribute gives what wrapped columns do not use to others that it is enough for.
func (t *Table) distribute(widths, natural []int, left int) {
	for i, column := range t.columns {
		used := lineWidth(Wrap(column.header, widths[i]))
		for _, row := range t.rows {
			used = max(used, lineWidth(column.fit(row[i], widths[i])))
		}
		if t.footer != nil {
			used = max(used, lineWidth(Wrap(t.footer[i], widths[i])))
		}
		widths[i] = used
	}
	for i := range widths {
		if more := natural[i] - widths[i]; sum(widths)+more <= left {
			widths[i] += more
		}
	}
}

func lineWidth(lines string) int { return text.LongestLineLen(lines) }

func sum(widths []int) (total int) {
	for _, w := range widths {
		total += w
	}
	return total
}
