package main

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// TestCompareUnequal: what can't be said to be equal is not, and the reason is told.
func TestCompareUnequal(t *testing.T) {
	for _, c := range []struct {
		model, reason, stderr string
		leftOut               int
		code                  int
	}{
		{"random", "the reference does not repeat itself", "random draws random numbers (RandomNormalLike)", 0, exitVerdict},
		{"nan", "every element is NaN on both sides", "", 0, exitVerdict},
		{"masked", "", "", 0, exitOK},
		{"named_class", "", "left out: named_class: loss sequence", 2, exitOK},
		{"bfloat16_out", "", "", 0, exitOK},
		{"sequence_out", "", "list sequence", 0, exitFailed},
	} {
		code, found, stderr := comparing(t, "-m", testModels+"/"+c.model, "-m", testModels+"/"+c.model, "--input", "synthetic", "--rows", "3")
		if code != c.code || !strings.Contains(stderr, c.stderr) || strings.Count(stderr, "random numbers") > 1 {
			t.Errorf("%s: exit %d, want %d: %s", c.model, code, c.code, stderr)
			continue
		}
		if code == exitFailed {
			continue
		}
		if got := found.Candidates[0]; !strings.Contains(got.Reason, c.reason) || got.Equal != (c.code == exitOK) || len(found.LeftOut) != c.leftOut || (found.Repeats != nil) != (c.model == "random") {
			t.Errorf("%s: %+v", c.model, found)
		}
	}
	_, stdout, _ := execute(t, "", "compare", "-m", testModels+"/masked", "--providers", "cpu,cpu", "--input", "synthetic")
	if !strings.Contains(stdout, "16 of 80 elements are the same infinity on both sides") {
		t.Errorf("masked classes: %s", stdout)
	}
}

// TestUnusualInputs: dimensions of 0, batches by several names, and fewer rows than a batch.
func TestUnusualInputs(t *testing.T) {
	two := filepath.Join(t.TempDir(), "two.npz")
	if err := npz.WriteFile(two, []npz.Array{{Name: "input", Type: onnx.Float, Shape: []int64{2, 3, 32, 32}, Data: make([]byte, 2*3*32*32*4)}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		rows int
	}{
		{[]string{"-m", testModels + "/past", "--input", "synthetic", "--dim", "past_length=0", "--dim", "length=2", "--rows", "3"}, 3},
		{[]string{"-m", testModels + "/two_batches", "--input", "synthetic", "--rows", "4", "--batch", "2"}, 4},
		{[]string{"-m", testModels + "/two_batches", "--input", "synthetic", "--rows", "4", "--batch", "2", "--dim", "text_batch=3"}, 4},
		{[]string{"-m", testModels + "/batch4", "--input", two}, 2},
	} {
		code, found, stderr := comparing(t, append(c.args, "--providers", "cpu,cpu")...)
		if code != exitOK || found.Candidates[0].Rows != c.rows || found.Candidates[0].Outputs[0].Rows != c.rows {
			t.Errorf("%q: exit %d: %s%+v", c.args, code, stderr, found)
		}
	}
	for _, args := range [][]string{
		{"-m", testModels + "/past", "--dim", "past_length=0", "--dim", "length=2", "--batch", "1,2"},
		{"-m", testModels + "/two_batches", "--dim", "text_batch=3", "--batch", "8"},
		{"-m", testModels + "/two_batches", "--batch", "8"},
		{"-m", testModels + "/batch4", "--input", two, "--batch", "4"},
		{"-m", testModels + "/named_class", "--batch", "2"},
	} {
		code, stdout, stderr := benchRun(t, append(args, "--iterations", "2", "--rounds", "2", "--threads", "1", "--concurrency", "2")...)
		if code != exitOK || !strings.Contains(stdout, "All outputs are equal to the reference's.") {
			t.Errorf("%q: exit %d: %s%s", args, code, stdout, stderr)
		}
		if args[1] == testModels+"/batch4" && !strings.Contains(stderr, "two.npz has 2 rows: in batches of 4, they are repeated") {
			t.Errorf("%q: %s", args, stderr)
		}
	}
}

// TestBenchRunNothingFits: the last line says why, and speaks of the budget only where more
// of it may help.
func TestBenchRunNothingFits(t *testing.T) {
	for model, want := range map[string]string{
		"random":        "the reference does not repeat itself",
		"nan":           "every element is NaN on both sides",
		"batch2_unsaid": "Expected: 2",
	} {
		code, stdout, stderr := benchRun(t, "-m", testModels+"/"+model, "--iterations", "2", "--rounds", "2", "--threads", "1", "--concurrency", "1", "--batch", "1")
		if code != exitFailed || !strings.Contains(stderr, "no settings can be recommended: ") || !strings.Contains(stderr, want) || strings.Contains(stdout+stderr, "larger --budget") {
			t.Errorf("%s: exit %d: %s%s", model, code, stdout, stderr)
		}
	}
}

// TestTemporaryFolders: they go where the terminal hangs up, and what a killed run leaves
// behind goes with the next.
func TestTemporaryFolders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another these signals there")
	}
	needLibrary(t)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // else the process inherits that nohup ignores it
	defer signal.Stop(hangups)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	folders := func() []string {
		found, err := filepath.Glob(filepath.Join(temp, "ortho-*", "lock"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, how := range []os.Signal{syscall.SIGHUP, os.Kill} {
		cmd := process(t, "bench", "run", "-m", testModels+"/scalars", "--budget", "60s", "--threads", "1", "--batch", "1", "--concurrency", "1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for len(folders()) == 0 && len(ended) == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Signal(how); err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		err := <-ended
		if left := folders(); how == syscall.SIGHUP && (len(left) > 0 || exitCode(err) != exitInterrupted) {
			t.Errorf("hung up: %v, left behind %q", err, left)
		}
	}
	if left := folders(); len(left) != 1 {
		t.Fatalf("killed: %q", left)
	}
	// A process that the killed one was just about to start may hold its lock for a moment.
	for try := 0; ; try++ {
		code, _, stderr := execute(t, "", "compare", "-m", testModels+"/scalars", "--providers", "cpu,cpu", "--input", "synthetic")
		left := folders()
		if code == exitOK && len(left) == 0 {
			return
		}
		if code != exitOK || try == 50 {
			t.Fatalf("exit %d, left behind %q: %s", code, left, stderr)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
