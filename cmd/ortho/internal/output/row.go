package output

import (
	"errors"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/term"
)

// Row is a row of results: the outcome of one input. A task's type of rows embeds a [Head],
// its result and a [Failure]; Only the method Results is left to write.
//
// A row's JSON is its line of JSONL: "input" comes first. Texts must be UTF-8, as JSON's and
// Parquet's strings are, but for the input's name; numbers must be finite.
type Row interface {
	Name() string   // of the input: any bytes, as names of files are
	Failed() *Error // why there is no result; nil: there is one
	Results() int   // that the row has: one, or none where it failed

	head() Head // only what embeds Head and Failure is a row
	failure() Failure
}

// Head begins a row.
//
// Input may hold any bytes. Where it isn't UTF-8, its other bytes become U+FFFD in all formats, and
// a field more, input_bytes, holds the name itself (base64 in JSON and CSV).
type Head struct {
	Input string `json:"input"`
}

// Name is that of the input.
func (h Head) Name() string { return h.Input }

func (h Head) head() Head { return h }

func (h *Head) setHead(name string) { h.Input = name }

// UTF8 is the name of the input as UTF-8, and its own bytes where they are not.
func (h Head) UTF8() (text string, bytes []byte) {
	if utf8.ValidString(h.Input) {
		return h.Input, nil
	}
	return string([]rune(h.Input)), []byte(h.Input)
}

// HeadOf is that of a row of which UTF8 has been kept.
func HeadOf(text string, bytes []byte) Head {
	if bytes != nil {
		return Head{string(bytes)}
	}
	return Head{text}
}

// Failure ends a row.
type Failure struct {
	Error *Error `json:"error,omitempty"`
}

// Error says why an input has no result.
type Error struct {
	Kind    string `json:"kind" parquet:"kind,dict"`
	Message string `json:"message" parquet:"message"`
}

// Failed returns why there is no result, or nil.
func (f Failure) Failed() *Error { return f.Error }

func (f Failure) failure() Failure { return f }

func (f *Failure) setFailure(err *Error) { f.Error = err }

// parts are the methods of a pointer to any type of rows, since each embeds Head and Failure.
type parts interface {
	setHead(name string)
	setFailure(*Error)
}

func partsOf[R Row](row *R) parts { return any(row).(parts) }

// Failed is the row of an input that has no result.
func Failed[R Row](input, kind, message string) (row R) {
	p := partsOf(&row)
	p.setHead(input)
	p.setFailure(&Error{kind, term.UTF8(message)})
	return row
}

// check refuses a row that no writer can have written: it has one result, or an error.
func check[R Row](row R) error {
	n := row.Results()
	if row.failure().Error != nil {
		n++
	}
	if n != 1 {
		return errors.New("it is no row: it must have one result, or else an error")
	}
	return nil
}
