package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// backAndForth are all formats that rows of classes come back from.
var backAndForth = []string{"rows.json", "rows.csv", "rows.tsv", "rows.xlsx", "rows.parquet", "rows.ndjson", "wide.csv"}

// classRowsText are rows of classes, with all that is hard to keep.
const classRowsText = `{"input":"a.jpg","predictions":[{"index":1,"label":"=1+1","id":"00123","probability":0.5},{"index":7,"probability":0.25}],"width":4,"height":3}
{"input":"MARCH1","predictions":[],"width":1,"height":1}
{"input":"\u001b\r\n+49 30","predictions":[{"index":2,"label":"1-2","probability":1}],"width":1,"height":2}
{"input":"b\ufffd.jpg","error":{"kind":"decode","message":"no image"},"input_bytes":"Yv8uanBn"}
`

// TestConvert: rows are the same behind every format and back, and each from every other.
func TestConvert(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "first.jsonl", classRowsText)
	from := "first.jsonl"
	for _, name := range append(backAndForth, backAndForth[0], backAndForth[2]) {
		args := []string{"convert", from, name, "--overwrite"}
		if name == "wide.csv" {
			args = append(args, "-f", "wide")
		}
		if code, stdout, stderr := execute(t, "", args...); code != exitOK || stdout != "" || stderr != "ortho: "+name+": 4 rows, 1 failed\n" {
			t.Fatalf("%s: exit %d, %q, %q", args, code, stdout, stderr)
		}
		code, stdout, stderr := execute(t, "", "convert", name)
		if code != exitOK || stdout != classRowsText || stderr != "" {
			t.Errorf("%s: exit %d, %q\n%s\nwant\n%s", name, code, stderr, stdout, classRowsText)
		}
		if code, stdout, _ := execute(t, read(t, name), "convert", "-", "-f", "jsonl"); code != exitOK || stdout != classRowsText {
			t.Errorf("%s by standard input: exit %d, %s", name, code, stdout)
		}
		from = name
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "ortho-sheet-*")); err != nil || len(left) > 0 {
		t.Logf("temporary folders (of other runs, perhaps): %q, %v", left, err)
	}
}

// TestConvertKinds: what kind of rows a file has is told from it.
func TestConvertKinds(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct {
		row     string
		formats []string
	}{
		"texts":        {`{"input":"a","predictions":[{"index":1,"label":"x","probability":1}],"doubt":"why"}`, []string{"json", "csv", "tsv", "wide", "xlsx", "parquet"}},
		"descriptions": {`{"input":"a","description":{"sentence":"A cat.","objects":["cat"],"attributes":[],"scene":"","class":"tabby","index":3,"model":"m","tokens":2}}`, []string{"json", "csv", "tsv", "wide", "xlsx", "parquet"}},
		"embeddings":   {`{"input":"a","embedding":[0.5,-1],"width":2,"height":3}`, []string{"json", "parquet", "npz"}},
		"detections": {`{"input":"a","detections":[{"index":1,"label":"dog","score":0.5,"box":[1,2,3.5,4],"angle":0.25,"keypoints":[[1,2,0.5]],"mask":{"size":[3,2],"counts":"06"}},{"index":2,"score":0.25,"box":[0,0,1,1]}],"width":2,"height":3}`,
			[]string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"segments":   {`{"input":"a","segments":[{"index":1,"label":"wall","value":1,"score":0.5,"share":0.25,"mask":{"size":[3,2],"counts":"06"}},{"index":2,"share":0.125}],"width":2,"height":3}`, []string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"tags":       {`{"input":"a","tags":[{"index":1,"label":"x","id":"00123","category":"c","probability":0.5},{"index":2,"probability":0.25}],"width":2,"height":3}`, []string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"no tags":    {`{"input":"a","tags":[],"width":2,"height":3}`, []string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"matches":    {`{"input":"a red fox","matches":[{"input":"a.jpg","cosine":0.5},{"input":"b.jpg","cosine":0.25}]}`, []string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"duplicates": {`{"input":"a","kind":"near","images":[{"input":"a","sha256":"00","phash":"1e10","dhash":"00","distance":0,"width":2,"height":3},{"input":"b","sha256":"01","phash":"00","dhash":"00","distance":3,"cosine":0.5,"width":2,"height":3}]}`, []string{"json", "csv", "tsv", "xlsx", "parquet"}},
		"pictures":   {`{"input":"a","file":"a.png","seed":18446744073709551615,"text":"x","steps":3,"guidance":7.5,"scheduler":"ddim","width":2,"height":3}`, []string{"json", "csv", "tsv", "wide", "xlsx"}},
	} {
		from := write(t, name+".jsonl", `{"input":"0","error":{"kind":"read","message":"no file"}}`+"\n"+c.row+"\n")
		_, want, _ := execute(t, "", "convert", from) // a row that failed may have null, too
		for _, format := range c.formats {
			out := fmt.Sprintf("%s-%s", name, format)
			if code, _, stderr := execute(t, "", "convert", from, "-f", format, out); code != exitOK {
				t.Errorf("%s: exit %d, %s", out, code, stderr)
				continue
			}
			if code, stdout, stderr := execute(t, "", "convert", out); code != exitOK || stdout != want || !strings.HasSuffix(want, c.row+"\n") {
				t.Errorf("%s: exit %d, %s\n%s\nwant\n%s", out, code, stderr, stdout, want)
			}
		}
	}
	if code, stdout, stderr := execute(t, "", "convert", "detections.jsonl", "-f", "coco", "-o", "-"); code != exitOK || !strings.Contains(stdout, `"bbox":[1,2,2.5,2]`) {
		t.Errorf("COCO: exit %d, %s, %s", code, stdout, stderr)
	}
	for _, kind := range []string{"detections", "segments", "tags", "matches", "duplicates"} {
		if code, _, stderr := execute(t, "", "convert", kind+".jsonl", "-f", "wide", "-o", "-"); code != exitFailed || !strings.Contains(stderr, "the format wide has no place for such rows") {
			t.Errorf("%s: exit %d, %s", kind, code, stderr)
		}
	}
	if code, stdout, _ := execute(t, "", "convert", "tags.jsonl", "-k", "1", "--where", `any(tags, .label == "x")`); code != exitOK || strings.Contains(stdout, `"index":2`) || !strings.Contains(stdout, `"index":1`) {
		t.Errorf("exit %d, %s", code, stdout)
	}
	code, _, stderr := execute(t, "", "convert", "texts.jsonl", "embeddings.jsonl", "x.json")
	if code != exitFailed || !strings.Contains(stderr, "texts.jsonl has classes of texts, and embeddings.jsonl has embeddings") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestConvertRefuses: what can't be converted is named, and nothing is left behind.
func TestConvertRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rows.jsonl", classRowsText)
	write(t, "raw.jsonl", `{"input":"a","output":{"name":"x","shape":[1],"values":[1]},"width":1,"height":1}`+"\n")
	write(t, "empty.jsonl", "")
	write(t, "photo.jpg", "\xff\xd8\xff")
	write(t, "partial.jsonl", `{"input":"a","predictions":[],"width":1,"height":1,"position":0,"crc32c":"00000000"}`+"\n")
	write(t, "other.csv", "input,text\na,b\n")
	write(t, "there.csv", "mine")
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "name files of rows"},
		{"rows.jsonl x.npz", exitFailed, "the format npz has no place for such rows"},
		{"raw.jsonl x.csv", exitFailed, "no place for raw outputs"},
		{"empty.jsonl x.csv", exitFailed, "it is empty"},
		{"photo.jpg x.csv", exitFailed, "holds no rows of ortho"},
		{"partial.jsonl x.csv", exitFailed, "position"},
		{"other.csv x.jsonl", exitFailed, "does not begin with the columns"},
		{"missing.jsonl x.csv", exitFailed, "missing.jsonl"},
		{"folder x.csv", exitFailed, "folder"},
		{"rows.jsonl there.csv", exitFailed, "there.csv exists: --overwrite replaces it"},
		{"rows.jsonl rows.jsonl --overwrite", exitFailed, "would replace it"},
		{"rows.jsonl ./rows.jsonl x.csv", exitFailed, "are one file"},
		{"- - x.csv", exitUsage, "can be read once"},
		{"rows.jsonl x.csv --top 0", exitUsage, "--top 0"},
		{"rows.jsonl x.csv --update", exitUsage, "update"},
		{"rows.jsonl x.csv --keep-gone", exitUsage, "keep-gone"},
		{"rows.jsonl x.csv --where label=x", exitUsage, "equal is =="},
		{"rows.jsonl x.csv --thumbnails", exitUsage, "--thumbnails are of a spreadsheet"},
		{"rows.jsonl x.jsonl --escape-formulas", exitUsage, "--escape-formulas is of CSV"},
		{"rows.jsonl x.xlsx --top 5000", exitFailed, "a sheet has 16384 columns"},
	} {
		code, stdout, stderr := execute(t, "", with([]string{"convert"}, strings.Fields(c.args)...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q, %s; want exit %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
	if read(t, "there.csv") != "mine" || read(t, "rows.jsonl") != classRowsText || exists("x.csv") || exists("x.xlsx") {
		t.Errorf("%q is there", filesIn(t, "."))
	}
}

// TestConvertLoses: what is lost is named, and rows that are damaged cost themselves.
func TestConvertLoses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "logits.jsonl", `{"input":"a","predictions":[{"index":0,"probability":1}],"logits":[1,2],"width":1,"height":1}`+"\n")
	code, stdout, stderr := execute(t, "", "convert", "logits.jsonl", "-f", "csv", "-o", "-")
	if code != exitOK || !strings.Contains(stdout, "a,1,0,,,1,1,1") || !strings.Contains(stderr, "csv has no place for raw outputs: left out of 1 row") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	lines := strings.SplitAfter(classRowsText, "\n")
	for name, text := range map[string]string{
		"x.jsonl": lines[0] + "{]\n" + lines[1] + `{"input":"no result"}` + "\n",
		"x.json":  "[\n" + strings.TrimSuffix(lines[0], "\n") + ",\n{],\n" + strings.TrimSuffix(lines[1], "\n") + ",\n" + `{"input":"no result"}` + "\n]\n",
		"x.csv":   "input,rank,index,id,label,probability,width,height,error_kind,error,input_bytes\na.jpg,1,1,00123,=1+1,0.5,4,3,,,\na.jpg,2,7,,,0.25,4,3,,,\nb,1,x,,,1,1,1,,,\nMARCH1,,,,,,1,1,,,\na,b\n",
	} {
		write(t, name, text)
		code, stdout, stderr := execute(t, "", "convert", name)
		if code != exitItems || stdout != lines[0]+lines[1] || !strings.Contains(stderr, name+": 2 rows are damaged, and left out") {
			t.Errorf("%s: exit %d, %s, %s", name, code, stdout, stderr)
		}
	}
	if code, stdout, _ := execute(t, "", "convert", write(t, "pretty.json", "[ "+strings.TrimSuffix(lines[0], "\n")+" , "+lines[1]+"]"), "-k", "1"); code != exitOK || !strings.Contains(stdout, "00123") || strings.Contains(stdout, `"index":7`) {
		t.Errorf("exit %d, %s", code, stdout)
	}
}

// TestConvertShards: shards come together in the order of the images, and only all of one run.
func TestConvertShards(t *testing.T) {
	needLibrary(t)
	args := with(tinyFromAnywhere(t, 3), "-f", "jsonl")
	t.Chdir(t.TempDir())
	_, whole, _ := execute(t, "", args...)
	for i := range 3 {
		execute(t, "", with(args, "-o", fmt.Sprintf("%d.jsonl", i), "--shard", fmt.Sprintf("%d/3", i))...)
	}
	execute(t, "", with(args, "-o", "top.jsonl", "-k", "1")...)
	execute(t, "", with(args, "-o", "all.jsonl")...)
	for _, c := range []struct {
		files string
		code  int
		want  string
	}{
		{"2.jsonl 0.jsonl 1.jsonl", exitOK, ""},
		{"0.jsonl 2.jsonl", exitFailed, "of 3 shards there are 2: 1/3 is missing"},
		{"0.jsonl 1.jsonl all.jsonl", exitFailed, "is no shard of 3"},
		{"0.jsonl top.jsonl", exitFailed, "top was 5, and is 1"},
	} {
		code, stdout, stderr := execute(t, "", with([]string{"convert", "-o", "-"}, strings.Fields(c.files)...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || c.code == exitOK && stdout != whole {
			t.Errorf("%s: exit %d, %s\n%s\nwant\n%s", c.files, code, stderr, stdout, whole)
		}
	}
	// What --where has left out keeps its turn.
	some := with(args, "--where", `input endsWith "0.png" || input endsWith "4.png"`)
	_, whole, _ = execute(t, "", some...)
	for i := range 3 {
		execute(t, "", with(some, "-o", fmt.Sprintf("w%d.jsonl", i), "--shard", fmt.Sprintf("%d/3", i))...)
	}
	if code, stdout, stderr := execute(t, "", "convert", "-o", "-", "w1.jsonl", "w2.jsonl", "w0.jsonl"); code != exitOK || stdout != whole || strings.Contains(stderr, "warning") {
		t.Errorf("of some rows: exit %d, %s\n%s\nwant\n%s", code, stderr, stdout, whole)
	}
	cut := read(t, "all.jsonl")
	write(t, "all.jsonl", cut[:strings.LastIndex(strings.TrimSuffix(cut, "\n"), "\n")+1])
	if code, _, stderr := execute(t, "", "convert", "all.jsonl"); code != exitOK || !strings.Contains(stderr, "it was changed since, or is cut off") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	write(t, "a.jsonl", classRowsText)
	write(t, "b.jsonl", classRowsText)
	code, stdout, stderr := execute(t, "", "convert", "a.jsonl", "b.jsonl", "-o", "-")
	if code != exitOK || stdout != classRowsText+classRowsText || !strings.Contains(stderr, "no run.json stands beside the files") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

// tinyFromAnywhere is tiny with a model's path that holds in every folder.
func tinyFromAnywhere(t *testing.T, repeated int) []string {
	t.Helper()
	args := tiny(t, repeated)
	for i, arg := range args {
		if strings.HasPrefix(arg, testModels) {
			path, err := filepath.Abs(arg)
			if err != nil {
				t.Fatal(err)
			}
			args[i] = path
		}
	}
	return args
}

// TestFormatsResume: a run in any format is resumed, and what failed is done again where the format can
// be read back.
func TestFormatsResume(t *testing.T) {
	needLibrary(t)
	args := tinyFromAnywhere(t, 1)
	t.Chdir(t.TempDir())
	for _, name := range append(backAndForth, "table.txt") {
		more := []string{"-o", name}
		if name == "wide.csv" {
			more = append(more, "-f", "wide")
		}
		if name == "table.txt" {
			more = append(more, "--record", "always")
		}
		code, _, stderr := execute(t, "", with(args, more...)...)
		if code != exitItems {
			t.Fatalf("%s: exit %d, %s", name, code, stderr)
		}
		before := read(t, name)
		if code, _, stderr := execute(t, "", with(args, with(more, "--resume")...)...); code != exitItems || !strings.Contains(stderr, "is complete") {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
		code, _, stderr = execute(t, "", with(args, with(more, "--retry-failed")...)...)
		switch {
		case name == "table.txt":
			if code != exitFailed || !strings.Contains(stderr, "a table is for people") {
				t.Errorf("%s: exit %d, %s", name, code, stderr)
			}
		case code != exitItems:
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		case read(t, name) != before:
			t.Errorf("%s changed", name)
		}
	}
}

// TestJSONIsJSON: the array is what every parser takes.
func TestJSONIsJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rows.jsonl", classRowsText)
	_, stdout, _ := execute(t, "", "convert", "rows.jsonl", "-f", "json", "-o", "-")
	var all []map[string]any
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || len(all) != 4 || all[0]["input"] != "a.jpg" {
		t.Errorf("%v, %s", err, stdout)
	}
}
