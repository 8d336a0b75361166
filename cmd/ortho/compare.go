package main

import (
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

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/runner"
	"ortho/runner/compare"
	"ortho/runner/equality"
	"ortho/runner/feed"
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

// contest is what a command line of compare asks for.
type contest struct {
	reads      *output.Reads
	models     []*models.Model // one, or one for each side
	sides      []compare.Side
	entries    []string // providers of each side
	batch      int
	tolerances []equality.Tolerance // of all sides but the first
	thresholds compare.Thresholds
}

// model is the one of a side.
func (t *contest) model(side int) *models.Model { return t.models[min(side, len(t.models)-1)] }

func compareAction(c *cli.Context) error {
	showProgress, err := progressWanted(c)
	if err != nil {
		return err
	}
	reads, err := protect(c, imagesRead(c))
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "ortho-compare-")
	if err != nil {
		return fmt.Errorf("make a folder for arrays: %w", err)
	}
	defer os.RemoveAll(folder)
	t, err := newContest(c, folder)
	if err != nil {
		return err
	}
	to, err := openReport(c, reads)
	if err != nil {
		return err
	}
	t.reads = reads
	report, err := t.run(c, folder, showProgress)
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

func newContest(c *cli.Context, folder string) (*contest, error) {
	t := &contest{entries: strings.Split(c.String("providers"), ",")}
	names := c.StringSlice("model")
	if len(names) == 0 {
		names = []string{bundled.Default}
	}
	optimization := c.String("reference-optimization")
	switch n := c.Int("batch"); {
	case len(names) == 1 && len(t.entries) == 1:
		return nil, usagef("there is one side only: give another model (-m A -m B), or another provider (--providers cpu,openvino)")
	case len(names) > 1 && len(t.entries) > 1:
		return nil, usagef("compare either models or providers, not both at once")
	case max(len(names), len(t.entries)) > 16:
		return nil, usagef("at most 16 sides can be compared")
	case optimization != "all" && optimization != "none":
		return nil, usagef("--reference-optimization %q is neither all nor none", optimization)
	case n < 0 || n > 64:
		return nil, usagef("--batch %d: from 1 to 64", n)
	case c.Int("threads") < 0 || c.Int("threads") > 4096:
		return nil, usagef("--threads %d: from 1 to 4096, or 0 for the default", c.Int("threads"))
	}
	if err := t.readLimits(c); err != nil {
		return nil, err
	}
	for _, name := range names {
		m, err := openForInput(c, name)
		if err != nil {
			return nil, err
		}
		t.models = append(t.models, m)
	}
	if len(names) > 1 {
		t.entries = slices.Repeat(t.entries, len(names))
	}
	if err := t.makeSides(c, folder); err != nil {
		return nil, err
	}
	t.sides[0].Options.Unoptimized = optimization == "none"
	return t, t.settleBatch(c.Int("batch"))
}

// makeSides settles what each side runs.
func (t *contest) makeSides(c *cli.Context, folder string) error {
	for _, o := range c.StringSlice("provider-option") {
		name, _, _ := strings.Cut(o, ".")
		if !slices.ContainsFunc(t.entries, func(e string) bool {
			return slices.ContainsFunc(strings.Split(e, "+"), func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), name) })
		}) {
			return usagef("provider option %q: provider %s is not among --providers", o, name)
		}
	}
	files := map[*models.Model]string{}
	for i, m := range t.models {
		own := filepath.Join(folder, fmt.Sprintf("model-%d", i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return fmt.Errorf("make a folder for the model: %w", err)
		}
		file, err := graphFile(m, own)
		if err != nil {
			return err
		}
		files[m] = file
	}
	for i, entry := range t.entries {
		providers, err := runner.ParseJoined(entry, c.StringSlice("provider-option"))
		if err != nil {
			return usageError{err}
		}
		t.entries[i] = strings.ToLower(strings.ReplaceAll(entry, " ", ""))
		m := t.model(i)
		name := t.entries[i]
		if len(t.models) > 1 {
			name = m.Name
		}
		same := 1
		for _, s := range t.sides {
			if base, _, _ := strings.Cut(s.Name, " ("); base == name {
				same++
			}
		}
		if same > 1 {
			name = fmt.Sprintf("%s (%d)", name, same)
		}
		t.sides = append(t.sides, compare.Side{Name: name, Model: files[m], Graph: m.Graph, Spans: spansOf(m),
			Options: runner.Options{Library: c.String("onnxruntime"), Providers: providers, Threads: c.Int("threads")}})
		if i > 0 && t.tolerances[i-1].Precision == "" {
			t.tolerances[i-1] = equality.Coarsest(equality.PrecisionOf(t.model(0).Graph), equality.PrecisionOf(m.Graph)).Tolerance()
		}
	}
	return nil
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

// settleBatch finds the rows of one run that all graphs take.
func (t *contest) settleBatch(wanted int) error {
	t.batch = max(1, wanted)
	fixedBy := ""
	for _, s := range t.sides {
		fixed, open := feed.BatchDim(s.Graph)
		switch {
		case open:
		case fixed == 0 && wanted > 1:
			return fmt.Errorf("--batch %d can't be used: %s has no batch dimension", wanted, s.Name)
		case fixed == 0:
		case fixed > 4096:
			return fmt.Errorf("%s takes batches of %d: more than 4096 are not compared", s.Name, fixed)
		case fixedBy != "" && int(fixed) != t.batch:
			return fmt.Errorf("%s takes batches of exactly %d and %s of %d: their runs can't be compared", fixedBy, t.batch, s.Name, fixed)
		case wanted > 0 && int(fixed) != wanted:
			return fmt.Errorf("%s takes batches of exactly %d: --batch %d can't be used", s.Name, fixed, wanted)
		default:
			t.batch, fixedBy = int(fixed), s.Name
		}
	}
	return nil
}

// readLimits reads the tolerance or what takes its place.
func (t *contest) readLimits(c *cli.Context) error {
	precision := equality.Precision(c.String("tolerance"))
	if precision != "" && !slices.Contains(precisions(), string(precision)) {
		return usagef("--tolerance %q is none of %s", precision, strings.Join(precisions(), ", "))
	}
	t.tolerances = make([]equality.Tolerance, max(len(c.StringSlice("model")), len(t.entries))-1)
	if precision != "" {
		for i := range t.tolerances {
			t.tolerances[i] = precision.Tolerance()
		}
	}
	for _, l := range []struct {
		name      string
		to        **float64
		low, high float64
	}{
		{"max-abs", &t.thresholds.MaxAbs, 0, 1e300}, {"max-rel", &t.thresholds.MaxRel, 0, 1e300},
		{"min-cosine", &t.thresholds.MinCosine, -1, 1}, {"min-sqnr-db", &t.thresholds.MinSQNR, -1e6, 1e6}, {"min-psnr-db", &t.thresholds.MinPSNR, -1e6, 1e6},
		{"min-ssim", &t.thresholds.MinSSIM, -1, 1}, {"min-top1", &t.thresholds.MinTop1, 0, 1},
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

// run compares all inputs.
func (t *contest) run(c *cli.Context, folder string, showProgress bool) (*comparison, error) {
	in, err := t.inputs(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start processes of ortho: %w", err)
	}
	command := func() *exec.Cmd { return exec.Command(self, "run-arrays") }
	running, err := compare.Open(c.Context, command, t.sides, t.batch, folder, t.tolerances)
	if err != nil {
		return nil, err
	}
	defer running.Close()
	var bar *term.Progress
	if showProgress && in.count != nil {
		bar = term.NewProgress(c.App.ErrWriter, "images", 0, 0, in.count)
		defer bar.End()
	}
	done := 0
	for chunk, err := range in.chunks(c.Context, running.Room) {
		if err == nil && len(chunk.Names) > 0 {
			err = running.Add(c.Context, chunk)
		}
		if err != nil && c.Context.Err() == nil {
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
	if err := c.Context.Err(); err != nil {
		slog.Warn(fmt.Sprintf("interrupted after %d inputs: there is no verdict", done))
		return nil, err
	}
	return t.report(running, in)
}

// reportFile is where the report goes.
type reportFile struct {
	w    io.Writer
	file *output.File // nil: standard output
	json bool
}

func openReport(c *cli.Context, reads *output.Reads) (*reportFile, error) {
	name := c.String("output")
	r := &reportFile{w: c.App.Writer, json: c.Bool("json") || strings.EqualFold(filepath.Ext(name), ".json")}
	if name == "" || name == "-" {
		if c.IsSet("output") && name == "" {
			return nil, usagef("--output names no file (- is standard output)")
		}
		return r, nil
	}
	kind := output.Text
	if r.json {
		kind = output.JSON
	}
	if err := fits("output", name, kind); err != nil {
		return nil, err
	}
	file, err := reads.Create(name, c.Bool("overwrite"))
	if err != nil {
		return nil, err
	}
	r.w, r.file = file, file
	return r, nil
}

func (r *reportFile) write(report *comparison) error {
	print := report.print
	if r.json {
		print = report.encode
	}
	if err := print(r.w); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Commit()
}

func (r *reportFile) discard() {
	if r.file != nil {
		r.file.Discard()
	}
}
