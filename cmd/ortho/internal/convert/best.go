package convert

import (
	"fmt"
	"iter"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/where"
)

// Sorted are the rows of an input as images are sorted by them.
type Sorted struct {
	All     iter.Seq2[rows.Best, error]
	LeftOut int64              // by the expression, as All has come to them
	Tell    func(func(string)) // says of which rows the expression could not tell
}

// Best are the rows of an input as images are sorted by them: those of an expression of --where; "": all. What is
// said of rows without a result is told by warn.
func (in *Input) Best(expression string, warn func(string)) (*Sorted, error) {
	k, err := told([]*Input{in}, warn)
	if err != nil {
		return nil, err
	}
	if k.best == nil {
		return nil, fmt.Errorf("%s has %s, which have no classes to be sorted by: rows of classify, detect, segment and tag have", in.Name, k.name)
	}
	return k.best(in, expression)
}

// sortable are rows that images can be sorted by.
type sortable interface {
	output.Row
	Best() (rows.Best, error)
}

func best[R sortable](in *Input, codec *output.Codec[R], expression string) (*Sorted, error) {
	var keeps *where.Rows[R]
	if expression != "" {
		var err error
		if keeps, err = where.Over(codec, expression); err != nil {
			return nil, err
		}
	}
	s := &Sorted{Tell: keeps.Tell}
	s.All = func(yield func(rows.Best, error) bool) {
		for row, err := range codec.Read(in.Format, in.file, in.size) {
			var b rows.Best
			switch {
			case err != nil:
				err = fmt.Errorf("read %s: %w", in.Name, err)
			case keeps != nil && !keeps.Keeps(row):
				s.LeftOut++
				continue
			default:
				b, err = row.Best()
			}
			if !yield(b, err) {
				return
			}
		}
	}
	return s, nil
}
