package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Rows are the same whether they are left out of a stream or of a file, in any format; a run that
// was interrupted has all of them, and one that is complete can't be gone on with.
func TestWhere(t *testing.T) {
	needLibrary(t)
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		args := with(tiny(t, 3), "-f", format, "--where", `input endsWith "0.png"`)
		code, want, stderr := execute(t, "", args...)
		if code != exitItems || !strings.Contains(stderr, "21 images, 6 left out by --where, 6 failed") {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
		out := filepath.Join(t.TempDir(), "x."+format)
		if code, _, stderr := execute(t, "", with(args, "-o", out, "--fail-fast")...); code != exitFailed {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
		if code, _, stderr := execute(t, "", with(args[:len(args)-2], "-o", out, "--resume")...); code != exitFailed || !strings.Contains(stderr, `where was input endsWith`) {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
		code, _, stderr = execute(t, "", with(args, "-o", out, "--resume", "--html", out+".html")...)
		if code != exitItems || !strings.Contains(stderr, "6 left out by --where") || read(t, out) != want {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
		if page := read(t, out+".html"); cardsIn(page) != 15 || strings.Count(page, "data:image") != 9 || !strings.Contains(page, "15 images, 6 failed") {
			t.Errorf("%s: %d cards, %d pictures", format, cardsIn(page), strings.Count(page, "data:image"))
		}
		if code, _, stderr := execute(t, "", with(args, "-o", out, "--retry-failed")...); code != exitFailed || !strings.Contains(stderr, "--overwrite makes all anew") || read(t, out) != want {
			t.Errorf("%s: exit %d, %s", format, code, stderr)
		}
	}
	for text, want := range map[string]string{`lable == "x"`: "known are label, p,", "": "--where is empty", "p": "expected bool"} {
		if code, stdout, stderr := execute(t, "", "classify", coffee, "--where", text); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", text, code, stderr)
		}
	}
	if code, stdout, stderr := execute(t, "", "classify-text", "seven", "a cat", "-f", "jsonl", "--where", `input == "seven" && doubt == ""`); code != exitOK || strings.Count(stdout, "\n") > 1 {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	if code, stdout, stderr := execute(t, "", "embed", "-m", testModels+"/embedding", "--input-range", "0,1", coffee, cat, "-f", "jsonl", "--where", `input contains "coffee"`); code != exitOK || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	if code, stdout, stderr := execute(t, "", "describe", "--offline", coffee, cat, "-f", "jsonl", "--where", `len(objects) > 1000 || error != "" && input contains "coffee"`); code != exitItems || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	// A row of which an expression can't tell costs itself.
	for _, to := range [][]string{{"-f", "jsonl"}, {"-o", filepath.Join(t.TempDir(), "x.csv")}} {
		code, stdout, stderr := execute(t, "", with([]string{"classify", coffee, cat, "-k", "2", "--min-probability", "0.2", "--where", `classes[1].p > 0.01`}, to...)...)
		if code != exitOK || strings.Count(stdout, "\n") > 1 || !strings.Contains(stderr, "--where has no answer for 1 row, left out: "+coffee+": index out of range") {
			t.Errorf("exit %d, %s, %s", code, stdout, stderr)
		}
	}
	for _, c := range []struct {
		args  string
		lines int
	}{
		{"detect -m " + detectors + `v8.onnx --where label=="dog"||p>=0||detections[0].x1>=0`, 2},
		{"segment -m " + segformer + ` --where any(segments,.label=="wall"&&.share>0.1)`, 2},
		{"tag -m " + tagger + ` --where any(tags,.label=="1girl")&&width>100`, 2},
		{"dupes " + coffee + ` --where kind=="near"`, 0},
	} {
		if code, stdout, stderr := execute(t, "", with(strings.Fields(c.args), coffee, cat, "-f", "jsonl")...); code != exitOK || strings.Count(stdout, "\n") != c.lines || !strings.Contains(stderr, "left out by --where") {
			t.Errorf("%s: exit %d, %s, %s", c.args, code, stdout, stderr)
		}
	}
	dir := t.TempDir()
	rows := filepath.Join(dir, "rows.jsonl")
	execute(t, "", "classify", coffee, cat, "-o", rows)
	for _, from := range [][]string{{coffee, cat}, {"--from-rows", rows}} {
		if code, stdout, stderr := execute(t, "", append([]string{"sort", "--into", dir, "--dry-run", "--where", `label == "espresso"`}, from...)...); code != exitOK || strings.Count(stdout, "\n") != 1 || !strings.Contains(stderr, "1") {
			t.Errorf("exit %d, %s, %s", code, stdout, stderr)
		}
	}
}
