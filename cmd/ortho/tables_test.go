package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	pretty "github.com/jedib0t/go-pretty/v6/text"

	"ortho/cmd/ortho/internal/grid"
	"ortho/models/bundled"
)

// checkTables holds the tables in an output against the width of a terminal, and returns how
// many lines they have.
func checkTables(t *testing.T, output string) (lines int) {
	t.Helper()
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "│") && !strings.HasPrefix(line, "┌") {
			continue
		}
		lines++
		if n := pretty.StringWidthWithoutEscSequences(line); n > grid.Standard {
			t.Errorf("a line of %d columns:\n%s", n, output)
			return lines
		}
	}
	return lines
}

// TestTables: whatever they are about, tables fit a terminal, and name every file.
func TestTables(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	folder := filepath.Join(dir, strings.Repeat("写真 ", 12), strings.Repeat("very-long-folder-", 6))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	long := write(t, filepath.Join(folder, "☕️ espresso "+strings.Repeat("☕", 20)+".png"), read(t, coffee))
	broken := write(t, filepath.Join(folder, "broken.png"), read(t, coffee)[:1000])
	float := filepath.Join(testModels, "float32_nchw")
	labels := write(t, filepath.Join(dir, "labels.txt"), strings.Repeat("a label that goes on and on ", 10)+"\n"+strings.Repeat("미국", 60)+"\n"+strings.Repeat("x", 200)+"\n")
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"classify", "-f", "table", long, broken}, exitItems, []string{"espresso", "95.1 %", "broken.png", "truncated", "…"}},
		{[]string{"classify", "-f", "table", "-m", float, "--input-range", "0,1", "--labels", labels, long}, exitOK, []string{"a label that goes on"}},
		{[]string{"describe", "-f", "table", "--offline", "-m", "none", long}, exitItems, []string{"failed"}},
		{[]string{"compare", "-m", float, "-m", float, "--input-range", "0,1", long}, exitOK, []string{"exact"}},
		{[]string{"inspect", "-m", bundled.Default}, exitOK, []string{`from "tench" to "toilet`}},
		{[]string{"inspect", "-m", float, "--input-range", "0,1", "--labels", labels}, exitOK, []string{"labels.txt"}},
		{[]string{"inspect", "-m", pipelines + "sdxl"}, exitOK, []string{"scheduler_config.json"}},
		{[]string{"runtime", "list"}, exitOK, []string{"installed", "1."}},
		{[]string{"bench", "report", benchResults}, exitOK, []string{"openvino, NOT", "[204.2, 209.4]", "p99 withheld (-)"}},
		{[]string{"bench", "compare", benchResults, benchResults}, exitOK, []string{"no change"}},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if n := checkTables(t, stdout); code != c.code || n < 4 {
			t.Errorf("%q: exit %d, %d lines of tables, %s\n%s", c.args, code, n, stderr, stdout)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%q: no %q in\n%s", c.args, want, stdout)
			}
		}
	}
}
