package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/evaluate"
	"ortho/runner"
	"ortho/runner/compare"
)

// comparison is a run: the sides, and what they are made of.
type comparison struct {
	*compareOptions
	ui     *term.UI
	opened []*models.Model // one, or one for each side
	plan   *compare.Plan
	folder string // for files
}

// write compares, and writes the result to an output that is opened before.
func (c *comparison) write(ctx context.Context, call *flags.Call) (*pages.Comparison, error) {
	to := io.Writer(call.Out)
	end := func(err error) error { return err }
	if name := c.document.file; name != "" && name != "-" {
		file, err := call.Reads.Create(ctx, name, c.document.overwrite)
		if err != nil {
			return nil, err
		}
		to, end = file, file.End
	}
	found, err := c.compare(ctx)
	if err == nil {
		err = c.document.write(to, found)
	}
	return found, end(err)
}

// model is the one of a side.
func (c *comparison) model(side int) *models.Model { return c.opened[min(side, len(c.opened)-1)] }

// settle decides what each side runs.
func (c *comparison) settle() error {
	files := map[*models.Model]string{}
	for i, m := range c.opened {
		own := filepath.Join(c.folder, fmt.Sprintf("model-%d", i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return fmt.Errorf("make a folder for the model: %w", err)
		}
		file, err := m.GraphFile(own)
		if err != nil {
			return err
		}
		files[m] = file
	}
	var sides []compare.Side
	for i, of := range c.sides.providers {
		m := c.model(i)
		name := of.entry
		if len(c.opened) > 1 {
			name = m.Name
		}
		sides = append(sides, compare.Side{Name: name, Model: files[m], Graph: m.Graph, Dims: c.values.dims, Spans: spansOf(m),
			Options: runner.Options{Library: c.library.Path, CustomOps: c.custom.Files, Providers: of.providers, Threads: c.sides.threads, Unoptimized: i == 0 && c.sides.unoptimized}})
	}
	var err error
	c.plan, err = compare.NewPlan(sides, c.sides.batch, c.limits.precision)
	var batch *compare.BatchError
	switch {
	case errors.As(err, &batch) && batch.Fixed == 0:
		return fmt.Errorf("--batch %d can't be used: %s has no batch dimension", batch.Wanted, batch.Side)
	case errors.As(err, &batch):
		return fmt.Errorf("%s takes batches of exactly %d: --batch %d can't be used", batch.Side, batch.Fixed, batch.Wanted)
	}
	return err
}

// spansOf returns how far black and white lie apart in a generator's image, where that is
// stated.
func spansOf(m *models.Model) map[string]float64 {
	spec, err := m.Generator()
	if err != nil {
		return nil
	}
	return map[string]float64{spec.Output.Name: math.Abs(spec.Output.Range[1] - spec.Output.Range[0])}
}

// compare compares all inputs.
func (c *comparison) compare(ctx context.Context) (*pages.Comparison, error) {
	in, err := c.inputs()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start processes of ortho: %w", err)
	}
	command := func() *exec.Cmd { return exec.Command(self, "run-arrays") }
	if len(c.plan.LeftOut) > 0 {
		c.ui.Warn("outputs that can't be compared are left out: " + strings.Join(c.plan.LeftOut, "; "))
	}
	running, err := compare.Open(ctx, c.plan, command, c.folder)
	if err != nil {
		return nil, err
	}
	defer running.Close()
	var bar *term.Progress
	if c.progress.Shown && c.values.what == "" {
		bar = term.NewProgress(c.ui.Err, "images", 0, 0, c.countImages)
		defer bar.End()
	}
	done := 0
	for chunk, err := range in.chunks(ctx, running.Room) {
		if err == nil && len(chunk.Names) > 0 {
			err = running.Add(ctx, chunk)
		}
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if err == nil {
			done += len(chunk.Names)
			for range chunk.Names {
				bar.Step(false)
			}
		}
	}
	bar.End()
	var repeats *bool
	if ctx.Err() == nil {
		same, checked, err := running.CheckRepeat(ctx)
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if checked && err == nil {
			repeats = &same
		}
	}
	if err := ctx.Err(); err != nil {
		c.ui.Warn(fmt.Sprintf("interrupted after %d inputs: there is no verdict", done))
		return nil, err
	}
	flags.TellPassed(c.ui, c.images.Passed(), false)
	found, err := c.report(ctx, running, in)
	if found != nil {
		found.Repeats, found.LeftOut = repeats, c.plan.LeftOut
	}
	return found, err
}

// report makes the document of the result.
func (c *comparison) report(ctx context.Context, running *compare.Comparison, in *comparedInputs) (*pages.Comparison, error) {
	failed, failures := running.Failed()
	r := &pages.Comparison{Kind: "ortho compare", Format: 1, Ortho: build.Version(), Equal: true,
		Input:    pages.ComparedInput{Source: "images", Batch: c.plan.Batch, Failed: failed + in.nfail, PassedOver: c.images.Passed().Counts()},
		Failures: append([]compare.Failure{}, append(in.failed, failures...)...)}
	if in.set != nil {
		r.Input.Source, r.Input.Dims = in.set.Source, in.set.Dims
		if in.set.Source == "synthetic" {
			r.Input.Seed = &in.set.Seed
		}
	}
	sideOf := func(i int) (pages.ComparedSide, error) {
		m := c.model(i)
		digest, err := m.Digest(ctx)
		side := pages.ComparedSide{Name: c.plan.Sides[i].Name, Model: m.Name, SHA256: digest, Providers: c.sides.providers[i].entry, Opened: running.Opened(i)}
		return side, err
	}
	var err error
	if r.Reference, err = sideOf(0); err != nil {
		return nil, err
	}
	for i, found := range running.Results(c.limits.thresholds) {
		if found.Rows == 0 {
			if len(r.Failures) > 0 {
				first := r.Failures[0]
				return nil, fmt.Errorf("nothing could be compared with %s: %d inputs failed, such as %s: %s", found.Side, max(1, r.Input.Failed+found.FailedAlone), first.Input, first.Error)
			}
			return nil, fmt.Errorf("nothing could be compared with %s: there are no inputs", found.Side)
		}
		one := pages.Candidate{Result: found, Precision: c.plan.Tolerances[i].Precision, Tolerance: c.plan.Tolerances[i].String(), Top1: map[string]*evaluate.Rate{}}
		if one.ComparedSide, err = sideOf(i + 1); err != nil {
			return nil, err
		}
		if c.limits.thresholds.Any() {
			one.Thresholds = &c.limits.thresholds
		}
		for _, o := range found.Outputs {
			if o.Top1 != nil {
				agreed := o.Top1.Same + o.Top1.Ties
				one.Top1[o.Name] = evaluate.NewRate(agreed, agreed+o.Top1.Differ)
			}
		}
		r.Equal = r.Equal && found.Equal
		r.Candidates = append(r.Candidates, one)
	}
	return r, nil
}
