package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/grid"
)

// note is a type of rows as small as they are.
type note struct {
	Head
	Text string `json:"text,omitempty"`
	Failure
}

func (n note) Results() int { return len(n.Text) }

// noteColumns are those of Parquet.
type noteColumns struct {
	Input      string `parquet:"input"`
	Text       string `parquet:"text"`
	Error      *Error `parquet:"error,optional"`
	InputBytes []byte `parquet:"input_bytes,optional"`
}

var notes = &Codec[note]{
	Variant: "-notes",
	CSV: &CSV[note]{
		Columns: []string{"text"},
		Write:   func(n note, record func(...string)) error { record(n.Text); return nil },
		Read:    func(n, _ *note, fields []string) (bool, error) { n.Text = fields[0]; return false, nil },
	},
	Parquet: Columns(func(n note) noteColumns {
		text, bytes := n.UTF8()
		return noteColumns{text, n.Text, n.Error, bytes}
	}, func(c *noteColumns) note {
		return note{HeadOf(c.Input, c.InputBytes), c.Text, Failure{c.Error}}
	}, func(*noteColumns) int { return 8 }),
	Table: &Table[note]{Columns: []grid.Column{grid.File("image"), grid.Text("text")}, Cells: func(n note, line func(...any)) { line(n.Input, n.Text) }},
}

// TestCodec: a type of rows with few lines of its own is written in all formats, and read
// back from all that can be.
func TestCodec(t *testing.T) {
	want := []note{{Head: Head{"a"}, Text: "x"}, {Head: Head{"\xff\x1b"}, Text: "y"}, Failed[note]("b\r\n", "read", "no \xff file")}
	for format, text := range map[string]string{
		"jsonl":   `{"input":"a","text":"x"}` + "\n" + `{"input":"\ufffd\u001b","text":"y","input_bytes":"/xs="}` + "\n" + `{"input":"b\r\n","error":{"kind":"read","message":"no ` + "\ufffd" + ` file"}}` + "\n",
		"csv":     "input,text,error_kind,error,input_bytes\na,x,,,\n\ufffd\x1b,y,,,/xs=\n\"b\r\n\",,read,no \ufffd file,\n",
		"table":   `│ \xff\x1b`,
		"parquet": "",
	} {
		var b bytes.Buffer
		w, err := notes.Writer(format, &b, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range want {
			if err := w.Write(n); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil || !strings.Contains(b.String(), text) {
			t.Errorf("%s: %v\n%s\nwant\n%s", format, err, b.String(), text)
		}
		var got []note
		for n, e := range notes.Read(format, bytes.NewReader(b.Bytes()), int64(b.Len())) {
			if err = e; err == nil {
				got = append(got, n)
			}
		}
		if format == "table" {
			if err == nil {
				t.Error("a table is read back")
			}
		} else if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
		if name := notes.Recorded(format); name != format+"-notes" && format != "jsonl" || format == "jsonl" && name != format {
			t.Errorf("%s is recorded as %s", format, name)
		}
	}
}

// TestNoRow: what has no result and no error, or two of them, is not written.
func TestNoRow(t *testing.T) {
	for _, format := range notes.Formats() {
		for _, n := range []note{{}, {Text: "ab"}, {Text: "a", Failure: Failure{&Error{}}}} {
			w, err := notes.Writer(format, &bytes.Buffer{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(n); err == nil || !strings.Contains(err.Error(), "no row") {
				t.Errorf("%s: %+v: %v", format, n, err)
			}
		}
	}
}

// TestNoPlace: a format that a task has not, and a name that is no format's, are refused.
func TestNoPlace(t *testing.T) {
	none := &Codec[note]{}
	for _, format := range []string{"csv", "parquet", "table", "xml"} {
		_, err := none.Writer(format, &bytes.Buffer{}, 0)
		if err == nil || !strings.Contains(err.Error(), format) || strings.Contains(err.Error(), "table, jsonl") != (format == "xml") {
			t.Errorf("%s: %v", format, err)
		}
		for _, err = range none.Read(format, strings.NewReader(""), 0) {
		}
		if err == nil || !strings.Contains(err.Error(), format) {
			t.Errorf("%s is read: %v", format, err)
		}
	}
}

// TestLines: a name that is no UTF-8 stands behind a row's own fields, and
// comes back; texts that are called as they are change nothing.
func TestLines(t *testing.T) {
	for _, n := range []note{{Head: Head{"a"}, Text: "b"}, {Head: Head{"\xff"}, Text: "b"}, {Head: Head{`"position"`}, Text: "p"}, Failed[note](`"input_bytes"`, "position", "input_bytes")} {
		var b bytes.Buffer
		line, err := EncodeLine(&b, n)
		if err != nil || !json.Valid(line) || !slices.Equal(line[len(line)-2:], []byte("}\n")) {
			t.Fatalf("%q, %v", line, err)
		}
		got, err := DecodeLine[note](line)
		if err != nil || !reflect.DeepEqual(got, n) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{`{"input":"a","text":"b","position":"x"}`, `{"input":"a","text":"b","position":0}`, `{"input":"a","text":"b","input_bytes":7}`, `[]`, ``} {
		if _, err := DecodeLine[note]([]byte(line)); err == nil || errors.Is(err, ErrLongLine) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestOlderCSV: files without input_bytes, which kept every byte of a name, are read back; what
// is no base64 is an error.
func TestOlderCSV(t *testing.T) {
	for text, want := range map[string]string{
		"input,text,error_kind,error\n\xe9,x,,\n":                "\xe9",
		"input,text,error_kind,error,input_bytes\nb,x,,,\n":      "b",
		"input,text,error_kind,error,input_bytes\n?,x,,,6Q==\n":  "\xe9",
		"input,text,error_kind,error,input_bytes\n?,x,,,+\n":     "",
		"input,text,error_kind,error,input_bytes\n\xe9,x,,\n":    "",
		"input,text,error_kind,error\n\xe9,x,,,6Q==\n":           "",
		"input,text,error_kind,error,input_bytes,more\na,x,,,\n": "",
	} {
		for n, err := range notes.CSV.read(strings.NewReader(text), 1<<16, ',', false) {
			if n.Input != want || (err != nil) != (want == "") {
				t.Errorf("%q: %q, %v", text, n.Input, err)
			}
		}
	}
}
