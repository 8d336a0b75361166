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

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner"
	"ortho/runner/compare"
)

// compareOptions is what the flags of compare say.
type compareOptions struct {
	sides    comparedSides
	library  flags.Library
	values   comparedValues
	pixels   flags.MaxPixels
	jpegs    flags.JPEGs
	limits   *comparedLimits
	document comparedDocument
	progress flags.Progress
	read     flags.Overrides
	images   flags.Images
}

func newCompareCommand() *cli.Command {
	o := &compareOptions{
		limits:   newComparedLimits(),
		progress: flags.Progress{Unsummed: true},
		read: flags.Overrides{Without: []string{"labels", "activation", "output-name", // of no account for what a graph puts out
			"output-range", "latent-distribution", "class-input", "vocabulary", "text-length"}},
		images: flags.Images{Optional: true, Plain: true},
	}
	return flags.Command(cli.Command{
		Name:        "compare",
		Usage:       "say whether a model, or an execution provider, gives the outputs of a reference",
		ArgsUsage:   "[SRC...]",
		Description: help("compare"),
	}, o.run, &o.sides, &o.library, &o.values, &o.pixels, &o.jpegs, o.limits, &o.document, &o.progress, &o.read, &o.images)
}

// newRunArraysCommand is the process of a side.
func newRunArraysCommand() *cli.Command {
	return flags.Command(cli.Command{
		Name:   "run-arrays",
		Hidden: true,
		Usage:  "run a graph on arrays in files; speaks JSON lines",
	}, func(ctx context.Context, call *flags.Call) error { return compare.Serve(ctx, call.In, call.Out) })
}

func (o *compareOptions) run(ctx context.Context, call *flags.Call) error {
	c := &comparison{compareOptions: o, ui: call.UI}
	for _, name := range o.sides.models {
		m, err := o.read.OpenForInput(name)
		if err != nil {
			return err
		}
		c.opened = append(c.opened, m)
	}
	var err error
	if c.folder, err = os.MkdirTemp("", "ortho-compare-"); err != nil {
		return fmt.Errorf("make a folder for arrays: %w", err)
	}
	defer os.RemoveAll(c.folder)
	if err := c.settle(); err != nil {
		return err
	}
	found, err := c.write(ctx, call)
	switch {
	case err != nil:
		return err
	case !found.Equal:
		return commandline.ErrVerdict
	case found.Input.Failed > 0:
		return commandline.ErrItems
	}
	return nil
}

// comparison is a run: the sides, and what they are made of.
type comparison struct {
	*compareOptions
	ui     *term.UI
	opened []*models.Model // one, or one for each side
	plan   *compare.Plan
	folder string // for files
}

// write compares, and writes what is found where it goes, which is opened before.
func (c *comparison) write(ctx context.Context, call *flags.Call) (*pages.Comparison, error) {
	to := io.Writer(call.Out)
	end := func(err error) error { return err }
	if name := c.document.file; name != "" && name != "-" {
		file, err := call.Reads.Create(name, c.document.overwrite)
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

// settle says what each side runs.
func (c *comparison) settle() error {
	files := map[*models.Model]string{}
	for i, m := range c.opened {
		own := filepath.Join(c.folder, fmt.Sprintf("model-%d", i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return fmt.Errorf("make a folder for the model: %w", err)
		}
		file, err := graphFile(m, own)
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
		sides = append(sides, compare.Side{Name: name, Model: files[m], Graph: m.Graph, Spans: spansOf(m),
			Options: runner.Options{Library: c.library.Path, Providers: of.providers, Threads: c.sides.threads, Unoptimized: i == 0 && c.sides.unoptimized}})
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

// spansOf tells how far black and white lie apart in a generator's image, where that is
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
	if err := ctx.Err(); err != nil {
		c.ui.Warn(fmt.Sprintf("interrupted after %d inputs: there is no verdict", done))
		return nil, err
	}
	return c.report(ctx, running, in)
}
