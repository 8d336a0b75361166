package main

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"ortho/runner/bench"
)

const benchResults = "internal/pages/testdata/bench.jsonl"

func TestBenchReport(t *testing.T) {
	f, err := bench.ReadFile(benchResults)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "report.html")
	if code, stdout, stderr := execute(t, "", "bench", "report", benchResults, "--html", page); code != exitOK || stdout != "" {
		t.Fatalf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if text := read(t, page); !strings.Contains(text, "<svg ") || !strings.Contains(text, "Use openvino with 1 thread") {
		t.Error("the page lacks figures or the recommendation")
	}
	if code, _, stderr := execute(t, "", "bench", "report", benchResults, "--html", page); code == exitOK || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("an existing page: exit code %d, %q", code, stderr)
	}
	if code, stdout, stderr := execute(t, "", "bench", "report", benchResults, "--html", page, "--overwrite", "--markdown"); code != exitOK || !strings.HasPrefix(stdout, "# Benchmark of ") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, stdout, stderr := execute(t, "", "bench", "report", "--csv", benchResults)
	lines, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if code != exitOK || err != nil || len(lines) != 1+len(f.Rows) {
		t.Errorf("exit code %d, %d lines of %d rows, %v, stderr %q", code, len(lines), len(f.Rows), err, stderr)
	}
	rounds := 0
	for _, row := range f.Rows {
		rounds += len(row.Rounds)
	}
	if code, stdout, stderr := execute(t, "", "bench", "report", "--benchstat", benchResults); code != exitOK || strings.Count(stdout, "\nBenchmarkRun/") != rounds {
		t.Errorf("exit code %d, want %d rounds, stdout %q, stderr %q", code, rounds, stdout, stderr)
	}
	if code, stdout, stderr := execute(t, "", "bench", "report", benchResults); code != exitOK || stdout == "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestBenchReportRefuses(t *testing.T) {
	garbage := write(t, filepath.Join(t.TempDir(), "garbage.jsonl"), "{\"kind\":")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, exitUsage, "one results file"},
		{[]string{"a", "b"}, exitUsage, "one results file"},
		{[]string{benchResults, "--csv", "--markdown"}, exitUsage, "exclude each other"},
		{[]string{"missing.jsonl"}, exitFailed, "missing.jsonl"},
		{[]string{garbage}, exitFailed, "garbage.jsonl"},
		{[]string{benchResults, "--html", "no/such/folder/x.html"}, exitFailed, "does not exist"},
	} {
		if code, stdout, stderr := execute(t, "", append([]string{"bench", "report"}, c.args...)...); code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q; want %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}
