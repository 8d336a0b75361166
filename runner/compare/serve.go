package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"ortho/runner"
	"ortho/runner/child"
	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// request is what a side's process is asked for; one field is set.
type request struct {
	Open *openRequest `json:"open,omitempty"`
	Run  *runRequest  `json:"run,omitempty"`
}

type openRequest struct {
	Model       string            `json:"model"`
	Library     string            `json:"library"`
	Providers   []runner.Provider `json:"providers"`
	Threads     int               `json:"threads"`
	Outputs     []string          `json:"outputs"`
	Unoptimized bool              `json:"unoptimized"`
	CustomOps   []string          `json:"custom_ops"`
	Given       []onnx.Given      `json:"given,omitempty"` // what all runs get besides
	Single      bool              `json:"single,omitempty"`
}

// Opened describes what a side runs on.
type Opened struct {
	Provider string `json:"provider"` // the first of those asked for that could be used
	Version  string `json:"onnxruntime"`
	Flavor   string `json:"flavor"`
	Path     string `json:"library"`
	Threads  int    `json:"threads"` // intra-op; 0: ONNX Runtime's choice

	Nodes        map[string]int      `json:"nodes,omitempty"`        // that each provider runs; none: the CPU runs all
	MaySaturate  bool                `json:"may_saturate,omitempty"` // sums of 8-bit products may, on this CPU
	Optimization runner.Optimization `json:"graph_optimization"`
}

// Notes are what is to be known of how a side ran: which providers ran parts of its graph, and
// what may make its answers others than those of another machine.
func (o Opened) Notes() (notes []string) {
	if len(o.Nodes) > 1 {
		var shares []string
		for _, provider := range slices.Sorted(maps.Keys(o.Nodes)) {
			shares = append(shares, fmt.Sprintf("%s %d", provider, o.Nodes[provider]))
		}
		notes = append(notes, "nodes: "+strings.Join(shares, ", "))
	}
	if o.Optimization == runner.ExactInt8 {
		notes = append(notes, "the graph is optimised as far as 8-bit sums need it not to saturate on this CPU")
	}
	if o.MaySaturate {
		notes = append(notes, runner.Saturation)
	}
	return notes
}

// runRequest asks to run a file's rows, Batch at a time, and to write the outputs of each
// run to another file.
type runRequest struct {
	Inputs  string `json:"inputs"`
	Outputs string `json:"outputs"`
	Rows    int    `json:"rows"` // those behind it fill up the last run; 0: no batch, one run
	Batch   int    `json:"batch"`
	// Dims has sizes of open dimensions that are not the batch's.
	Dims map[string]int64 `json:"dims,omitempty"`
}

// ran has an error for each run, "" where it went well.
type ran struct {
	Errors []string `json:"errors"`
}

// Serve runs in a side's process: it answers a Comparison's requests until in ends or ctx is
// done.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	var w worker
	defer func() {
		if w.session != nil {
			w.session.Close()
		}
	}()
	return child.Serve(ctx, in, out, func(ctx context.Context, r request) (any, error) {
		switch {
		case r.Open != nil && w.session == nil:
			return w.open(ctx, *r.Open)
		case r.Run != nil && w.session != nil:
			return w.run(ctx, *r.Run)
		}
		return nil, errors.New("a request out of turn")
	})
}

type worker struct {
	graph   *onnx.Graph
	session *runner.Session
}

func (w *worker) open(ctx context.Context, r openRequest) (Opened, error) {
	var err error
	if w.graph, err = onnx.ReadFile(r.Model); err != nil {
		return Opened{}, err
	}
	if w.graph, err = w.graph.Give(r.Given); err != nil {
		return Opened{}, err
	}
	w.graph.Single = r.Single
	w.session, err = runner.Open(ctx, runner.Model{Path: r.Model, Graph: w.graph},
		runner.Options{Library: r.Library, Providers: r.Providers, Threads: r.Threads, Outputs: r.Outputs, Unoptimized: r.Unoptimized, CustomOps: r.CustomOps})
	if err != nil {
		return Opened{}, err
	}
	if len(w.session.Skipped) > 0 { // another provider is not compared in its place
		return Opened{}, errors.Join(w.session.Skipped...)
	}
	return Opened{Provider: w.session.Provider, Version: w.session.Library.Version, Flavor: w.session.Library.Flavor,
		Path: w.session.Library.Path, Threads: w.session.Threads,
		Nodes: w.session.Nodes, MaySaturate: w.session.Saturates, Optimization: w.session.Optimization}, nil
}

// outputName is an output's name in the file of all runs' outputs.
func outputName(run int, name string) string { return fmt.Sprintf("%d.%s", run, name) }

func (w *worker) run(ctx context.Context, r runRequest) (ran, error) {
	if r.Rows < 0 || r.Batch < 1 {
		return ran{}, fmt.Errorf("%d rows in batches of %d", r.Rows, r.Batch)
	}
	arrays, err := npz.ReadFile(r.Inputs)
	if err != nil {
		return ran{}, err
	}
	var set *feed.Set
	if r.Rows == 0 {
		set, err = feed.Whole("npz", arrays, w.graph)
	} else {
		set, err = feed.Of("npz", arrays, w.graph, r.Dims)
	}
	if err != nil {
		return ran{}, err
	}
	var answer ran
	var outputs []npz.Array
	for i, n := range runs(r.Rows, r.Batch) {
		batch, err := set.Slice(i*r.Batch, r.Batch)
		if fixed, _ := feed.BatchDim(w.graph, r.Dims); fixed == 0 && n < r.Batch {
			batch, err = set.Slice(i*r.Batch, n)
		}
		var out []npz.Array
		if err == nil {
			out, err = w.once(ctx, batch)
		}
		if ctx.Err() != nil {
			return ran{}, ctx.Err()
		}
		if err != nil {
			answer.Errors = append(answer.Errors, err.Error())
			continue
		}
		answer.Errors = append(answer.Errors, "")
		for _, a := range out {
			a = firstRows(a, r.Batch, n)
			a.Name = outputName(i, a.Name)
			outputs = append(outputs, a)
		}
	}
	return answer, npz.HandOver(r.Outputs, outputs)
}

// runs returns the rows of each run.
func runs(rows, batch int) []int {
	if rows == 0 {
		return []int{0}
	}
	var out []int
	for ; rows > 0; rows -= batch {
		out = append(out, min(rows, batch))
	}
	return out
}

// firstRows leaves out an output's rows that only filled up a run.
func firstRows(a npz.Array, batch, n int) npz.Array {
	if n == 0 || n == batch || len(a.Shape) == 0 || a.Shape[0] != int64(batch) {
		return a
	}
	a.Data = a.Data[:len(a.Data)/batch*n]
	a.Shape = append([]int64{int64(n)}, a.Shape[1:]...)
	return a
}

func (w *worker) once(ctx context.Context, inputs []npz.Array) ([]npz.Array, error) {
	in := make([]*runner.Tensor, len(inputs))
	out := make([]*runner.Tensor, len(w.session.Outputs))
	defer func() {
		for _, tensors := range [][]*runner.Tensor{in, out} {
			for _, t := range tensors {
				if t != nil {
					t.Close()
				}
			}
		}
	}()
	var err error
	for i, a := range inputs {
		if in[i], err = runner.TensorOf(a); err != nil {
			return nil, err
		}
	}
	if err := w.session.Run(ctx, in, out); err != nil {
		return nil, err
	}
	arrays := make([]npz.Array, len(out))
	for i, t := range out {
		arrays[i] = t.Array(w.session.Outputs[i].Name)
	}
	return arrays, nil
}
