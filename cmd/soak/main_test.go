package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCampaign takes a small turn of each area.
func TestCampaign(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another an interrupt there")
	}
	ortho := filepath.Join(t.TempDir(), "ortho")
	if out, err := exec.Command("go", "build", "-o", ortho, "../ortho").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said strings.Builder
	c := &campaign{ortho: ortho, root: root(t), keep: t.TempDir(), seed: 1, scale: 0.02, said: &said}
	if err := c.ready(t.Context()); err != nil && strings.Contains(err.Error(), "ONNX Runtime") {
		t.Skipf("needs ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	all, err := c.repeat(t.Context(), areas, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.inputs == 0 || a.turns != 1 || a.failures != 0 {
			t.Errorf("%s: %d inputs, %d turns, %d failures", a.name, a.inputs, a.turns, a.failures)
		}
		t.Logf("%s: %d inputs in %v", a.name, a.inputs, a.took)
	}
	if said.Len() > 0 {
		t.Error(said.String())
	}
	if table := c.table(t.Context(), all, time.Now(), time.Second); strings.Count(table, "\n| ") != len(areas)+3 {
		t.Error(table)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFindsFailures has programs take ortho's place that do what must not be.
func TestFindsFailures(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are scripts of sh")
	}
	for _, c := range []struct{ area, script, want string }{
		{"images", "exit 0", "0 rows of"},
		{"images", "sleep 0.1; kill -SEGV $$", "it crashed|segmentation fault"},
		{"images", "echo 'panic: no' >&2; exit 2", "it crashed"},
		{"images", `for a; do case $a in @*) sed 's/.*/{"input":"&"}/' "${a#@}";; esac; done; echo no >&2; exit 3`, "exit 3 where 0 of"},
		{"images", `for a; do case $a in @*) sed 's/.*/{"input":"&","error":{"message":""}}/' "${a#@}";; esac; done; echo no >&2; exit 3`, `its error is ""`},
		{"images", "exit 3", "without a word"},
		{"models", "exit 1", "without a word"},
		{"models", "exit 7", "and not one of"},
		{"chat", `for a; do case $a in @*) sed 's/.*/{"input":"&"}/' "${a#@}";; esac; done; echo "$OPENAI_API_KEY"; exit 0`, "row "},
		{"chat", `for a; do case $a in @*) sed 's/.*/{"input":"&"}/' "${a#@}";; esac; done; echo "$OPENAI_API_KEY" >&2; exit 0`, "the key shows"},
		{"long", "exit 0", "0 rows of"},
	} {
		ortho := filepath.Join(t.TempDir(), "ortho")
		if err := os.WriteFile(ortho, []byte("#!/bin/sh\n"+c.script+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		of := &campaign{ortho: ortho, root: root(t), keep: t.TempDir(), seed: 1, scale: 0.01, said: &said}
		var err error
		if of.seeds, err = findImages(of.root); err != nil {
			t.Fatal(err)
		}
		if of.folders, err = findModels(of.root); err != nil {
			t.Fatal(err)
		}
		a, err := chooseAreas(c.area)
		if err != nil {
			t.Fatal(err)
		}
		tally := &tally{area: a[0]}
		if err := of.take(t.Context(), tally, 0); err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(strings.Split(c.want, "|"), func(s string) bool { return strings.Contains(said.String(), s) })
		kept, _ := filepath.Glob(filepath.Join(of.keep, "*", "failure.txt"))
		if tally.failures == 0 || !found || len(kept) == 0 {
			t.Errorf("%s of %q: %d failures, %q, kept %q; want %q", c.area, c.script, tally.failures, said.String(), kept, c.want)
		}
	}
}

// TestComplete: what a run has made is held against what it makes undisturbed.
func TestComplete(t *testing.T) {
	w := &work{out: "x.csv", want: map[string]string{"x.csv": "a\n", "x.csv.run.json": "2 rows, 0 failed, finished: true"}}
	record := `{"rows":2,"failed":0,"finished":"2026-01-02T03:04:05Z"}`
	for _, c := range []struct {
		files                map[string]string
		complete, incomplete string
	}{
		{map[string]string{"x.csv": "a\n", "x.csv.run.json": record}, "", ""},
		{map[string]string{"x.csv": "a\n", "x.csv.run.json": record, "x.csv.tmp": ""}, "x.csv.tmp is left", ""},
		{map[string]string{"x.csv": "", "x.csv.run.json": record}, "x.csv is", "x.csv is there, and not complete"},
		{map[string]string{"x.csv.partial": "a", "x.csv.run.json": `{"rows":1}`}, "x.csv", ""},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for want, err := range map[string]error{"c" + c.complete: w.complete(dir), "i" + c.incomplete: w.incomplete(dir)} {
			if want = want[1:]; (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", c.files, err, want)
			}
		}
	}
}

func TestBrokenOff(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		o      outcome
		signal syscall.Signal
		sent   time.Time
		idle   bool
		broken bool
		right  bool
	}{
		{outcome{code: 3, stderr: "x"}, syscall.SIGINT, time.Time{}, false, false, true},
		{outcome{code: 130, stderr: "--resume goes on"}, syscall.SIGINT, now, false, true, true},
		{outcome{code: 130, stderr: "no"}, syscall.SIGINT, now, false, false, false},
		{outcome{code: 130, state: "exit status 130"}, syscall.SIGINT, now, true, true, true},
		{outcome{code: 130, stderr: "--resume goes on"}, syscall.SIGINT, now.Add(-time.Hour), false, false, false},
		{outcome{code: -1, state: "signal: killed"}, syscall.SIGKILL, now, false, true, true},
		{outcome{code: -1, state: "signal: hangup"}, syscall.SIGHUP, now, false, false, false},
		{outcome{code: -1, state: "signal: hangup"}, syscall.SIGHUP, now, true, true, true},
		{outcome{code: 1, stderr: "x"}, syscall.SIGTERM, now, false, false, false},
	} {
		if broken, why := brokenOff(&c.o, c.signal, c.sent, c.idle); broken != c.broken || (why == nil) != c.right {
			t.Errorf("%+v: %v, %v", c, broken, why)
		}
	}
}

func TestGrown(t *testing.T) {
	run := func(memory, files func(i int) int) (all []sample) {
		for i := range 100 {
			all = append(all, sample{int64(10 * i), int64(memory(i)) << 20, files(i)})
		}
		return all
	}
	same := func(int) int { return 60 }
	for _, c := range []struct {
		samples []sample
		right   bool
	}{
		{run(same, same), true}, {run(func(i int) int { return 60 + i }, same), false}, {run(same, func(i int) int { return i }), false}, {nil, true},
	} {
		if err := grown(c.samples, 1000); (err == nil) != c.right {
			t.Error(err)
		}
	}
}

// TestMutants: chance alone decides what a mutant is, most differ from their seed, and many can still be read
// as what they were.
func TestMutants(t *testing.T) {
	at := root(t)
	graph, err := os.ReadFile(filepath.Join(at, "models/testdata/float32_nchw/model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if fields, ok := parseFields(graph, 6); !ok || string(appendFields(nil, fields)) != string(graph) {
		t.Error("a graph is not what its fields are")
	}
	seeds, err := findImages(at)
	if err != nil {
		t.Fatal(err)
	}
	var formats []string
	for _, s := range seeds {
		data, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if parts, _, _ := partsOf(data); len(parts) > 1 && !slices.Contains(formats, s.format) {
			formats = append(formats, s.format)
		}
	}
	if slices.Sort(formats); !slices.Equal(formats, []string{"avif", "heic", "jp2", "jpeg", "jxl", "png", "tiff", "webp"}) {
		t.Errorf("parts of %q", formats)
	}
	document := []byte(`{"a":{"b":[1,2,3]},"c":"d"}`)
	for name, mutate := range map[string]func(*rand.Rand) []byte{
		"image": func(r *rand.Rand) []byte { return damagedImage(r, picture(r), picture(r)) },
		"graph": func(r *rand.Rand) []byte { return damagedGraph(r, graph, graph) },
		"json":  func(r *rand.Rand) []byte { return damagedJSON(r, document, document) },
	} {
		one, two, read := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2)), 0
		all := map[string]bool{}
		for range 200 {
			a := mutate(one)
			if string(a) != string(mutate(two)) {
				t.Fatalf("%s: the same chance, and another mutant", name)
			}
			all[string(a)] = true
			_, fields := parseFields(a, 6)
			if name == "json" && json.Valid(a) || name == "graph" && fields || name == "image" && isPNG(a) {
				read++
			}
		}
		if len(all) < 100 || read < 60 {
			t.Errorf("%s: %d mutants of 200 differ, %d can be read", name, len(all), read)
		}
	}
}

func TestWriteTable(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("a\n"+tableBegins+"old\n"+tableEnds+"b\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := writeTable(page, "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(page); err != nil || string(data) != "a\n"+tableBegins+"\nnew\n\n"+tableEnds+"b\n" {
		t.Errorf("%q, %v", data, err)
	}
	if err := writeTable(page+"x", ""); err == nil {
		t.Error("a page that is not there: no error")
	}
	data, err := os.ReadFile(filepath.Join(root(t), "docs/reliability.md"))
	if err != nil || !strings.Contains(string(data), tableBegins) || !strings.Contains(string(data), tableEnds) {
		t.Errorf("docs/reliability.md has no place for the table, %v", err)
	}
}

func TestRunIsRefused(t *testing.T) {
	for _, args := range [][]string{{"-areas", "none"}, {"-ortho", "/none"}, {"-root", t.TempDir()}, {"-x"}} {
		var said strings.Builder
		if err := run(context.Background(), args, &said, &said); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
