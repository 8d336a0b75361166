package rows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
)

// list is how CSV has rows of type R that are lists of E: a record for each element, with its rank, or one without a
// rank where there is none. Ranks and the columns of an element come first, then those of the row.
type list[R output.Row, E any] struct {
	columns []string
	write   func(R, E) ([]string, error)
	read    func(*R, *fields) E

	more      []string
	writeMore func(R) []string
	readMore  func(*R, *fields)

	of func(*R) *[]E
}

// csv is for [output.Codec]. Columns of numbers are told by isNumber.
func (l list[R, E]) csv() *output.CSV[R] {
	columns := slices.Concat([]string{"rank"}, l.columns, l.more)
	return &output.CSV[R]{
		Columns: columns,
		Several: true,
		Number:  isNumber,
		Write: func(row R, record func(...string)) error {
			more := []string{}
			if l.more != nil {
				more = l.writeMore(row)
			}
			all := *l.of(&row)
			if len(all) == 0 {
				record(append(make([]string, 1+len(l.columns)), more...)...)
			}
			for i, e := range all {
				one, err := l.write(row, e)
				if err != nil {
					return err
				}
				record(slices.Concat([]string{strconv.Itoa(i + 1)}, one, more)...)
			}
			return nil
		},
		Read: func(row, before *R, values []string) (joined bool, err error) {
			f := &fields{columns: columns, values: values}
			if l.more != nil {
				l.readMore(row, f)
			}
			*l.of(row) = []E{}
			if !f.given("rank") {
				return false, f.err
			}
			rank, one := f.whole("rank"), l.read(row, f)
			switch {
			case f.err != nil:
				return false, f.err
			case rank < 1:
				return false, fmt.Errorf("rank %d is below 1", rank)
			case rank == 1:
				*l.of(row) = append(*l.of(row), one)
				return false, nil
			case before == nil || (*before).Name() != (*row).Name() || len(*l.of(before)) != rank-1:
				return false, fmt.Errorf("rank %d of %q does not follow rank %d", rank, (*row).Name(), rank-1)
			}
			*l.of(before) = append(*l.of(before), one)
			return true, nil
		},
	}
}

// fields are those of a record, by their columns. The first mistake is kept: what follows it is zero.
type fields struct {
	columns, values []string
	err             error
}

func (f *fields) text(column string) string {
	if i := slices.Index(f.columns, column); i >= 0 && i < len(f.values) {
		return f.values[i]
	}
	return ""
}

func (f *fields) given(column string) bool { return f.text(column) != "" }

// whole is a whole number; 0 where there is none.
func (f *fields) whole(column string) int {
	if !f.given(column) || f.err != nil {
		return 0
	}
	n, err := number(column, f.text(column))
	f.err = err
	return n
}

// decimal is a number of so many bits; 0 where there is none.
func (f *fields) decimal(column string, bits int) float64 {
	if !f.given(column) || f.err != nil {
		return 0
	}
	v, err := strconv.ParseFloat(f.text(column), bits)
	if err != nil {
		f.err = fmt.Errorf("%s %q is no number", column, f.text(column))
	}
	return v
}

// size are the columns of rows of images.
var size = []string{"width", "height"}

func sizeFields(width, height int) []string {
	return []string{strconv.Itoa(width), strconv.Itoa(height)}
}

func float(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

func double(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// instead gives line a line in place of an empty list: why the row failed, or nothing's name. It has n cells.
func instead(line func(...any), n int, of output.Head, failed output.Failure, count int, nothing string) {
	cells := make([]any, n)
	for i := range cells {
		cells[i] = ""
	}
	switch cells[0] = of.Input; {
	case failed.Error != nil: // the name stands beside it already
		cells[2] = "failed: " + strings.TrimPrefix(failed.Error.Message, term.UTF8(of.Input)+": ")
	case count == 0:
		cells[2] = nothing
	default:
		return
	}
	line(cells...)
}

// named is a label, or the number of a class that has none.
func named(label string, index int) string {
	if label == "" {
		return nameless(index)
	}
	return label
}
