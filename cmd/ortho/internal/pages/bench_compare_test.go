package pages

import (
	"encoding/json"
	"strings"
	"testing"

	"ortho/runner/bench"
)

func TestWriteBenchComparison(t *testing.T) {
	f, err := bench.ReadFile("testdata/bench.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	same, err := bench.Compare(f, f, bench.MinEffect, false)
	if err != nil {
		t.Fatal(err)
	}
	var text, document strings.Builder
	if err := WriteBenchComparison(&text, same, "0.5.0", false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rows/s", "+0.0 %", "Verdict: no change (", "changes of less than 5 % count as none"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in %s", want, text.String())
		}
	}
	if err := WriteBenchComparison(&document, same, "0.5.0", true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind, Ortho, Verdict string
		Format               int
	}
	if err := json.Unmarshal([]byte(document.String()), &got); err != nil || got.Kind != "ortho bench compare" || got.Format != 1 || got.Ortho != "0.5.0" || got.Verdict != bench.VerdictNoChange {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestPercentChange(t *testing.T) {
	for ratio, want := range map[float64]string{0.8: "-20.0 %", 1: "+0.0 %", 1.5: "+50.0 %", 12.34: "x12.3"} {
		if got := percentChange(ratio); got != want {
			t.Errorf("%v: %s, want %s", ratio, got, want)
		}
	}
}

func TestPrintRerun(t *testing.T) {
	f, err := bench.ReadFile("testdata/bench.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	again, err := bench.NewRerun("old.jsonl", f)
	if err != nil {
		t.Fatal(err)
	}
	other := again.Best
	other.Threads += 7
	for want, v := range map[string]*bench.Verdict{
		"The recommendation of old.jsonl stands: ":         f.Verdict,
		"The recommendation of old.jsonl does not stand: ": {Recommended: &other},
	} {
		var text strings.Builder
		if err := PrintRerun(&text, again, v); err != nil || !strings.HasPrefix(text.String(), want) {
			t.Errorf("%q, %v; want %q", text.String(), err, want)
		}
	}
}
