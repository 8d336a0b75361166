package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// maxEvent bounds an event: bytes.
const maxEvent = 1 << 20

var errLongEvent = errors.New("an event of the stream is too long")

// events reads server-sent events by their standard (WHATWG HTML, 9.2.6): lines that end with CR, LF or both,
// comments, fields that are not known. Lines that are a JSON object without a field's name are data, too: some
// servers stream so.
type events struct {
	from *bufio.Reader
	cr   bool // the last line ended with CR
	any  bool // something came
}

// next returns an event's name and data, [io.EOF] at the end.
func (e *events) next() (name, data string, err error) {
	var lines []string
	size := 0
	for {
		line, err := e.line()
		if size += len(line); size > maxEvent {
			return "", "", errLongEvent
		}
		if err != nil && line == "" {
			if len(lines) > 0 && errors.Is(err, io.EOF) {
				return name, strings.Join(lines, "\n"), nil // without the empty line behind it
			}
			return "", "", err
		}
		if !e.any {
			line, e.any = strings.TrimPrefix(line, "\ufeff"), true
		}
		switch field, value, _ := strings.Cut(line, ":"); {
		case line == "":
			if len(lines) > 0 {
				return name, strings.Join(lines, "\n"), nil
			}
			name = ""
		case strings.HasPrefix(strings.TrimSpace(line), "{"):
			return name, line, nil
		case field == "data":
			lines = append(lines, strings.TrimPrefix(value, " "))
		case field == "event":
			name = strings.TrimPrefix(value, " ")
		}
	}
}

// line reads one without its end.
func (e *events) line() (string, error) {
	var line bytes.Buffer
	for line.Len() <= maxEvent {
		c, err := e.from.ReadByte()
		if err != nil {
			return line.String(), err
		}
		cr := e.cr
		e.cr = c == '\r'
		switch {
		case c == '\n' && cr:
		case c == '\n', c == '\r':
			return line.String(), nil
		default:
			line.WriteByte(c)
		}
	}
	return "", errLongEvent
}
