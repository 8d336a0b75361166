package output

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// endless is a quote that is never closed.
type endless struct{ given int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	if e.given == 0 {
		copy(p, "input,text,error_kind,error"+"\n\"")
	}
	e.given += len(p)
	return len(p), nil
}

func TestReadingIsBounded(t *testing.T) {
	lines := NewLines(strings.NewReader("12345\n\n"+strings.Repeat("x", 100_000)+"\n123456\n12345"), 6)
	for _, want := range []struct {
		text   string
		offset int64
		err    error
	}{{"12345", 0, nil}, {"", 6, nil}, {"", 7, ErrLongLine}, {"", 100_008, ErrLongLine}, {"", 100_015, io.ErrUnexpectedEOF}, {"", 100_020, io.EOF}} {
		text, offset, err := lines.Next()
		if string(text) != want.text || offset != want.offset || !errors.Is(err, want.err) {
			t.Errorf("%q at %d, %v; want %+v", text, offset, err, want)
		}
	}
	quote := &endless{}
	for _, err := range notes.CSV.read(quote, 1<<16, ',', false) {
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("an endless field: %v", err)
		}
	}
	if quote.given > 1<<17 {
		t.Errorf("%d bytes were read of a field", quote.given)
	}
}
