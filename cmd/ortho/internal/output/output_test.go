package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/term"
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
		w, err := New(format, &b, 0)
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

// TestTexts: the rows of texts have no size, and tell where they are no answer.
func TestTexts(t *testing.T) {
	rows := []Row{
		{Input: "a red fox", Predictions: []Prediction{{Index: 2, Label: "fox", Probability: 0.5}, {Index: 3, Label: "dog", Probability: 0.25}}},
		{Input: "um", Predictions: []Prediction{{Index: 3, Label: "dog", Probability: 0.125}}, Doubt: "it says nothing"},
		{Input: "x", Predictions: []Prediction{}, Doubt: "y"},
		{Input: "", Error: &Error{Kind: "read", Message: "the text is empty"}},
	}
	for format, want := range map[string]string{
		"csv":     "input,rank,index,id,label,probability,doubt,error_kind,error\na red fox,1,2,,fox,0.5,,,\na red fox,2,3,,dog,0.25,,,\num,1,3,,dog,0.125,it says nothing,,\nx,,,,,,y,,\n,,,,,,,read,the text is empty\n",
		"jsonl":   `"doubt":"it says nothing"}`,
		"table":   "no answer: it says nothing",
		"parquet": "",
	} {
		data := written(t, Texts(format), rows)
		if !bytes.Contains(data, []byte(want)) || format == "table" && !bytes.Contains(data, []byte("│ text ")) {
			t.Errorf("%s: %s; want %s", format, data, want)
		}
		if format == "table" {
			continue
		}
		if got, err := readAll(Texts(format), data); err != nil || !reflect.DeepEqual(got, rows) {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
}

// full fails as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreNotLost(t *testing.T) {
	for _, format := range Formats {
		w, err := New(format, full{}, 0)
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
		{"", "x", true, "jsonl"}, {"", "x.Parquet", false, "parquet"}, {"", "x.pq", false, "parquet"}, {"", "x.txt", false, "table"}, {"", "x.ndjson", false, "jsonl"},
		{"", "/dev/null", true, "jsonl"}, {"", "x.out", false, ""}, {"", "x.json", false, ""}, {"", "x.xlsx", false, ""}, {"", "x.jsonl.gz", false, ""},
		{"jsonl", "x.out", false, "jsonl"}, {"jsonl", "x.txt", false, "jsonl"}, {"csv", "X.CSV", false, "csv"}, {"csv", "x", false, "csv"}, {"parquet", "x.v2", false, "parquet"},
		{"table", "x.csv", false, ""}, {"csv", "x.parquet", false, ""}, {"jsonl", "x.json", false, ""}, {"jsonl", "x.jsonl.gz", false, ""}, {"parquet", "x.txt", false, ""}, {"xml", "", false, ""},
	} {
		if got, err := Format(c.asked, c.path, c.terminal); (err != nil) != (c.want == "") || err == nil && got != c.want {
			t.Errorf("Format(%q, %q, %v) = %q, %v; want %q", c.asked, c.path, c.terminal, got, err, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"tench": "tench", "größe 図": "größe 図", "a\x1b[31mb": `a\x1b[31mb`, "a\nb": `a\x0ab`, "\u202egpj": `\u202egpj`,
		"\xff.jpg": `\xff.jpg`, "\u009bm": `\x9bm`, "a\u2028b": `a\u2028b`,
	} {
		if got := term.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.csv")
	write := func(text string, overwrite bool) *File {
		t.Helper()
		f, err := Protect().Create(name, overwrite)
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
	if _, err := Protect().Create(name, false); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("an existing file: %v", err)
	}
	write("two", true).Discard()
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); held() != "one" || len(left) != 1 {
		t.Errorf("after a discarded write: %q, %q", held(), left)
	}
	partial := name + ".partial"
	if err := write("three", true).Close(); err != nil || held() != "one" { // as a crash leaves it
		t.Errorf("%v, %q", err, held())
	}
	if _, err := Protect().Create(filepath.Join(dir, "x.csv"), false); err == nil {
		t.Error("both the file and its .partial exist, and no error")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := Protect().Create(name, false); err == nil || !strings.Contains(err.Error(), "x.csv.partial exists") {
		t.Errorf("what an interrupted run left: %v", err)
	}
	if data, err := os.ReadFile(partial); err != nil || string(data) != "three" {
		t.Errorf("what an interrupted run left is now %q, %v", data, err)
	}
	if err := write("four", true).Commit(); err != nil || held() != "four" {
		t.Errorf("%q, %v", held(), err)
	}
	failed := errors.New("there is no more of it")
	if err := write("five", true).End(failed); err != failed || held() != "four" {
		t.Errorf("%q, %v", held(), err)
	}
	if err := write("six", true).End(nil); err != nil || held() != "six" {
		t.Errorf("%q, %v", held(), err)
	}
	for _, bad := range []string{dir, filepath.Join(dir, "missing", "x.csv"), filepath.Join(name, "below-a-file")} {
		if _, err := Protect().Create(bad, true); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// TestFileOfLongName: a name that .partial makes too long is written all the same.
func TestFileOfLongName(t *testing.T) {
	dir := t.TempDir()
	long := func(n int, first string) string {
		return filepath.Join(dir, first+strings.Repeat("x", n-len(first)-4)+".png")
	}
	if err := os.WriteFile(long(255, "-"), nil, 0o666); err != nil {
		t.Skipf("names of 255 bytes are none here: %v", err)
	}
	begin := func(name, text string, overwrite bool) *File {
		t.Helper()
		f, err := Protect().Create(name, overwrite)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, n := range []int{247, 248, 252, 255} {
		// Two at once, which begin alike.
		names := []string{long(n, "a"), long(n, "b")}
		files := []*File{begin(names[0], "one", false), begin(names[1], "two", false)}
		if _, err := Protect().Create(names[0], false); err == nil || !strings.Contains(err.Error(), ".partial exists") {
			t.Errorf("%d bytes, a file that is being written: %v", n, err)
		}
		for i, f := range files {
			if err := f.Commit(); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(names[i]); string(data) != []string{"one", "two"}[i] {
				t.Errorf("%d bytes: %q, %v", n, data, err)
			}
		}
		begin(names[0], "three", true).Discard()
	}
	if _, err := Protect().Create(long(256, "a"), true); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("256 bytes: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.partial")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// hostile is a row whose texts try to act on the terminal.
var hostile = Row{Input: "a\x1b[2J\r\n\u009b\u202e\xff.jpg", Width: 1, Height: 1,
	Predictions: []Prediction{{Label: "t\x1b]0;x\x07ench", ID: "\x7f\u2066", Probability: 1}}}

func TestNothingActsOnATerminal(t *testing.T) {
	failed := Row{Input: hostile.Input, Error: &Error{Kind: "read", Message: hostile.Input + ": no \x1b file"}}
	for _, format := range []string{"table", "jsonl", "csv"} {
		var b bytes.Buffer
		w, err := New(format, &b, 80)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(hostile), w.Write(failed), w.Close()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if strings.IndexFunc(strings.TrimSuffix(line, "\n"), term.Acts) >= 0 {
				t.Errorf("%s: %q", format, line)
			}
		}
	}
}

func TestNamesSurvive(t *testing.T) {
	var b bytes.Buffer
	w, _ := New("jsonl", &b, 0)
	if err := w.Write(hostile); err != nil {
		t.Fatal(err)
	}
	var row Row
	if err := json.Unmarshal(b.Bytes(), &row); err != nil || row.Input != strings.ToValidUTF8(hostile.Input, "\uFFFD") || row.Predictions[0] != hostile.Predictions[0] {
		t.Errorf("JSONL: %+v, %v", row, err)
	}
	b.Reset()
	w, _ = New("csv", &b, 0)
	if err := errors.Join(w.Write(hostile), w.Close()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil || records[1][0] != strings.ReplaceAll(hostile.Input, "\r\n", "\n") || records[1][3] != hostile.Predictions[0].ID {
		t.Errorf("CSV: %q, %v", records, err)
	}
}

func TestLongTable(t *testing.T) {
	var b bytes.Buffer
	w, _ := New("table", &b, 0)
	long := Row{Input: strings.Repeat("long/", 40) + "a.jpg", Error: &Error{Kind: "decode", Message: strings.Repeat("many words ", 30)}}
	for range 2*tableRows + 1 {
		if err := w.Write(long); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(b.String(), "probability"); got != 2 {
		t.Errorf("%d tables before the end, want 2: memory must not grow with the inputs", got)
	}
	if err := w.Close(); err != nil || strings.Count(b.String(), "a.jpg") != 2*tableRows+1 {
		t.Errorf("%v: rows are lost", err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Fatalf("a line of %d characters: %s", n, line)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("a.jpg", "tench", 0.5)
	f.Add(hostile.Input, hostile.Predictions[0].Label, 1e-300)
	f.Fuzz(func(t *testing.T, name, label string, p float64) {
		if math.IsNaN(p) || math.IsInf(p, 0) {
			return // classify refuses them
		}
		if strings.IndexFunc(term.Clean(name), term.Acts) >= 0 || term.Clean(term.Clean(name)) != term.Clean(name) {
			t.Errorf("%q becomes %q", name, term.Clean(name))
		}
		for _, format := range Formats {
			var b bytes.Buffer
			w, _ := New(format, &b, 80)
			row := Row{Input: name, Predictions: []Prediction{{Label: label, Probability: p}}}
			if err := errors.Join(w.Write(row), w.Close()); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if format == "jsonl" {
				var got Row
				if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Input != strings.ToValidUTF8(name, "\uFFFD") && utf8.ValidString(name) || got.Predictions[0].Probability != p {
					t.Errorf("%q: %v", b.String(), err)
				}
			}
		}
	})
}

func TestPercent(t *testing.T) {
	for p, want := range map[float64]string{0: "0.0 %", 0.386: "38.6 %", 1: "100.0 %", 1.0000001: "100.0 %", -0.886611: "-0.8866", 9.10123: "9.101"} {
		if got := percent(p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}
