package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func runOf(rows ...Row) *File {
	return &File{Run: Run{Kind: KindRun, Format: Format, Model: Model{Name: "m", SHA256: "aa"}, Input: Input{SHA256: "bb"}}, Rows: rows}
}

func TestCompareVerdicts(t *testing.T) {
	no := false
	base := steadyRow(1, 200, 202, 198, 201, 199)
	slower := steadyRow(1, 140, 142, 138, 141, 139)
	for name, c := range map[string]struct {
		old, new Row
		verdict  string
		reason   string
	}{
		"the same":           {base, base, VerdictNoChange, ""},
		"slower":             {base, slower, VerdictSlower, ""},
		"faster":             {slower, base, VerdictFaster, ""},
		"below the effect":   {base, steadyRow(1, 194, 196, 192, 195, 193), VerdictNoChange, ""},
		"fails now":          {base, with(base, func(r *Row) { r.Status, r.Reason, r.Rounds = StatusFailed, "crash", nil }), VerdictBroken, "crash"},
		"failed then":        {with(base, func(r *Row) { r.Status, r.Reason, r.Rounds = StatusFailed, "crash", nil }), base, VerdictUnknown, "the first run has no figures: failed: crash"},
		"skipped now":        {base, with(base, func(r *Row) { r.Status, r.Reason, r.Rounds = StatusSkipped, "budget", nil }), VerdictUnknown, "the second run has no figures: skipped: budget"},
		"wrong outputs now":  {base, with(base, func(r *Row) { r.Equal = &no }), VerdictBroken, "no longer"},
		"wrong outputs both": {with(base, func(r *Row) { r.Equal = &no }), with(base, func(r *Row) { r.Equal = &no }), VerdictNoChange, ""},
		"one round":          {base, steadyRow(1, 100), VerdictUnknown, "5 and 1"},
		"noise":              {base, steadyRow(1, 300, 100, 350, 80, 280), VerdictUnknown, "too noisy"},
	} {
		got, err := Compare(runOf(c.old), runOf(c.new), MinEffect, false)
		if err != nil {
			t.Fatal(name, err)
		}
		if cell := got.Cells[0]; cell.Verdict != c.verdict || got.Verdict != c.verdict || !strings.Contains(cell.Reason, c.reason) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, cell.Verdict, cell.Reason, c.verdict, c.reason)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Latency alone counts, too.
	late := steadyRow(1, 200, 202, 198, 201, 199)
	for i := range late.Rounds {
		for j := range late.Rounds[i].LatencyMS {
			late.Rounds[i].LatencyMS[j] *= 1.3
		}
	}
	if got := compareSimulated(t, runOf(base), runOf(late)); got.Verdict != VerdictSlower {
		t.Errorf("latency: %s", got.Verdict)
	}
	noisyRow := func(threads int) Row { return steadyRow(threads, 300, 100, 350, 80, 280) }
	mostly := runOf(base, noisyRow(2), noisyRow(3))
	if got := compareSimulated(t, mostly, mostly); got.Verdict != VerdictUnknown || got.Counts.NoChange != 1 {
		t.Errorf("most cells are noisy: %s, %+v", got.Verdict, got.Counts)
	}
	half := runOf(base, noisyRow(2))
	if got := compareSimulated(t, half, half); got.Verdict != VerdictNoChange {
		t.Errorf("half of the cells are noisy: %s, %+v", got.Verdict, got.Counts)
	}
	ruled := with(base, func(r *Row) { r.Status, r.Rounds = StatusRuledOut, nil })
	if got := compareSimulated(t, runOf(ruled), runOf(ruled)); len(got.Cells) != 0 || got.Verdict != VerdictUnknown {
		t.Errorf("cells that neither run has: %+v", got)
	}
}

func TestCompareRefuses(t *testing.T) {
	row := steadyRow(1, 200, 202, 198)
	for name, c := range map[string]struct {
		change func(*File)
		reason string
	}{
		"model":   {func(f *File) { f.Run.Model.SHA256 = "cc" }, "another model (m, SHA-256 aa; m, cc)"},
		"machine": {func(f *File) { f.Run.Machine.CPUModel = "Z80" }, "another machine (CPU: unknown, Z80)"},
		"inputs":  {func(f *File) { f.Run.Input.SHA256 = "cc" }, "other inputs"},
		"options": {func(f *File) { f.Run.Plan.ProviderOptions = []string{"cuda.device_id=1"} }, "other provider options (none; cuda.device_id=1)"},
		"cells":   {func(f *File) { f.Rows = append(f.Rows, steadyRow(2, 1, 2)) }, "cells that only the second has (1, such as cpu threads=2"},
	} {
		other := runOf(row)
		c.change(other)
		if _, err := Compare(runOf(row), other, MinEffect, false); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one of %q", name, err, c.reason)
		}
		got, err := Compare(runOf(row), other, MinEffect, true)
		if err != nil || len(got.Differences) != 1 || len(got.Cells) != 1 || got.Verdict != VerdictNoChange {
			t.Errorf("%s, forced: %+v, %v", name, got, err)
		}
	}
	other := runOf(row)
	other.Run.Plan.Rounds, other.Run.Plan.BudgetS, other.Run.Libraries = 9, 60, []Library{{Version: "9"}}
	if _, err := Compare(runOf(row), other, MinEffect, false); err != nil {
		t.Errorf("another version and budget: %v", err)
	}
}

func TestReadWhatWasWritten(t *testing.T) {
	f := simulate(rand.New(rand.NewPCG(1, 1)), ordinary, 3, 2, 5, unchanged)
	f.Stages, f.Overhead, f.Verdict = &Stages{Kind: KindStages, Images: 3}, &Overhead{Kind: KindOverhead, CostMS: 0.1}, &Verdict{Kind: KindVerdict, Objective: ObjectiveMemory}
	path := filepath.Join(t.TempDir(), "r.jsonl")
	var text bytes.Buffer
	if err := f.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := got.Write(&again); err != nil || again.String() != text.String() {
		t.Errorf("%v: read\n%s\nwrote\n%s", err, again.String(), text.String())
	}
}

func TestReadRefuses(t *testing.T) {
	const run = `{"kind":"run","format":1}` + "\n"
	const cell = `{"kind":"cell","providers":"cpu","status":"ok"}` + "\n"
	for name, c := range map[string]struct{ text, reason string }{
		"empty":         {"", "empty"},
		"no run":        {cell, `line 1: it begins with a "cell"`},
		"no JSON":       {"PK\x03\x04", "line 1: no JSON object"},
		"cut off":       {run + cell[:20], "line 2: no JSON object, or one that was cut off"},
		"blank":         {run + "\n" + cell, "line 2 is blank"},
		"unknown kind":  {run + cell + `{"kind":"cake"}`, `line 3: kind "cake"`},
		"rounds":        {run + `{"kind":"round"}`, "line 2: the log of a run"},
		"two runs":      {run + run, "line 2: a second run"},
		"newer":         {`{"kind":"run","format":2}`, "format 2"},
		"twice":         {run + cell + cell, "line 3: cell cpu threads=0 batch=0 concurrency=0 comes twice"},
		"status":        {run + `{"kind":"cell","status":"great"}`, `status "great"`},
		"negative time": {run + `{"kind":"cell","status":"ok","rounds":[{"wall_s":1},{"wall_s":1,"latency_ms":[1,-1]}]}`, "round 2 has a negative time"},
		"another type":  {run + `{"kind":"cell","status":7}`, "line 2"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one of %q", name, err, c.reason)
		}
	}
	long := run + `{"kind":"cell","reason":"` + strings.Repeat("x", maxRow)
	if _, err := Read(strings.NewReader(long)); err == nil || !strings.Contains(err.Error(), "line 2 is longer than 64 MiB") {
		t.Errorf("a long line: %v", err)
	}
	many := run
	for i := range maxRows + 1 {
		many += fmt.Sprintf(`{"kind":"cell","threads":%d,"status":"ok"}`+"\n", i)
	}
	if _, err := Read(strings.NewReader(many)); err == nil || !strings.Contains(err.Error(), "more than 4096 cells") {
		t.Errorf("many cells: %v", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzRead reads anything, and compares and judges what it took for results.
func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	if err := simulate(rand.New(rand.NewPCG(1, 2)), ordinary, 2, 3, 2, unchanged).Write(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes(), text.Bytes())
	f.Add([]byte(`{"kind":"run","format":1}`), []byte("{}"))
	f.Add([]byte(`{"kind":"run","format":1}
{"kind":"cell","status":"ok","equal":true,"throughput_per_s":1e308,"rounds":[{"wall_s":1e-300,"runs":9,"latency_ms":[1e308]},{"wall_s":1e300,"runs":1,"latency_ms":[1e-308,0]}]}`), text.Bytes())
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, err := Read(bytes.NewReader(a))
		if err != nil {
			return
		}
		for _, objective := range Objectives {
			v := recommend(old.Rows, objective, Constraints{MaxP99MS: 3, MaxRSSMiB: 10}, "rows/s")
			if _, err := json.Marshal(v); err != nil {
				t.Error(err)
			}
			if v.Recommended != nil && !slices.ContainsFunc(old.Rows, func(r Row) bool { return r.Config == *v.Recommended && r.Equal != nil && *r.Equal }) {
				t.Errorf("recommends %v", *v.Recommended)
			}
		}
		new, err := Read(bytes.NewReader(b))
		if err != nil {
			new = old
		}
		got, err := Compare(old, new, MinEffect, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
	})
}
