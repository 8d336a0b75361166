package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/runner/bench"
	"ortho/runner/child"
	"ortho/runner/feed"
	"ortho/runner/npz"
)

// drawShare of the budget may be spent on drawing.
const drawShare = 0.25

// benchPipelineAction measures a pipeline part by part.
func benchPipelineAction(c *cli.Context) error {
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	b := &pipelineBench{c: c, start: time.Now(), folder: c.String("output")}
	if b.request, err = pipelineImage(c); err != nil {
		return err
	}
	if b.plan, err = pipelinePlan(c); err != nil {
		return err
	}
	if b.model, err = models.OpenPipeline(c.String("model")); err != nil {
		return err
	}
	done, err := b.openFolder()
	if done || err != nil {
		return err
	}
	if b.temp, err = bench.TempFolder(); err != nil {
		return err
	}
	defer os.RemoveAll(b.temp)
	if showProgress {
		b.status = term.NewStatus(c.App.ErrWriter)
		defer b.status.End()
	}
	if err := b.draw(); err != nil {
		return err
	}
	for i := range b.Parts {
		if err := b.measure(&b.Parts[i]); err != nil {
			return err
		}
	}
	b.Settle()
	if err := b.addFlags(); err != nil {
		return err
	}
	if err := b.write(); err != nil {
		return err
	}
	if name := c.String("html"); name != "" {
		if err := pages.Pipeline(&b.Pipeline).Save(b.reads, name, c.Bool("overwrite")); err != nil {
			return err
		}
	}
	if err := writePipeline(c, &b.Pipeline); err != nil {
		return err
	}
	return pipelineOutcome(&b.Pipeline)
}

// pipelineBench is a run of bench on a pipeline.
type pipelineBench struct {
	bench.Pipeline
	c       *cli.Context
	reads   *output.Reads
	start   time.Time
	model   *models.Pipeline
	request bench.Image
	plan    bench.Plan
	folder  string // of the results; "": none are kept
	temp    string
	status  *term.Status // nil: not shown
}

// draw finds out how an image uses the parts, and what each is fed; or an earlier run, which
// this one continues, has.
func (b *pipelineBench) draw() error {
	if b.Parts != nil {
		return nil
	}
	made := false
	if b.folder != "" {
		var err error
		if made, err = makeFolder(b.folder); err != nil {
			return err
		}
	}
	d, err := b.askToDraw()
	if err != nil {
		if made {
			os.Remove(b.folder) // which is empty
		}
		return err
	}
	b.Pipeline = bench.Pipeline{
		Kind: bench.KindPipeline, Format: bench.Format, Ortho: build.Version(), Start: b.start.UTC().Truncate(time.Second), Command: commandLineOf(os.Args),
		Name: b.model.Name, Class: b.model.Class, Asked: b.request, Image: d.Image, Work: d.Work,
	}
	shares := budgetShares(d.Parts)
	left := b.plan.BudgetS - time.Since(b.start).Seconds()
	for i, p := range d.Parts {
		part := bench.Part{Name: p.Name, Runs: p.Runs, Outputs: p.Outputs, Fixed: p.Fixed, File: p.Name + ".jsonl"}
		if b.plan.BudgetS > 0 {
			least := min(leastBudget.Seconds(), max(1, left)/float64(len(d.Parts)))
			part.BudgetS = math.Round((least+max(0, left-least*float64(len(d.Parts)))*shares[i])*10) / 10
		}
		b.Parts = append(b.Parts, part)
	}
	if b.folder == "" {
		return nil
	}
	for _, part := range b.Parts { // of a run that this one takes the place of
		for _, ending := range []string{"", roundsEnding} {
			if err := os.Remove(filepath.Join(b.folder, part.File+ending)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return b.write()
}

// leastBudget is what each part gets: below, its cells can't be opened.
const leastBudget = 5 * time.Second

// budgetShares are what the parts get of the rest. What measuring takes is single runs, and
// what counts is all runs of an image: the mean of both shares.
func budgetShares(parts []drawnPart) []float64 {
	var single, image float64
	for _, p := range parts {
		single += p.TookMS
		image += p.TookMS * float64(p.Runs)
	}
	shares := make([]float64, len(parts))
	for i, p := range parts {
		shares[i] = (p.TookMS/single + p.TookMS*float64(p.Runs)/image) / 2
	}
	return shares
}

// askToDraw has a process of its own draw: its memory is not that of this one, and what
// breaks a provider does not break the run.
func (b *pipelineBench) askToDraw() (*drawn, error) {
	b.tell("drawing an image, to see how it uses the parts")
	providers, err := providersOf(strings.Join(unique(b.plan.Providers), "+"), b.plan.ProviderOptions)
	if err != nil {
		return nil, usageError{err}
	}
	folder, err := filepath.Abs(b.model.Path)
	if err != nil {
		return nil, err
	}
	r := drawRequest{Pipeline: folder, Image: b.request, MaxPixels: b.c.Int64("max-pixels"), Library: b.c.String("onnxruntime"), Providers: providers,
		Threads:   min(slices.Max(b.plan.Threads), slices.Max(coreCounts())), // more would only wait for each other
		LowMemory: b.c.Bool("low-memory"), LimitS: b.plan.BudgetS * drawShare, Folder: b.inputs()}
	if r.Folder, err = filepath.Abs(r.Folder); err != nil {
		return nil, err
	}
	command, err := ownCommand("bench", "draw")
	if err != nil {
		return nil, err
	}
	p, err := child.Start(command())
	if err != nil {
		return nil, err
	}
	defer p.Close()
	d := &drawn{}
	if err := p.Ask(b.c.Context, r, d); err != nil {
		if b.c.Context.Err() != nil {
			slog.Warn("interrupted: no part is measured yet")
			return nil, context.Cause(b.c.Context)
		}
		return nil, err
	}
	if len(d.Parts) == 0 {
		return nil, errors.New("an image was drawn without a run of any part")
	}
	return d, nil
}

// unique are all providers of the entries, "cuda+cpu" being two.
func unique(entries []string) []string {
	var names []string
	for _, name := range strings.Split(strings.Join(entries, "+"), "+") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// measure measures a part, unless an earlier run has.
func (b *pipelineBench) measure(part *bench.Part) error {
	i := slices.IndexFunc(b.model.Parts, func(p models.Part) bool { return p.Name == part.Name })
	if i < 0 {
		return fmt.Errorf("%s has no part %s any more", b.model.Path, part.Name)
	}
	m := b.model.Parts[i]
	g := benchGraph{name: b.Name + "/" + part.Name, graph: m.Graph, outputs: part.Outputs, open: !part.Fixed, inputName: part.Name + ".npz"}
	var err error
	if g.digest, err = fileDigest(m.Path); err != nil {
		return err
	}
	if g.file, err = filepath.Abs(m.Path); err != nil {
		return err
	}
	arrays, err := npz.ReadFile(partInputs(b.inputs(), part.Name))
	if err != nil {
		return err
	}
	if g.in.Set, err = feed.Whole("npz", arrays, m.Graph); err != nil {
		return fmt.Errorf("%s: %w", part.Name, err)
	}
	plan := b.plan
	plan.Batch, plan.BudgetS = []int{rowsOf(arrays)}, part.BudgetS
	cells, err := benchCells(b.c.String("onnxruntime"), plan, 0)
	if err != nil {
		return err
	}
	folder := filepath.Join(b.temp, part.Name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sweep, err := g.sweep(b.c, plan, cells, folder)
	if err != nil {
		return err
	}
	files := outputFiles{c: b.c, reads: b.reads}
	if b.folder != "" {
		files.results = filepath.Join(b.folder, part.File)
	}
	if files.complete() {
		part.Results, err = bench.ReadFinished(files.results, sweep.Run)
		return err
	}
	sweep.Notify = func(p bench.Progress) { b.tell(part.Name + ": " + pages.BenchProgress(p)) }
	part.Results, err = g.measure(b.c, sweep, files)
	if err != nil && b.c.Context.Err() == nil {
		err = fmt.Errorf("%s: %w", part.Name, err)
	}
	return err
}

func (b *pipelineBench) tell(line string) {
	if b.status != nil {
		b.status.Tell(line)
	}
}

// rowsOf is the largest first dimension of a run's inputs that are more than a row.
func rowsOf(arrays []npz.Array) int {
	rows := int64(1)
	for _, a := range arrays {
		if len(a.Shape) > 1 {
			rows = max(rows, a.Shape[0])
		}
	}
	return int(rows)
}

// inputs is the folder of the parts' inputs.
func (b *pipelineBench) inputs() string {
	if b.folder != "" {
		return b.folder
	}
	return b.temp
}

// pipelineOutcome is the exit code, as benchOutcome.
func pipelineOutcome(p *bench.Pipeline) error {
	if p.Best() == nil {
		return errors.New("the time of an image is not known in any settings; a larger --budget or fewer values may do")
	}
	for _, part := range p.Parts {
		if slices.ContainsFunc(part.Results.Rows, func(r bench.Row) bool { return r.Status == bench.StatusFailed }) {
			return errItems
		}
	}
	return nil
}

// addFlags says how to ask generate for the best setting.
func (b *pipelineBench) addFlags() error {
	best := b.Best()
	if best == nil {
		return nil
	}
	cells, err := benchCells(b.c.String("onnxruntime"), b.plan, 0)
	if err != nil {
		return err
	}
	for _, cell := range cells {
		if best.Has(cell.Config) {
			s := bench.SettingsOf(b.Parts[0].Results, cell, b.c.String("onnxruntime"))
			s.Batch, s.Concurrency = 0, 0
			b.Flags = flagsOf(s)
		}
	}
	return nil
}
