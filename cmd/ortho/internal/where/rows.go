package where

import (
	"fmt"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
)

// Rows is a filter of rows: it counts those of which its expression can't tell whether they are kept, and leaves them
// out. It is for one goroutine.
type Rows[R output.Row] struct {
	filter  *Filter
	fields  func(R) any
	unknown int64
	first   string // of them, and why
}

// Over reads the expression of --where, over the rows of a codec.
func Over[R output.Row](codec *output.Codec[R], expression string) (*Rows[R], error) {
	if codec.Fields == nil {
		return nil, commandline.Usagef("--where: such rows can't be chosen from")
	}
	var none R
	filter, err := Parse(expression, codec.Fields(none))
	if err != nil {
		return nil, commandline.Usagef("--where: %w", err)
	}
	return &Rows[R]{filter: filter, fields: codec.Fields}, nil
}

// Keeps reports whether a row is kept.
func (r *Rows[R]) Keeps(row R) bool {
	keeps, err := r.filter.Keeps(r.fields(row), row.Failed() != nil)
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		if r.unknown++; r.unknown == 1 {
			r.first = fmt.Sprintf("%s: %s", term.UTF8(row.Name()), reason)
		}
	}
	return keeps && err == nil
}

// Tell says of how many rows the expression could not tell, and of the first why.
func (r *Rows[R]) Tell(warn func(string)) {
	if r != nil && r.unknown > 0 {
		warn(fmt.Sprintf("--where has no answer for %s, left out: %s", term.Counted(r.unknown, "row"), r.first))
	}
}
