package output

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/scratch"
)

// Values says how rows are written as arrays of NumPy: each has values, of which all have as many.
//
//	names        [N]    text
//	embeddings   [N,D]  float32; NaN where the input failed
//	sizes        [N,2]  int32: width and height in pixels; 0 where the input failed
//	errors       [N]    text, "" where there is none
//	error_kinds  [N]    text
//
// A name that is not UTF-8 is as Python's os.fsdecode has it. A .npy has the embeddings alone.
type Values[R Row] struct {
	Of  func(R) (values []float32, width, height int)
	Row func(head Head, values []float32, width, height int) R
}

// The arrays of an .npz, in their order.
const (
	namesArray, valuesArray, sizesArray, errorsArray, kindsArray = "names", "embeddings", "sizes", "errors", "error_kinds"
)

// arrays writes them by Close, when it is known how many rows there are; until then values and
// the other parts of rows are in temporary files.
type arrays[R Row] struct {
	*Values[R]
	w    io.Writer
	warn func(string)
	all  bool // an .npz; else an .npy

	folder        *scratch.Folder // nil: nothing is written yet
	values, heads spool
	rows, each    int64 // how many; values of each, 0: none has any yet
	failed        int64
	waiting       int64  // rows before the first with values
	widest        [3]int // names, errors, kinds: in characters
}

// part is what a row has besides its values.
type part struct {
	Name          []byte
	Width, Height int
	Error         *Error
}

func newArrays[R Row](v *Values[R], w io.Writer, warn func(string), all bool) *arrays[R] {
	return &arrays[R]{Values: v, w: w, warn: warn, all: all}
}

func (a *arrays[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	if err := a.begin(); err != nil {
		return err
	}
	values, width, height := a.Of(row)
	head := part{[]byte(row.Name()), width, height, row.Failed()}
	switch n := int64(len(values)); {
	case head.Error != nil:
		a.failed++
		if a.each == 0 {
			a.waiting++
		} else if err := a.values.none(a.each); err != nil {
			return err
		}
	case a.each == 0:
		a.each = n
		if err := a.values.none(a.waiting * n); err != nil {
			return err
		}
	case n != a.each:
		return fmt.Errorf("%s has %d values, and those before it have %d: an array has as many in each row; -f jsonl or parquet", row.Name(), n, a.each)
	}
	a.rows++
	for i, text := range head.texts() {
		a.widest[i] = max(a.widest[i], utf8.RuneCountInString(text))
	}
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	_, err = a.heads.Write(append(line, '\n'))
	return errors.Join(err, binary.Write(a.values, binary.LittleEndian, values))
}

// texts are the name, the error and its kind.
func (p *part) texts() [3]string {
	if p.Error == nil {
		return [3]string{string(p.Name), "", ""}
	}
	return [3]string{string(p.Name), p.Error.Message, p.Error.Kind}
}

func (a *arrays[R]) begin() (err error) {
	if a.folder != nil {
		return nil
	}
	if a.folder, err = scratch.New("arrays"); err != nil {
		return err
	}
	if a.values, err = newSpool(a.folder, "values"); err == nil {
		a.heads, err = newSpool(a.folder, "heads")
	}
	return err
}

// spool is a temporary file that is written, and then read.
type spool struct {
	*bufio.Writer
	file *os.File
}

func newSpool(folder *scratch.Folder, name string) (spool, error) {
	f, err := folder.Create(name)
	if err != nil {
		return spool{}, err
	}
	return spool{bufio.NewWriterSize(f, 1<<16), f}, nil
}

// none writes n values of an input that failed.
func (s spool) none(n int64) error {
	var nan [4]byte
	binary.LittleEndian.PutUint32(nan[:], math.Float32bits(float32(math.NaN())))
	for range n {
		if _, err := s.Write(nan[:]); err != nil {
			return err
		}
	}
	return nil
}

// again is what was written, from its beginning.
func (s spool) again() (io.Reader, error) {
	if err := s.Flush(); err != nil {
		return nil, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(s.file, 1<<16), nil
}

func (a *arrays[R]) Close() error {
	defer a.abandon()
	if err := a.begin(); err != nil {
		return err
	}
	if err := a.write(); err != nil {
		return err
	}
	if a.warn == nil {
		return nil
	}
	if a.failed > 0 {
		a.warn(fmt.Sprintf("%s NaN: the inputs failed", isOrAre(a.failed, "row")))
	}
	if !a.all {
		a.warn("a .npy holds no names: its rows are in the order of the inputs; .npz has both")
	}
	return nil
}

func (a *arrays[R]) write() error {
	if !a.all {
		return a.writeValues(a.w)
	}
	archive := zip.NewWriter(a.w)
	for _, one := range []struct {
		name   string
		method uint16
		write  func(io.Writer) error
	}{
		{namesArray, zip.Deflate, func(w io.Writer) error { return a.writeTexts(w, 0) }},
		{valuesArray, zip.Store, a.writeValues},
		{sizesArray, zip.Deflate, a.writeSizes},
		{errorsArray, zip.Deflate, func(w io.Writer) error { return a.writeTexts(w, 1) }},
		{kindsArray, zip.Deflate, func(w io.Writer) error { return a.writeTexts(w, 2) }},
	} {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: one.name + ".npy", Method: one.method})
		if err == nil {
			buffer := bufio.NewWriterSize(entry, 1<<16)
			err = errors.Join(one.write(buffer), buffer.Flush())
		}
		if err != nil {
			return fmt.Errorf("array %s: %w", one.name, err)
		}
	}
	return archive.Close()
}

// npyHead begins an array, version 1.0 of numpy.lib.format: the elements then begin at a multiple of
// 64 bytes.
func npyHead(w io.Writer, descr, shape string) error {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	const prefix = 10
	text += strings.Repeat(" ", 63-(prefix+len(text))%64) + "\n"
	head := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
	_, err := w.Write(append(head, text...))
	return err
}

func (a *arrays[R]) writeValues(w io.Writer) error {
	if err := npyHead(w, "<f4", fmt.Sprintf("%d, %d", a.rows, a.each)); err != nil {
		return err
	}
	values, err := a.values.again()
	if err == nil {
		_, err = io.Copy(w, values)
	}
	return err
}

// heads goes through what rows have besides their values.
func (a *arrays[R]) eachHead(each func(*part) error) error {
	r, err := a.heads.again()
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(r)
	for range a.rows {
		var p part
		if err := decoder.Decode(&p); err != nil {
			return err
		}
		if err := each(&p); err != nil {
			return err
		}
	}
	return nil
}

func (a *arrays[R]) writeSizes(w io.Writer) error {
	if err := npyHead(w, "<i4", fmt.Sprintf("%d, 2", a.rows)); err != nil {
		return err
	}
	return a.eachHead(func(p *part) error {
		return binary.Write(w, binary.LittleEndian, []int32{int32(p.Width), int32(p.Height)})
	})
}

// writeTexts writes the ith texts of rows as NumPy has them: each as many characters of four bytes, with
// zeros at the end.
func (a *arrays[R]) writeTexts(w io.Writer, i int) error {
	wide := max(a.widest[i], 1)
	if err := npyHead(w, fmt.Sprintf("<U%d", wide), fmt.Sprintf("%d,", a.rows)); err != nil {
		return err
	}
	row := make([]byte, 4*wide)
	return a.eachHead(func(p *part) error {
		clear(row)
		putText(row, p.texts()[i])
		_, err := w.Write(row)
		return err
	})
}

// putText writes a text's characters, and bytes that are none as Python's surrogateescape has them.
func putText(row []byte, text string) {
	for at := 0; len(text) > 0; at += 4 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			r = 0xdc00 + rune(text[0])
		}
		binary.LittleEndian.PutUint32(row[at:], uint32(r))
		text = text[size:]
	}
}

// textOf reads what putText has written.
func textOf(row []byte) (string, error) {
	end := len(row)
	for end >= 4 && binary.LittleEndian.Uint32(row[end-4:]) == 0 {
		end -= 4
	}
	var b strings.Builder
	for at := 0; at < end; at += 4 {
		switch r := binary.LittleEndian.Uint32(row[at:]); {
		case r >= 0xdc80 && r < 0xdd00:
			b.WriteByte(byte(r - 0xdc00))
		case r > utf8.MaxRune || !utf8.ValidRune(rune(r)):
			return "", fmt.Errorf("%#x is no character", r)
		default:
			b.WriteRune(rune(r))
		}
	}
	return b.String(), nil
}

func (a *arrays[R]) abandon() {
	for _, s := range []spool{a.values, a.heads} {
		if s.file != nil {
			s.file.Close()
		}
	}
	if a.folder != nil {
		a.folder.Remove()
		a.folder = nil
	}
}
