package rows

import (
	"fmt"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
)

// Matches is the row of a search: what is nearest to a query, nearest first.
type Matches struct {
	output.Head
	Matches []Match `json:"matches,omitzero"`
	output.Failure
}

// Match is an image, or a text, that was found.
type Match struct {
	Input  string  `json:"input" parquet:"input"`
	Cosine float64 `json:"cosine" parquet:"cosine"` // of the angle between the embeddings: 1 where they are the same
}

// Results is 1, or 0 where the query failed.
func (r Matches) Results() int {
	if r.Matches == nil {
		return 0
	}
	return 1
}

// MatchesCodec is for what searches find: CSV has a record for each match.
var MatchesCodec = &output.Codec[Matches]{
	Variant: "-matches",
	CSV: list[Matches, Match]{
		columns: []string{"match", "cosine"},
		write:   func(_ Matches, m Match) ([]string, error) { return []string{m.Input, double(m.Cosine)}, nil },
		read: func(_ *Matches, f *fields) Match {
			return Match{Input: f.text("match"), Cosine: f.decimal("cosine", 64)}
		},
		of: func(r *Matches) *[]Match { return &r.Matches },
	}.csv(),
	Parquet: output.Columns(Matches.columns, (*matchesColumns).row, (*matchesColumns).size),
	Table: &output.Table[Matches]{
		Columns: []grid.Column{grid.Text("query"), grid.File("match"), grid.Number("cosine")},
		Cells:   Matches.cells,
	},
	Fields: Matches.fields,
}

func (r Matches) cells(line func(...any)) {
	if r.Error != nil {
		line(r.Input, r.Error.Message, "")
		return
	}
	name := r.Input
	for _, m := range r.Matches {
		line(name, m.Input, fmt.Sprintf("%.4f", m.Cosine))
		name = ""
	}
}

type matchesColumns struct {
	Input      string        `parquet:"input"`
	Matches    []Match       `parquet:"matches,optional,list"`
	Error      *output.Error `parquet:"error,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

func (r Matches) columns() (c matchesColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Matches, c.Error = r.Matches, r.Error
	return c
}

func (c *matchesColumns) row() (r Matches) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Matches = c.Matches
	return r
}

func (c *matchesColumns) size() int {
	n := len(c.Input) + 64
	for _, m := range c.Matches {
		n += len(m.Input) + 16
	}
	return n
}
