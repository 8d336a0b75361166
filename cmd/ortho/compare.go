package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/runner/compare"
)

func newCompareCommand() *cli.Command {
	o := &compareOptions{
		limits:   newComparedLimits(),
		progress: flags.Progress{NoSummary: true},
		read: flags.Overrides{Without: []string{"labels", "activation", "output-name", // these do not change a graph's outputs
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

// newRunArraysCommand is the hidden command that runs in a side's process.
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
		m, err := o.read.OpenForInput(call.UI, name)
		if err != nil {
			return err
		}
		c.opened = append(c.opened, m)
	}
	folder, err := scratch.New("compare")
	if err != nil {
		return err
	}
	defer folder.Remove()
	c.folder = folder.Path
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
