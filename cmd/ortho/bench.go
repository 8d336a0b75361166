package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/diffusion"
)

func newBenchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "find the execution provider and settings to use, and check that the answers are right",
		Subcommands: []*cli.Command{
			newBenchRunCommand(),
			newBenchCompareCommand(),
			newBenchReportCommand(),
			newBenchWorkerCommand(),
			newBenchDrawCommand(),
		},
	}
}

func newBenchRunCommand() *cli.Command {
	o := &benchRunOptions{
		progress: flags.Progress{NoSummary: true},
		model:    flags.Model{Default: bundled.Default},
		read:     flags.Overrides{Task: models.Classify},
		decoding: flags.Decoding{FailFast: flags.FailFast{Uncapped: true}},
	}
	return flags.Command(cli.Command{
		Name:        "run",
		ArgsUsage:   "[TEXT]",
		Usage:       "measure a model over providers, threads, batches and runs in flight, and recommend settings",
		Description: help("bench_run"),
	}, o.run, &o.sweep, &o.input, &o.choice, &o.quality, &o.files, &o.progress, &o.library, &o.image, &o.decoding, &o.model, &o.read)
}

func (o *benchRunOptions) run(ctx context.Context, call *flags.Call) error {
	if diffusion.IsFolder(o.model.Name) {
		return o.pipeline(ctx, call)
	}
	return o.graph(ctx, call)
}
