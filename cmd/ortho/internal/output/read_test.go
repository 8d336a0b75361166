package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"ortho/models/provenance"
)

// oddRows are rows whose texts and numbers are hard to keep.
var oddRows = []Row{
	hostile,
	hostile, // an input that comes twice in a row
	{Input: "\xff\xfe", Predictions: []Prediction{{Index: 1 << 20, Label: "quote \" comma , \r\n\r", ID: "\x00r", Probability: math.SmallestNonzeroFloat64}, {Index: 2, Probability: 1. / 3}}, Width: math.MaxInt32, Height: 1},
	{Input: "\r\n", Error: &Error{Kind: "read", Message: "\r\n\x00\r: no\nfile"}},
	{Input: "", Predictions: []Prediction{}, Width: 1, Height: 1},
	{Input: `\.`, Predictions: []Prediction{}, Width: 1, Height: 1},
}

var rawRows = []Row{
	{Input: "a", Predictions: []Prediction{{Probability: 1}}, Logits: []float32{1, -0.1, math.MaxFloat32, math.SmallestNonzeroFloat32}, Width: 1, Height: 2},
	{Input: "b", Output: &Values{Name: "embedding", Shape: []int64{2, 1}, Values: []float32{0.5, -3e-20}}, Width: 1, Height: 2},
	{Input: "c", Error: &Error{Kind: "output", Message: "c: NaN"}},
}

// pictureRows only JSONL takes.
var pictureRows = []Row{
	{Input: "a", Picture: &Picture{File: "sub/a.png"}, Width: 1, Height: 2},
	{Input: "\xff", Picture: &Picture{"0.png", provenance.Image{Seed: new(uint64(math.MaxUint64)), Text: "a \u202e\n", Class: new(0), Label: "zero", Truncation: 0.5}}, Width: 1, Height: 2},
	{Input: "c", Picture: &Picture{"1.png", provenance.Image{Latents: &provenance.Latents{From: 1, To: new(uint64(0)), At: new(0.25)}}}, Width: 1, Height: 2},
	{Input: "f", Picture: &Picture{"2.png", provenance.Image{Text: "x", Diffusion: &provenance.Diffusion{Negative: "y", Steps: 3, Scheduler: "euler", Strength: 0.5, ImageSHA256: "00"}}}, Width: 1, Height: 2},
	{Input: "d", Picture: &Picture{"", provenance.Image{Seed: new(uint64(0))}}, Error: &Error{Kind: "output", Message: "d: NaN"}},
}

func TestPictures(t *testing.T) {
	data := written(t, "jsonl", pictureRows)
	if got, err := readAll("jsonl", data); err != nil || !reflect.DeepEqual(got, pictureRows) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := `{"input":"a","file":"sub/a.png","width":1,"height":2}`; !bytes.HasPrefix(data, []byte(want+"\n")) {
		t.Errorf("%s", data)
	}
	for _, format := range []string{"csv", "parquet", "table"} {
		w, err := New(format, io.Discard, 0)
		if err != nil {
			t.Fatal(err)
		}
		if w.Write(pictureRows[0]) == nil {
			t.Errorf("%s takes a picture", format)
		}
	}
	for _, line := range []string{`{"input":"a","file":"a.png","error":{"kind":"x","message":"y"}}`, `{"input":"a","seed":1}`, `{"input":"a","file":"a.png","predictions":[]}`} {
		if _, err := readAll("jsonl", []byte(line+"\n")); err == nil {
			t.Errorf("%s is read", line)
		}
	}
}

func written(t testing.TB, format string, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(format, &b, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readAll(format string, data []byte) (rows []Row, err error) {
	for row, err := range Read(format, bytes.NewReader(data), int64(len(data))) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func TestReadBack(t *testing.T) {
	for format, groups := range map[string][][]Row{
		"jsonl":   {someRows, oddRows, rawRows, nil},
		"csv":     {someRows, oddRows, nil},
		"parquet": {someRows, oddRows, rawRows, nil},
	} {
		for _, want := range groups {
			got, err := readAll(format, written(t, format, want))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v\n%+v, want\n%+v", format, err, got, want)
			}
		}
	}
	if _, err := readAll("table", written(t, "table", someRows)); err == nil {
		t.Error("a table is read back")
	}
}

func TestBrokenFiles(t *testing.T) {
	const head = "input,rank,index,id,label,probability,width,height,error_kind,error\n"
	whole := written(t, "parquet", someRows)
	var others bytes.Buffer
	if err := parquet.Write(&others, []struct{ X int }{{1}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ format, text, want string }{
		{"jsonl", `{"input":"a"}` + "\n", "line 1: it is no row"},
		{"jsonl", `{"input":"a","predictions":[],"error":{}}` + "\n", "line 1: it is no row"},
		{"jsonl", `{"input":"a","predictions":[]}` + "\n{", "line 2"},
		{"jsonl", `{"input":"a","predictions":[],"position":0}` + "\n", "position"},
		{"jsonl", `{"input":"a","predictions":[],"position":-1}` + "\n", "below 0"},
		{"csv", "", "columns"},
		{"csv", "a,b\n", "record 1"},
		{"csv", "0,1,2,3,4,5,6,7,8,9\n", "columns"},
		{"csv", head + "a,2,0,,,0.5,1,1,,\n", "rank 2"},
		{"csv", head + "a,1,0,,,0.5,1,1,,\nb,2,0,,,0.5,1,1,,\n", "rank 2"},
		{"csv", head + "a,0,0,,,0.5,1,1,,\n", "below 1"},
		{"csv", head + "a,1,x,,,0.5,1,1,,\n", `index "x"`},
		{"csv", head + "a,1,1,,,often,1,1,,\n", `probability "often"`},
		{"csv", head + `"a,1,1,,,0.5,1,1,,`, "record 2"},
		{"parquet", "", ""},
		{"parquet", string(whole[:len(whole)-1]), ""},
		{"parquet", others.String(), "columns"},
	} {
		if _, err := readAll(c.format, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", c.format, c.text, err, c.want)
		}
	}
}

// endless is a quote that is never closed.
type endless struct{ given int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	if e.given == 0 {
		copy(p, strings.Join(imageColumns, ",")+"\n\"")
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
	for _, err := range readCSV(quote, 1<<16, imageColumns) {
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("an endless field: %v", err)
		}
	}
	if quote.given > 1<<17 {
		t.Errorf("%d bytes were read of a field", quote.given)
	}
}

func TestParquetGroupsAreBounded(t *testing.T) {
	values := make([]float32, 1<<20)
	for i := range values {
		values[i] = float32(i) * 1.1
	}
	large := make([]Row, 10) // 4 MiB each
	for i := range large {
		large[i] = Row{Input: fmt.Sprint(i), Output: &Values{"x", []int64{1 << 20}, values}}
	}
	small := make([]Row, groupRows+1)
	for i := range small {
		small[i] = someRows[i%len(someRows)]
	}
	for name, c := range map[string]struct {
		rows   []Row
		groups int
	}{"large": {large, 3}, "small": {small, 2}} {
		data := written(t, "parquet", c.rows)
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		groups := file.Metadata().RowGroups
		if len(groups) != c.groups || file.NumRows() != int64(len(c.rows)) {
			t.Errorf("%s: %d row groups of %d rows, want %d", name, len(groups), file.NumRows(), c.groups)
		}
		for _, g := range groups {
			if g.TotalByteSize > 2*groupBytes || g.NumRows > groupRows {
				t.Errorf("%s: a row group of %d bytes, %d rows", name, g.TotalByteSize, g.NumRows)
			}
		}
	}
}

// FuzzRead reads anything. What can be read is written and read to the same rows.
var describedRows = []Row{
	{Input: "a.jpg", Description: &Description{Sentence: "A cat; or \"two\".\r\n", Objects: []string{"cat", "sofa"}, Attributes: []string{}, Scene: "indoors", Class: "tabby", Index: new(int), Model: "m", Tokens: 12}},
	{Input: "b\xff.jpg", Description: &Description{Objects: []string{}, Attributes: []string{}, Class: "free text", Model: "m", Cached: true}},
	{Input: "c.jpg", Error: &Error{"refused", "it won't, twice"}},
}

// TestDescriptions: what the formats of descriptions have comes back out of them.
func TestDescriptions(t *testing.T) {
	for _, format := range []string{"csv", "parquet"} {
		format = Descriptions(format)
		got, err := readAll(format, written(t, format, describedRows))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(describedRows)
		if is, _ := json.Marshal(got); !bytes.Equal(is, want) {
			t.Errorf("%s:\n%s, want\n%s", format, is, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	readable := []string{"jsonl", "csv", "parquet"}
	for i, format := range readable {
		f.Add(i, written(f, format, someRows))
		f.Add(i, written(f, format, oddRows))
	}
	f.Add(0, written(f, "jsonl", rawRows))
	f.Add(2, written(f, "parquet", rawRows))
	for i, format := range []string{"csv", "parquet"} {
		readable = append(readable, Descriptions(format))
		f.Add(3+i, written(f, Descriptions(format), describedRows))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		format := readable[uint(i)%uint(len(readable))]
		rows, err := readAll(format, data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		w, _ := New("jsonl", &b, 0)
		for _, row := range rows {
			if !representable(row) {
				return
			}
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		again, err := readAll("jsonl", b.Bytes())
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows, %d read again, %v", len(rows), len(again), err)
		}
		for i := range rows {
			if !reflect.DeepEqual(normal(again[i]), normal(rows[i])) {
				t.Errorf("%+v, read again %+v", rows[i], again[i])
			}
		}
	})
}

// representable tells rows that Row allows: finite numbers, and UTF-8 but for names.
func representable(row Row) bool {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	var texts []string
	var numbers []float64
	for _, p := range row.Predictions {
		texts = append(texts, p.Label, p.ID)
		numbers = append(numbers, p.Probability)
	}
	values := row.Logits
	if row.Output != nil {
		texts = append(texts, row.Output.Name)
		values = append(values[:len(values):len(values)], row.Output.Values...)
	}
	if d := row.Description; d != nil {
		texts = append(texts, d.Sentence, d.Scene, d.Class, d.Model)
		texts = append(append(texts, d.Objects...), d.Attributes...)
		for _, p := range d.Evidence {
			texts = append(texts, p.Label, p.ID)
			numbers = append(numbers, p.Probability)
		}
	}
	if row.Error != nil {
		texts = append(texts, row.Error.Kind, row.Error.Message)
	}
	for _, v := range values {
		numbers = append(numbers, float64(v))
	}
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return false
		}
	}
	for _, v := range numbers {
		if !finite(v) {
			return false
		}
	}
	return true
}

// normal leaves out the difference of no values and a list of none.
func normal(row Row) Row {
	if len(row.Logits) == 0 {
		row.Logits = nil
	}
	if row.Output != nil && len(row.Output.Shape)+len(row.Output.Values) == 0 {
		row.Output = &Values{Name: row.Output.Name}
	}
	return row
}
