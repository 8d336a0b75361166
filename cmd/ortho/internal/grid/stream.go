package grid

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Stream draws a table of which not all rows are known: its columns stay as wide as the first rows, and the
// terminal, have them, and later rows are fitted into them. Optional columns are not left out.
type Stream struct {
	columns []Column
	widths  []int
}

// Stream fixes the columns' widths by the rows so far. What is left of the terminal goes to the columns whose
// cells may be longer in later rows.
func (t *Table) Stream(width int) *Stream {
	s := &Stream{t.columns, t.widths(width)}
	var wide []int
	for i, c := range s.columns {
		if c.align == text.AlignLeft {
			wide = append(wide, i)
		}
	}
	const most = 40 // a column of more is too wide to read along
	for left := width - 1 - 3*len(s.widths) - sum(s.widths); left > 0 && len(wide) > 0; {
		grew := false
		for _, i := range wide {
			if left > 0 && s.widths[i] < most {
				s.widths[i]++
				left--
				grew = true
			}
		}
		if !grew {
			break
		}
	}
	return s
}

// Head is the top of the table, with the headers if there are any.
func (s *Stream) Head() string {
	headers := make([]string, len(s.columns))
	for i, c := range s.columns {
		headers[i] = Wrap(c.header, s.widths[i])
	}
	top := s.line("┌", "┬", "┐")
	if strings.Join(headers, "") == "" {
		return top
	}
	return top + s.row(headers) + s.line("├", "┼", "┤")
}

// Rows are those of a table, a line below them where it has one.
func (s *Stream) Rows(t *Table) string {
	var b strings.Builder
	for n, cells := range t.rows {
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = s.columns[i].fit(c, s.widths[i])
		}
		if n > 0 && t.separated[n] {
			b.WriteString(s.Between())
		}
		b.WriteString(s.row(row))
	}
	return b.String()
}

// Between is the line between rows.
func (s *Stream) Between() string { return s.line("├", "┼", "┤") }

// Foot is the end of the table.
func (s *Stream) Foot() string { return s.line("└", "┴", "┘") }

func (s *Stream) line(left, cross, right string) string {
	parts := make([]string, len(s.widths))
	for i, w := range s.widths {
		parts[i] = strings.Repeat("─", w+2)
	}
	return left + strings.Join(parts, cross) + right + "\n"
}

// row draws cells, whose lines fit.
func (s *Stream) row(fitted []string) string {
	lines, high := make([][]string, len(fitted)), 1
	for i, cell := range fitted {
		lines[i] = strings.Split(cell, "\n")
		high = max(high, len(lines[i]))
	}
	var b strings.Builder
	for n := range high {
		for i, w := range s.widths {
			cell := ""
			if n < len(lines[i]) {
				cell = lines[i][n]
			}
			space := strings.Repeat(" ", max(0, w-cells(cell)))
			if s.columns[i].align == text.AlignRight {
				cell = space + cell
			} else {
				cell += space
			}
			b.WriteString("│ " + cell + " ")
		}
		b.WriteString("│\n")
	}
	return b.String()
}
