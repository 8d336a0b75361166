package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/models/bundled"
	"ortho/runner"
	"ortho/runner/compare"
	"ortho/runner/equality"
)

// compareOptions is what the flags of compare say.
type compareOptions struct {
	sides    comparedSides
	library  flags.Library
	custom   flags.CustomOps
	values   comparedValues
	pixels   flags.MaxPixels
	jpegs    flags.JPEGs
	limits   *comparedLimits
	document comparedDocument
	progress flags.Progress
	read     flags.Overrides
	images   flags.Images
}

// comparedSides are the flags that say what is compared.
type comparedSides struct {
	models         []string            // what -m names; the first is the reference
	providers      []comparedProviders // as many as sides; the first is the reference's
	unoptimized    bool                // the reference
	threads, batch int                 // 0: the default

	named, options        []string
	entries, optimization string
}

// comparedProviders are those of one side.
type comparedProviders struct {
	entry     string // of --providers, without its spaces
	providers []runner.Provider
}

func (s *comparedSides) Flags() []cli.Flag {
	const sides = "What is compared"
	return []cli.Flag{
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "model", Aliases: []string{"m"}, Category: sides, DefaultText: bundled.Default, Usage: "a bundled `NAME`, a model folder, or an .onnx file; the first is the reference for those after it"}, Values: &s.named},
		&cli.StringFlag{Name: "providers", Value: runner.CPU, Category: sides, Usage: "execution `PROVIDERS` of one model, such as cpu,openvino,cuda+cpu: the first is the reference (a + joins those of one session, in order of preference)", Destination: &s.entries},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "provider-option", Category: sides, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=0; may be repeated"}, Values: &s.options},
		&cli.StringFlag{Name: "reference-optimization", Value: "all", Category: sides, Usage: "`HOW` ONNX Runtime optimises the reference's graph: all, as it is used, or none, node by node as the file says", Destination: &s.optimization},
		&cli.IntFlag{Name: "threads", Category: sides, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run", Destination: &s.threads},
		&cli.IntFlag{Name: "batch", Category: sides, DefaultText: "1, or what a graph fixes", Usage: "rows of one run", Destination: &s.batch},
	}
}

func (s *comparedSides) Read(*flags.Call) error {
	if s.models = s.named; len(s.models) == 0 {
		s.models = []string{bundled.Default}
	}
	s.unoptimized = s.optimization == "none"
	entries := strings.Split(s.entries, ",")
	switch {
	case len(s.models) == 1 && len(entries) == 1:
		return commandline.Usagef("there is one side only: give another model (-m A -m B), or another provider (--providers cpu,openvino)")
	case len(s.models) > 1 && len(entries) > 1:
		return commandline.Usagef("compare either models or providers, not both at once")
	case max(len(s.models), len(entries)) > 16:
		return commandline.Usagef("at most 16 sides can be compared")
	case s.optimization != "all" && s.optimization != "none":
		return commandline.Usagef("--reference-optimization %q is neither all nor none", s.optimization)
	case s.batch < 0 || s.batch > 64:
		return commandline.Usagef("--batch %d: from 1 to 64", s.batch)
	case s.threads < 0 || s.threads > 4096:
		return commandline.Usagef("--threads %d: from 1 to 4096, or 0 for the default", s.threads)
	}
	return s.readProviders(entries)
}

func (s *comparedSides) readProviders(entries []string) error {
	options := s.options
	for _, option := range options {
		name, _, _ := strings.Cut(option, ".")
		if !slices.ContainsFunc(entries, func(e string) bool {
			return slices.ContainsFunc(strings.Split(e, "+"), func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), name) })
		}) {
			return commandline.Usagef("provider option %q: provider %s is not among --providers", option, name)
		}
	}
	for _, entry := range entries {
		providers, err := runner.ParseJoined(entry, options)
		if err != nil {
			return commandline.Usage(err)
		}
		s.providers = append(s.providers, comparedProviders{strings.ToLower(strings.ReplaceAll(entry, " ", "")), providers})
	}
	if len(s.models) > 1 {
		s.providers = slices.Repeat(s.providers, len(s.models))
	}
	return nil
}

// comparedValues are the flags that state inputs other than images.
type comparedValues struct {
	what string           // .npz, .npy or "synthetic"; "": images are fed
	dims map[string]int64 // of synthetic values, as rows and seed
	rows int
	seed uint64

	sizes []string
}

func (v *comparedValues) Flags() []cli.Flag {
	const in = "Input"
	return []cli.Flag{
		&cli.StringFlag{Name: "input", Category: in, Usage: "instead of images: `WHAT` is fed: FILE.npz (arrays by the inputs' names), FILE.npy or synthetic", Destination: &v.what},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "dim", Category: in, Usage: "`NAME=N`: the size of a symbolic dimension other than the batch, of synthetic values; may be repeated"}, Values: &v.sizes},
		&cli.Uint64Flag{Name: "seed", Value: 1, Category: in, Usage: "of synthetic values: `N`", Destination: &v.seed},
		&cli.IntFlag{Name: "rows", Value: 16, Category: in, Usage: "of synthetic values: `N`", Destination: &v.rows},
	}
}

func (v *comparedValues) Read(call *flags.Call) (err error) {
	images := len(call.Args) > 0
	if v.dims, err = flags.Dims(v.sizes); err != nil {
		return err
	}
	switch {
	case v.what == "" && !images:
		return commandline.Usagef("nothing to compare on: give images, or --input FILE.npz or synthetic")
	case v.what != "" && images:
		return commandline.Usagef("give either images or --input")
	case !v.synthetic() && len(v.dims) > 0:
		return commandline.Usagef("--dim is for --input synthetic")
	case v.synthetic() && (v.rows < 1 || v.rows > 1_000_000):
		return commandline.Usagef("--rows %d: from 1 to 1000000", v.rows)
	}
	return nil
}

func (v *comparedValues) synthetic() bool { return v.what == "synthetic" }

// comparedLimits are the flags that say what counts as equal.
type comparedLimits struct {
	precision  equality.Precision // "": the graphs'
	thresholds compare.Thresholds

	tolerance string
	each      []comparedLimit
}

// comparedLimit is a flag that replaces the tolerance.
type comparedLimit struct {
	name, usage string
	low, high   float64 // of its values
	value       float64
	to          **float64 // set where it is given
}

func newComparedLimits() *comparedLimits {
	l := &comparedLimits{}
	t := &l.thresholds
	l.each = []comparedLimit{
		{name: "max-abs", usage: "the largest difference of an element may be `X`", high: 1e300, to: &t.MaxAbs},
		{name: "max-rel", usage: "the largest |difference| / max(|reference|, RMS / 1024) may be `X`", high: 1e300, to: &t.MaxRel},
		{name: "min-cosine", usage: "the cosine of each output with the reference's is at least `X`", low: -1, high: 1, to: &t.MinCosine},
		{name: "min-sqnr-db", usage: "the signal-to-noise ratio is at least `DB`", low: -1e6, high: 1e6, to: &t.MinSQNR},
		{name: "min-psnr-db", usage: "the PSNR of images is at least `DB`, by the output-range where it is stated, else the reference's own", low: -1e6, high: 1e6, to: &t.MinPSNR},
		{name: "min-ssim", usage: "the structural similarity (SSIM) of images is at least `X`", low: -1, high: 1, to: &t.MinSSIM},
		{name: "min-top1", usage: "the largest element is the same one, or a tie within the tolerance, in at least `SHARE` (0 to 1) of the rows", high: 1, to: &t.MinTop1},
	}
	return l
}

func (l *comparedLimits) Flags() []cli.Flag {
	const category = "What counts as equal"
	all := []cli.Flag{
		&cli.StringFlag{Name: "tolerance", Category: category, DefaultText: "the coarser of the two graphs'", Usage: "what outputs may differ by, by the `PRECISION` computed in: " + strings.Join(precisions(), ", "), Destination: &l.tolerance},
	}
	for i := range l.each {
		one := &l.each[i]
		all = append(all, &cli.Float64Flag{Name: one.name, Category: category, Usage: "in place of the tolerance: " + one.usage, Destination: &one.value})
	}
	return all
}

func (l *comparedLimits) Read(call *flags.Call) error {
	if l.tolerance != "" {
		if err := commandline.OneOf("tolerance", l.tolerance, precisions()...); err != nil {
			return err
		}
	}
	l.precision = equality.Precision(l.tolerance)
	for i := range l.each {
		one := &l.each[i]
		switch {
		case !call.Given(one.name):
		case !(one.value >= one.low && one.value <= one.high):
			return commandline.Usagef("--%s %v: from %g to %g", one.name, one.value, one.low, one.high)
		default:
			*one.to = &one.value
		}
	}
	return nil
}

func precisions() []string {
	var names []string
	for _, p := range []equality.Precision{equality.Exact, equality.Float64, equality.Float32, equality.Float16, equality.BFloat16, equality.Int8} {
		names = append(names, string(p))
	}
	return names
}

// comparedDocument are the flags that say where the result goes, for people or, as JSON,
// for programs.
type comparedDocument struct {
	json, overwrite bool
	file            string // "", "-": standard output
}

func (d *comparedDocument) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Category: out, Usage: "print one JSON document", Destination: &d.json},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`: JSON where it ends in .json, else text", Destination: &d.file},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file", Destination: &d.overwrite},
	}
}

func (d *comparedDocument) Read(call *flags.Call) error {
	if d.file == "" && call.Given("output") {
		return commandline.Usagef("--output names no file (- is standard output)")
	}
	d.json = d.json || strings.EqualFold(filepath.Ext(d.file), ".json")
	kind := output.Text
	if d.json {
		kind = output.JSON
	}
	return flags.Fits("output", d.file, kind)
}

// write writes the document to its file or to standard output.
func (d *comparedDocument) write(w io.Writer, found *pages.Comparison) (err error) {
	if d.json {
		err = pages.WriteJSON(w, found)
	} else {
		err = found.Print(w)
	}
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}
