package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/models"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/onnx"
)

// graph measures a graph.
func (o *benchRunOptions) graph(ctx context.Context, call *flags.Call) error {
	if err := o.checkGraph(call); err != nil {
		return err
	}
	b := graphBench{files: o.files, input: o.input}
	var err error
	if b.benchSetup, err = o.setup(call); err != nil {
		return err
	}
	if err := b.files.check(); err != nil {
		return err
	}
	if b.files.complete() {
		b.ui.Info(fmt.Sprintf("%s is complete: nothing to do", b.files.results))
		return nil
	}
	if b.model, err = o.read.Open(b.ui, o.model.Name); err != nil {
		return err
	}
	fixed, batches := fixedBatch(b.model.Graph, b.input.dims), []int{1, 8}
	if fixed > 0 {
		batches = []int{fixed}
	}
	b.plan = o.sweep.plan(batches, graphBudget)
	b.plan.Objective, b.plan.MaxP99MS, b.plan.MaxRSSMiB = o.choice.objective, o.choice.maxP99MS, o.choice.maxRSSMiB
	if call.Given("rerun") {
		if err := b.readRerun(ctx, call, o.sweep.rerun); err != nil {
			return err
		}
	}
	if b.cells, err = b.cellsOf(b.plan, fixed); err != nil {
		return err
	}
	if b.again != nil {
		if b.cells, err = b.again.Only(b.cells, b.plan.Objective); err != nil {
			return err
		}
	}
	feeder := benchFeeder{ui: b.ui, named: o.model.Name, model: b.model, input: b.input, decoding: o.decoding}
	if b.in, err = feeder.inputs(ctx, cmp.Or(fixed, slices.Max(b.plan.Batch))); err != nil {
		return err
	}
	b.settleRows()
	settings, err := b.run(ctx)
	if err != nil && !errors.Is(err, commandline.ErrItems) {
		return err
	}
	return cmp.Or(o.quality.evaluate(ctx, call, o, settings), err)
}

// checkGraph refuses flags that are for a pipeline.
func (o *benchRunOptions) checkGraph(call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("bench run takes no argument %q; the model is named with -m, images with --input", call.Args[0])
	}
	for name := range call.GivenIn(&o.image) {
		return commandline.Usagef("--%s is for a pipeline, a folder with model_index.json, which %s is not", name, o.model.Name)
	}
	return nil
}

// settleRows says what becomes of rows that do not fill a batch, and rules out batches of arrays
// that have no rows.
func (b *graphBench) settleRows() {
	rows, told := b.in.Rows, []int{}
	for i := range b.cells {
		c := &b.cells[i]
		switch {
		case c.Status != bench.StatusOK:
		case rows == 0 && c.Batch != 1:
			c.Status, c.Reason = bench.StatusRuledOut, "each run takes the inputs whole: none of their dimensions is known to be a batch"
		case rows > 0 && rows%c.Batch != 0 && b.in.Source == "npz" && !slices.Contains(told, c.Batch):
			told = append(told, c.Batch)
			become := "those that do not fill the last one are left out"
			if rows < c.Batch {
				become = "they are repeated"
			}
			b.ui.Info(fmt.Sprintf("%s has %d rows: in batches of %d, %s", b.input.what, rows, c.Batch, become))
		}
	}
}

// readRerun reads --rerun FILE: the run measures its cells with its inputs, where no flag says
// otherwise.
func (b *graphBench) readRerun(ctx context.Context, call *flags.Call, name string) error {
	f, err := readResults(name)
	if err != nil {
		return err
	}
	digest, err := b.model.Digest(ctx)
	if err != nil {
		return err
	}
	again, err := bench.NewRerun(name, f)
	if err != nil {
		return err
	}
	if err := again.SameModel(digest); err != nil {
		return fmt.Errorf("%w: name it with -m", err)
	}
	b.again, b.plan, b.input = again, again.Plan(b.plan), b.input.as(f.Run.Input)
	if !call.Given("objective") {
		b.plan.Objective = f.Run.Plan.Objective
	}
	if !call.Given("provider-option") {
		b.plan.ProviderOptions = f.Run.Plan.ProviderOptions
	}
	b.files.reads, err = call.Protect(b.input.files()) // which the file may have named
	return err
}

// fixedBatch is the only batch that a graph takes, where dims have sizes; 0: it takes any.
func fixedBatch(g *onnx.Graph, dims map[string]int64) int {
	fixed, open := feed.BatchDim(g, dims)
	if open {
		return 0
	}
	return max(1, int(fixed))
}

// graphBench is a run on one graph.
type graphBench struct {
	benchSetup
	files benchOutput
	model *models.Model
	plan  bench.Plan
	cells []bench.Cell
	input benchInput
	in    benchInputs
	again *bench.Rerun // whose recommendation is checked; nil: none
}

// run measures, and returns the settings that are recommended; nil: none.
func (b graphBench) run(ctx context.Context) (*bench.Settings, error) {
	folder, err := scratch.New("bench")
	if err != nil {
		return nil, err
	}
	defer folder.Remove()
	sweep, err := b.sweep(ctx, folder.Path)
	if err != nil {
		return nil, err
	}
	if b.again != nil {
		if err := b.again.SameInput(sweep.Run.Input); err != nil {
			return nil, fmt.Errorf("%w (--input, --dim, --seed)", err)
		}
	}
	status := b.status()
	defer status.End()
	sweep.Notify = func(p bench.Progress) { status.Set(pages.BenchProgress(p)) }
	result, settings, err := b.measure(ctx, sweep, b.files)
	if err != nil {
		return nil, err
	}
	if err := pages.PrintBench(b.ui.Out, result, b.markdown); err != nil {
		return nil, err
	}
	if b.again != nil {
		if err := pages.PrintRerun(b.ui.Out, b.again, result.Verdict); err != nil {
			return nil, err
		}
		if !b.again.Stands(result.Verdict) {
			return nil, commandline.ErrVerdict
		}
	}
	return settings, benchOutcome(result)
}

// sweep prepares the measurement; files for its processes are written to folder.
func (b graphBench) sweep(ctx context.Context, folder string) (*bench.Sweep, error) {
	of := bench.Subject{Name: b.model.Name, Graph: b.model.Graph, Inputs: b.in.Set, Stages: b.in.stages}
	var err error
	if of.SHA256, err = b.model.Digest(ctx); err != nil {
		return nil, err
	}
	if of.File, err = b.model.GraphFile(folder); err != nil {
		return nil, err
	}
	if of.Images, err = b.in.writeFiles(folder); err != nil {
		return nil, err
	}
	if b.in.Source != syntheticValues {
		of.InputName = b.input.what
	}
	s, err := bench.NewSweep(of, b.plan, b.cells, b.library)
	if err != nil {
		return nil, err
	}
	if len(s.Run.Model.LeftOut) > 0 {
		b.ui.Warn("outputs that can't be compared are left out: " + strings.Join(s.Run.Model.LeftOut, ", "))
	}
	s.Folder, s.Run.Ortho, s.Run.Command = folder, build.Version(), b.command
	return s, nil
}

// benchOutcome is the exit code: 0 needs a recommendation, and no cell that failed.
func benchOutcome(f *bench.File) error {
	if f.Verdict.Recommended == nil {
		return fmt.Errorf("no settings can be recommended%s", whyNone(f.Rows, f.Verdict))
	}
	if slices.ContainsFunc(f.Rows, func(r bench.Row) bool { return r.Status == bench.StatusFailed }) {
		return commandline.ErrItems
	}
	return nil
}

// whyNone says why none of the cells can be recommended, or what may change that.
func whyNone(rows []bench.Row, v *bench.Verdict) string {
	has := func(is func(bench.Row) bool) bool { return slices.ContainsFunc(rows, is) }
	switch {
	case has(func(r bench.Row) bool { return r.Status == bench.StatusSkipped }):
		return "; a larger --budget or fewer cells may do"
	case has(func(r bench.Row) bool { return r.Status == bench.StatusOK && r.Equal != nil && *r.Equal }):
		return "; other limits, or a larger --budget, may do"
	case len(v.Excluded) > 0:
		return ": " + v.Excluded[0].Reason
	}
	return ""
}
