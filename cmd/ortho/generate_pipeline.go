package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/bundled"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/runner"
	"ortho/runner/npz"
)

// isPipeline tells whether a model's name is that of a pipeline's folder.
func isPipeline(name string) bool {
	return !slices.Contains(bundled.Names(), name) && diffusion.IsFolder(name)
}

// pipelineEngine is the engine of a pipeline.
type pipelineEngine struct {
	*diffusion.Pipeline
	model    *diffusion.Folder
	identity record.Model
	asked    promptOptions
	preview  *preview             // nil: none is shown
	stepped  func(diffusion.Step) // told of each step; nil: not told
}

// Concurrency is 1: a pipeline makes one image at a time.
func (*pipelineEngine) Concurrency() int { return 1 }

func (e *pipelineEngine) record(settings record.Settings) (record.Record, error) {
	return recordedAs(settings, e.identity, e.model.Facts, e.Session()), nil
}

func (e *pipelineEngine) samples(ctx context.Context, requests iter.Seq[request]) iter.Seq[sample] {
	return func(yield func(sample) bool) {
		var under queue[request]
		asked := func(yield func(diffusion.Request) bool) {
			for one := range requests {
				under.add(one)
				r := e.asked.request
				r.Prompt, r.Seed, r.Latents, r.Step = one.Text, one.Seed, one.Latents, e.step
				if !yield(r) {
					return
				}
			}
		}
		for s := range e.Samples(ctx, asked) {
			one := under.next()
			made := s.Request.Provenance()
			made.Label, made.Latents, made.ImageSHA256, made.MaskSHA256 = one.Label, one.Origin, e.asked.imageSHA256, e.asked.maskSHA256
			if !yield(sample{one, s.Image, made, s.Err}) {
				return
			}
		}
	}
}

// step has a step counted, and its preview appear.
func (e *pipelineEngine) step(s diffusion.Step) {
	if e.stepped != nil {
		e.stepped(s)
	}
	if s.Preview != nil {
		e.preview.show(s.Preview)
	}
}

// makeOfPrompts makes pictures of prompts.
func (g *generation) makeOfPrompts(ctx context.Context) error {
	e := &pipelineEngine{asked: *g.options.prompt, stepped: func(s diffusion.Step) { g.bar.Stepped(s.Of) }}
	if err := g.open(ctx, func(ctx context.Context) error { return g.openPipeline(ctx, e) }); err != nil {
		return err
	}
	defer e.preview.remove() // when no image is under way any more
	defer g.close()
	r := g.newSampleRun()
	if err := r.planPrompts(e); err != nil {
		return g.abandon(err)
	}
	e.tell(g.options.samples.texts, g.options.quiet())
	return r.run(ctx, "steps")
}

// openPipeline opens the pipeline as the run's engine.
func (g *generation) openPipeline(ctx context.Context, e *pipelineEngine) (err error) {
	if e.model, err = diffusion.ReadFolder(g.options.model); err != nil {
		return err
	}
	if e.asked.request.PreviewEvery > 0 {
		if e.preview, err = g.openPreview(); err != nil {
			return err
		}
	}
	if err := g.protectFolder(ctx); err != nil {
		return err
	}
	if e.Pipeline, err = diffusion.Open(ctx, e.model, diffusion.Options{Runner: g.options.run.Runner, LowMemory: e.asked.lowMemory}); err != nil {
		return err
	}
	warnSkipped(e.Session())
	e.identity, err = runner.Await(ctx, func(context.Context) (record.Model, error) { return pipelineDigest(e.model) })
	if err != nil {
		return errors.Join(err, e.Close())
	}
	g.engine, g.name, g.texts = e, e.model.Name, modelChunks(e.model.Name, e.identity.SHA256, e.Session())
	return nil
}

// planPrompts settles what the pipeline is to make.
func (r *sampleRun) planPrompts(e *pipelineEngine) error {
	o := r.options.samples
	for _, t := range o.texts {
		r.series.Subjects = append(r.series.Subjects, generate.Subject{Text: t})
	}
	r.series.Reseed = true // the noise between the steps
	if o.latents != "" {
		if err := r.readLatents(e.latentsOf); err != nil {
			return err
		}
	}
	one := e.asked.request
	one.Prompt = o.texts[0]
	if r.series.Latents != nil {
		one.Latents = r.series.Latents[0]
	}
	one, err := e.Fill(one)
	if err != nil {
		return usagef("%w", err)
	}
	one.Prompt, one.Latents = "", nil
	e.asked.request = one
	r.prompted = append(record.Settings{{Key: "texts' SHA-256", Value: digestOfTexts(o.texts)}}, e.asked.settings()...)
	return r.settle(one.Width, one.Height)
}

// digestOfTexts is the SHA-256 of texts in order, each ended by NUL.
func digestOfTexts(texts []string) string {
	h := sha256.New()
	for _, t := range texts {
		io.WriteString(h, t+"\x00")
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// latentsOf takes an image a row of an array. Where no size is asked for, it is theirs.
func (e *pipelineEngine) latentsOf(a npz.Array) ([][]float32, error) {
	all, width, height, err := e.LatentsOf(a)
	if err != nil {
		return nil, err
	}
	switch r := &e.asked.request; {
	case r.Width == 0 && r.Image == nil:
		r.Width, r.Height = width, height
	case r.Width > 0 && (r.Width != width || r.Height != height):
		return nil, fmt.Errorf("latents of shape %v are of images of %dx%d pixels, and --size says %dx%d", a.Shape, width, height, r.Width, r.Height)
	}
	return all, nil
}

// tell says what is in effect, and what of the texts is not.
func (e *pipelineEngine) tell(texts []string, quiet bool) {
	r := e.asked.request
	if !quiet {
		slog.Info(fmt.Sprintf("%dx%d, %s, guidance %s, scheduler %s", r.Width, r.Height, term.Counted(int64(r.Steps), "step"), term.Decimal(*r.Guidance), r.Scheduler))
	}
	spec := e.Spec()
	embedded := spec.Consistency || spec.Denoiser.GuidanceCond != ""
	switch negative := valueOf(r.Negative); {
	case e.asked.negative != "" && embedded:
		slog.Warn("--negative has no effect: a latent consistency model takes the text alone")
	case e.asked.negative != "" && *r.Guidance <= 1:
		slog.Warn(fmt.Sprintf("--negative has no effect: guidance begins above 1, and it is %s", term.Decimal(*r.Guidance)))
	case negative != "" && !embedded && *r.Guidance > 1:
		texts = append(slices.Clip(texts), negative)
	}
	told := map[string]bool{}
	for _, t := range texts {
		lost := e.Cut(t)
		if lost == "" || told[t] {
			continue
		}
		if told[t] = true; len(told) > 10 {
			slog.Warn("more texts are too long")
			return
		}
		slog.Warn(fmt.Sprintf("%.60q is too long: the pipeline takes %d tokens, and has not seen its end, %.200q", t, spec.Texts[0].Tokenizer.Length(), lost))
	}
}

// pipelineDigest identifies a pipeline by all that its images follow from: its SHA-256 is
// that of a line for each file, the file's SHA-256, two spaces and its path within the
// folder, in the order of these paths' bytes. That is what sha256sum prints.
func pipelineDigest(p *diffusion.Folder) (record.Model, error) {
	m := record.Model{Name: p.Name}
	for _, file := range p.Files() {
		name, err := filepath.Rel(p.Path, file)
		if err != nil {
			return m, err
		}
		digest, err := fileDigest(file)
		if err != nil {
			return m, err
		}
		m.ExternalData = append(m.ExternalData, record.Setting{Key: filepath.ToSlash(name), Value: digest})
	}
	slices.SortFunc(m.ExternalData, func(a, b record.Setting) int { return strings.Compare(a.Key, b.Key) })
	lines := sha256.New()
	for _, f := range m.ExternalData {
		fmt.Fprintf(lines, "%s  %s\n", f.Value, f.Key)
	}
	m.SHA256 = fmt.Sprintf("%x", lines.Sum(nil))
	return m, nil
}
