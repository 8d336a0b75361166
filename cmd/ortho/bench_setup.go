package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

// benchRunOptions is what the flags of bench run say.
type benchRunOptions struct {
	sweep    benchSweep
	input    benchInput
	choice   benchChoice
	quality  benchQuality
	files    benchOutput
	progress flags.Progress
	library  flags.Library
	image    benchImage
	decoding flags.Decoding
	model    flags.Model
	read     flags.Overrides
}

// The budgets where no length is given: the parts of a pipeline are several, and large.
const (
	graphBudget    = 2 * time.Minute
	pipelineBudget = 10 * time.Minute
)

// benchSetup is how a run is done, of a graph or of a pipeline.
type benchSetup struct {
	ui       *term.UI
	library  string           // that was named; "": as each provider finds it
	command  string           // that was typed
	worker   func() *exec.Cmd // of a cell
	progress bool             // progress is shown
	markdown bool
}

// status shows what the run is doing, if that is wanted.
func (s benchSetup) status() *term.Status {
	if !s.progress {
		return nil
	}
	return term.NewStatus(s.ui.Err)
}

// cellsOf are the cells of a plan that flags gave, for a graph that takes batches of fixed
// rows; 0: of any.
func (s benchSetup) cellsOf(plan bench.Plan, fixed int) ([]bench.Cell, error) {
	cells, err := bench.Cells(s.library, plan, fixed)
	for i := range cells {
		if cells[i].Err != nil {
			cells[i].Reason = remedy.Text(cells[i].Err)
		}
	}
	var unused bench.UnusedOption
	switch {
	case errors.As(err, &unused):
		return nil, commandline.Usagef("provider option %q: provider %s is not among --providers", unused.Option, unused.Provider)
	case err != nil:
		return nil, commandline.Usage(err)
	}
	return cells, nil
}

// measure does the sweep, recommends settings (nil: none), and writes the files.
func (s benchSetup) measure(ctx context.Context, sweep *bench.Sweep, files benchOutput) (*bench.File, *bench.Settings, error) {
	log, err := files.openLog(s.ui, sweep)
	if err != nil {
		return nil, nil, err
	}
	sweep.Worker = s.worker
	result, err := sweep.Measure(ctx)
	if err != nil {
		log.close(false)
		if ctx.Err() != nil {
			if log == nil {
				s.ui.Warn("interrupted: nothing is kept without -o")
			} else {
				s.ui.Warn(fmt.Sprintf("interrupted: the rounds that were measured are in %s; --resume continues", files.rounds()))
			}
		}
		return nil, nil, err
	}
	settings := result.Conclude(sweep.Cells, s.library)
	if settings != nil {
		result.Verdict.Flags = flagsOf(*settings)
	}
	if err := files.write(ctx, result, settings); err != nil {
		log.close(false)
		return nil, nil, err
	}
	log.close(true)
	return result, settings, nil
}

// setup is what the flags say about a run, of a graph or of a pipeline.
func (o *benchRunOptions) setup(call *flags.Call) (benchSetup, error) {
	worker, err := benchWorker(call, &o.model, &o.read, &o.decoding)
	return benchSetup{ui: call.UI, library: o.library.Path, command: typedCommand(), worker: worker,
		progress: o.progress.Shown, markdown: o.files.markdown}, err
}

// typedCommand is this process's command, to repeat.
func typedCommand() string {
	return term.CommandLine(append([]string{"ortho"}, os.Args[min(1, len(os.Args)):]...)...)
}

// flagsOf are saved settings as they are typed.
func flagsOf(s bench.Settings) string {
	var words []string
	for name, value := range s.Values() {
		words = append(words, "--"+name, value)
	}
	return term.CommandLine(words...)
}
