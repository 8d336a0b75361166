package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"ortho/runner/bench"
)

// resultsWith writes the sample results with all times of one cell multiplied.
func resultsWith(t *testing.T, name string, change func(*bench.File)) string {
	t.Helper()
	f, err := bench.ReadFile(benchResults)
	if err != nil {
		t.Fatal(err)
	}
	change(f)
	var text strings.Builder
	if err := f.Write(&text); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), name), text.String())
}

func slowDown(cell int, factor float64) func(*bench.File) {
	return func(f *bench.File) {
		for i := range f.Rows[cell].Rounds {
			r := &f.Rows[cell].Rounds[i]
			r.WallS *= factor
			for j := range r.LatencyMS {
				r.LatencyMS[j] *= factor
			}
		}
	}
}

func TestBenchCompare(t *testing.T) {
	code, stdout, stderr := execute(t, "", "bench", "compare", benchResults, benchResults)
	if code != exitOK || !strings.Contains(stdout, "Verdict: no change") || stderr != "" {
		t.Errorf("the same file: exit code %d\n%s%s", code, stdout, stderr)
	}
	slow := resultsWith(t, "slow.jsonl", slowDown(0, 1.5))
	if code, stdout, _ := execute(t, "", "bench", "compare", benchResults, slow); code != exitVerdict || !strings.Contains(stdout, "Verdict: slower (1 slower") || !strings.Contains(stdout, "+50.0 %") {
		t.Errorf("a slower cell: exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ := execute(t, "", "bench", "compare", slow, benchResults); code != exitOK || !strings.Contains(stdout, "Verdict: faster (1 faster") {
		t.Errorf("a faster cell: exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ := execute(t, "", "bench", "compare", benchResults, slow, "--min-effect", "90 %"); code != exitOK || !strings.Contains(stdout, "less than 90 % count as none") {
		t.Errorf("a large minimum effect: exit code %d\n%s", code, stdout)
	}
	code, stdout, _ = execute(t, "", "bench", "compare", "--json", benchResults, slow)
	var result struct {
		Kind, Verdict string
		MinEffect     float64 `json:"min_effect"`
		Cells         []struct {
			Verdict    string
			P          *float64
			Throughput *bench.Change `json:"throughput_per_s"`
		}
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != exitVerdict {
		t.Fatalf("exit code %d, %v: %s", code, err, stdout)
	}
	if c := result.Cells[0]; result.Kind != "ortho bench compare" || result.Verdict != "slower" || result.MinEffect != 0.05 || c.Verdict != "slower" || c.P == nil || *c.P >= 0.05 || c.Throughput.Ratio > 0.7 {
		t.Errorf("JSON %+v", result)
	}
}

func TestBenchCompareRefuses(t *testing.T) {
	other := resultsWith(t, "other.jsonl", func(f *bench.File) { f.Run.Model.SHA256 = "0" })
	broken := resultsWith(t, "broken.jsonl", func(f *bench.File) { f.Rows[0].Status, f.Rows[0].Reason = bench.StatusFailed, "it crashed" })
	none := resultsWith(t, "none.jsonl", func(f *bench.File) {
		for i := range f.Rows {
			f.Rows[i].Status, f.Rows[i].Reason = bench.StatusSkipped, "no time"
		}
	})
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{benchResults}, exitUsage, "two results files"},
		{[]string{benchResults, benchResults, "--min-effect", "much"}, exitUsage, `--min-effect "much"`},
		{[]string{benchResults, "missing.jsonl"}, exitFailed, "missing.jsonl"},
		{[]string{benchResults, other}, exitFailed, "another model"},
		{[]string{benchResults, other, "--force"}, exitOK, "another model"},
		{[]string{benchResults, broken}, exitVerdict, "crashed"},
		{[]string{benchResults, none}, exitFailed, "can't be compared"},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"bench", "compare"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%q: exit code %d, want %d and %q\n%s%s", c.args, code, c.code, c.says, stdout, stderr)
		}
	}
}
