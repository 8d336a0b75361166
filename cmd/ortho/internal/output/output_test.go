package output

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var someRows = []Row{
	{Input: "a.jpg", Predictions: []Prediction{{Index: 0, Label: "tench", ID: "n01440764", Probability: 0.97}}, Width: 500, Height: 375},
	{Input: "b,\".jpg", Error: &Error{Kind: "decode", Message: "decode b.jpg: <cut> & short"}},
	{Input: "c.jpg", Predictions: []Prediction{}, Width: 1, Height: 1},
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"jsonl": `{"input":"a.jpg","predictions":[{"index":0,"label":"tench","id":"n01440764","probability":0.97}],"width":500,"height":375}
{"input":"b,\".jpg","error":{"kind":"decode","message":"decode b.jpg: <cut> & short"}}
{"input":"c.jpg","predictions":[],"width":1,"height":1}
`,
		"csv": `input,rank,index,id,label,probability,width,height,error_kind,error
a.jpg,1,0,n01440764,tench,0.97,500,375,,
"b,"".jpg",,,,,,,,decode,decode b.jpg: <cut> & short
c.jpg,,,,,,1,1,,
`,
		"table": `┌─────────┬───────┬─────────────────────────────────────┬─────────────┐
│ image   │ class │ label                               │ probability │
├─────────┼───────┼─────────────────────────────────────┼─────────────┤
│ a.jpg   │     0 │ tench                               │      97.0 % │
├─────────┼───────┼─────────────────────────────────────┼─────────────┤
│ b,".jpg │       │ failed: decode b.jpg: <cut> & short │             │
├─────────┼───────┼─────────────────────────────────────┼─────────────┤
│ c.jpg   │       │ nothing above --min-probability     │             │
└─────────┴───────┴─────────────────────────────────────┴─────────────┘
`,
	} {
		var b bytes.Buffer
		w, err := New(format, &b)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range someRows {
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", format, err, b.String(), want)
		}
	}
}

// full fails as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreNotLost(t *testing.T) {
	for _, format := range Formats {
		w, err := New(format, full{})
		if err != nil {
			t.Fatal(err)
		}
		if errors.Join(w.Write(someRows[0]), w.Close()) == nil {
			t.Errorf("%s: a failed write gives no error", format)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		asked, path string
		terminal    bool
		want        string
	}{
		{"", "", true, "table"}, {"", "", false, "jsonl"}, {"", "x.CSV", true, "csv"}, {"", "x.jsonl", true, "jsonl"},
		{"", "x.out", true, "jsonl"}, {"table", "x.csv", false, "table"}, {"xml", "", false, ""},
	} {
		if got, err := Format(c.asked, c.path, c.terminal); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("Format(%q, %q, %v) = %q, %v; want %q", c.asked, c.path, c.terminal, got, err, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"tench": "tench", "größe 図": "größe 図", "a\x1b[31mb": `a\x1b[31mb`, "a\nb": `a\x0ab`, "\u202egpj": `\u202egpj`,
		"\xff.jpg": `\xff.jpg`, "\u009bm": `\x9bm`, "a\u2028b": `a\u2028b`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.csv")
	write := func(text string, overwrite bool) *File {
		t.Helper()
		f, err := Create(name, overwrite)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		return f
	}
	held := func() string {
		data, _ := os.ReadFile(name)
		return string(data)
	}
	f := write("one", false)
	if held() != "" {
		t.Error("the file is there before it is complete")
	}
	if err := f.Commit(); err != nil || held() != "one" {
		t.Errorf("%q, %v", held(), err)
	}
	if _, err := Create(name, false); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("an existing file: %v", err)
	}
	write("two", true).Discard()
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); held() != "one" || len(left) != 1 {
		t.Errorf("after a discarded write: %q, %q", held(), left)
	}
	partial, err := write("three", true).Keep()
	if err != nil || partial != name+".partial" || held() != "one" {
		t.Errorf("%q, %v, %q", partial, err, held())
	}
	for _, bad := range []string{dir, filepath.Join(dir, "missing", "x.csv")} {
		if _, err := Create(bad, true); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
