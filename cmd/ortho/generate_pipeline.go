package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/diffusion"
	"ortho/models/provenance"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// isPipeline tells whether a model's name is that of a pipeline's folder.
func isPipeline(name string) bool {
	return !slices.Contains(bundled.Names(), name) && models.IsPipeline(name)
}

// painter is the engine of a pipeline.
type painter struct {
	*diffusion.Pipeline
	pipeline *models.Pipeline
	model    record.Model
	shown    string // the preview that this run has written
	*painting
	run *generation
}

// Concurrency is 1: a pipeline makes one image at a time.
func (*painter) Concurrency() int { return 1 }

func (p *painter) record(settings record.Settings) (record.Record, error) {
	return recordedAs(settings, p.model, p.pipeline.Facts, p.Session()), nil
}

// generateOfPipeline makes pictures of prompts.
func generateOfPipeline(c *cli.Context) error {
	if err := checkPipelineFlags(c); err != nil {
		return err
	}
	options, err := generateOptions(c)
	if err != nil {
		return err
	}
	if err := checkPrompt(c); err != nil {
		return err
	}
	wish, err := readWish(c)
	if err != nil {
		return err
	}
	asked, err := readPainting(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, noFiles, rowsIn(c.String("output")))
	if err != nil {
		return err
	}
	g := &generation{c: c, options: options, reads: reads}
	switch {
	case c.IsSet("output"):
		if g.to, err = destinationOf(c, reads, wish.alone(), true); err != nil {
			return err
		}
	case !c.IsSet("grid"):
		return usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them")
	}
	p := &painter{painting: asked, run: g}
	if err := g.open(p.open); err != nil {
		return err
	}
	defer func() { // when no image is under way any more
		if p.shown != "" {
			os.Remove(p.shown)
		}
	}()
	defer g.close()
	plan, err := p.plan(wish)
	if err != nil {
		return g.abandon(err)
	}
	p.tell(wish.texts)
	return g.makeSamples(plan, "steps", p.samples)
}

// open opens the pipeline as the run's engine.
func (p *painter) open() (err error) {
	g, c := p.run, p.run.c
	if p.pipeline, err = models.OpenPipeline(c.String("model")); err != nil {
		return err
	}
	if p.request.PreviewEvery > 0 {
		if err := p.checkPreview(); err != nil {
			return err
		}
	}
	if err := g.protectFolder(source.Options{}); err != nil {
		return err
	}
	if p.Pipeline, err = diffusion.Open(c.Context, p.pipeline, diffusion.Options{Runner: g.options.Runner, LowMemory: c.Bool("low-memory")}); err != nil {
		return err
	}
	warnSkipped(p.Session())
	p.model, err = runner.Await(c.Context, func(context.Context) (record.Model, error) { return pipelineDigest(p.pipeline) })
	if err != nil {
		return errors.Join(err, p.Close())
	}
	g.engine, g.name, g.texts = p, p.pipeline.Name, modelChunks(p.pipeline.Name, p.model.SHA256, p.Session())
	return nil
}

// checkPreview refuses a preview that would take another file's place.
func (p *painter) checkPreview() error {
	g := p.run
	name := previewOf(g.to)
	for _, flag := range []string{"grid", "html"} {
		if g.c.IsSet(flag) && samePath(g.c.String(flag), name) {
			return usagef("--%s %s is where previews stand: give another name", flag, name)
		}
	}
	if _, err := g.reads.Check(name, g.mayReplace()); err != nil {
		return err
	}
	p.preview = name
	return nil
}

// samePath tells whether two names, of files that need not exist, are of one.
func samePath(a, b string) bool {
	realA, errA := output.RealPath(a)
	realB, errB := output.RealPath(b)
	return errA == nil && errB == nil && realA == realB
}

// pipelineDigest identifies a pipeline by all that its images follow from: its SHA-256 is
// that of a line for each file, the file's SHA-256, two spaces and its path within the
// folder, in the order of these paths' bytes. That is what sha256sum prints.
func pipelineDigest(p *models.Pipeline) (record.Model, error) {
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

// plan settles what the pipeline is to make.
func (p *painter) plan(w *wish) (*plan, error) {
	g := p.run
	all := w.newPlan(g.to)
	for _, t := range w.texts {
		all.subjects = append(all.subjects, subject{text: t})
	}
	if w.latents != "" {
		if err := all.readLatents(p.latentsOf); err != nil {
			return nil, err
		}
		all.each = len(all.latents)
	}
	one := p.request
	one.Prompt = w.texts[0]
	if all.latents != nil {
		one.Latents = all.latents[0]
	}
	one, err := p.Fill(one)
	if err != nil {
		return nil, usageError{err}
	}
	one.Prompt, one.Latents = "", nil
	p.request = one
	all.prompted = append(record.Settings{{Key: "texts' SHA-256", Value: digestOfTexts(w.texts)}}, p.settings()...)
	return all, all.settle(g, one.Width, one.Height)
}

// digestOfTexts is the SHA-256 of texts in order, each ended by NUL.
func digestOfTexts(texts []string) string {
	h := sha256.New()
	for _, t := range texts {
		io.WriteString(h, t+"\x00")
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// latentsOf takes an image a row of an array [n,channels,height,width], or one of
// [channels,height,width]. Where no size is given, it is theirs.
func (p *painter) latentsOf(a npz.Array) ([][]float32, error) {
	shape, channels, scale := a.Shape, int64(p.Spec().Denoiser.Latents), int64(p.Spec().Scale)
	if len(shape) == 3 {
		shape = append([]int64{1}, shape...)
	}
	r := &p.request
	if len(shape) != 4 || shape[0] < 1 || shape[1] != channels || shape[2] < 1 || shape[3] < 1 || shape[2] > math.MaxInt32 || shape[3] > math.MaxInt32 {
		return nil, fmt.Errorf("latents of shape %v: %s takes [n,%d,height/%d,width/%d]", a.Shape, p.pipeline.Name, channels, scale, scale)
	}
	height, width := int(shape[2]*scale), int(shape[3]*scale)
	switch {
	case r.Width == 0 && r.Image == nil:
		r.Width, r.Height = width, height
	case r.Width > 0 && (r.Width != width || r.Height != height):
		return nil, fmt.Errorf("latents of shape %v are of images of %dx%d pixels, and --size says %dx%d", a.Shape, width, height, r.Width, r.Height)
	}
	a, err := a.As(onnx.Float)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(a.Data)/4)
	if _, err := binary.Decode(a.Data, binary.LittleEndian, values); err != nil {
		return nil, err
	}
	for i, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("latents: number %d is %v", i, v)
		}
	}
	return slices.Collect(slices.Chunk(values, len(values)/int(shape[0]))), nil
}

// tell says what is in effect, and what of the texts is not.
func (p *painter) tell(texts []string) {
	r, c := p.request, p.run.c
	if c.String("progress") != "never" {
		slog.Info(fmt.Sprintf("%dx%d, %s, guidance %s, scheduler %s", r.Width, r.Height, term.Counted(int64(r.Steps), "step"), term.Decimal(*r.Guidance), r.Scheduler))
	}
	spec := p.Spec()
	embedded := spec.Consistency || spec.Denoiser.GuidanceCond != ""
	switch negative := valueOf(r.Negative); {
	case c.String("negative") != "" && embedded:
		slog.Warn("--negative has no effect: a latent consistency model takes the text alone")
	case c.String("negative") != "" && *r.Guidance <= 1:
		slog.Warn(fmt.Sprintf("--negative has no effect: guidance begins above 1, and it is %s", term.Decimal(*r.Guidance)))
	case negative != "" && !embedded && *r.Guidance > 1:
		texts = append(slices.Clip(texts), negative)
	}
	told := map[string]bool{}
	for _, t := range texts {
		lost := p.Cut(t)
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

// samples runs the requests of what is planned; they are answered in their order.
func (p *painter) samples(ctx context.Context, todo iter.Seq[planned]) iter.Seq[sampled] {
	return func(yield func(sampled) bool) {
		var under queue[planned]
		requests := func(yield func(diffusion.Request) bool) {
			for one := range todo {
				under.add(one)
				r := p.request
				r.Prompt, r.Seed, r.Latents, r.Step = one.request.Text, one.request.Seed, one.request.Latents, p.step
				if !yield(r) {
					return
				}
			}
		}
		for made := range p.Samples(ctx, requests) {
			one := under.next()
			one.made.Diffusion = p.provenance(made.Request).Diffusion
			if !yield(sampled{one, made.Image, made.Err}) {
				return
			}
		}
	}
}

// provenance is what an image of a request is made of.
func (p *painter) provenance(r diffusion.Request) provenance.Image {
	made := r.Provenance()
	made.ImageSHA256, made.MaskSHA256 = p.image, p.mask
	return made
}

// step counts a step, and has its preview appear.
func (p *painter) step(s diffusion.Step) {
	p.run.bar.Stepped(s.Of)
	if s.Preview == nil || p.preview == "" {
		return
	}
	err := writeFile(p.run.reads, p.preview, true, func(w io.Writer) error {
		return encode(w, s.Preview, preprocess.FileOptions{Format: preprocess.PNG})
	})
	if err != nil {
		slog.Warn(fmt.Sprintf("no more previews: %v", err))
		p.preview = ""
		return
	}
	p.shown = p.preview
}
