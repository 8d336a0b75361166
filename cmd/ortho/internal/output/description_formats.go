package output

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
)

func newDescriptionsCSV(w io.Writer, terminal bool) *descriptionsCSV {
	c := &descriptionsCSV{w: csv.NewWriter(w), clean: func(s string) string { return s }}
	if terminal {
		c.clean = term.Clean
	}
	return c
}

// descriptionsTable prints each row when it is there: an answer takes seconds.
type descriptionsTable struct {
	w     io.Writer
	width int
}

func newDescriptionsTable(w io.Writer, width int) descriptionsTable {
	return descriptionsTable{w, cmp.Or(width, grid.Standard)}
}

func (t descriptionsTable) Write(row Row) error {
	one := grid.New(grid.Text(""), grid.Text(""))
	one.Row("image", term.Clean(row.Input))
	switch d := row.Description; {
	case row.Error != nil:
		one.Row("failed", term.Clean(row.Error.Message))
	case d == nil:
		return errors.New("it is no row of a description")
	default:
		class := term.Clean(d.Class)
		if d.Index != nil {
			class = fmt.Sprintf("%d %s", *d.Index, class)
		}
		for _, line := range [][2]string{{"description", term.Clean(d.Sentence)}, {"class", class}, {"objects", term.Clean(joined(d.Objects))},
			{"attributes", term.Clean(joined(d.Attributes))}, {"scene", term.Clean(d.Scene)}} {
			if line[1] != "" {
				one.Row(line[0], line[1])
			}
		}
	}
	_, err := fmt.Fprintln(t.w, one.Draw(t.width))
	return err
}

func (t descriptionsTable) Close() error { return nil }

// descriptionRow is a row as Parquet's columns.
type descriptionRow struct {
	Input      string        `parquet:"input"`
	Sentence   string        `parquet:"sentence,optional"`
	Objects    []string      `parquet:"objects,optional,list"`
	Attributes []string      `parquet:"attributes,optional,list"`
	Scene      string        `parquet:"scene,optional"`
	Index      *int32        `parquet:"index,optional"`
	Class      string        `parquet:"class,optional"`
	Model      string        `parquet:"model,optional,dict"`
	Cached     bool          `parquet:"cached,optional"`
	Tokens     int64         `parquet:"tokens,optional"`
	Error      *parquetError `parquet:"error,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

var descriptionSchema = sync.OnceValue(func() *parquet.Schema {
	return parquet.NewSchema("row", parquet.SchemaOf(descriptionRow{}))
})

type descriptionsParquet struct {
	w    *parquet.GenericWriter[descriptionRow]
	rows int
}

func newDescriptionsParquet(w io.Writer) *descriptionsParquet {
	return &descriptionsParquet{w: parquet.NewGenericWriter[descriptionRow](w, descriptionSchema(), parquet.Compression(&parquet.Zstd))}
}

func (p *descriptionsParquet) Write(row Row) error {
	one := descriptionRow{Input: row.Input}
	if !utf8.ValidString(row.Input) {
		one.Input, one.InputBytes = string([]rune(row.Input)), []byte(row.Input)
	}
	switch d := row.Description; {
	case row.Error != nil:
		one.Error = &parquetError{row.Error.Kind, row.Error.Message}
	case d == nil:
		return errors.New("it is no row of a description")
	default:
		one.Sentence, one.Objects, one.Attributes, one.Scene = d.Sentence, d.Objects, d.Attributes, d.Scene
		one.Class, one.Model, one.Cached, one.Tokens = d.Class, d.Model, d.Cached, int64(d.Tokens)
		if d.Index != nil {
			index := int32(*d.Index)
			one.Index = &index
		}
	}
	if _, err := p.w.Write([]descriptionRow{one}); err != nil {
		return err
	}
	const group = 1 << 12 // rows of some thousand bytes
	if p.rows++; p.rows < group {
		return nil
	}
	p.rows = 0
	return p.w.Flush()
}

func (p *descriptionsParquet) Close() error { return p.w.Close() }

func (p *descriptionRow) row() Row {
	row := Row{Input: p.Input}
	if p.InputBytes != nil {
		row.Input = string(p.InputBytes)
	}
	if p.Error != nil {
		row.Error = &Error{p.Error.Kind, p.Error.Message}
		return row
	}
	row.Description = &Description{Sentence: p.Sentence, Objects: p.Objects, Attributes: p.Attributes, Scene: p.Scene,
		Class: p.Class, Model: p.Model, Cached: p.Cached, Tokens: int(p.Tokens)}
	if p.Index != nil {
		index := int(*p.Index)
		row.Description.Index = &index
	}
	return row
}

func readDescriptionsParquet(r io.ReaderAt, size int64) iter.Seq2[Row, error] {
	return readParquetAs(r, size, descriptionSchema(), (*descriptionRow).row)
}
