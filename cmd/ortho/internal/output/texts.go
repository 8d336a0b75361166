package output

import (
	"io"
	"iter"
	"sync"

	"github.com/parquet-go/parquet-go"
)

// ofTexts marks the variants of formats for the classes of texts: texts have no size, and
// their classes may be no answer.
const ofTexts = "-texts"

// Texts is the format for rows of texts that a format stands for.
func Texts(format string) string {
	if format == "jsonl" { // which leaves out what a row has not
		return format
	}
	return format + ofTexts
}

// textRow is a row of a text as Parquet's columns.
type textRow struct {
	Input       string              `parquet:"input"`
	Predictions []parquetPrediction `parquet:"predictions,optional,list"`
	Doubt       string              `parquet:"doubt,optional"`
	Output      *parquetValues      `parquet:"output,optional"`
	Logits      []float32           `parquet:"logits,optional,list"`
	Error       *parquetError       `parquet:"error,optional"`
	InputBytes  []byte              `parquet:"input_bytes,optional"`
}

var textSchema = sync.OnceValue(func() *parquet.Schema { return parquet.NewSchema("row", parquet.SchemaOf(textRow{})) })

type textsParquet struct {
	w     *parquet.GenericWriter[textRow]
	rows  int
	bytes int
}

func newTextsParquet(w io.Writer) *textsParquet {
	return &textsParquet{w: parquet.NewGenericWriter[textRow](w, textSchema(), parquet.Compression(&parquet.Zstd))}
}

func (p *textsParquet) Write(row Row) error {
	if row.Picture != nil || row.Description != nil {
		return errPicture
	}
	one := toParquet(row)
	made := textRow{one.Input, one.Predictions, row.Doubt, one.Output, one.Logits, one.Error, one.InputBytes}
	if _, err := p.w.Write([]textRow{made}); err != nil {
		return err
	}
	p.rows++
	p.bytes += one.size()
	if p.rows < groupRows && p.bytes < groupBytes {
		return nil
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

func (p *textsParquet) Close() error { return p.w.Close() }

func (p *textRow) row() Row {
	one := parquetRow{Input: p.Input, Predictions: p.Predictions, Output: p.Output, Logits: p.Logits, Error: p.Error, InputBytes: p.InputBytes}
	row := one.row()
	row.Doubt = p.Doubt
	return row
}

func readTextsParquet(r io.ReaderAt, size int64) iter.Seq2[Row, error] {
	return readParquetAs(r, size, textSchema(), (*textRow).row)
}
