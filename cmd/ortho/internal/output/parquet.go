package output

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// A row group is held in memory until it is complete. It ends with so many rows, or
// with the row with which their values are so many bytes, whichever comes first.
const (
	groupRows  = 1 << 16
	groupBytes = 16 << 20
)

// maxGroupRows bounds those of a row group that is read, whatever version wrote it.
const maxGroupRows = 1 << 20

// maxFooter bounds what is read of a file's footer, which has some thousand bytes for
// each row group.
const maxFooter = 256 << 20

// parquetRow is a Row as Parquet's columns, the same in every file. What JSONL
// leaves out is null.
type parquetRow struct {
	Input       string              `parquet:"input"`
	Predictions []parquetPrediction `parquet:"predictions,optional,list"`
	Output      *parquetValues      `parquet:"output,optional"`
	Logits      []float32           `parquet:"logits,optional,list"`
	Error       *parquetError       `parquet:"error,optional"`
	Width       int32               `parquet:"width,optional"`
	Height      int32               `parquet:"height,optional"`
	InputBytes  []byte              `parquet:"input_bytes,optional"`
}

type parquetPrediction struct {
	Index       int32   `parquet:"index"`
	Label       string  `parquet:"label,optional,dict"`
	ID          string  `parquet:"id,optional,dict"`
	Probability float64 `parquet:"probability"`
}

type parquetValues struct {
	Name   string    `parquet:"name,dict"`
	Shape  []int64   `parquet:"shape,list"`
	Values []float32 `parquet:"values,list"`
}

type parquetError struct {
	Kind    string `parquet:"kind,dict"`
	Message string `parquet:"message"`
}

var parquetSchema = sync.OnceValue(func() *parquet.Schema { return parquet.NewSchema("row", parquet.SchemaOf(parquetRow{})) })

type parquetWriter struct {
	w     *parquet.GenericWriter[parquetRow]
	row   [1]parquetRow
	rows  int
	bytes int
}

func newParquet(w io.Writer) *parquetWriter {
	return &parquetWriter{w: parquet.NewGenericWriter[parquetRow](w, parquetSchema(), parquet.Compression(&parquet.Zstd))}
}

func (p *parquetWriter) Write(row Row) error {
	if row.Picture != nil || row.Description != nil {
		return errPicture
	}
	p.row[0] = toParquet(row)
	if _, err := p.w.Write(p.row[:]); err != nil {
		return err
	}
	p.rows++
	p.bytes += p.row[0].size()
	if p.rows < groupRows && p.bytes < groupBytes {
		return nil
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

func (p *parquetWriter) Close() error { return p.w.Close() }

func toParquet(row Row) parquetRow {
	p := parquetRow{Input: row.Input, Logits: row.Logits, Width: int32(row.Width), Height: int32(row.Height)}
	if !utf8.ValidString(row.Input) {
		p.Input, p.InputBytes = string([]rune(row.Input)), []byte(row.Input)
	}
	if row.Predictions != nil {
		p.Predictions = make([]parquetPrediction, len(row.Predictions))
	}
	for i, c := range row.Predictions {
		p.Predictions[i] = parquetPrediction{int32(c.Index), c.Label, c.ID, c.Probability}
	}
	if row.Output != nil {
		p.Output = &parquetValues{row.Output.Name, row.Output.Shape, row.Output.Values}
	}
	if row.Error != nil {
		p.Error = &parquetError{row.Error.Kind, row.Error.Message}
	}
	return p
}

func (p *parquetRow) row() Row {
	row := Row{Input: p.Input, Logits: p.Logits, Width: int(p.Width), Height: int(p.Height)}
	if p.InputBytes != nil {
		row.Input = string(p.InputBytes)
	}
	if p.Predictions != nil {
		row.Predictions = make([]Prediction, len(p.Predictions))
	}
	for i, c := range p.Predictions {
		row.Predictions[i] = Prediction{int(c.Index), c.Label, c.ID, c.Probability}
	}
	if p.Output != nil {
		row.Output = &Values{p.Output.Name, p.Output.Shape, p.Output.Values}
	}
	if p.Error != nil {
		row.Error = &Error{p.Error.Kind, p.Error.Message}
	}
	return row
}

// size is about the bytes of the row's values.
func (p *parquetRow) size() int {
	n := 2*len(p.Input) + 64 + 4*len(p.Logits)
	for _, c := range p.Predictions {
		n += 16 + len(c.Label) + len(c.ID)
	}
	if p.Output != nil {
		n += 8*len(p.Output.Shape) + 4*len(p.Output.Values)
	}
	if p.Error != nil {
		n += len(p.Error.Message)
	}
	return n
}

func readParquet(r io.ReaderAt, size int64) iter.Seq2[Row, error] {
	return readParquetAs(r, size, parquetSchema(), (*parquetRow).row)
}

// readParquetAs yields the rows of a file of T's columns.
func readParquetAs[T any](r io.ReaderAt, size int64, schema *parquet.Schema, toRow func(*T) Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := eachParquet(r, size, schema, toRow, func(row Row) bool { return yield(row, nil) })
		if err != nil {
			yield(Row{}, err)
		}
	}
}

// eachParquet returns as errors what parquet-go panics with on broken files.
func eachParquet[T any](r io.ReaderAt, size int64, schema *parquet.Schema, toRow func(*T) Row, each func(Row) bool) (err error) {
	inside := true
	defer func() {
		if !inside { // the caller's panic
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("the Parquet file is broken: %v", p)
		}
	}()
	if err := checkFooter(r, size); err != nil {
		return err
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	if !parquet.EqualNodes(file.Schema(), schema) {
		return errors.New("its columns are not those of ortho")
	}
	for i, g := range file.Metadata().RowGroups {
		if err := checkGroup(&g); err != nil {
			return fmt.Errorf("row group %d: %w", i, err)
		}
	}
	reader := parquet.NewGenericReader[T](file, schema)
	defer reader.Close()
	for n := 1; ; n++ {
		var one [1]T
		read, err := reader.Read(one[:])
		if read == 1 {
			row := toRow(&one[0])
			if err := row.check(); err != nil {
				return fmt.Errorf("row %d: %w", n, err)
			}
			inside = false
			more := each(row)
			inside = true
			if !more {
				return nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
}

// checkFooter refuses a footer that is not in the file: its bytes are allocated before
// they are read.
func checkFooter(r io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("it is too short for a Parquet file")
	}
	if _, err := r.ReadAt(end[:], size-8); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); string(end[4:]) != "PAR1" || n > size-12 || n > maxFooter {
		return errors.New("it does not end as a Parquet file of ortho does: it may be cut off")
	}
	return nil
}

// checkGroup refuses what parquet-go would use time and memory on without bounds, and
// newParquet does not write.
func checkGroup(g *format.RowGroup) error {
	if g.NumRows > maxGroupRows {
		return fmt.Errorf("it has %d rows, more than %d", g.NumRows, maxGroupRows)
	}
	for _, c := range g.Columns {
		if c.MetaData.Codec != format.Zstd {
			return fmt.Errorf("it is compressed by %v, not %v", c.MetaData.Codec, format.Zstd)
		}
		if n := c.MetaData.TotalUncompressedSize; n > 2*groupBytes+MaxRow {
			return fmt.Errorf("a column has %d bytes, more than ortho writes", n)
		}
	}
	return nil
}
