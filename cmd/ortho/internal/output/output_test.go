package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/term"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		asked, path string
		terminal    bool
		want        string
	}{
		{"", "", true, "table"}, {"", "", false, "jsonl"}, {"", "x.CSV", true, "csv"}, {"", "x.jsonl", true, "jsonl"},
		{"", "x", true, "jsonl"}, {"", "x.Parquet", false, "parquet"}, {"", "x.pq", false, "parquet"}, {"", "x.txt", false, "table"}, {"", "x.ndjson", false, "jsonl"},
		{"", "/dev/null", true, "jsonl"}, {"", "x.out", false, ""}, {"", "x.json", false, "json"}, {"", "x.XLSX", true, "xlsx"}, {"", "x.xls", false, ""}, {"", "x.tab", false, "tsv"}, {"", "x.npz", false, "npz"}, {"", "x.npy", false, "npy"}, {"wide", "x.csv", false, "wide"}, {"wide", "x.tsv", false, ""}, {"xlsx", "x.txt", false, ""}, {"tsv", "x.txt", false, "tsv"}, {"", "x.jsonl.gz", false, ""},
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
		"\xff.jpg": `\xff.jpg`, "\u009bm": `\u009bm`, "a\u2028b": `a\u2028b`,
		"a\u00adb\u200bc": `a\u00adb\u200bc`, "a\U000e0041": `a\U000e0041`, "\u3164": `\u3164`, "\ufeffx": `\ufeffx`, "p\u200da": `p\u200da`, "x\U000e0100": `x\U000e0100`,
		"می\u200cخواهم": "می\u200cخواهم", "👩\u200d❤\ufe0f\u200d👨": "👩\u200d❤\ufe0f\u200d👨", "\u0600\u0661": "\u0600\u0661",
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
		f, err := Protect().Create(t.Context(), name, overwrite)
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
	if _, err := Protect().Create(t.Context(), name, false); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("an existing file: %v", err)
	}
	write("two", true).Discard()
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); held() != "one" || len(left) != 1 {
		t.Errorf("after a discarded write: %q, %q", held(), left)
	}
	if err := write("three", true).Close(); err != nil || held() != "one" { // as a crash leaves it
		t.Errorf("%v, %q", err, held())
	}
	first, second := write("first", true), write("second", true)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	first.over, second.over = false, false
	if err := first.Commit(); err != nil || held() != "first" {
		t.Errorf("%v, %q", err, held())
	}
	if err := second.Commit(); !errors.Is(err, fs.ErrExist) || held() != "first" {
		t.Errorf("of two runs, both have made it: %v, %q", err, held())
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
		if _, err := Protect().Create(t.Context(), bad, true); err == nil {
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
		f, err := Protect().Create(t.Context(), name, overwrite)
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
	if _, err := Protect().Create(t.Context(), long(256, "a"), true); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("256 bytes: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
