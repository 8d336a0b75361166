package output

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/term"
)

// jsonl writes one object a line, each with one call of Write, so that a line is
// there as soon as its item is done.
type jsonl[R Row] struct {
	w    io.Writer
	line bytes.Buffer
}

func newJSONL[R Row](w io.Writer) *jsonl[R] { return &jsonl[R]{w: w} }

func (j *jsonl[R]) Write(row R) error {
	line, err := EncodeLine(&j.line, row)
	if err != nil {
		return err
	}
	_, err = j.w.Write(line)
	return err
}

func (j *jsonl[R]) Close() error { return nil }

// tail is what stands in a line behind the row's own fields.
type tail struct {
	InputBytes []byte `json:"input_bytes,omitempty"` // see [Head]
	Position   *int64 `json:"position,omitempty"`    // in files that are not complete
}

// EncodeLine returns a row as a line of JSONL, good until buffer is used again.
func EncodeLine[R Row](buffer *bytes.Buffer, row R) ([]byte, error) {
	if err := check(row); err != nil {
		return nil, err
	}
	buffer.Reset()
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(row); err != nil {
		return nil, err
	}
	if _, name := row.head().UTF8(); name != nil {
		more, err := json.Marshal(tail{InputBytes: name})
		if err != nil {
			return nil, err
		}
		buffer.Truncate(buffer.Len() - len("}\n"))
		buffer.WriteByte(',')
		buffer.Write(more[1:])
		buffer.WriteByte('\n')
	}
	return escapeJSON(buffer.Bytes()), nil
}

// Texts that occur in lines with a tail, and in few others: a quick test before decoding.
var inputBytes, positionField = []byte(`_bytes"`), []byte(`"position"`)

// DecodeLine reads what EncodeLine has written.
func DecodeLine[R Row](text []byte) (row R, err error) {
	var none R
	if err := json.Unmarshal(text, &row); err != nil {
		return none, err
	}
	if bytes.Contains(text, inputBytes) || bytes.Contains(text, positionField) {
		var t tail
		if err := json.Unmarshal(text, &t); err != nil {
			return none, err
		}
		if t.InputBytes != nil {
			partsOf(&row).setHead(string(t.InputBytes))
		}
		if t.Position != nil {
			return none, errors.New("it has a position, as rows of a file have that is not complete")
		}
	}
	return row, check(row)
}

// Lines reads the lines of a file one by one.
type Lines struct {
	r      *bufio.Reader
	max    int
	long   []byte // a line that the reader's buffer does not hold
	offset int64  // of the next line
}

// NewLines reads lines of at most max bytes.
func NewLines(r io.Reader, max int) *Lines { return &Lines{r: bufio.NewReader(r), max: max} }

// ErrLongLine is a line of more bytes than the limit.
var ErrLongLine = errors.New("the line is too long")

// Next returns the next line without its newline, good until the next call, and the
// offset at which it begins. At the end the error is io.EOF; io.ErrUnexpectedEOF
// where the last line has no newline, however long it is.
func (l *Lines) Next() (text []byte, offset int64, err error) {
	offset = l.offset
	l.long = l.long[:0]
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		l.offset += int64(len(part))
		tooLong = tooLong || len(l.long)+len(part) > l.max
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if !tooLong {
				l.long = append(l.long, part...)
			}
		case errors.Is(err, io.EOF) && l.offset > offset:
			return nil, offset, io.ErrUnexpectedEOF
		case err != nil:
			return nil, offset, err
		case tooLong:
			return nil, offset, ErrLongLine
		case len(l.long) == 0:
			return part[:len(part)-1], offset, nil
		default:
			l.long = append(l.long, part[:len(part)-1]...)
			return l.long, offset, nil
		}
	}
}

func readJSONL[R Row](r io.Reader) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		lines := NewLines(r, MaxRow)
		for n := 1; ; n++ {
			text, _, err := lines.Next()
			if errors.Is(err, io.EOF) || !lineRow(n, text, err, yield) {
				return
			}
		}
	}
}

// lineRow yields the row of a line, and reports whether there may be more.
func lineRow[R Row](n int, text []byte, err error, yield func(R, error) bool) bool {
	var row R
	more := err == nil || errors.Is(err, ErrLongLine)
	if err == nil {
		row, err = DecodeLine[R](text)
	}
	if err != nil {
		var none R
		row, err = none, fmt.Errorf("line %d: %w", n, err)
	}
	return yield(row, err) && more
}

// escapeJSON writes as \uXXXX what encoding/json leaves as it is, but what a terminal
// could act on. Outside of strings there is no such character.
func escapeJSON(line []byte) []byte {
	special := func(r rune) bool { return r >= 0x7f && term.Acts(r) }
	if bytes.IndexFunc(line, special) < 0 {
		return line
	}
	var out []byte
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if special(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, line[:size]...)
		}
		line = line[size:]
	}
	return out
}
