package main

import (
	"context"
	"time"

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

// benchRunOptions is what the flags of bench run say.
type benchRunOptions struct {
	sweep    benchSweep
	input    benchInput
	choice   benchChoice
	files    benchOutput
	progress flags.Progress
	library  flags.Library
	image    benchImage
	decoding flags.Decoding
	model    flags.Model
	read     flags.Overrides
}

func newBenchRunCommand() *cli.Command {
	o := &benchRunOptions{
		progress: flags.Progress{Unsummed: true},
		model:    flags.Model{Default: bundled.Default},
		read:     flags.Overrides{Task: models.Classify},
	}
	return flags.Command(cli.Command{
		Name:        "run",
		ArgsUsage:   "[TEXT]",
		Usage:       "measure a model over providers, threads, batches and runs in flight, and recommend settings",
		Description: help("bench_run"),
	}, o.run, &o.sweep, &o.input, &o.choice, &o.files, &o.progress, &o.library, &o.image, &o.decoding, &o.model, &o.read)
}

func (o *benchRunOptions) run(ctx context.Context, call *flags.Call) error {
	if diffusion.IsFolder(o.model.Name) {
		return o.pipeline(ctx, call)
	}
	return o.graph(ctx, call)
}

// The budgets where no length is given: the parts of a pipeline are several, and large.
const (
	graphBudget    = 2 * time.Minute
	pipelineBudget = 10 * time.Minute
)

// setup is what the flags say of a run, whatever is measured.
func (o *benchRunOptions) setup(call *flags.Call) (benchSetup, error) {
	worker, err := benchWorker(call, &o.model, &o.read, &o.decoding)
	return benchSetup{ui: call.UI, library: o.library.Path, command: typedCommand(), worker: worker,
		progress: o.progress.Shown, markdown: o.files.markdown}, err
}
