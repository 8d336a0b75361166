package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/runner/bench"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// pipeline measures a pipeline part by part.
func (o *benchRunOptions) pipeline(ctx context.Context, call *flags.Call) error {
	b := &pipelineBench{start: time.Now(), folder: o.files.results, lowMemory: o.image.lowMemory, maxPixels: o.decoding.Pixels,
		files: benchOutput{html: o.files.html, resume: o.files.resume, overwrite: o.files.overwrite}}
	var err error
	if b.benchSetup, err = o.setup(call); err != nil {
		return err
	}
	if b.request, err = o.image.request(call, o.input.seed); err != nil {
		return err
	}
	if err := o.checkPipeline(call); err != nil {
		return err
	}
	b.plan = o.sweep.plan([]int{1}, pipelineBudget)
	b.plan.Concurrency, b.plan.Objective = []int{1}, bench.ObjectiveLatency
	if b.model, err = diffusion.ReadFolder(o.model.Name); err != nil {
		return err
	}
	done, err := b.openFolder(call)
	if done || err != nil {
		return err
	}
	if b.cells, err = b.cellsOf(b.plan, 0); err != nil {
		return err
	}
	return b.run(ctx)
}

// checkPipeline refuses flags that are for a graph.
func (o *benchRunOptions) checkPipeline(call *flags.Call) error {
	const read, chosen, images = "its files say how it is read", "settings are chosen by the time of an image", "it is of images for a classifier"
	no := map[string]string{
		"batch": "a run has what an image needs", "concurrency": "a pipeline makes one image at a time",
		"input": "the parts are fed what an image gives them", "dim": "an image's --size settles the shapes",
		"objective": chosen, "max-p99-ms": chosen, "max-rss-mib": chosen,
		"rerun":         "measure a part of it again: -m DIR/PART/model.onnx --input RESULTS/PART.npz",
		"save-settings": "generate takes the flags that are printed",
		"decode":        images, "fail-fast": images,
	}
	for name := range call.GivenIn(&o.read) {
		no[name] = read
	}
	for name := range call.GivenIn(&o.quality) {
		no[name] = "what pictures are worth is not measured"
	}
	for _, name := range slices.Sorted(maps.Keys(no)) {
		if call.Given(name) {
			return commandline.Usagef("--%s is not for a pipeline: %s", name, no[name])
		}
	}
	return nil
}

// pipelineBench is a run of bench on a pipeline.
type pipelineBench struct {
	benchSetup
	bench.Pipeline // what is known by now
	start          time.Time
	model          *diffusion.Folder
	request        bench.Image
	maxPixels      int64 // of its files
	lowMemory      bool
	plan           bench.Plan
	cells          []bench.Cell // but for their batches, those of every part
	files          benchOutput  // but for the results
	folder         string       // of the results; "": none are kept
	temp           string       // folder
	shown          *term.Status // nil: not shown
}

// openFolder prepares the folder of the results; done reports whether an earlier run has
// finished, so that --resume has nothing to do.
func (b *pipelineBench) openFolder(call *flags.Call) (done bool, err error) {
	f := &b.files
	switch {
	case f.resume && b.folder == "":
		return false, commandline.Usagef("--resume continues -o FOLDER: name it")
	case f.resume && f.overwrite:
		return false, commandline.Usagef("--overwrite starts anew, --resume goes on with what is there: give one of them")
	case b.folder == "-" || output.NamesFormat(b.folder):
		return false, commandline.Usagef("-o %s: the results of a pipeline are a folder with a file for each part: name one", b.folder)
	}
	if f.reads, err = call.Protect(flags.NoFiles, b.written()...); err != nil {
		return false, err
	}
	if b.folder != "" {
		if done, err = b.continueFolder(); done || err != nil {
			return done, err
		}
	}
	if f.html != "" {
		if err := flags.Fits("html", f.html, output.HTML); err != nil {
			return false, err
		}
		if _, err := f.reads.Check(f.html, f.overwrite || f.goesOn); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (b *pipelineBench) continueFolder() (done bool, err error) {
	name := filepath.Join(b.folder, bench.PipelineFile)
	switch _, err := os.Stat(name); {
	case err == nil && b.files.overwrite:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, b.checkForeign()
	case err != nil:
		return false, fmt.Errorf("-o: %w", err)
	case !b.files.resume:
		return false, fmt.Errorf("output %s exists: --resume continues a run that was interrupted, --overwrite starts anew", name)
	}
	before, err := bench.ContinuePipeline(b.folder, b.request)
	if err != nil {
		return false, withRemedy(err)
	}
	if before.Settings != nil {
		b.ui.Info(fmt.Sprintf("%s is complete: nothing to do", b.folder))
		return true, nil
	}
	b.Pipeline, b.files.goesOn = *before, true
	return false, nil
}

// written are the files that may be written to the folder.
func (b *pipelineBench) written() (names []string) {
	if b.folder == "" {
		return nil
	}
	for _, part := range b.model.Parts {
		names = append(names, filepath.Join(b.folder, part.Name+".jsonl"), bench.PartInputs(b.folder, part.Name))
	}
	return append(names, filepath.Join(b.folder, bench.PipelineFile))
}

// checkForeign refuses a folder that has files of the results' names, and no results.
func (b *pipelineBench) checkForeign() error {
	for _, part := range b.model.Parts {
		for _, ending := range []string{".jsonl", ".jsonl" + roundsEnding, ".npz"} {
			name := filepath.Join(b.folder, part.Name+ending)
			if _, err := os.Lstat(name); err == nil && !b.files.overwrite && !(b.files.resume && ending == ".npz" && drawnInputs(part, name)) {
				return fmt.Errorf("output %s exists: --overwrite replaces it", name)
			}
		}
	}
	return nil
}

// drawnInputs reports whether a file holds inputs of a part, as a run leaves them that is ended before it
// has drawn its image.
func drawnInputs(part diffusion.Part, name string) bool {
	arrays, err := npz.ReadFile(name)
	return err == nil && len(arrays) > 0 && !slices.ContainsFunc(arrays, func(a npz.Array) bool {
		return !slices.ContainsFunc(part.Graph.Inputs, func(v onnx.Value) bool { return v.Name == a.Name })
	})
}

// write leaves the document in the folder, if there is one.
func (b *pipelineBench) write(ctx context.Context) error {
	if b.folder == "" {
		return nil
	}
	return writeOutput(ctx, b.files.reads, filepath.Join(b.folder, bench.PipelineFile), true, b.Write)
}

func (b *pipelineBench) run(ctx context.Context) (err error) {
	folder, err := scratch.New("bench")
	if err != nil {
		return err
	}
	defer folder.Remove()
	b.temp = folder.Path
	b.shown = b.status()
	defer b.shown.End()
	if b.Parts == nil { // else the earlier run, which this one continues, has made the image
		if err := b.draw(ctx); err != nil {
			return err
		}
	}
	for i := range b.Parts {
		if err := b.measurePart(ctx, &b.Parts[i]); err != nil {
			return err
		}
	}
	b.Settle()
	if settings := b.Recommended(b.cells, b.library); settings != nil {
		b.Flags = flagsOf(*settings)
	}
	if b.files.html != "" {
		if err := pages.Pipeline(&b.Pipeline).Save(ctx, b.files.reads, b.files.html, b.files.overwrite || b.files.goesOn); err != nil {
			return err
		}
	}
	if err := b.write(ctx); err != nil { // last: it says that the run is complete
		return err
	}
	if err := pages.PrintPipeline(b.ui.Out, &b.Pipeline, b.markdown); err != nil {
		return err
	}
	return pipelineOutcome(&b.Pipeline)
}

// draw finds out how an image uses the parts, and the inputs of each.
func (b *pipelineBench) draw(ctx context.Context) error {
	made := ""
	if b.folder != "" {
		var err error
		if made, err = flags.MakeFolder(b.folder); err != nil {
			return err
		}
	}
	d, err := b.askToDraw(ctx)
	if err != nil {
		flags.UnmakeFolder(b.folder, made)
		return err
	}
	b.Pipeline = d.Results(b.plan, time.Since(b.start))
	b.Ortho, b.Start, b.Command = build.Version(), b.start.UTC().Truncate(time.Second), b.command
	b.Name, b.Class, b.Asked = b.model.Name, b.model.Class, b.request
	if b.folder == "" {
		return nil
	}
	// Of a run that this one replaces: what is left at any moment is a run that can go on.
	for _, part := range b.Parts {
		if err := bench.RemoveLog(filepath.Join(b.folder, part.File+roundsEnding)); err != nil {
			return withRemedy(err)
		}
	}
	if err := b.write(ctx); err != nil {
		return err
	}
	for _, part := range b.Parts {
		if err := os.Remove(filepath.Join(b.folder, part.File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// earlier removes the results of a part that are older than this run: those of one that it replaces.
func (b *pipelineBench) earlier(results string) error {
	f, err := bench.ReadFile(results)
	if err == nil && f.Run.Start.Before(b.Start) {
		return os.Remove(results)
	}
	return nil
}

func (b *pipelineBench) askToDraw(ctx context.Context) (*bench.DrawAnswer, error) {
	b.shown.Set("drawing an image, to see how it uses the parts")
	r, err := bench.NewDrawRequest(b.plan)
	if err != nil {
		return nil, commandline.Usage(err)
	}
	r.Image, r.MaxPixels, r.Library, r.LowMemory = b.request, b.maxPixels, b.library, b.lowMemory
	if r.Pipeline, err = filepath.Abs(b.model.Path); err != nil {
		return nil, err
	}
	if r.Folder, err = filepath.Abs(b.inputs()); err != nil {
		return nil, err
	}
	command, err := ownCommand("bench", "draw")
	if err != nil {
		return nil, err
	}
	d, err := bench.Draw(ctx, command(), r)
	if err != nil && ctx.Err() != nil {
		b.ui.Warn("interrupted: no part is measured yet")
	}
	return d, err
}

// measurePart measures a part, unless an earlier run has.
func (b *pipelineBench) measurePart(ctx context.Context, part *bench.Part) error {
	i := slices.IndexFunc(b.model.Parts, func(p diffusion.Part) bool { return p.Name == part.Name })
	if i < 0 {
		return fmt.Errorf("%s has no part %s any more", b.model.Path, part.Name)
	}
	m := b.model.Parts[i]
	of := bench.Subject{Graph: m.Graph}
	var err error
	if of.SHA256, err = models.DigestOf(ctx, m.Path); err != nil {
		return err
	}
	if of.File, err = filepath.Abs(m.Path); err != nil {
		return err
	}
	sweep, err := b.Sweep(*part, of, b.plan, b.inputs(), b.library)
	if err != nil {
		return err
	}
	sweep.Run.Ortho, sweep.Run.Command = build.Version(), b.command
	sweep.Folder = filepath.Join(b.temp, part.Name)
	if err := os.Mkdir(sweep.Folder, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(sweep.Folder)
	files := benchOutput{reads: b.files.reads, resume: b.files.resume, overwrite: b.files.overwrite}
	if b.folder != "" {
		files.results = filepath.Join(b.folder, part.File)
	}
	if err := b.earlier(files.results); err != nil {
		return err
	}
	if files.complete() {
		part.Results, err = bench.ReadFinished(files.results, sweep.Run)
		return withRemedy(err)
	}
	sweep.Notify = func(p bench.Progress) { b.shown.Set(part.Name + ": " + pages.BenchProgress(p)) }
	part.Results, _, err = b.measure(ctx, sweep, files)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", part.Name, err)
	}
	return err
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
		for _, part := range p.Parts {
			if v := part.Results.Verdict; v != nil && v.Recommended == nil {
				return fmt.Errorf("the time of an image is not known in any settings: %s%s", part.Name, whyNone(part.Results.Rows, v))
			}
		}
		return errors.New("the time of an image is not known in any settings; a larger --budget or fewer values may do")
	}
	for _, part := range p.Parts {
		if slices.ContainsFunc(part.Results.Rows, func(r bench.Row) bool { return r.Status == bench.StatusFailed }) {
			return commandline.ErrItems
		}
	}
	return nil
}
