package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/onnx"
)

// contender is a command whose output states a rate: "... 123.4 images/s".
type contender struct {
	name    string
	command func(ctx context.Context) *exec.Cmd
}

// result is what one run of a contender gave.
type result struct {
	rate float64 // images/s
	peak int64   // resident memory in bytes; 0: not known
}

var rateText = regexp.MustCompile(`([0-9.]+) images/s`)

func (c contender) run(ctx context.Context) (result, error) {
	cmd := c.command(ctx)
	var out bytes.Buffer
	cmd.Stderr = &out
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	if err := cmd.Run(); err != nil {
		return result{}, fmt.Errorf("%s: %w\n%s", c.name, err, out.String())
	}
	found := rateText.FindStringSubmatch(out.String())
	if found == nil {
		return result{}, fmt.Errorf("%s states no rate: %s", c.name, out.String())
	}
	rate, err := strconv.ParseFloat(found[1], 64)
	return result{rate, peakMemory(cmd.ProcessState)}, err
}

func ortho(s settings, name, verb, folder string, flags ...string) contender {
	return contender{name, func(ctx context.Context) *exec.Cmd {
		out := filepath.Join(filepath.Dir(folder), "out.jsonl")
		return exec.CommandContext(ctx, s.ortho, append([]string{verb, folder, "-o", out, "--overwrite"}, flags...)...)
	}}
}

func python(s settings, name, peer, graph, folder, mode string) contender {
	return contender{name, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, s.python, peer, graph, folder, mode)
	}}
}

func bareGraph(name, graph string, n int, fixed bool) contender {
	return contender{name, func(ctx context.Context) *exec.Cmd {
		return child(ctx, "bare", graph, strconv.Itoa(n), strconv.FormatBool(fixed))
	}}
}

// child is a process of this program.
func child(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return exec.CommandContext(ctx, self, args...)
}

// bare runs a graph of one input n times on one tensor: one shared session, one intra-op thread,
// as many runs at once as cores. Where fixed is set, ONNX Runtime is told that batches
// are of 1, as ortho does.
func bare(graph string, n int, fixed bool) error {
	m, err := models.Open(graph, models.Settings{})
	if err != nil {
		return err
	}
	opt := runner.Options{}
	if fixed {
		opt.Dims = func(string) map[string]int64 { return map[string]int64{m.Graph.Inputs[0].Dims[0].Name: 1} }
	}
	session, err := runner.Open(context.Background(), runner.Model{Path: m.Path, Graph: m.Graph}, opt)
	if err != nil {
		return err
	}
	defer session.Close()
	_, concurrency := runner.DefaultBatch(runner.CPU)
	failures := make(chan error, concurrency)
	loop := func(n int) {
		failures <- func() error {
			in, err := tensors(m.Graph.Inputs[:1])
			if err != nil {
				return err
			}
			out, err := tensors(m.Graph.Outputs)
			if err != nil {
				return err
			}
			defer func() {
				for _, t := range append(in, out...) {
					t.Close()
				}
			}()
			for range n {
				if err := session.Run(context.Background(), in, out); err != nil {
					return err
				}
			}
			return nil
		}()
	}
	start := time.Now()
	var running sync.WaitGroup
	for i := range concurrency {
		running.Go(func() { loop((n + i) / concurrency) })
	}
	running.Wait()
	for range concurrency {
		if err := <-failures; err != nil {
			return err
		}
	}
	fmt.Printf("%.1f images/s\n", float64(n)/time.Since(start).Seconds())
	return nil
}

// tensors are those of a graph's values, with batches of 1.
func tensors(of []onnx.Value) (all []*runner.Tensor, err error) {
	for _, v := range of {
		shape := make([]int64, len(v.Dims))
		for i, d := range v.Dims {
			if shape[i] = d.Size; !d.Fixed() {
				shape[i] = 1
			}
		}
		t, err := runner.NewTensor(v.Type, shape)
		if err != nil {
			return all, err
		}
		all = append(all, t)
	}
	return all, nil
}

func pythonReady(ctx context.Context, s settings) bool {
	if _, err := os.Stat(s.peer); err != nil {
		return false
	}
	return exec.CommandContext(ctx, s.python, "-c", "import onnxruntime, PIL, numpy, cv2").Run() == nil
}

// environment says what was measured on.
func environment(ctx context.Context, s settings) string {
	lines := []string{fmt.Sprintf("- %s, %d cores", cpuModel(), runtimeCores())}
	for _, c := range []struct{ name, arg string }{{s.ortho, "version"}, {s.ortho, "runtime list"}} {
		out, err := exec.CommandContext(ctx, c.name, strings.Fields(c.arg)...).Output()
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSpace(line)
			if name, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "ONNX Runtime") {
				lines = append(lines, "- "+name)
			} else if strings.HasPrefix(line, "ortho ") || strings.HasPrefix(line, "JPEG decoder") {
				lines = append(lines, "- "+filepath.ToSlash(line))
			}
		}
	}
	if out, err := exec.CommandContext(ctx, s.python, "-c",
		"import sys, onnxruntime, PIL; print(f'- Python {sys.version.split()[0]}, onnxruntime {onnxruntime.__version__}, Pillow {PIL.__version__}')").Output(); err == nil {
		lines = append(lines, strings.TrimSpace(string(out)))
	}
	return strings.Join(lines, "\n")
}

// agreement counts the files whose top-1 class is the same with both ways of decoding.
func agreement(ctx context.Context, s settings, files []string) (same, n int, err error) {
	exact, err := topClasses(ctx, s, files)
	if err != nil {
		return 0, 0, err
	}
	scaled, err := topClasses(ctx, s, files, "--decode", "scaled")
	if err != nil {
		return 0, 0, err
	}
	for i := range exact {
		if exact[i] == scaled[i] {
			same++
		}
	}
	return same, len(exact), nil
}

func topClasses(ctx context.Context, s settings, files []string, flags ...string) ([]int, error) {
	args := append([]string{"classify", "-f", "jsonl", "-k", "1", "--progress", "never"}, flags...)
	out, err := exec.CommandContext(ctx, s.ortho, append(args, files...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	var classes []int
	for line := range strings.Lines(string(out)) {
		var row struct{ Predictions []struct{ Index int } }
		if err := json.Unmarshal([]byte(line), &row); err != nil || len(row.Predictions) != 1 {
			return nil, fmt.Errorf("classify: %q, %w", line, err)
		}
		classes = append(classes, row.Predictions[0].Index)
	}
	if len(classes) != len(files) {
		return nil, fmt.Errorf("classify: %d rows of %d", len(classes), len(files))
	}
	return classes, nil
}
