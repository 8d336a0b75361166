package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/runner"
	"ortho/runner/feed"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

const (
	workerVariable = "ORTHO_TEST_WORKER" // has the test's program be a cell's process
	network        = "../../models/bundled/efficientnet-lite0/model.onnx"
)

func TestMain(m *testing.M) {
	if os.Getenv(drawVariable) != "" {
		if err := ServeDrawing(context.Background(), os.Stdin, os.Stdout, drawn); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	switch os.Getenv(workerVariable) {
	case "":
		os.Exit(m.Run())
	case "crash":
		os.Stderr.WriteString("a provider that aborts\n")
		os.Exit(70)
	}
	if err := Serve(context.Background(), os.Stdin, os.Stdout, nil); err != nil {
		os.Exit(1)
	}
}

// testWorker starts this program as a cell's process.
func testWorker(kind string) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), workerVariable+"="+kind)
		return cmd
	}
}

// testSweep is a sweep of the CPU provider over a graph.
func testSweep(t *testing.T, model string, rows int, configs ...Config) *Sweep {
	t.Helper()
	found, err := library.Find("")
	if errors.Is(err, library.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	set, err := feed.Synthetic(g, nil, rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(model)
	if err != nil {
		t.Fatal(err)
	}
	cpu := Cell{Config: Config{Providers: "cpu", Flavor: found.Flavor, Threads: 1, Batch: 1, Concurrency: 1},
		List: []runner.Provider{{Name: runner.CPU}}, Library: Library{found.Flavor, found.Version, found.Path}, Status: StatusOK}
	s := &Sweep{Subject: Subject{File: path, Graph: g, Inputs: set}, Reference: cpu, Worker: testWorker("serve"), Folder: t.TempDir(),
		Run: Run{Kind: KindRun, Format: Format, Plan: Plan{Rounds: 3, Iterations: 12, Warmup: 1, Objective: ObjectiveThroughput}}}
	for _, c := range configs {
		cell := cpu
		cell.Config = c
		cell.Flavor = found.Flavor
		s.Cells = append(s.Cells, cell)
	}
	return s
}

func TestMeasure(t *testing.T) {
	s := testSweep(t, network, 4, Config{"cpu", "", 1, 1, 1}, Config{"cpu", "", 1, 1, 2}, Config{"cpu", "", 2, 4, 1})
	f, err := s.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Rows {
		if r.Status != StatusOK || r.LatencyMS == nil || r.ThroughputS == nil || r.CV == nil {
			t.Fatalf("%v: %s %s, latency %v", r.Config, r.Status, r.Reason, r.LatencyMS)
		}
		if r.Equal == nil || !*r.Equal || len(r.Equality) != 1 {
			t.Errorf("%v: equal %v, %+v", r.Config, r.Equal, r.Equality)
		}
		if len(r.Rounds) != 3 || r.LatencyMS.N != 12 {
			t.Errorf("%v: %d rounds of %d runs", r.Config, len(r.Rounds), r.LatencyMS.N)
		}
		if r.LatencyMS.P99 != nil || r.Unknown["p99"] == "" {
			t.Errorf("%v: p99 of 12 runs", r.Config)
		}
		if p := r.Placement; p == nil || len(p.Providers) != 1 || p.Providers[0].Name != "CPUExecutionProvider" || p.Providers[0].Nodes < 20 {
			t.Errorf("%v: placement %+v, %v", r.Config, p, r.Unknown)
		}
		if r.Startup.LoadMS == nil || r.Startup.FirstRunMS == nil || *r.Startup.LoadMS <= 0 {
			t.Errorf("%v: startup %+v", r.Config, r.Startup)
		}
	}
	if f.Overhead == nil || f.Overhead.BareMS.N == 0 {
		t.Errorf("overhead %+v", f.Overhead)
	}
}

// TestNotComparable: a cell whose outputs can't be told to be right is measured, and can't win.
func TestNotComparable(t *testing.T) {
	const models = "../../models/testdata/"
	for _, c := range []struct {
		model   string
		equal   string // "true", "false" or "unknown"
		repeats string
		reason  string // why the cell can't win; "": it can
	}{
		{"random", "unknown", "false", "it is not known whether its outputs are right: the reference does not repeat itself: run twice on the same input, its output y is another one"},
		{"nan", "false", "", "nothing says that its outputs are right: logits: every element is NaN"},
		{"masked", "true", "", ""},
		{"named_class", "true", "", ""},
		{"bfloat16_out", "true", "", ""},
		{"two_batches", "true", "", ""},
		{"empty_out", "true", "", ""},
	} {
		s := testSweep(t, models+c.model+"/model.onnx", 1, Config{"cpu", "", 1, 1, 2})
		if c.model == "named_class" {
			s.Outputs = []string{"label"}
		}
		f, err := s.Measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, repeats := f.Rows[0], ""
		equal := "unknown"
		if r.Equal != nil {
			equal = fmt.Sprint(*r.Equal)
		}
		if f.Run.Reference.Repeats != nil {
			repeats = fmt.Sprint(*f.Run.Reference.Repeats)
		}
		if r.Status != StatusOK || r.ThroughputS == nil || equal != c.equal || repeats != c.repeats {
			t.Errorf("%s: %s %s, equal %s, repeats %q", c.model, r.Status, r.Reason, equal, repeats)
		}
		v := Recommend(f)
		if (v.Recommended != nil) != (c.reason == "") || c.reason != "" && (len(v.Excluded) != 1 || !strings.HasPrefix(v.Excluded[0].Reason, c.reason)) {
			t.Errorf("%s: %+v", c.model, v)
		}
	}
}

// TestLeftOut: outputs that are no tensors are left out, and said to be.
func TestLeftOut(t *testing.T) {
	s := testSweep(t, "../../models/testdata/named_class/model.onnx", 1)
	made, err := NewSweep(s.Subject, Plan{}, nil, "")
	if err != nil || !slices.Equal(made.Outputs, []string{"label"}) || !slices.Equal(made.Run.Model.LeftOut, []string{"loss sequence"}) || len(made.Run.Model.Outputs) != 2 {
		t.Errorf("%+v, %v", made, err)
	}
	s = testSweep(t, "../../models/testdata/sequence_out/model.onnx", 1)
	if _, err := NewSweep(s.Subject, Plan{}, nil, ""); err == nil || !strings.Contains(err.Error(), "list sequence") {
		t.Errorf("no tensors: %v", err)
	}
}

// A process that ends costs its cell, and says why; the others go on.
func TestCrash(t *testing.T) {
	s := testSweep(t, network, 1, Config{"cpu", "", 1, 1, 1}, Config{"cpu", "", 2, 1, 1})
	n := 0
	s.Worker = func() *exec.Cmd {
		if n++; n == 3 { // reference, first cell, second cell
			return testWorker("crash")()
		}
		return testWorker("serve")()
	}
	f, err := s.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Rows[0]; r.Status != StatusOK {
		t.Errorf("%v: %s %s", r.Config, r.Status, r.Reason)
	}
	if r := f.Rows[1]; r.Status != StatusFailed || !strings.Contains(r.Reason, "exit status 70: a provider that aborts") {
		t.Errorf("%v: %s %s", r.Config, r.Status, r.Reason)
	}
}
