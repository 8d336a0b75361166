package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEscapeFormulas: a name that a spreadsheet would compute is a text where that is asked for, a run
// that goes on knows it, and what is there is read back as it was.
func TestEscapeFormulas(t *testing.T) {
	needLibrary(t)
	photos, out := t.TempDir(), filepath.Join(t.TempDir(), "x.csv")
	picture, model := read(t, coffee), absolute(t, testModels+"/float32_nchw")
	t.Chdir(photos)
	for _, name := range []string{"=1+1.png", "-2.png"} {
		write(t, name, picture)
	}
	args := []string{"classify", "--stdin-paths", "-m", model, "--input-range", "0,1", "-k", "1", "-o", out}
	names := "=1+1.png\n-2.png\n@gone.png\n"
	run := func(more ...string) (code int, rows, stderr string) {
		code, _, stderr = execute(t, names, with(args, more...)...)
		return code, read(t, out), stderr
	}
	if code, rows, stderr := run(); code != exitItems || !strings.Contains(rows, "\n=1+1.png,1,") || !strings.Contains(rows, "\n@gone.png,") {
		t.Errorf("exit %d, %s%s", code, rows, stderr)
	}
	if code, _, stderr := run("--escape-formulas", "--resume"); code != exitFailed || !strings.Contains(stderr, "format was csv, and is csv-escaped") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	page := filepath.Join(photos, "page.html")
	code, rows, stderr := run("--escape-formulas", "--overwrite")
	if code != exitItems || !strings.Contains(rows, "\n'=1+1.png,1,") || !strings.Contains(rows, "\n'-2.png,1,") || !strings.Contains(rows, "\n'@gone.png,") {
		t.Errorf("exit %d, %s%s", code, rows, stderr)
	}
	write(t, "@gone.png", picture)
	code, rows, stderr = run("--escape-formulas", "--retry-failed", "--html", page)
	if code != exitOK || !strings.Contains(rows, "\n'@gone.png,1,") || !strings.Contains(read(t, page), ">=1&#43;1.png<") {
		t.Errorf("exit %d, %s%s", code, rows, stderr)
	}
	for _, wrong := range [][]string{{"classify", "=1+1.png", "-f", "jsonl", "--escape-formulas"}, {"bench", "report", "x.jsonl", "--escape-formulas"}} {
		if code, _, stderr := execute(t, "", wrong...); code != exitUsage || !strings.Contains(stderr, "--escape-formulas is of ") {
			t.Errorf("%q: exit %d, %s", wrong, code, stderr)
		}
	}
}
