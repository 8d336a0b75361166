package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/runner/npz"
)

// pipelineEngine is the engine of a pipeline.
type pipelineEngine struct {
	*diffusion.Pipeline
	model    *diffusion.Folder
	identity models.Identity
	asked    *promptOptions
	preview  *preview             // nil: none is shown
	stepped  func(diffusion.Step) // called after each step; may be nil
}

// Concurrency is 1: a pipeline makes one image at a time.
func (*pipelineEngine) Concurrency() int { return 1 }

func (e *pipelineEngine) record(_ context.Context, settings record.Settings) (record.Record, error) {
	return job.DescribedAs(settings, e.identity, e.model.Facts, e.Session()), nil
}

func (e *pipelineEngine) samples(ctx context.Context, requests iter.Seq[request]) iter.Seq[sample] {
	asked := func(one request) diffusion.Request {
		r := e.asked.request
		r.Prompt, r.Seed, r.Latents, r.Step = one.Text, one.Seed, one.Latents, func(s diffusion.Step) { e.step(ctx, s) }
		return r
	}
	return func(yield func(sample) bool) {
		for s := range diffusion.Each(ctx, e.Pipeline, requests, asked) {
			made := s.Value.Request.Provenance()
			made.Label, made.Latents, made.ImageSHA256, made.MaskSHA256, made.InvertMask = s.Item.Label, s.Item.Origin, e.asked.imageSHA256, e.asked.maskSHA256, e.asked.invertMask
			made.ControlSHA256 = e.asked.control.sha256
			if !yield(sample{s.Item, s.Value.Image, made, s.Err}) {
				return
			}
		}
	}
}

// step counts a step, and shows its preview.
func (e *pipelineEngine) step(ctx context.Context, s diffusion.Step) {
	if e.stepped != nil {
		e.stepped(s)
	}
	if s.Preview != nil {
		e.preview.show(ctx, s.Preview)
	}
}

// openPipeline opens the pipeline as the run's engine.
func (g *generation) openPipeline(ctx context.Context, e *pipelineEngine) (err error) {
	if e.model, err = diffusion.ReadFolder(g.model, g.prompt.control.nets...); err != nil {
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
	if e.Pipeline, err = diffusion.Open(ctx, e.model, diffusion.Options{Runner: g.session.Runner, LowMemory: e.asked.lowMemory, Opened: flags.TellParts(g.ui)}); err != nil {
		return err
	}
	if e.identity, err = e.model.Identity(ctx); err != nil {
		return errors.Join(err, e.Close())
	}
	g.engine, g.name, g.texts = e, e.model.Name, modelChunks(e.model.Name, e.identity.SHA256, e.Session())
	return nil
}

// planPrompts settles the requests for the pipeline.
func (r *sampleRun) planPrompts(ctx context.Context, e *pipelineEngine) error {
	o := &r.made
	for _, t := range o.texts {
		r.series.Subjects = append(r.series.Subjects, generate.Subject{Text: t})
	}
	r.series.Reseed = true // the noise between the steps
	if o.latents != "" {
		if err := r.readLatents(ctx, e.latentsOf); err != nil {
			return err
		}
	}
	one := e.asked.request
	one.Prompt = o.texts[0]
	if r.series.Latents != nil {
		one.Latents = r.series.Latents[0]
	}
	one, err := e.Fill(one)
	if n := e.Spec().ControlNets(); err != nil && n > 0 && len(e.asked.request.Control) != n {
		return commandline.Usagef("%w (--control FILE)", err)
	} else if err != nil {
		return commandline.Usagef("%w", err)
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

// latentsOf takes one image's latents from each row of an array. Where no size is asked for, it
// is theirs.
func (e *pipelineEngine) latentsOf(a npz.Array) ([][]float32, error) {
	all, width, height, err := e.LatentsOf(a)
	if err != nil {
		return nil, err
	}
	switch r := &e.asked.request; {
	case r.Width == 0 && r.Image == nil && r.Control == nil:
		r.Width, r.Height = width, height
	case r.Width > 0 && (r.Width != width || r.Height != height):
		return nil, fmt.Errorf("latents of shape %v are of images of %dx%d pixels, and --size says %dx%d", a.Shape, width, height, r.Width, r.Height)
	}
	return all, nil
}

// tell prints the values in effect, and warns of the parts of texts that are cut off.
func (e *pipelineEngine) tell(ui *term.UI, texts []string, quiet bool) {
	r := e.asked.request
	if !quiet {
		ui.Info(fmt.Sprintf("%dx%d, %s, guidance %s, scheduler %s", r.Width, r.Height, term.Counted(int64(r.Steps), "step"), term.Decimal(*r.Guidance), r.Scheduler))
	}
	e.tellImage(ui, quiet)
	if files := e.model.LoRAs; len(files) > 0 {
		ui.Warn(fmt.Sprintf("%s is not read: a LoRA counts where it was added to the weights (fuse_lora of diffusers) before they were exported", strings.Join(files, ", ")))
	}
	spec := e.Spec()
	embedded := spec.Consistency || spec.Denoiser.GuidanceCond != ""
	switch negative := given(r.Negative); {
	case e.asked.negative != "" && embedded:
		ui.Warn("--negative has no effect: a latent consistency model takes the text alone")
	case e.asked.negative != "" && *r.Guidance <= 1:
		ui.Warn(fmt.Sprintf("--negative has no effect: guidance begins above 1, and it is %s", term.Decimal(*r.Guidance)))
	case negative != "" && !embedded && *r.Guidance > 1:
		texts = append(slices.Clip(texts), negative)
	}
	tellNotation(ui, texts)
	told := map[string]bool{}
	for _, t := range texts {
		lost := e.Cut(t)
		if lost == "" || told[t] {
			continue
		}
		if told[t] = true; len(told) > 10 {
			ui.Warn("more texts are too long")
			return
		}
		ui.Warn(fmt.Sprintf("%.60q is too long: the pipeline takes %d tokens, and has not seen its end, %.200q", t, spec.Texts[0].Tokenizer.Length(), lost))
	}
}
