package output

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

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

// Parquet says how rows are written as Parquet. See [Columns].
type Parquet[R Row] struct {
	writer func(io.Writer) Writer[R]
	read   func(io.ReaderAt, int64) iter.Seq2[R, error]
}

// Columns writes rows in the columns of P, the same in every file; what JSONL leaves out
// is null. of makes columns of a row and row a row of them, size is about the bytes of their
// values. The input's name is the columns input and input_bytes, see [Head.UTF8].
func Columns[R Row, P any](of func(R) P, row func(*P) R, size func(*P) int) *Parquet[R] {
	schema := sync.OnceValue(func() *parquet.Schema {
		var p P
		return parquet.NewSchema("row", parquet.SchemaOf(p))
	})
	return &Parquet[R]{
		writer: func(w io.Writer) Writer[R] {
			return &parquetWriter[R, P]{w: parquet.NewGenericWriter[P](w, schema(), parquet.Compression(&parquet.Zstd)), of: of, size: size}
		},
		read: func(r io.ReaderAt, size int64) iter.Seq2[R, error] {
			return func(yield func(R, error) bool) {
				err := eachParquet(r, size, schema(), row, func(row R) bool { return yield(row, nil) })
				if err != nil {
					var none R
					yield(none, err)
				}
			}
		},
	}
}

type parquetWriter[R Row, P any] struct {
	w    *parquet.GenericWriter[P]
	of   func(R) P
	size func(*P) int

	row   [1]P
	rows  int
	bytes int
}

func (p *parquetWriter[R, P]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	p.row[0] = p.of(row)
	if _, err := p.w.Write(p.row[:]); err != nil {
		return err
	}
	p.rows++
	p.bytes += p.size(&p.row[0])
	if p.rows < groupRows && p.bytes < groupBytes {
		return nil
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

func (p *parquetWriter[R, P]) Close() error { return p.w.Close() }

// eachParquet returns as errors what parquet-go panics with on broken files.
func eachParquet[R Row, P any](r io.ReaderAt, size int64, schema *parquet.Schema, toRow func(*P) R, each func(R) bool) (err error) {
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
	reader := parquet.NewGenericReader[P](file, schema)
	defer reader.Close()
	for n := 1; ; n++ {
		var one [1]P
		read, err := reader.Read(one[:])
		if read == 1 {
			row := toRow(&one[0])
			if err := check(row); err != nil {
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
