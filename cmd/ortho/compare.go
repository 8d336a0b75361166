package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/runner"
	"ortho/runner/compare"
	"ortho/runner/equality"
)

func newCompareCommand() *cli.Command {
	const sides, in, limits, out = "What is compared", "Input", "What counts as equal", "Output"
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "model", Aliases: []string{"m"}, Category: sides, DefaultText: bundled.Default, Usage: "a bundled `NAME`, a model folder, or an .onnx file; the first is the reference for those after it"},
		&cli.StringFlag{Name: "providers", Value: runner.CPU, Category: sides, Usage: "execution `PROVIDERS` of one model, such as cpu,openvino,cuda+cpu: the first is the reference (a + joins those of one session, in order of preference)"},
		&cli.StringSliceFlag{Name: "provider-option", Category: sides, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=0; may be repeated"},
		&cli.StringFlag{Name: "reference-optimization", Value: "all", Category: sides, Usage: "`HOW` ONNX Runtime optimises the reference's graph: all, as it is used, or none, node by node as the file says"},
		&cli.IntFlag{Name: "threads", Category: sides, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run"},
		&cli.IntFlag{Name: "batch", Category: sides, DefaultText: "1, or what a graph fixes", Usage: "rows of one run"},
		libraryFlag(),

		&cli.StringFlag{Name: "input", Category: in, Usage: "instead of images: `WHAT` is fed: FILE.npz (arrays by the inputs' names), FILE.npy or synthetic"},
		&cli.StringSliceFlag{Name: "dim", Category: in, Usage: "`NAME=N`: the size of a symbolic dimension other than the batch, of synthetic values; may be repeated"},
		&cli.Uint64Flag{Name: "seed", Value: 1, Category: in, Usage: "of synthetic values: `N`"},
		&cli.IntFlag{Name: "rows", Value: 16, Category: in, Usage: "of synthetic values: `N`"},
		&cli.Int64Flag{Name: "max-pixels", Value: 100_000_000, Category: in, Usage: "refuse images of more than `N` pixels before decoding them"},
		decodeFlag(),

		&cli.StringFlag{Name: "tolerance", Category: limits, DefaultText: "the coarser of the two graphs'", Usage: "what outputs may differ by, by the `PRECISION` computed in: " + strings.Join(precisions(), ", ")},
		&cli.Float64Flag{Name: "max-abs", Category: limits, Usage: "in place of the tolerance: the largest difference of an element may be `X`"},
		&cli.Float64Flag{Name: "max-rel", Category: limits, Usage: "in place of the tolerance: the largest |difference| / max(|reference|, RMS / 1024) may be `X`"},
		&cli.Float64Flag{Name: "min-cosine", Category: limits, Usage: "in place of the tolerance: the cosine of each output with the reference's is at least `X`"},
		&cli.Float64Flag{Name: "min-sqnr-db", Category: limits, Usage: "in place of the tolerance: the signal-to-noise ratio is at least `DB`"},
		&cli.Float64Flag{Name: "min-psnr-db", Category: limits, Usage: "in place of the tolerance: the PSNR of images is at least `DB`, by the output-range where it is stated, else the reference's own"},
		&cli.Float64Flag{Name: "min-ssim", Category: limits, Usage: "in place of the tolerance: the structural similarity (SSIM) of images is at least `X`"},
		&cli.Float64Flag{Name: "min-top1", Category: limits, Usage: "in place of the tolerance: the largest element is the same one, or a tie within the tolerance, in at least `SHARE` (0 to 1) of the rows"},

		&cli.BoolFlag{Name: "json", Category: out, Usage: "print one JSON document"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`: JSON where it ends in .json, else text"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file"},
		&cli.StringFlag{Name: "progress", Value: "auto", Category: out, Usage: "`WHEN` progress is shown: auto (on a terminal), always or never"},
	}
	for _, f := range modelFlags("") {
		switch f.Names()[0] {
		case "model", "labels", "activation", "output-name", // of no account for what a graph puts out
			"output-range", "latent-distribution", "class-input", "vocabulary", "text-length":
		default:
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:      "compare",
		Usage:     "say whether a model, or an execution provider, gives the outputs of a reference",
		ArgsUsage: "[SRC...]",
		Description: "Two models (-m A -m B: an export, a quantisation), or one model on several providers (-m A --providers\n" +
			"cpu,openvino), are run on the same inputs, and all their outputs compared: the largest absolute and relative\n" +
			"difference, cosine, signal-to-noise ratio (SQNR), top-1 agreement, PSNR and structural similarity (SSIM) of\n" +
			"images, and the first inputs that disagree. Any graph can be compared, with --input where it takes other than\n" +
			"one image.\n\n" +
			"SRC is what `ortho classify` takes. Each model gets an image by its own preprocessing; flags for it are for all\n" +
			"models. A generator that takes images of any size gets the middle of each, at most 256x256 pixels. Outputs, and the arrays of --input, are paired by name, or else by position. Synthetic floats are normal\n" +
			"(mean 0, deviation 1), int8 and uint8 take any value, wider integers are 0 or 1.\n\n" +
			"What may differ follows from the precision that the graphs compute in; the result says the rule. One or more of\n" +
			"the flags that say \"in place of the tolerance\" do just that. An input that no side can run\n" +
			"is told and left out; one that a single side can't run makes the verdict no.\n\n" +
			"Each side is a process of its own with the ONNX Runtime library that has its providers. The exit code is 0\n" +
			"where all are equal and 4 where one is not.",
		Flags:  flags,
		Action: compareAction,
	}
}

func precisions() []string {
	var names []string
	for _, p := range []equality.Precision{equality.Exact, equality.Float64, equality.Float32, equality.Float16, equality.BFloat16, equality.Int8} {
		names = append(names, string(p))
	}
	return names
}

// newRunArraysCommand is the process of a side.
func newRunArraysCommand() *cli.Command {
	return &cli.Command{
		Name:   "run-arrays",
		Hidden: true,
		Usage:  "run a graph on arrays in files; speaks JSON lines",
		Action: func(c *cli.Context) error { return compare.Serve(c.Context, c.App.Reader, c.App.Writer) },
	}
}

// compareOptions are the flags and arguments of compare.
type compareOptions struct {
	models          []string // what -m names; the first is the reference
	providers       []string // the entries of --providers; the first is the reference
	providerOptions []string
	library         string
	unoptimized     bool // the reference
	threads, batch  int  // 0: the default

	input  string
	dims   []string // NAME=N
	seed   uint64
	rows   int
	images *comparedImages // nil: none are named, or --input is given
	named  bool            // images are

	precision  equality.Precision // "": the graphs'
	thresholds compare.Thresholds
	out        reportOptions
}

// compareOptionsOf reads the flags, and says what is wrong with those that say what is
// compared and what counts as equal.
func compareOptionsOf(c *cli.Context) (*compareOptions, error) {
	o := &compareOptions{
		models: c.StringSlice("model"), providers: strings.Split(c.String("providers"), ","), providerOptions: c.StringSlice("provider-option"),
		library: c.String("onnxruntime"), threads: c.Int("threads"), batch: c.Int("batch"),
		input: c.String("input"), dims: c.StringSlice("dim"), seed: c.Uint64("seed"), rows: c.Int("rows"), named: c.Args().Present(),
		precision: equality.Precision(c.String("tolerance")),
		out:       reportOptionsOf(c),
	}
	if len(o.models) == 0 {
		o.models = []string{bundled.Default}
	}
	optimization := c.String("reference-optimization")
	o.unoptimized = optimization == "none"
	switch {
	case len(o.models) == 1 && len(o.providers) == 1:
		return nil, usagef("there is one side only: give another model (-m A -m B), or another provider (--providers cpu,openvino)")
	case len(o.models) > 1 && len(o.providers) > 1:
		return nil, usagef("compare either models or providers, not both at once")
	case max(len(o.models), len(o.providers)) > 16:
		return nil, usagef("at most 16 sides can be compared")
	case optimization != "all" && optimization != "none":
		return nil, usagef("--reference-optimization %q is neither all nor none", optimization)
	case o.batch < 0 || o.batch > 64:
		return nil, usagef("--batch %d: from 1 to 64", o.batch)
	case o.threads < 0 || o.threads > 4096:
		return nil, usagef("--threads %d: from 1 to 4096, or 0 for the default", o.threads)
	case o.precision != "" && !slices.Contains(precisions(), string(o.precision)):
		return nil, usagef("--tolerance %q is none of %s", o.precision, strings.Join(precisions(), ", "))
	}
	if len(o.models) > 1 {
		o.providers = slices.Repeat(o.providers, len(o.models))
	}
	return o, o.readThresholds(c)
}

// readThresholds reads what takes the place of the tolerance.
func (o *compareOptions) readThresholds(c *cli.Context) error {
	t := &o.thresholds
	for _, l := range []struct {
		name      string
		to        **float64
		low, high float64
	}{
		{"max-abs", &t.MaxAbs, 0, 1e300}, {"max-rel", &t.MaxRel, 0, 1e300},
		{"min-cosine", &t.MinCosine, -1, 1}, {"min-sqnr-db", &t.MinSQNR, -1e6, 1e6}, {"min-psnr-db", &t.MinPSNR, -1e6, 1e6},
		{"min-ssim", &t.MinSSIM, -1, 1}, {"min-top1", &t.MinTop1, 0, 1},
	} {
		if !c.IsSet(l.name) {
			continue
		}
		v := c.Float64(l.name)
		if !(v >= l.low && v <= l.high) {
			return usagef("--%s %v: from %g to %g", l.name, v, l.low, l.high)
		}
		*l.to = &v
	}
	return nil
}

func compareAction(c *cli.Context) error {
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, imagesRead(c))
	if err != nil {
		return err
	}
	o, err := compareOptionsOf(c)
	if err != nil {
		return err
	}
	if o.input == "" && o.named {
		if o.images, err = comparedImagesOf(c, reads); err != nil {
			return err
		}
	}
	var opened []*models.Model
	for _, name := range o.models {
		m, err := openForInput(c, name)
		if err != nil {
			return err
		}
		opened = append(opened, m)
	}
	var progress io.Writer
	if showProgress {
		progress = c.App.ErrWriter
	}
	folder, err := os.MkdirTemp("", "ortho-compare-")
	if err != nil {
		return fmt.Errorf("make a folder for arrays: %w", err)
	}
	defer os.RemoveAll(folder)
	sides, err := o.sidesOf(opened, folder)
	if err != nil {
		return err
	}
	to, err := openReport(o.out, c.App.Writer, reads)
	if err != nil {
		return err
	}
	report, err := sides.compare(c.Context, progress)
	if err == nil {
		err = to.write(report)
	}
	if err != nil {
		to.discard()
		return err
	}
	switch {
	case !report.Equal:
		return errVerdict
	case report.Input.Failed > 0:
		return errItems
	}
	return nil
}

// comparedSides are the sides of a comparison, and what they are made of.
type comparedSides struct {
	*compareOptions
	opened []*models.Model // one, or one for each side
	plan   *compare.Plan
	folder string // for files
}

// model is the one of a side.
func (s *comparedSides) model(side int) *models.Model { return s.opened[min(side, len(s.opened)-1)] }

// sidesOf settles what each side runs.
func (o *compareOptions) sidesOf(opened []*models.Model, folder string) (*comparedSides, error) {
	for _, option := range o.providerOptions {
		name, _, _ := strings.Cut(option, ".")
		if !slices.ContainsFunc(o.providers, func(e string) bool {
			return slices.ContainsFunc(strings.Split(e, "+"), func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), name) })
		}) {
			return nil, usagef("provider option %q: provider %s is not among --providers", option, name)
		}
	}
	s := &comparedSides{compareOptions: o, opened: opened, folder: folder}
	files := map[*models.Model]string{}
	for i, m := range opened {
		own := filepath.Join(folder, fmt.Sprintf("model-%d", i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for the model: %w", err)
		}
		file, err := graphFile(m, own)
		if err != nil {
			return nil, err
		}
		files[m] = file
	}
	var sides []compare.Side
	for i, entry := range o.providers {
		providers, err := runner.ParseJoined(entry, o.providerOptions)
		if err != nil {
			return nil, usageError{err}
		}
		o.providers[i] = strings.ToLower(strings.ReplaceAll(entry, " ", ""))
		m := s.model(i)
		name := o.providers[i]
		if len(opened) > 1 {
			name = m.Name
		}
		sides = append(sides, compare.Side{Name: name, Model: files[m], Graph: m.Graph, Spans: spansOf(m),
			Options: runner.Options{Library: o.library, Providers: providers, Threads: o.threads, Unoptimized: i == 0 && o.unoptimized}})
	}
	var err error
	s.plan, err = compare.NewPlan(sides, o.batch, o.precision)
	var batch *compare.BatchError
	switch {
	case errors.As(err, &batch) && batch.Fixed == 0:
		return nil, fmt.Errorf("--batch %d can't be used: %s has no batch dimension", batch.Wanted, batch.Side)
	case errors.As(err, &batch):
		return nil, fmt.Errorf("%s takes batches of exactly %d: --batch %d can't be used", batch.Side, batch.Fixed, batch.Wanted)
	}
	return s, err
}

// spansOf tells how far black and white lie apart in a generator's image, where that is
// stated.
func spansOf(m *models.Model) map[string]float64 {
	spec, err := m.Generator()
	if err != nil {
		return nil
	}
	return map[string]float64{spec.Output.Name: math.Abs(spec.Output.Range[1] - spec.Output.Range[0])}
}

// compare compares all inputs. Progress is shown on a writer that is not nil.
func (s *comparedSides) compare(ctx context.Context, progress io.Writer) (*pages.Comparison, error) {
	in, err := s.inputs()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start processes of ortho: %w", err)
	}
	command := func() *exec.Cmd { return exec.Command(self, "run-arrays") }
	running, err := compare.Open(ctx, s.plan, command, s.folder)
	if err != nil {
		return nil, err
	}
	defer running.Close()
	var bar *term.Progress
	if progress != nil && s.images != nil {
		bar = term.NewProgress(progress, "images", 0, 0, s.images.count)
		defer bar.End()
	}
	done := 0
	for chunk, err := range in.chunks(ctx, running.Room) {
		if err == nil && len(chunk.Names) > 0 {
			err = running.Add(ctx, chunk)
		}
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if err == nil {
			done += len(chunk.Names)
			for range chunk.Names {
				bar.Step(false)
			}
		}
	}
	bar.End()
	if err := ctx.Err(); err != nil {
		slog.Warn(fmt.Sprintf("interrupted after %d inputs: there is no verdict", done))
		return nil, err
	}
	return s.report(running, in)
}
