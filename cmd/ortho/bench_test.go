package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/runner/bench"
	"ortho/runner/library"
)

// benchRun runs bench run with the test binary as the cells' processes.
func benchRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	needLibrary(t)
	code, stdout, stderr = execute(t, "", append([]string{"bench", "run"}, args...)...)
	checkTables(t, stdout)
	return code, stdout, stderr
}

func measured(t *testing.T, name string) *bench.File {
	t.Helper()
	f, err := bench.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBenchRun(t *testing.T) {
	dir := t.TempDir()
	out, html, saved := filepath.Join(dir, "r.jsonl"), filepath.Join(dir, "r.html"), filepath.Join(dir, "s.json")
	code, stdout, stderr := benchRun(t, "--iterations", "3", "--rounds", "2", "--threads", "1", "--batch", "1,2", "--concurrency", "2",
		"--input", photos, "-o", out, "--html", html, "--save-settings", saved)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, want := range []string{"images/s", "Use it: --provider cpu --threads 1 --batch "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in %s", want, stdout)
		}
	}
	f := measured(t, out)
	if len(f.Rows) != 2 || f.Run.Input.Source != "images" || f.Run.Input.Rows != 4 || f.Stages == nil || f.Stages.RunMS == nil || f.Overhead == nil {
		t.Errorf("%d rows, input %+v, stages %+v, overhead %+v", len(f.Rows), f.Run.Input, f.Stages, f.Overhead)
	}
	for _, r := range f.Rows {
		if r.Status != bench.StatusOK || r.Equal == nil || !*r.Equal || r.Placement == nil || len(r.Rounds) != 2 {
			t.Errorf("%v: %s %s, equal %v, %d rounds", r.Config, r.Status, r.Reason, r.Equal, len(r.Rounds))
		}
	}
	if page := read(t, html); !strings.Contains(page, f.Verdict.Flags) || strings.Contains(page, "http://") || strings.Contains(page, "src=\"//") {
		t.Errorf("the report does not stand alone, or lacks %q", f.Verdict.Flags)
	}

	// What was saved is what classify then uses.
	code, _, stderr = execute(t, "", "classify", "--settings", saved, photos)
	if code != exitOK || !strings.Contains(stderr, "provider cpu, batch ") || strings.Contains(stderr, "warning") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	code, _, stderr = execute(t, "", "classify", "--settings", saved, "-m", "efficientnet-lite0-int8", "--batch", "3", photos)
	if code != exitOK || !strings.Contains(stderr, "another model, efficientnet-lite0") || !strings.Contains(stderr, "batch 3, 2 at once") {
		t.Errorf("exit %d: %s", code, stderr)
	}

	if code, _, stderr := benchRun(t, "--iterations", "3", "-o", out, "--resume"); code != exitOK || !strings.Contains(stderr, "nothing to do") {
		t.Errorf("a complete output: exit %d: %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", "bench", "report", out, "--html", out, "--overwrite"); code != exitFailed || !strings.Contains(stderr, "would replace") {
		t.Errorf("a report in place of its results: exit %d, %s", code, stderr)
	}
	// What a rerun is fed with, the file says.
	if code, stdout, stderr := benchRun(t, "--rerun", out, "--iterations", "2", "--rounds", "2"); code != exitOK && code != exitVerdict || !strings.Contains(stdout, "images/s") {
		t.Errorf("rerun: exit %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr := benchRun(t, "--iterations", "3", "-o", out); code != exitFailed || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("an existing output: exit %d: %s", code, stderr)
	}
}

// Cells that can't be are told, and cost themselves only.
func TestBenchRunOddCells(t *testing.T) {
	t.Setenv("ORTHO_DATA_DIR", t.TempDir()) // no flavors
	lib, err := library.Find("")
	if err != nil {
		t.Setenv("ORTHO_DATA_DIR", "")
		if lib, err = library.Find(""); err != nil {
			t.Skipf("needs ONNX Runtime: %v", err)
		}
	}
	out := filepath.Join(t.TempDir(), "r.jsonl")
	code, stdout, stderr := benchRun(t, "-m", "../../models/testdata/batch4", "--providers", "cpu,openvino", "--onnxruntime", lib.Path,
		"--iterations", "4", "--rounds", "2", "--threads", "1", "--batch", "1,4", "--concurrency", "1", "-o", out, "--markdown")
	if code != exitItems || !strings.Contains(stdout, "|") {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	got := map[string]string{}
	for _, r := range measured(t, out).Rows {
		got[r.Config.String()] = r.Status + " " + r.Reason
	}
	for config, want := range map[string]string{
		"cpu threads=1 batch=1 concurrency=1": "ruled_out the graph takes batches of exactly 4",
		"cpu threads=1 batch=4 concurrency=1": "ok",
		"openvino threads=1 batch=1":          "failed",
	} {
		found := false
		for name, status := range got {
			found = found || strings.HasPrefix(name, config[:strings.Index(config, " ")]) && strings.Contains(name, config[strings.Index(config, " "):]) && strings.HasPrefix(status, want)
		}
		if !found {
			t.Errorf("%s: %s; got %q", config, want, got)
		}
	}
}

// Constraints that nothing satisfies leave nothing to recommend.
func TestBenchRunConstraint(t *testing.T) {
	code, stdout, stderr := benchRun(t, "-m", "../../models/testdata/tokens", "--dim", "sequence length=3", "--iterations", "4", "--rounds", "2", "--threads", "1", "--concurrency", "1", "--batch", "1", "--max-p99-ms", "1000")
	if code != exitFailed || !strings.Contains(stderr, "no settings can be recommended") || !strings.Contains(stdout+stderr, "p99") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestBenchRunUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"photo.jpg"}, "--input"},
		{[]string{"--threads", "two"}, "--threads"},
		{[]string{"--batch", "0"}, "--batch"},
		{[]string{"--batch", "1,1"}, "twice"},
		{[]string{"--providers", "cpu,cpu"}, "twice"},
		{[]string{"--providers", "gpu"}, "unknown execution provider"},
		{[]string{"--providers", "cpu,"}, "empty"},
		{[]string{"--provider-option", "cuda.device_id=0"}, "not among --providers"},
		{[]string{"--iterations", "5", "--duration", "2s"}, "exclude"},
		{[]string{"--budget", "-1s"}, "times"},
		{[]string{"--objective", "speed"}, "throughput, latency, memory"},
		{[]string{"--resume"}, "-o FILE"},
		{[]string{"-o", "-"}, "file"},
		{[]string{"--dim", "n"}, "NAME=N"},
		{[]string{"--max-p99-ms", "0"}, "above 0"},
	} {
		code, stdout, stderr := benchRun(t, c.args...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %q; want %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

// A run that a signal ends keeps its rounds, and is continued with the same options only.
func TestBenchRunResumes(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS == "windows" {
		t.Skip("needs signals")
	}
	out := filepath.Join(t.TempDir(), "r.jsonl")
	args := []string{"bench", "run", "--duration", "1m", "--rounds", "60", "--threads", "1", "--batch", "1", "--concurrency", "1", "-o", out}
	cmd := process(t, args...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(out + ".rounds"); err == nil && strings.Count(string(data), "\n") > 2 {
			break
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	if code := exitCode(cmd.Wait()); code != exitInterrupted || !strings.Contains(said.String(), "--resume continues") {
		t.Fatalf("exit %d: %s", code, said.String())
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an output that is not complete has its name")
	}
	if code, _, stderr := benchRun(t, args[2:]...); code != exitFailed || !strings.Contains(stderr, "--resume continues it") {
		t.Errorf("without --resume: exit %d: %s", code, stderr)
	}
	if code, _, stderr := benchRun(t, append(args[2:], "--resume", "--warmup", "9")...); code != exitFailed || !strings.Contains(stderr, "other options") {
		t.Errorf("other options: exit %d: %s", code, stderr)
	}
}

func TestReadSettings(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                                "not the settings",
		"{}":                              `kind is ""`,
		`{"kind":"ortho settings"}`:       "unknown execution provider",
		strings.Repeat(" ", 1<<20) + "{}": "more than",
		`{"kind":"ortho settings","provider":"cpu","threads":-1}`: "from 0 to 4096",
	} {
		code, _, stderr := execute(t, "", "classify", "--settings", write(t, filepath.Join(dir, "s.json"), text), coffee)
		if code != exitFailed || !strings.Contains(stderr, want) || !strings.Contains(stderr, "s.json") {
			t.Errorf("%.40q: exit %d: %s", text, code, stderr)
		}
	}
}

// --rerun measures the best cells of an earlier file, and judges its recommendation.
func TestBenchRerun(t *testing.T) {
	const dynamic = "../../models/testdata/float32_nchw"
	dir := t.TempDir()
	out := filepath.Join(dir, "r.jsonl")
	if code, _, stderr := benchRun(t, "-m", dynamic, "--iterations", "3", "--rounds", "3", "--threads", "1", "--batch", "1,2", "--concurrency", "1,2", "-o", out); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	first := measured(t, out)
	again := filepath.Join(dir, "again.jsonl")
	code, stdout, stderr := benchRun(t, "-m", dynamic, "--rerun", out, "--iterations", "3", "--rounds", "3", "-o", again)
	second := measured(t, again)
	if len(second.Rows) != 3 || !strings.Contains(stdout, "The recommendation of "+out) {
		t.Errorf("exit %d, %d rows: %s%s", code, len(second.Rows), stdout, stderr)
	}
	stands := *second.Verdict.Recommended == *first.Verdict.Recommended || slices.Contains(second.Verdict.Ties, *first.Verdict.Recommended)
	if want := map[bool]int{true: exitOK, false: exitVerdict}[stands]; code != want {
		t.Errorf("exit %d, but the recommendation stands: %v", code, stands)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--rerun", out, "--threads", "2"}, exitUsage, "--threads"},
		{[]string{"--rerun", out, "-m", "efficientnet-lite0-int8"}, exitFailed, "another model"},
		{[]string{"-m", dynamic, "--rerun", out, "--seed", "7"}, exitFailed, "other inputs"},
		{[]string{"--rerun", filepath.Join(dir, "none.jsonl")}, exitFailed, "none.jsonl"},
	} {
		if code, _, stderr := benchRun(t, c.args...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d: %s", c.args, code, stderr)
		}
	}
}
