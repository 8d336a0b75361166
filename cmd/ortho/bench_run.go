package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/onnx"
)

func benchRunAction(c *cli.Context) error {
	if diffusion.IsFolder(c.String("model")) {
		return benchPipelineAction(c)
	}
	if err := checkBenchedGraph(c); err != nil {
		return err
	}
	b := graphBench{input: c.String("input")}
	var err error
	if b.benchSetup, err = newBenchSetup(c); err != nil {
		return err
	}
	if b.files, err = benchFiles(c); err != nil {
		return err
	}
	if b.files.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", b.files.results))
		return nil
	}
	if b.model, err = openModel(c); err != nil {
		return err
	}
	fixed := fixedBatch(b.model.Graph)
	if b.plan, err = benchPlan(c, fixed); err != nil {
		return err
	}
	if err := b.readRerun(c); err != nil {
		return err
	}
	if b.cells, err = b.cellsOf(b.plan, fixed); err != nil {
		return err
	}
	if b.again != nil {
		if b.cells, err = b.again.Only(b.cells, b.plan.Objective); err != nil {
			return err
		}
	}
	if b.in, err = benchInputs(c, b.model, cmp.Or(fixed, slices.Max(b.plan.Batch))); err != nil {
		return err
	}
	return b.run(c.Context)
}

// checkBenchedGraph refuses what of the command line is for a pipeline.
func checkBenchedGraph(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("bench run takes no argument %q; the model is named with -m, images with --input", c.Args().First())
	}
	for _, f := range pipelineBenchFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usagef("--%s is for a pipeline, a folder with model_index.json, which %s is not", name, c.String("model"))
		}
	}
	return nil
}

// fixedBatch is the only batch that a graph takes; 0: it takes any.
func fixedBatch(g *onnx.Graph) int {
	fixed, open := feed.BatchDim(g)
	if open {
		return 0
	}
	return max(1, int(fixed))
}

// benchSetup is what the flags say of a run, whatever is measured.
type benchSetup struct {
	library      string           // that was named; "": as the cells' providers find it
	worker       func() *exec.Cmd // of a cell
	showProgress bool             // to stderr
	stdout       io.Writer        // of the summary
	stderr       io.Writer
	markdown     bool
}

func newBenchSetup(c *cli.Context) (benchSetup, error) {
	s := benchSetup{library: c.String("onnxruntime"), stdout: c.App.Writer, stderr: c.App.ErrWriter, markdown: c.Bool("markdown")}
	var err error
	if s.showProgress, err = progressWanted(c); err != nil {
		return s, err
	}
	s.worker, err = benchWorker(c)
	return s, err
}

// status shows what the run does, if it is wanted.
func (s benchSetup) status() *term.Status {
	if !s.showProgress {
		return nil
	}
	return term.NewStatus(s.stderr)
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
		return nil, usagef("provider option %q: provider %s is not among --providers", unused.Option, unused.Provider)
	case err != nil:
		return nil, usageError{err}
	}
	return cells, nil
}

// measure does the sweep, recommends, and writes the files.
func (s benchSetup) measure(ctx context.Context, sweep *bench.Sweep, files benchOutput) (*bench.File, error) {
	log, err := files.openLog(sweep)
	if err != nil {
		return nil, err
	}
	sweep.Worker = s.worker
	result, err := sweep.Measure(ctx)
	if err != nil {
		log.close(false)
		if ctx.Err() != nil {
			if log == nil {
				slog.Warn("interrupted: nothing is kept without -o")
			} else {
				slog.Warn(fmt.Sprintf("interrupted: the rounds that were measured are in %s; --resume continues", files.rounds()))
			}
		}
		return nil, err
	}
	settings := result.Conclude(sweep.Cells, s.library)
	if settings != nil {
		result.Verdict.Flags = flagsOf(*settings)
	}
	if err := files.write(result, settings); err != nil {
		log.close(false)
		return nil, err
	}
	log.close(true)
	return result, nil
}

// graphBench is a run on one graph.
type graphBench struct {
	benchSetup
	files benchOutput
	model *models.Model
	plan  bench.Plan
	cells []bench.Cell
	in    benchInput
	input string       // that was named
	again *bench.Rerun // whose recommendation is judged; nil: none
}

func (b graphBench) run(ctx context.Context) error {
	folder, err := bench.TempFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sweep, err := b.sweep(folder)
	if err != nil {
		return err
	}
	if b.again != nil {
		if err := b.again.SameInput(sweep.Run.Input); err != nil {
			return fmt.Errorf("%w (--input, --dim, --seed)", err)
		}
	}
	status := b.status()
	defer status.End()
	sweep.Notify = func(p bench.Progress) { status.Tell(pages.BenchProgress(p)) }
	result, err := b.measure(ctx, sweep, b.files)
	if err != nil {
		return err
	}
	if err := pages.PrintBench(b.stdout, result, b.markdown); err != nil {
		return err
	}
	if b.again != nil {
		if err := writeRerun(b.stdout, b.again, result); err != nil {
			return err
		}
	}
	return benchOutcome(result)
}

// sweep is the measurement; files for its processes are left in folder.
func (b graphBench) sweep(folder string) (*bench.Sweep, error) {
	of := bench.Subject{Name: b.model.Name, Graph: b.model.Graph, Inputs: b.in.Set, Stages: b.in.stages}
	var err error
	if of.SHA256, err = modelDigest(b.model); err != nil {
		return nil, err
	}
	if of.File, err = graphFile(b.model, folder); err != nil {
		return nil, err
	}
	if of.Images, err = b.in.writeFiles(folder); err != nil {
		return nil, err
	}
	if b.in.Source != "synthetic" {
		of.InputName = b.input
	}
	s, err := bench.NewSweep(of, b.plan, b.cells, b.library)
	if err != nil {
		return nil, err
	}
	s.Folder, s.Run.Ortho, s.Run.Command = folder, build.Version(), commandLineOf(os.Args)
	return s, nil
}

// benchOutcome is the exit code: something to recommend, and no cell that failed.
func benchOutcome(f *bench.File) error {
	if f.Verdict.Recommended == nil {
		return errors.New("no settings can be recommended; a larger --budget, fewer cells or other limits may do")
	}
	if slices.ContainsFunc(f.Rows, func(r bench.Row) bool { return r.Status == bench.StatusFailed }) {
		return errItems
	}
	return nil
}

// benchWorker makes the command of a cell's process: this program, which reads images as
// this run does.
func benchWorker(c *cli.Context) (func() *exec.Cmd, error) {
	args := []string{"bench", "worker"}
	for _, f := range append(modelFlags(models.Classify), imageFlags()...) {
		if name := f.Names()[0]; c.IsSet(name) {
			args = append(args, fmt.Sprintf("--%s=%v", name, c.Value(name)))
		}
	}
	return ownCommand(args...)
}

// ownCommand makes commands of this program.
func ownCommand(args ...string) (func() *exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start processes of ortho: %w", err)
	}
	return func() *exec.Cmd { return exec.Command(self, args...) }, nil
}

// commandLineOf is the command to repeat, as a shell reads it.
func commandLineOf(args []string) string {
	words := []string{"ortho"}
	for _, arg := range args[min(1, len(args)):] {
		if arg == "" || strings.ContainsFunc(arg, func(r rune) bool {
			return !strings.ContainsRune("-_./,=:+@%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
