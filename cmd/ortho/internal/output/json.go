package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// jsonArray writes one array, an element a line.
type jsonArray[R Row] struct {
	w    io.Writer
	line bytes.Buffer
	rows int
}

func newJSON[R Row](w io.Writer) *jsonArray[R] { return &jsonArray[R]{w: w} }

func (j *jsonArray[R]) Write(row R) error {
	line, err := EncodeLine(&j.line, row)
	if err != nil {
		return err
	}
	before := ",\n"
	if j.rows == 0 {
		before = "[\n"
	}
	j.rows++
	_, err = j.w.Write(append([]byte(before), bytes.TrimSuffix(line, []byte("\n"))...))
	return err
}

func (j *jsonArray[R]) Close() error {
	end := "\n]\n"
	if j.rows == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// readJSON reads an array: an element a line, as it is written here, or as other programs have
// laid it out. Of the former an element that is damaged costs itself.
func readJSON[R Row](r io.Reader) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		start := make([]byte, 2)
		n, _ := io.ReadFull(r, start)
		whole := io.MultiReader(bytes.NewReader(start[:n]), r)
		if string(start[:n]) == "[\n" {
			arrayLines(whole, yield)
			return
		}
		if err := arrayElements(whole, yield); err != nil {
			var none R
			yield(none, err)
		}
	}
}

func arrayLines[R Row](r io.Reader, yield func(R, error) bool) {
	lines := NewLines(io.MultiReader(r, strings.NewReader("\n")), MaxRow) // editors may leave out the last
	for n := 1; ; n++ {
		text, _, err := lines.Next()
		switch {
		case n == 1 && err == nil: // [
			continue
		case string(text) == "]" && err == nil:
			return
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		}
		if !lineRow(n, bytes.TrimSuffix(text, []byte(",")), err, yield) {
			return
		}
	}
}

func arrayElements[R Row](r io.Reader, yield func(R, error) bool) error {
	bounded := &bounded{r: r}
	bounded.left = MaxRow
	decoder := json.NewDecoder(bounded)
	if t, err := decoder.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New("it is no array of JSON"), err)
	}
	for n := 1; decoder.More(); n++ {
		bounded.left = MaxRow
		var text json.RawMessage
		if err := decoder.Decode(&text); err != nil {
			return fmt.Errorf("element %d: %w", n, err)
		}
		row, err := DecodeLine[R](text)
		if err != nil {
			var none R
			row, err = none, fmt.Errorf("element %d: %w", n, err)
		}
		if !yield(row, err) {
			return nil
		}
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("its end: %w", err)
	}
	return nil
}

// bounded gives no more than left bytes.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it has more than %d bytes", MaxRow)
	}
	return n, err
}
