package source

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/regular"
)

// isTable reports whether a file is, by its name, a Parquet file, whose rows have images.
func isTable(name string) bool {
	return slices.Contains([]string{".parquet", ".pq"}, strings.ToLower(path.Ext(name)))
}

// The bounds of a Parquet file: bytes of its footer, and of the images of a group of rows.
const (
	maxFooter = 256 << 20
	maxChunk  = 4 << 30
)

// imageColumns are the columns of a Parquet file that hold images: their bytes, and their names.
type imageColumns struct {
	bytes, names int // leaf columns; names is -1 where there are none
}

// The names of columns that hold images, the usual ones first: Hugging Face's, and Spark's binaryFile.
var usualColumns = []string{"image", "img", "content", "bytes", "data", "jpg", "jpeg", "png", "picture", "photo"}

// columnsOf finds the images of a Parquet file: a column image of bytes and path, as Hugging Face's data
// sets have it, a column content beside a path, as Spark's binaryFile gives, or one of bytes.
func columnsOf(file *parquet.File) (imageColumns, error) {
	type candidate struct {
		name  string
		where imageColumns
	}
	var found []candidate
	plain := map[string]int{} // leaves that stand alone, and are texts
	root := file.Root()
	for _, c := range root.Columns() {
		switch {
		case c.Leaf() && c.Type().Kind() == parquet.ByteArray && !c.Repeated():
			if l := c.Type().LogicalType(); l != nil && l.Value != nil { // a text, or JSON
				plain[c.Name()] = int(c.Index())
			} else {
				found = append(found, candidate{c.Name(), imageColumns{int(c.Index()), -1}})
			}
		case !c.Leaf() && !c.Repeated():
			if b := c.Column("bytes"); b != nil && b.Leaf() && b.Type().Kind() == parquet.ByteArray && !b.Repeated() {
				where := imageColumns{int(b.Index()), -1}
				if p := c.Column("path"); p != nil && p.Leaf() && p.Type().Kind() == parquet.ByteArray && !p.Repeated() {
					where.names = int(p.Index())
				}
				found = append(found, candidate{c.Name(), where})
			}
		}
	}
	if len(found) == 0 {
		return imageColumns{}, unusable("has no column of images: neither one of bytes, nor one of bytes and path")
	}
	rank := func(c candidate) int {
		if at := slices.Index(usualColumns, strings.ToLower(c.name)); at >= 0 {
			return at
		}
		return len(usualColumns)
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(rank(a), rank(b)) })
	if len(found) > 1 && rank(found[0]) == len(usualColumns) {
		var names []string
		for _, c := range found {
			names = append(names, c.name)
		}
		return imageColumns{}, unusable("has several columns of bytes (" + strings.Join(names, ", ") + "), of which none is called image: it is not known which one holds the images")
	}
	where := found[0].where
	for _, name := range []string{"path", "file_name", "filename", "key", "url"} {
		if at, is := plain[name]; is && where.names < 0 {
			where.names = at
		}
	}
	return where, nil
}

// tabled yields the images in a Parquet file in the order of its rows. An image is called by its path in the
// row, below the file's name, or by the number of its row, from 0 on. Where the rows end before the file
// does, that is an item of the file's name.
func tabled(name string, yield func(Item) bool) bool {
	shown := store.Shown(name)
	t := &tableReader{uri: name, shown: shown}
	more, err := t.each(yield)
	if err != nil {
		return yield(failed(shown, err))
	}
	return more
}

// tableReader reads a Parquet file once.
type tableReader struct {
	uri, shown string
	row        int64
}

// each yields the images. parquet-go trusts what a file claims, and panics where that is wrong.
func (t *tableReader) each(yield func(Item) bool) (more bool, err error) {
	inside := true
	defer func() {
		if !inside { // the caller's panic
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("is damaged: %v", p)
		}
	}()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	from, size, err := openTable(ctx, t.uri)
	if err != nil {
		return false, fmt.Errorf("open Parquet: %w", reason(err))
	}
	defer from.Close()
	if err := checkFooter(from, size); err != nil {
		return false, err
	}
	file, err := parquet.OpenFile(from, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return false, fmt.Errorf("is no Parquet file that can be read: %w", reason(err))
	}
	where, err := columnsOf(file)
	if err != nil {
		return false, err
	}
	for g, group := range file.RowGroups() {
		chunk := file.Metadata().RowGroups[g].Columns[where.bytes].MetaData
		if n := chunk.TotalUncompressedSize; n > maxChunk || n > 64*max(chunk.TotalCompressedSize, 1<<20) {
			return false, fmt.Errorf("claims %d bytes of images in one group of rows, which is more than is read", n)
		}
		more, err = t.group(group, where, func(item Item) bool {
			inside = false
			more := yield(item)
			inside = true
			return more
		})
		if err != nil {
			return false, fmt.Errorf("is damaged at row %d; what follows is lost: %w", t.row, reason(err))
		}
		if !more {
			return false, nil
		}
	}
	if t.row == 0 {
		return false, unusable("holds no rows")
	}
	return true, nil
}

// group yields the images of a group of rows.
func (t *tableReader) group(group parquet.RowGroup, where imageColumns, yield func(Item) bool) (more bool, err error) {
	images := &column{pages: group.ColumnChunks()[where.bytes].Pages()}
	defer images.close()
	var names *column
	if where.names >= 0 {
		names = &column{pages: group.ColumnChunks()[where.names].Pages()}
		defer names.close()
	}
	folder := strings.TrimSuffix(store.Path(t.uri), path.Ext(store.Path(t.uri)))
	for n := group.NumRows(); n > 0; n-- {
		data, err := images.next()
		if err != nil {
			return false, err
		}
		called := fmt.Sprint(t.row)
		if names != nil {
			text, err := names.next()
			if err != nil {
				return false, err
			}
			if len(text) > 0 && len(text) <= MaxPath {
				called = strings.ReplaceAll(string(text), "\x00", "\uFFFD")
			}
		}
		item := Item{Name: t.shown + "/" + called, Path: folder + "/" + plain(called)}
		if !store.Remote(t.uri) {
			item.File = t.uri
		}
		switch {
		case data == nil:
			item = failed(item.Name, errors.New("has no bytes in its row"))
		case len(data) > MaxFile:
			item = failed(item.Name, fmt.Errorf("has %d bytes; an image file may have %d at most", len(data), MaxFile))
		default:
			e := &streamedEntry{data: data, size: int64(len(data))}
			item.Read, item.entry = e.read, &written{size: e.size, sum: store.ETagOf(data)}
		}
		t.row++
		if !yield(item) {
			return false, nil
		}
	}
	return true, nil
}

// column gives the values of a column, one a row.
type column struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
}

// next is the next value; nil: it is null.
func (c *column) next() ([]byte, error) {
	for empty := 0; ; empty++ {
		if c.values != nil {
			var one [1]parquet.Value
			n, err := c.values.ReadValues(one[:])
			if n == 1 {
				if one[0].IsNull() {
					return nil, nil
				}
				return append([]byte{}, one[0].ByteArray()...), nil
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			parquet.Release(c.page)
			c.page, c.values = nil, nil
		}
		if empty > 1000 {
			return nil, errors.New("pages without values")
		}
		page, err := c.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		c.page, c.values = page, page.Values()
	}
}

func (c *column) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}

// checkFooter refuses a footer that is not in the file: its bytes are allocated before they are read.
func checkFooter(from io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("is too short for a Parquet file")
	}
	if _, err := from.ReadAt(end[:], size-8); err != nil {
		return reason(err)
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); string(end[4:]) != "PAR1" || n > size-12 || n > maxFooter {
		return errors.New("does not end as a Parquet file does: it may be cut off")
	}
	return nil
}

// openTable opens a file, or an object, to read parts of it.
func openTable(ctx context.Context, name string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error) {
	if store.Remote(name) {
		r, err := connected().Parts(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		return r, r.Size, nil
	}
	f, err := regular.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
