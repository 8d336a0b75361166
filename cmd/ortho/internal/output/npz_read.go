package output

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"regexp"
	"strconv"
)

// read yields the rows of an .npz, of which one at a time is in memory.
func (v *Values[R]) read(r io.ReaderAt, size int64) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		all, err := openArrays(r, size)
		if err != nil {
			yield(none, err)
			return
		}
		defer all.close()
		for n := int64(1); n <= all.rows; n++ {
			err := all.next()
			if err != nil {
				yield(none, fmt.Errorf("row %d: %w", n, err))
				return
			}
			row, err := v.row(all)
			if err != nil {
				row, err = none, fmt.Errorf("row %d: %w", n, err)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// row is made of what next has read.
func (v *Values[R]) row(all *openedArrays) (row R, err error) {
	texts := [3]string{}
	for i, name := range []string{namesArray, errorsArray, kindsArray} {
		if texts[i], err = textOf(all.of[name].row); err != nil {
			return row, fmt.Errorf("%s: %w", name, err)
		}
	}
	if texts[1] != "" || texts[2] != "" {
		p := partsOf(&row)
		p.setHead(texts[0])
		p.setFailure(&Error{Kind: texts[2], Message: texts[1]})
		return row, check(row)
	}
	raw, sizes := all.of[valuesArray].row, all.of[sizesArray].row
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if f := float64(values[i]); math.IsNaN(f) || math.IsInf(f, 0) {
			return row, fmt.Errorf("value %d is %v, and there is no error", i, f)
		}
	}
	row = v.Row(Head{texts[0]}, values, int(int32(binary.LittleEndian.Uint32(sizes))), int(int32(binary.LittleEndian.Uint32(sizes[4:]))))
	return row, check(row)
}

// openedArrays reads all arrays at once, row by row.
type openedArrays struct {
	rows int64
	of   map[string]*openedArray
}

type openedArray struct {
	from io.ReadCloser
	r    *bufio.Reader
	row  []byte
}

func openArrays(r io.ReaderAt, size int64) (*openedArrays, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are no paths here
		return nil, fmt.Errorf("it is no .npz: %w", err)
	}
	all := &openedArrays{rows: -1, of: map[string]*openedArray{}}
	descr := map[string]string{namesArray: "U", valuesArray: "f4", sizesArray: "i4", errorsArray: "U", kindsArray: "U"}
	for _, f := range archive.File {
		for name, kind := range descr {
			if f.Name != name+".npy" || all.of[name] != nil {
				continue
			}
			rows, one, err := openArray(f, kind)
			if one != nil {
				all.of[name] = one
			}
			if err == nil && all.rows >= 0 && all.rows != rows {
				err = fmt.Errorf("it has %d rows, and others have %d", rows, all.rows)
			}
			if err != nil {
				all.close()
				return nil, fmt.Errorf("array %s: %w", name, err)
			}
			all.rows = rows
		}
	}
	for name := range descr {
		if all.of[name] == nil {
			all.close()
			return nil, fmt.Errorf("it has no array %q", name)
		}
	}
	if n := len(all.of[sizesArray].row); n != 8 {
		all.close()
		return nil, fmt.Errorf("array %s: its rows have %d bytes, and not 8", sizesArray, n)
	}
	return all, nil
}

func (a *openedArrays) next() error {
	for name, one := range a.of {
		if _, err := io.ReadFull(one.r, one.row); err != nil {
			return fmt.Errorf("array %s: %w", name, err)
		}
	}
	return nil
}

func (a *openedArrays) close() {
	for _, one := range a.of {
		one.from.Close()
	}
}

// npyHeader is a header as NumPy writes it, of one or two dimensions.
var npyHeader = regexp.MustCompile(`^\{'descr': '<(f4|i4|U)(\d{0,9})', 'fortran_order': False, 'shape': \((\d{1,15}),(?: (\d{1,9}))?\), \}\s*$`)

// openArray reads the header of an array whose elements are of a kind.
func openArray(f *zip.File, kind string) (rows int64, _ *openedArray, err error) {
	from, err := f.Open()
	if err != nil {
		return 0, nil, err
	}
	one := &openedArray{from: from, r: bufio.NewReaderSize(from, 1<<16)}
	begin := make([]byte, 10)
	if _, err := io.ReadFull(one.r, begin); err != nil {
		return 0, one, err
	}
	if string(begin[:8]) != "\x93NUMPY\x01\x00" {
		return 0, one, errors.New("it is no .npy of version 1.0")
	}
	text := make([]byte, binary.LittleEndian.Uint16(begin[8:]))
	if _, err := io.ReadFull(one.r, text); err != nil {
		return 0, one, err
	}
	found := npyHeader.FindSubmatch(text)
	if found == nil || string(found[1]) != kind {
		return 0, one, fmt.Errorf("its header is %.200q: not as ortho writes it", text)
	}
	each := int64(4)
	for _, n := range [][]byte{found[2], found[4]} { // characters of a text; values of a row
		if len(n) > 0 {
			number, _ := strconv.ParseInt(string(n), 10, 64)
			each *= number
		}
	}
	if each < 0 || each > MaxRow {
		return 0, one, fmt.Errorf("its rows have %d bytes, more than %d", each, MaxRow)
	}
	one.row = make([]byte, each)
	rows, err = strconv.ParseInt(string(found[3]), 10, 64)
	return rows, one, err
}
