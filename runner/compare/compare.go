package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"ortho/runner"
	"ortho/runner/child"
	"ortho/runner/equality"
	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Side is a graph and what runs it.
type Side struct {
	Name    string
	Model   string // path of the .onnx file
	Graph   *onnx.Graph
	Options runner.Options
	// Dims has sizes of open dimensions that are given, and are not the batch's for that; see
	// [feed.BatchDim].
	Dims map[string]int64
	// Spans has, for outputs that are images, how far black and white lie apart; the reference's
	// count. See [equality.Comparison.Span].
	Spans map[string]float64
}

// Chunk is a number of rows for all sides. Memory is what bounds it; see
// [Comparison.Room].
type Chunk struct {
	Names []string    // of the rows; one of a set without a batch
	Sets  []*feed.Set // by side, of as many rows
}

// Failure is an input that a side, or several, could not run.
type Failure struct {
	Input string `json:"input"`
	Side  string `json:"side"`
	Error string `json:"error"`
}

// Limits of the failures that are kept, and of a chunk.
const (
	maxFailures = 1000
	maxRows     = 64
	maxBytes    = 32 << 20
)

// Comparison is the sides' processes, and what was found so far.
type Comparison struct {
	sides      []Side
	batch      int
	tolerances []equality.Tolerance // of the candidates
	folder     string
	outputs    [][]onnx.Value // by side, those that can be compared
	children   []*child.Process
	opened     []Opened
	found      []*candidate // of all sides but the first
	failed     int          // inputs that no side could run
	failures   []Failure
	rowBytes   int64 // the most that a row has taken, of inputs or outputs
	chunks     int
	first      *kept  // the reference's first chunk
	unsteady   string // how the reference differs from itself; "": not at all, or nobody looked
}

// candidate is what was found about a side other than the reference.
type candidate struct {
	pairs       map[string]string // output -> the reference's
	notice      string
	compared    *equality.Comparison
	rows, runs  []string // names of the rows, and of the runs, that were compared
	failedAlone int      // inputs that only this side, or only the reference, could not run
}

// Open starts a process for each side by command and opens its session. Files lie in folder
// while they are needed. Close it after use.
func Open(ctx context.Context, plan *Plan, command func() *exec.Cmd, folder string) (*Comparison, error) {
	sides := plan.Sides
	c := &Comparison{sides: sides, batch: plan.Batch, tolerances: plan.Tolerances, folder: folder, opened: make([]Opened, len(sides))}
	for _, s := range sides {
		can, _ := equality.Comparable(s.Graph.Outputs)
		if len(can) == 0 {
			return nil, fmt.Errorf("%s has no output that can be compared, as tensors of numbers and of strings can: its outputs are %s", s.Name, onnx.List(s.Graph.Outputs))
		}
		c.outputs = append(c.outputs, can)
	}
	for i, s := range sides[1:] {
		pairs, notice, err := pairOutputs(c.outputs[0], c.outputs[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		compared := equality.New(plan.Tolerances[i])
		for name, span := range sides[0].Spans {
			compared.Span(name, span)
		}
		c.found = append(c.found, &candidate{pairs: pairs, notice: notice, compared: compared})
	}
	for range sides {
		p, err := child.Start(command())
		if err != nil {
			c.Close()
			return nil, err
		}
		c.children = append(c.children, p)
	}
	err := c.each(func(i int) error {
		s := sides[i]
		o := s.Options
		r := openRequest{Model: s.Model, Library: o.Library, Providers: o.Providers, Threads: o.Threads, Unoptimized: o.Unoptimized, CustomOps: o.CustomOps, Given: s.Graph.Given, Single: s.Graph.Single}
		for _, v := range c.outputs[i] {
			r.Outputs = append(r.Outputs, v.Name)
		}
		return c.children[i].Ask(ctx, request{Open: &r}, &c.opened[i])
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// each calls f for all sides concurrently.
func (c *Comparison) each(f func(i int) error) error {
	errs := make([]error, len(c.sides))
	var all sync.WaitGroup
	for i := range c.sides {
		all.Go(func() {
			if err := f(i); err != nil {
				errs[i] = fmt.Errorf("%s: %w", c.sides[i].Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Close ends the sides' processes.
func (c *Comparison) Close() {
	var all sync.WaitGroup
	for _, p := range c.children {
		all.Go(p.Close)
	}
	all.Wait()
}

// Opened describes what a side runs on.
func (c *Comparison) Opened(side int) Opened { return c.opened[side] }

// Room returns how many rows the next chunk may have, if one takes rowBytes: a multiple
// of the batch, within 64 rows and 32 MiB, of outputs too. The first chunk is one run.
func (c *Comparison) Room(rowBytes int64) int {
	if c.chunks == 0 {
		return c.batch
	}
	rows := min(maxRows, maxBytes/max(1, rowBytes, c.rowBytes))
	return max(c.batch, int(rows)/c.batch*c.batch)
}

// Add runs a chunk on all sides and compares their outputs. An error ends the comparison:
// a side's process has ended, or there is nothing to compare. An input that a side can't
// run is no error; see [Result].
func (c *Comparison) Add(ctx context.Context, chunk Chunk) error {
	inputs := make([][]npz.Array, len(c.sides))
	for i, set := range chunk.Sets {
		var err error
		if inputs[i], err = fullBatches(set, c.sides[i].Graph); err != nil {
			return fmt.Errorf("%s: %w", c.sides[i].Name, err)
		}
	}
	answers := make([]ran, len(c.sides))
	outputs := make([]map[string]npz.Array, len(c.sides))
	rows := len(chunk.Names)
	if chunk.Sets[0].Rows == 0 {
		rows = 0
	}
	bytes := make([]int64, len(c.sides))
	err := c.each(func(i int) (err error) {
		answers[i], outputs[i], err = c.run(ctx, i, inputs[i], rows, chunk.Sets[i].Dims)
		for _, a := range outputs[i] {
			bytes[i] += int64(len(a.Data))
		}
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if c.chunks++; c.first == nil {
		c.first = &kept{inputs: inputs[0], rows: rows, dims: chunk.Sets[0].Dims, answer: answers[0], outputs: outputs[0]}
	}
	for i := range bytes {
		for _, a := range inputs[i] {
			c.rowBytes = max(c.rowBytes, int64(len(a.Data)/max(1, rows)))
		}
		c.rowBytes = max(c.rowBytes, bytes[i]/int64(max(1, rows)))
	}
	for run, n := range runs(rows, c.batch) {
		names := chunk.Names[run*c.batch : run*c.batch+max(1, n)]
		if err := c.compare(run, n, names, answers, outputs); err != nil {
			return err
		}
	}
	return nil
}

// run runs inputs on a side, and returns the outputs by the names that [outputName] gives them.
func (c *Comparison) run(ctx context.Context, side int, inputs []npz.Array, rows int, dims map[string]int64) (answer ran, outputs map[string]npz.Array, err error) {
	in, out := filepath.Join(c.folder, fmt.Sprintf("in-%d.npz", side)), filepath.Join(c.folder, fmt.Sprintf("out-%d.npz", side))
	defer os.Remove(in)
	defer os.Remove(out)
	if err := npz.HandOver(in, inputs); err != nil {
		return answer, nil, fmt.Errorf("hand over inputs: %w", err)
	}
	if err := c.children[side].Ask(ctx, request{Run: &runRequest{Inputs: in, Outputs: out, Rows: rows, Batch: c.batch, Dims: dims}}, &answer); err != nil {
		return answer, nil, err
	}
	arrays, err := npz.ReadFile(out)
	if err != nil {
		return answer, nil, fmt.Errorf("take over outputs: %w", err)
	}
	outputs = map[string]npz.Array{}
	for _, a := range arrays {
		outputs[a.Name] = a
	}
	if n := len(runs(rows, c.batch)); len(answer.Errors) != n {
		return answer, nil, fmt.Errorf("%d runs where %d were asked for", len(answer.Errors), n)
	}
	return answer, outputs, nil
}

// compare looks at one run of all sides.
func (c *Comparison) compare(run, n int, names []string, answers []ran, outputs []map[string]npz.Array) error {
	all := true
	for i, a := range answers {
		if a.Errors[run] == "" {
			all = false
			continue
		}
		for _, name := range names {
			if len(c.failures) < maxFailures {
				c.failures = append(c.failures, Failure{name, c.sides[i].Name, a.Errors[run]})
			}
		}
	}
	if all {
		c.failed += len(names)
		return nil
	}
	for i, f := range c.found {
		if (answers[0].Errors[run] == "") != (answers[i+1].Errors[run] == "") {
			f.failedAlone += len(names)
		}
		if answers[0].Errors[run] != "" || answers[i+1].Errors[run] != "" {
			continue
		}
		var got []npz.Array
		want := c.ofReference(run, outputs[0])
		for _, v := range c.outputs[i+1] {
			if name, ok := f.pairs[v.Name]; ok {
				a := outputs[i+1][outputName(run, v.Name)]
				a.Name = name
				got = append(got, a)
			}
		}
		if err := f.compared.Add(want, got, n); err != nil {
			return fmt.Errorf("%s: %w", c.sides[i+1].Name, err)
		}
		f.rows = append(f.rows, names...)
		f.runs = append(f.runs, span(names))
	}
	return nil
}

func span(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return names[0] + " to " + names[len(names)-1]
}

// Result is what was found about a candidate.
type Result struct {
	Side        string   `json:"-"`
	Equal       bool     `json:"equal"`
	Reason      string   `json:"reason,omitempty"` // why not
	Rows        int      `json:"rows"`             // that were compared
	FailedAlone int      `json:"failed_on_one_side"`
	Notice      string   `json:"notice,omitempty"`
	Outputs     []Output `json:"outputs"`
}

// Output is an output's differences, and the inputs of the rows that are listed.
type Output struct {
	equality.Output
	Inputs []string `json:"first_inputs,omitempty"` // of First, in its order
	Worst  string   `json:"worst_input,omitempty"`  // of SSIM's worst row
}

// Results returns what was found so far, by candidate, under thresholds in place of the
// tolerance where there are any. A candidate is equal if all outputs are, and neither side
// failed on an input that the other could run.
func (c *Comparison) Results(t Thresholds) []Result {
	var results []Result
	for i, f := range c.found {
		r := Result{Side: c.sides[i+1].Name, Rows: len(f.rows), FailedAlone: f.failedAlone, Notice: f.notice}
		for _, o := range f.compared.Outputs() {
			t.decide(&o)
			named := Output{Output: o}
			for _, row := range o.First {
				named.Inputs = append(named.Inputs, f.nameOf(o, row.Row))
			}
			if o.SSIM != nil {
				named.Worst = f.nameOf(o, o.SSIM.Row)
			}
			if !o.Within && r.Reason == "" {
				r.Reason = fmt.Sprintf("output %s: %s", o.Name, o.Reason)
			}
			r.Outputs = append(r.Outputs, named)
		}
		switch {
		case f.failedAlone > 0:
			r.Reason = fmt.Sprintf("%d inputs could be run on one side only", f.failedAlone)
		case len(r.Outputs) == 0:
			r.Reason = "nothing was compared"
		case r.Reason != "" && c.unsteady != "":
			r.Reason = "the reference does not repeat itself, so that differences say nothing: run twice on the same input, its " + c.unsteady
		}
		r.Equal = r.Reason == ""
		results = append(results, r)
	}
	return results
}

// nameOf names the input of an output's row.
func (f *candidate) nameOf(o equality.Output, row int) string {
	switch {
	case o.Rows == len(f.rows) && row < len(f.rows):
		return f.rows[row]
	case row < len(f.runs):
		return f.runs[row]
	}
	return ""
}

// Failed returns the number of inputs that no side could run, and the first failures of
// all kinds.
func (c *Comparison) Failed() (int, []Failure) { return c.failed, c.failures }
