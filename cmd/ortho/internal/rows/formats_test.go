package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/boxes"
	"ortho/models/classify"
	"ortho/models/depth"
	"ortho/models/segment"
	"ortho/models/tag"
)

func failed(kind, message string) output.Failure {
	return output.Failure{Error: &output.Error{Kind: kind, Message: message}}
}

// said is a result of an image of a size.
func said(width, height int, all ...classify.Prediction) classify.Result {
	return classify.Result{Predictions: append([]classify.Prediction{}, all...), Width: width, Height: height}
}

var someRows = []Classes{
	{Head: output.Head{Input: "a.jpg"}, Result: said(500, 375, classify.Prediction{Index: 0, Label: "tench", ID: "n01440764", Probability: 0.97})},
	{Head: output.Head{Input: "b,\".jpg"}, Failure: failed("decode", "decode b.jpg: <cut> & short")},
	{Head: output.Head{Input: "c.jpg"}, Result: said(1, 1)},
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"jsonl": `{"input":"a.jpg","predictions":[{"index":0,"label":"tench","id":"n01440764","probability":0.97}],"width":500,"height":375}
{"input":"b,\".jpg","error":{"kind":"decode","message":"decode b.jpg: <cut> & short"}}
{"input":"c.jpg","predictions":[],"width":1,"height":1}
`,
		"csv": `input,rank,index,id,label,probability,width,height,error_kind,error,input_bytes
a.jpg,1,0,n01440764,tench,0.97,500,375,,,
"b,"".jpg",,,,,,,,decode,decode b.jpg: <cut> & short,
c.jpg,,,,,,1,1,,,
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
		w, err := ClassesCodec.Writer(format, &b, 0)
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

var someTexts = []Texts{
	{Head: output.Head{Input: "a red fox"}, Predictions: []classify.Prediction{{Index: 2, Label: "fox", Probability: 0.5}, {Index: 3, Label: "dog", Probability: 0.25}}},
	{Head: output.Head{Input: "um"}, Predictions: []classify.Prediction{{Index: 3, Label: "dog", Probability: 0.125}}, Doubt: "it says nothing"},
	{Head: output.Head{Input: "x"}, Predictions: []classify.Prediction{}, Doubt: "y"},
	{Head: output.Head{Input: ""}, Failure: failed("read", "the text is empty")},
}

// TestTexts: the rows of texts have no size, and say where they are no answer.
func TestTexts(t *testing.T) {
	for format, want := range map[string]string{
		"csv":     "input,rank,index,id,label,probability,doubt,error_kind,error,input_bytes\na red fox,1,2,,fox,0.5,,,,\na red fox,2,3,,dog,0.25,,,,\num,1,3,,dog,0.125,it says nothing,,,\nx,,,,,,y,,,\n,,,,,,,read,the text is empty,\n",
		"jsonl":   `"doubt":"it says nothing"}`,
		"table":   "no answer: it says nothing",
		"parquet": "",
		"json":    `[` + "\n" + `{"input":"a red fox",`,
		"tsv":     "um\t1\t3\t\tdog\t0.125\tit says nothing\t\t\t\n",
		"wide":    "input,class1,p1,class2,p2,class3,p3,class4,p4,class5,p5,doubt,index1,id1,index2,id2,index3,id3,index4,id4,index5,id5,error_kind,error,input_bytes\na red fox,fox,0.5,dog,0.25,,,,,,,,2,,3,,,,,,,,,,\n",
		"xlsx":    "PK",
	} {
		data := written(t, TextsCodec, format, someTexts)
		if !bytes.Contains(data, []byte(want)) || format == "table" && !bytes.Contains(data, []byte("│ text ")) {
			t.Errorf("%s: %s; want %s", format, data, want)
		}
		if format == "table" {
			continue
		}
		if got, err := readAll(TextsCodec, format, data); err != nil || !reflect.DeepEqual(got, someTexts) {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
}

// full fails as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreNotLost(t *testing.T) {
	for _, format := range ClassesCodec.Formats() {
		w, err := ClassesCodec.Writer(format, full{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if errors.Join(w.Write(someRows[0]), w.Close()) == nil {
			t.Errorf("%s: a failed write gives no error", format)
		}
	}
}

// hostile is a row whose texts try to act on the terminal.
var hostile = Classes{Head: output.Head{Input: "a\x1b[2J\r\n\u009b\u202e\xff.jpg"},
	Result: said(1, 1, classify.Prediction{Label: "t\x1b]0;x\x07ench", ID: "\x7f\u2066", Probability: 1})}

func TestNothingActsOnATerminal(t *testing.T) {
	failing := Classes{Head: output.Head{Input: hostile.Input}, Failure: failed("read", hostile.Input+": no \x1b file")}
	for _, format := range []string{"table", "jsonl", "csv"} {
		var b bytes.Buffer
		w, err := ClassesCodec.Writer(format, &b, 80)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(hostile), w.Write(failing), w.Close()); err != nil {
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
	w, _ := ClassesCodec.Writer("jsonl", &b, 0)
	if err := w.Write(hostile); err != nil {
		t.Fatal(err)
	}
	var row Classes
	if err := json.Unmarshal(b.Bytes(), &row); err != nil || row.Input != strings.ToValidUTF8(hostile.Input, "\uFFFD") || row.Predictions[0] != hostile.Predictions[0] {
		t.Errorf("JSONL: %+v, %v", row, err)
	}
	b.Reset()
	w, _ = ClassesCodec.Writer("csv", &b, 0)
	if err := errors.Join(w.Write(hostile), w.Close()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil || records[1][0] != strings.ToValidUTF8(strings.ReplaceAll(hostile.Input, "\r\n", "\n"), "\uFFFD") || records[1][3] != hostile.Predictions[0].ID {
		t.Errorf("CSV: %q, %v", records, err)
	}
}

func TestLongTable(t *testing.T) {
	var b bytes.Buffer
	w, _ := ClassesCodec.Writer("table", &b, 0)
	long := Classes{Head: output.Head{Input: strings.Repeat("long/", 40) + "a.jpg"}, Failure: failed("decode", strings.Repeat("many words ", 30))}
	for range 2*100 + 1 {
		if err := w.Write(long); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(b.String(), "probability"); got != 2 {
		t.Errorf("%d tables before the end, want 2 of 100 rows: memory must not grow with the inputs", got)
	}
	if err := w.Close(); err != nil || strings.Count(b.String(), "a.jpg") != 2*100+1 {
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
		for _, format := range ClassesCodec.Formats() {
			var b bytes.Buffer
			w, _ := ClassesCodec.Writer(format, &b, 80)
			row := Classes{Head: output.Head{Input: name}, Result: said(0, 0, classify.Prediction{Label: label, Probability: p})}
			if err := errors.Join(w.Write(row), w.Close()); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if format == "jsonl" {
				var got Classes
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

// TestDivided: rows of segments, tags and depth are read back from every format as they were written.
func TestDivided(t *testing.T) {
	mask := &boxes.RLE{Size: [2]int{2, 2}, Counts: "13"}
	segments := []Segments{
		{Head: output.Head{Input: "a.jpg"}, Result: segment.Result{Width: 2, Height: 2, Segments: []segment.Segment{{Index: 3, Label: "sky, \"blue\"", Share: 0.75, Mask: mask}, {Index: 1, ID: "x", Share: 0.25, Score: 0.5, Value: 2}}}},
		{Head: output.Head{Input: "b.jpg"}, Failure: failed("decode", "cut")},
		{Head: output.Head{Input: "c.jpg"}, Result: segment.Result{Width: 1, Height: 1, Segments: []segment.Segment{}}},
	}
	tags := []Tags{
		{Head: output.Head{Input: "a.jpg"}, Width: 2, Height: 2, Tags: []tag.Tag{{Index: 3, Label: "^_^", Category: "general", Probability: 0.75}, {Index: 0, Probability: 0.5}}},
		{Head: output.Head{Input: "b.jpg"}, Failure: failed("decode", "cut")},
		{Head: output.Head{Input: "c.jpg"}, Width: 1, Height: 1, Tags: []tag.Tag{}},
	}
	deep := []Depth{
		{Head: output.Head{Input: "a.jpg"}, Result: depth.Result{Width: 2, Height: 3, Depth: &depth.Range{Min: -0.1, Max: 3.25, Mean: 1.0 / 3, Std: 0.7, Unit: "m"}}},
		{Head: output.Head{Input: "b.jpg"}, Failure: failed("decode", "cut")},
		{Head: output.Head{Input: "c.jpg"}, Result: depth.Result{Width: 1, Height: 1, Depth: &depth.Range{}}},
	}
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		readBack(t, DepthCodec, format, deep)
		readBack(t, SegmentsCodec, format, segments)
		readBack(t, TagsCodec, format, tags)
	}
}

func readBack[R output.Row](t *testing.T, codec *output.Codec[R], format string, want []R) {
	t.Helper()
	var b bytes.Buffer
	w, err := codec.Writer(format, &b, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range want {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []R
	for row, err := range codec.Read(format, bytes.NewReader(b.Bytes()), int64(b.Len())) {
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		got = append(got, row)
	}
	a, _ := json.Marshal(got)
	if z, _ := json.Marshal(want); string(a) != string(z) {
		t.Errorf("%s:\n%s, want\n%s", format, a, z)
	}
}
