package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/runner/bench"
)

// TestBenchRunKilled kills bench run at random moments, and in each of its last steps, between which
// there are microseconds: --resume goes on until all files are there, and no others.
func TestBenchRunKilled(t *testing.T) {
	needLibrary(t)
	random := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	args := []string{"bench", "run", "-m", testModels + "/float32_nchw", "--iterations", "2", "--rounds", "3", "--warmup", "1", "--threads", "1", "--batch", "1,2", "--concurrency", "1",
		"-o", in("r.jsonl"), "--html", in("r.html"), "--save-settings", in("s.json"), "--resume"}
	all := []string{"r.html", "r.jsonl", "s.json"}
	var rounds string // of a run that was killed
	resumed := func(what string) {
		t.Helper()
		code, _, stderr := execute(t, "", args...)
		if code != exitOK || !slices.Equal(filesIn(t, dir), all) {
			t.Errorf("%s: exit %d, %s; there is %q", what, code, stderr, filesIn(t, dir))
		}
		if f, err := bench.ReadFile(in("r.jsonl")); err != nil || f.Verdict == nil || len(f.Rows) != 2 {
			t.Errorf("%s: %v", what, err)
		}
	}
	start := time.Now()
	if text, err := process(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, text)
	}
	whole, most := time.Since(start), 8
	if testing.Short() {
		most = 3
	}
	for kills, tries := 0, 0; kills < most && tries < 12; tries++ {
		for _, name := range all {
			os.Remove(in(name))
		}
		for killed := true; killed; {
			cmd := process(t, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(random.Float64()*1.3*float64(whole)), func() { cmd.Process.Kill() })
			killed = exitCode(cmd.Wait()) < 0
			timer.Stop()
			if killed {
				kills++
			}
			if text, err := os.ReadFile(in("r.jsonl.rounds")); err == nil && strings.Count(string(text), "\n") > 1 {
				rounds = string(text)
			}
		}
		resumed("killed at random")
	}
	if rounds == "" {
		t.Skip("no run was killed between its rounds")
	}
	text := map[string]string{}
	for _, name := range all {
		text[name] = read(t, in(name))
	}
	first, _, _ := strings.Cut(rounds, "\n")
	for what, left := range map[string][]string{
		"before the first round": nil, "all rounds are there": nil, "results are there": {"r.jsonl"}, "the page is, too": {"r.jsonl", "r.html"}, "all are": all,
	} {
		for _, name := range all {
			os.Remove(in(name))
		}
		for _, name := range left {
			write(t, in(name), text[name])
		}
		write(t, in("r.jsonl.rounds"), rounds)
		if strings.Contains(what, "first") {
			write(t, in("r.jsonl.rounds"), first+"\n")
		}
		resumed(what)
	}
	// Without rounds, what is there is no run's that goes on.
	write(t, in("r.html"), "mine")
	os.Remove(in("r.jsonl"))
	if code, _, stderr := execute(t, "", args...); code != exitFailed || read(t, in("r.html")) != "mine" {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestBenchPipelineKilled: what a run leaves that is killed while it draws, or while it takes away what
// it replaces, can be gone on with.
func TestBenchPipelineKilled(t *testing.T) {
	needLibrary(t)
	if testing.Short() {
		t.Skip("takes three runs of a pipeline")
	}
	out := filepath.Join(t.TempDir(), "r")
	args := []string{"-m", pipelines + "sd", "--size", "64", "--steps", "2", "--iterations", "2", "--rounds", "1", "--threads", "1", "-o", out}
	if code, _, stderr := benchRun(t, args...); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	whole := filesIn(t, out)
	for _, name := range whole { // the image is drawn, and that is not written down
		if filepath.Ext(name) != ".npz" {
			os.Remove(filepath.Join(out, name))
		}
	}
	if code, _, stderr := benchRun(t, append(args, "--resume")...); code != exitOK || !slices.Equal(filesIn(t, out), whole) {
		t.Errorf("drawn: exit %d: %s; there is %q", code, stderr, filesIn(t, out))
	}
	// A stranger's arrays are not.
	os.Remove(filepath.Join(out, bench.PipelineFile))
	for _, name := range whole {
		if filepath.Ext(name) == ".jsonl" {
			os.Remove(filepath.Join(out, name))
		}
	}
	write(t, filepath.Join(out, "unet.npz"), "mine")
	if code, _, stderr := benchRun(t, append(args, "--resume")...); code != exitFailed || read(t, filepath.Join(out, "unet.npz")) != "mine" {
		t.Errorf("a stranger's arrays: exit %d: %s", code, stderr)
	}
}
