package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/classify"
	"ortho/models/grounding"
	"ortho/models/provenance"
)

// oddRows are rows whose texts and numbers are hard to keep.
var oddRows = []Classes{
	hostile,
	hostile, // an input that comes twice in a row
	{Head: output.Head{Input: "\xff\xfe"}, Result: said(math.MaxInt32, 1, classify.Prediction{Index: 1 << 20, Label: "quote \" comma , \r\n\r", ID: "\x00r", Probability: math.SmallestNonzeroFloat64}, classify.Prediction{Index: 2, Probability: 1. / 3})},
	{Head: output.Head{Input: "\r\n"}, Failure: failed("read", "\r\n\x00\r: no\nfile")},
	{Head: output.Head{Input: ""}, Result: said(1, 1)},
	{Head: output.Head{Input: `\.`}, Result: said(1, 1)},
}

var rawRows = []Classes{
	{Head: output.Head{Input: "a"}, Result: classify.Result{Predictions: []classify.Prediction{{Probability: 1}}, Logits: []float32{1, -0.1, math.MaxFloat32, math.SmallestNonzeroFloat32}, Width: 1, Height: 2}},
	{Head: output.Head{Input: "b"}, Result: classify.Result{Output: &classify.Output{Name: "embedding", Shape: []int64{2, 1}, Values: []float32{0.5, -3e-20}}, Width: 1, Height: 2}},
	{Head: output.Head{Input: "c"}, Failure: failed("output", "c: NaN")},
}

// pictureRows have of what they were made.
var pictureRows = []Pictures{
	{Head: output.Head{Input: "a"}, Picture: Picture{File: "sub/a.png"}, Width: 1, Height: 2},
	{Head: output.Head{Input: "\xff"}, Picture: Picture{File: "0.png", Image: provenance.Image{Seed: new(uint64(math.MaxUint64)), Text: "a \u202e\n", Class: new(0), Label: "zero", Truncation: 0.5}}, Width: 1, Height: 2},
	{Head: output.Head{Input: "c"}, Picture: Picture{File: "1.png", Image: provenance.Image{Latents: &provenance.Latents{From: 1, To: new(uint64(0)), At: new(0.25)}}}, Width: 1, Height: 2},
	{Head: output.Head{Input: "f"}, Picture: Picture{File: "2.png", Image: provenance.Image{Text: "x", Diffusion: &provenance.Diffusion{Negative: "y", Steps: 3, Scheduler: "euler", Strength: 0.5, ImageSHA256: "00"}}}, Width: 1, Height: 2},
	{Head: output.Head{Input: "d"}, Picture: Picture{Image: provenance.Image{Seed: new(uint64(0))}}, Failure: failed("output", "d: NaN")},
}

func TestPictures(t *testing.T) {
	data := written(t, PicturesCodec, "jsonl", pictureRows)
	for _, format := range []string{"jsonl", "json", "csv", "tsv", "wide", "xlsx"} {
		rows := pictureRows
		if format != "jsonl" && format != "json" { // which keep of a row that failed why it did
			rows = slices.Clone(rows)
			rows[len(rows)-1].Picture = Picture{}
		}
		if got, err := readAll(PicturesCodec, format, written(t, PicturesCodec, format, rows)); err != nil || !reflect.DeepEqual(got, rows) {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
	if want := `{"input":"a","file":"sub/a.png","width":1,"height":2}`; !bytes.HasPrefix(data, []byte(want+"\n")) {
		t.Errorf("%s", data)
	}
	for _, format := range []string{"npz", "parquet", "table"} {
		if _, err := PicturesCodec.Writer(format, io.Discard, 0); err == nil {
			t.Errorf("%s takes a picture", format)
		}
	}
	for _, line := range []string{`{"input":"a","file":"a.png","error":{"kind":"x","message":"y"}}`, `{"input":"a","seed":1}`} {
		if _, err := readAll(PicturesCodec, "jsonl", []byte(line+"\n")); err == nil {
			t.Errorf("%s is read", line)
		}
	}
}

func written[R output.Row](t testing.TB, codec *output.Codec[R], format string, rows []R) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := codec.Writer(format, &b, 0)
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

func readAll[R output.Row](codec *output.Codec[R], format string, data []byte) (rows []R, err error) {
	for row, err := range codec.Read(format, bytes.NewReader(data), int64(len(data))) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func TestReadBack(t *testing.T) {
	for format, groups := range map[string][][]Classes{
		"jsonl":   {someRows, oddRows, rawRows, nil},
		"json":    {someRows, oddRows, rawRows, nil},
		"csv":     {someRows, oddRows, nil},
		"tsv":     {someRows, oddRows, nil},
		"wide":    {someRows, oddRows, nil},
		"xlsx":    {someRows, oddRows, nil},
		"parquet": {someRows, oddRows, rawRows, nil},
	} {
		for _, want := range groups {
			if format == "xlsx" {
				want = fifteen(want)
			}
			got, err := readAll(ClassesCodec, format, written(t, ClassesCodec, format, want))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v\n%+v, want\n%+v", format, err, got, want)
			}
		}
	}
	if _, err := readAll(ClassesCodec, "table", written(t, ClassesCodec, "table", someRows)); err == nil {
		t.Error("a table is read back")
	}
}

// fifteen leaves probabilities the digits that programs for spreadsheets have; rows of runs have six.
func fifteen(all []Classes) []Classes {
	all = slices.Clone(all)
	for i := range all {
		all[i].Predictions = slices.Clone(all[i].Predictions)
		for j := range all[i].Predictions {
			p := &all[i].Predictions[j].Probability
			*p, _ = strconv.ParseFloat(strconv.FormatFloat(*p, 'g', 15, 64), 64)
		}
	}
	return all
}

func TestBrokenFiles(t *testing.T) {
	const head = "input,rank,index,id,label,probability,width,height,error_kind,error\n"
	whole := written(t, ClassesCodec, "parquet", someRows)
	var others bytes.Buffer
	if err := parquet.Write(&others, []struct{ X int }{{1}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ format, text, want string }{
		{"jsonl", `{"input":"a"}` + "\n", "line 1: it is no row"},
		{"jsonl", `{"input":"a","predictions":[],"error":{}}` + "\n", "line 1: it is no row"},
		{"jsonl", `{"input":"a","predictions":[],"output":{"name":"x","shape":[],"values":[]}}` + "\n", "line 1: it is no row"},
		{"jsonl", `{"input":"a","predictions":[]}` + "\n{", "line 2"},
		{"jsonl", `{"input":"a","predictions":[],"position":0}` + "\n", "position"},
		{"jsonl", `{"input":"a","predictions":[],"position":-1}` + "\n", "it has a position"},
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
		if _, err := readAll(ClassesCodec, c.format, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", c.format, c.text, err, c.want)
		}
	}
}

func TestParquetGroupsAreBounded(t *testing.T) {
	const groupRows, groupBytes = 1 << 16, 16 << 20 // as output has it
	values := make([]float32, 1<<20)
	for i := range values {
		values[i] = float32(i) * 1.1
	}
	large := make([]Classes, 10) // 4 MiB each
	for i := range large {
		large[i] = Classes{Head: output.Head{Input: fmt.Sprint(i)}, Result: classify.Result{Output: &classify.Output{Name: "x", Shape: []int64{1 << 20}, Values: values}}}
	}
	small := make([]Classes, groupRows+1)
	for i := range small {
		small[i] = someRows[i%len(someRows)]
	}
	for name, c := range map[string]struct {
		rows   []Classes
		groups int
	}{"large": {large, 3}, "small": {small, 2}} {
		data := written(t, ClassesCodec, "parquet", c.rows)
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

var describedRows = []Descriptions{
	{Head: output.Head{Input: "a.jpg"}, Description: &Description{Sentence: "A cat; or \"two\".\r\n", Objects: []string{"cat", "sofa"}, Attributes: []string{}, Scene: "indoors", Class: "tabby", Index: new(int), Model: "m", Tokens: 12,
		Checked: []grounding.Mention{{Name: "cat: gray", Status: grounding.Found}, {Name: "sofa", Status: grounding.NotFound}}}},
	{Head: output.Head{Input: "b\xff.jpg"}, Description: &Description{Objects: []string{}, Attributes: []string{}, Class: "free text", Model: "m", Cached: true}},
	{Head: output.Head{Input: "c.jpg"}, Failure: failed("refused", "it won't, twice")},
}

// TestDescriptions: what the formats of descriptions have comes back out of them.
func TestDescriptions(t *testing.T) {
	for _, format := range []string{"csv", "tsv", "wide", "xlsx", "json", "parquet"} {
		got, err := readAll(DescriptionsCodec, format, written(t, DescriptionsCodec, format, describedRows))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(describedRows)
		if is, _ := json.Marshal(got); !bytes.Equal(is, want) {
			t.Errorf("%s:\n%s, want\n%s", format, is, want)
		}
	}
}

// TestFormulas: no text of escaped CSV is a formula, numbers stay numbers, and all of it comes back.
func TestFormulas(t *testing.T) {
	names := []string{"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@x", "'", "'-5", "-5", "+4.5e-3", "-.5.", "a=b", "", "\xf8=1"}
	var all []Classes
	for _, name := range names {
		all = append(all, Classes{Head: output.Head{Input: name}, Result: said(3, 4, classify.Prediction{Index: 1, Label: name, ID: name, Probability: -0.25})},
			Classes{Head: output.Head{Input: name}, Failure: failed("read", name+": no file")})
	}
	data := written(t, ClassesCodec, output.Escaped("csv"), all)
	if got, err := readAll(ClassesCodec, output.Escaped("csv"), data); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%+v, %v", got, err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		for i, cell := range record {
			_, err := strconv.ParseFloat(cell, 64)
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") && err != nil {
				t.Errorf("%q is a formula", cell)
			}
			if i == 5 && cell != "-0.25" && cell != "" {
				t.Errorf("the probability is %q", cell)
			}
		}
	}
	if exact := written(t, ClassesCodec, "csv", all); bytes.Equal(exact, data) || !bytes.Contains(exact, []byte("\n=1+1,")) {
		t.Errorf("%s", exact)
	}
}

// FuzzRead reads anything. What can be read is written and read to the same rows.
func FuzzRead(f *testing.F) {
	read := []func(*testing.T, []byte){
		readOf(ClassesCodec, "jsonl", normal), readOf(ClassesCodec, "csv", normal), readOf(ClassesCodec, "parquet", normal),
		readOf(DescriptionsCodec, "csv", asItIs), readOf(DescriptionsCodec, "parquet", asItIs), readOf(DescriptionsCodec, "jsonl", asItIs),
		readOf(TextsCodec, "csv", asItIs), readOf(TextsCodec, "parquet", normalText), readOf(PicturesCodec, "jsonl", asItIs),
		readOf(ClassesCodec, output.Escaped("csv"), normal),
		readOf(ClassesCodec, "json", normal), readOf(ClassesCodec, "tsv", normal), readOf(ClassesCodec, "wide", normal), readOf(ClassesCodec, "xlsx", normal),
		readOf(EmbeddingsCodec, "npz", asItIs),
	}
	for i, format := range []string{"jsonl", "csv", "parquet"} {
		f.Add(i, written(f, ClassesCodec, format, someRows))
		f.Add(i, written(f, ClassesCodec, format, oddRows))
	}
	f.Add(0, written(f, ClassesCodec, "jsonl", rawRows))
	f.Add(2, written(f, ClassesCodec, "parquet", rawRows))
	for i, format := range []string{"csv", "parquet", "jsonl"} {
		f.Add(3+i, written(f, DescriptionsCodec, format, describedRows))
	}
	for i, format := range []string{"csv", "parquet"} {
		f.Add(6+i, written(f, TextsCodec, format, someTexts))
	}
	for i, format := range []string{"json", "tsv", "wide", "xlsx"} {
		f.Add(10+i, written(f, ClassesCodec, format, someRows))
		f.Add(10+i, written(f, ClassesCodec, format, oddRows))
	}
	f.Add(14, written(f, EmbeddingsCodec, "npz", someEmbeddings))
	f.Add(8, written(f, PicturesCodec, "jsonl", pictureRows))
	f.Fuzz(func(t *testing.T, i int, data []byte) { read[uint(i)%uint(len(read))](t, data) })
}

// readOf reads a format of rows, and writes what it has read as JSONL.
func readOf[R output.Row](codec *output.Codec[R], format string, normal func(R) R) func(*testing.T, []byte) {
	return func(t *testing.T, data []byte) {
		rows, err := readAll(codec, format, data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		w, _ := codec.Writer("jsonl", &b, 0)
		for _, row := range rows {
			if !representable(reflect.ValueOf(row)) {
				return
			}
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		again, err := readAll(codec, "jsonl", b.Bytes())
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows, %d read again, %v", len(rows), len(again), err)
		}
		for i := range rows {
			if !reflect.DeepEqual(normal(again[i]), normal(rows[i])) {
				t.Errorf("%+v, read again %+v", rows[i], again[i])
			}
		}
	}
}

// representable reports whether a row has what rows may have only: finite numbers, and UTF-8
// but for names.
func representable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Float32, reflect.Float64:
		return !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0)
	case reflect.Pointer:
		return v.IsNil() || representable(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if !representable(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[output.Head]() && !representable(v.Field(i)) {
				return false
			}
		}
	}
	return true
}

func asItIs[R output.Row](row R) R { return row }

// normal leaves out the difference of no values and a list of none.
func normal(row Classes) Classes {
	row.Logits, row.Output = normalValues(row.Logits, row.Output)
	return row
}

func normalText(row Texts) Texts {
	row.Logits, row.Output = normalValues(row.Logits, row.Output)
	return row
}

func normalValues(logits []float32, out *classify.Output) ([]float32, *classify.Output) {
	if len(logits) == 0 {
		logits = nil
	}
	if out != nil && len(out.Shape)+len(out.Values) == 0 {
		out = &classify.Output{Name: out.Name}
	}
	return logits, out
}
