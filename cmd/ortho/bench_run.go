package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/library"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func benchRunAction(c *cli.Context) error {
	if models.IsPipeline(c.String("model")) {
		return benchPipelineAction(c)
	}
	if c.Args().Present() {
		return usagef("bench run takes no argument %q; the model is named with -m, images with --input", c.Args().First())
	}
	for _, f := range pipelineBenchFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usagef("--%s is for a pipeline, a folder with model_index.json, which %s is not", name, c.String("model"))
		}
	}
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	files, err := benchFiles(c)
	if err != nil {
		return err
	}
	if files.complete() {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", files.results))
		return nil
	}
	model, err := openModel(c)
	if err != nil {
		return err
	}
	fixed, open := feed.BatchDim(model.Graph)
	if open {
		fixed = 0
	} else {
		fixed = max(1, fixed)
	}
	plan, err := benchPlan(c, int(fixed))
	if err != nil {
		return err
	}
	again, err := openRerun(c, model, &plan)
	if err != nil {
		return err
	}
	if again != nil { // it may have named an input
		if files.reads, err = protect(c, noFiles); err != nil {
			return err
		}
	}
	cells, err := benchCells(c.String("onnxruntime"), plan, int(fixed))
	if err != nil {
		return err
	}
	if cells, err = again.only(cells); err != nil {
		return err
	}
	largest := slices.Max(plan.Batch)
	if fixed > 0 {
		largest = int(fixed)
	}
	in, err := benchInputs(c, model, largest)
	if err != nil {
		return err
	}
	folder, err := bench.TempFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	g := benchGraph{name: model.Name, graph: model.Graph, in: in}
	if g.digest, err = modelDigest(model); err != nil {
		return err
	}
	if g.file, err = graphFile(model, folder); err != nil {
		return err
	}
	if in.Source != "synthetic" {
		g.inputName = c.String("input")
	}
	sweep, err := g.sweep(c, plan, cells, folder)
	if err != nil {
		return err
	}
	if err := again.fits(sweep.Run.Input); err != nil {
		return err
	}
	if showProgress {
		status := term.NewStatus(c.App.ErrWriter)
		defer status.End()
		sweep.Notify = func(p bench.Progress) { status.Tell(pages.BenchProgress(p)) }
	}
	result, err := g.measure(c, sweep, files)
	if err != nil {
		return err
	}
	if err := writeBench(c, result); err != nil {
		return err
	}
	if err := again.judge(c.App.Writer, result); err != nil {
		return err
	}
	return benchOutcome(result)
}

// benchGraph is a graph that is measured.
type benchGraph struct {
	name, digest string
	file         string // the .onnx
	graph        *onnx.Graph
	outputs      []string // that are computed; none: all
	open         bool     // sessions are not made for the inputs' sizes
	in           benchInput
	inputName    string // where that comes from; "": nowhere
}

// sweep is the measurement of the cells; files for its processes are left in folder.
func (g benchGraph) sweep(c *cli.Context, plan bench.Plan, cells []bench.Cell, folder string) (*bench.Sweep, error) {
	s := &bench.Sweep{Model: g.file, Graph: g.graph, Inputs: g.in.Set, Outputs: g.outputs, OpenShapes: g.open, Cells: cells, Folder: folder}
	var err error
	if s.Images, err = g.in.writeFiles(folder); err != nil {
		return nil, err
	}
	if s.Worker, err = benchWorker(c); err != nil {
		return nil, err
	}
	if s.Reference, err = referenceCell(c.String("onnxruntime")); err != nil {
		return nil, err
	}
	s.Run = g.describe(plan, s)
	return s, nil
}

// measure does the sweep, recommends, and writes the files.
func (g benchGraph) measure(c *cli.Context, s *bench.Sweep, files outputFiles) (*bench.File, error) {
	log, err := files.openLog(s)
	if err != nil {
		return nil, err
	}
	result, err := s.Measure(c.Context)
	if err != nil {
		log.close(false)
		if c.Context.Err() != nil {
			if log == nil {
				slog.Warn("interrupted: nothing is kept without -o")
			} else {
				slog.Warn(fmt.Sprintf("interrupted: the rounds that were measured are in %s; --resume continues", files.rounds()))
			}
		}
		return nil, err
	}
	result.Stages = g.in.stages
	settings := finishVerdict(result, s.Cells, c.String("onnxruntime"))
	if err := files.write(result, settings); err != nil {
		log.close(false)
		return nil, err
	}
	log.close(true)
	return result, nil
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

// benchCells are all combinations, each with the library that has its providers. Those
// that can't be run are in it with the reason.
func benchCells(explicit string, plan bench.Plan, fixed int) ([]bench.Cell, error) {
	type side struct {
		name string
		list []runner.Provider
		lib  bench.Library
		err  error
	}
	var sides []side
	for _, o := range plan.ProviderOptions {
		if name, _, _ := strings.Cut(o, "."); !slices.ContainsFunc(plan.Providers, func(e string) bool {
			return slices.Contains(strings.Split(e, "+"), strings.ToLower(name))
		}) {
			return nil, usagef("provider option %q: provider %s is not among --providers", o, name)
		}
	}
	for _, entry := range plan.Providers {
		list, err := providersOf(entry, plan.ProviderOptions)
		if err != nil {
			return nil, usageError{err}
		}
		var names []string
		for _, p := range list {
			names = append(names, p.Name)
		}
		found, err := library.FindFor(explicit, names)
		sides = append(sides, side{entry, list, bench.Library{Flavor: found.Flavor, Version: found.Version, Path: found.Path}, err})
	}
	// A flavor's own CPU provider tells its version's part from the provider's.
	for _, s := range slices.Clone(sides) {
		same := func(o side) bool { return o.name == runner.CPU && o.lib.Path == s.lib.Path }
		if s.err == nil && s.lib.Flavor != runner.CPU && !slices.ContainsFunc(sides, same) {
			sides = append(sides, side{runner.CPU, []runner.Provider{{Name: runner.CPU}}, s.lib, nil})
		}
	}
	var cells []bench.Cell
	for _, s := range sides {
		for _, threads := range plan.Threads {
			for _, batch := range plan.Batch {
				for _, concurrency := range plan.Concurrency {
					cell := bench.Cell{Config: bench.Config{Providers: s.name, Flavor: s.lib.Flavor, Threads: threads, Batch: batch, Concurrency: concurrency},
						List: s.list, Library: s.lib, Status: bench.StatusOK}
					switch {
					case s.err != nil:
						cell.Status, cell.Reason = bench.StatusFailed, s.err.Error()
					case fixed > 0 && batch != fixed:
						cell.Status, cell.Reason = bench.StatusRuledOut, fmt.Sprintf("the graph takes batches of exactly %d", fixed)
					}
					cells = append(cells, cell)
					if s.err != nil {
						goto next // one row tells it
					}
				}
			}
		}
	next:
	}
	if len(cells) > 512 {
		return nil, usagef("%d cells are too many to keep open side by side (512): sweep fewer values at once", len(cells))
	}
	return cells, nil
}

// referenceCell is the CPU provider of the flavor cpu.
func referenceCell(explicit string) (bench.Cell, error) {
	found, err := library.FindFor(explicit, []string{runner.CPU})
	if err != nil {
		return bench.Cell{}, err
	}
	return bench.Cell{
		Config:  bench.Config{Providers: runner.CPU, Flavor: found.Flavor},
		List:    []runner.Provider{{Name: runner.CPU}},
		Library: bench.Library{Flavor: found.Flavor, Version: found.Version, Path: found.Path},
		Status:  bench.StatusOK,
	}, nil
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

// describe says what is measured, where and how.
func (g benchGraph) describe(plan bench.Plan, s *bench.Sweep) bench.Run {
	set := g.in.Set
	r := bench.Run{
		Kind: bench.KindRun, Format: bench.Format, Ortho: build.Version(), Start: time.Now().UTC().Truncate(time.Second),
		Command:   commandLineOf(os.Args),
		Model:     bench.Model{Name: g.name, SHA256: g.digest, SizeBytes: g.graph.Size},
		Machine:   machine.Read(),
		Input:     bench.Input{Source: set.Source, Name: g.inputName, Rows: set.Rows, Seed: set.Seed, Dims: set.Dims, SHA256: arraysDigest(set.Arrays)},
		Plan:      plan,
		Reference: bench.Reference{Library: s.Reference.Library, Providers: runner.CPU, Optimized: "disabled"},
	}
	for _, v := range g.graph.Inputs {
		r.Model.Inputs = append(r.Model.Inputs, v.String())
	}
	for _, v := range g.graph.Outputs {
		r.Model.Outputs = append(r.Model.Outputs, v.String())
	}
	for _, cell := range append([]bench.Cell{s.Reference}, s.Cells...) {
		if cell.Library.Path != "" && !slices.Contains(r.Libraries, cell.Library) {
			r.Libraries = append(r.Libraries, cell.Library)
		}
	}
	return r
}

func arraysDigest(arrays []npz.Array) string {
	h := sha256.New()
	for _, a := range arrays {
		fmt.Fprintf(h, "%s %s %v\n", a.Name, a.Type, a.Shape)
		h.Write(a.Data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
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

// finishVerdict recommends, and says how to ask for it.
func finishVerdict(f *bench.File, cells []bench.Cell, explicit string) *bench.Settings {
	v := bench.Recommend(f)
	f.Verdict = &v
	if v.Recommended == nil {
		return nil
	}
	i := slices.IndexFunc(cells, func(c bench.Cell) bool { return c.Config == *v.Recommended })
	s := bench.SettingsOf(f, cells[i], explicit)
	v.Flags = flagsOf(s)
	if f.Stages != nil {
		for _, r := range f.Rows {
			if r.Config == *v.Recommended && r.LatencyMS != nil {
				ms := r.LatencyMS.P50 / float64(max(1, r.Batch))
				f.Stages.RunMS = &ms
			}
		}
	}
	return &s
}
