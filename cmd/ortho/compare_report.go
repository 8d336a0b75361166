package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/evaluate"
	"ortho/runner/compare"
	"ortho/runner/equality"
)

// comparison is what compare prints; its JSON is an output format.
type comparison struct {
	Kind       string            `json:"kind"`   // "ortho compare"
	Format     int               `json:"format"` // of this document
	Ortho      string            `json:"ortho"`
	Equal      bool              `json:"equal"`
	Input      comparedInput     `json:"input"`
	Reference  comparedSide      `json:"reference"`
	Candidates []candidate       `json:"candidates"`
	Failures   []compare.Failure `json:"failures"` // the first 1000 of images and runs
}

type comparedInput struct {
	Source string           `json:"source"` // images, npz or synthetic
	Seed   *uint64          `json:"seed,omitempty"`
	Dims   map[string]int64 `json:"dims,omitempty"`
	Batch  int              `json:"batch"`
	Failed int              `json:"failed"` // images that can't be read, and inputs that no side can run
}

type comparedSide struct {
	Name         string `json:"name"`
	Model        string `json:"model"`
	SHA256       string `json:"sha256"`
	Providers    string `json:"providers"`
	Optimization string `json:"graph_optimization"`
	compare.Opened
}

type candidate struct {
	comparedSide
	compare.Result
	Precision  equality.Precision  `json:"precision"`
	Tolerance  string              `json:"tolerance"` // the rule in words
	Thresholds *compare.Thresholds `json:"thresholds,omitempty"`
	// Top1 is by output, with a 95 % interval (Wilson); ties count as agreement.
	Top1 map[string]*evaluate.Rate `json:"top1,omitempty"`
}

// report gathers what was found.
func (s *comparedSides) report(running *compare.Comparison, in *comparedInputs) (*comparison, error) {
	failed, failures := running.Failed()
	r := &comparison{Kind: "ortho compare", Format: 1, Ortho: build.Version(), Equal: true,
		Input:    comparedInput{Source: "images", Batch: s.plan.Batch, Failed: failed + in.nfail},
		Failures: append([]compare.Failure{}, append(in.failed, failures...)...)}
	if in.set != nil {
		r.Input.Source, r.Input.Dims = in.set.Source, in.set.Dims
		if in.set.Source == "synthetic" {
			r.Input.Seed = &in.set.Seed
		}
	}
	sideOf := func(i int) (comparedSide, error) {
		m := s.model(i)
		digest, err := modelDigest(m)
		side := comparedSide{Name: s.plan.Sides[i].Name, Model: m.Name, SHA256: digest, Providers: s.providers[i], Optimization: "all", Opened: running.Opened(i)}
		if s.plan.Sides[i].Options.Unoptimized {
			side.Optimization = "none"
		}
		return side, err
	}
	var err error
	if r.Reference, err = sideOf(0); err != nil {
		return nil, err
	}
	for i, found := range running.Results(s.thresholds) {
		if found.Rows == 0 {
			if len(r.Failures) > 0 {
				first := r.Failures[0]
				return nil, fmt.Errorf("nothing could be compared with %s: %d inputs failed, such as %s: %s", found.Side, max(1, r.Input.Failed+found.FailedAlone), first.Input, first.Error)
			}
			return nil, fmt.Errorf("nothing could be compared with %s: there are no inputs", found.Side)
		}
		c := candidate{Result: found, Precision: s.plan.Tolerances[i].Precision, Tolerance: s.plan.Tolerances[i].String(), Top1: map[string]*evaluate.Rate{}}
		if c.comparedSide, err = sideOf(i + 1); err != nil {
			return nil, err
		}
		if s.thresholds.Any() {
			c.Thresholds = &s.thresholds
		}
		for _, o := range found.Outputs {
			if o.Top1 != nil {
				agreed := o.Top1.Same + o.Top1.Ties
				c.Top1[o.Name] = evaluate.NewRate(agreed, agreed+o.Top1.Differ)
			}
		}
		r.Equal = r.Equal && found.Equal
		r.Candidates = append(r.Candidates, c)
	}
	return r, nil
}

func (r *comparison) encode(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// print writes it for people.
func (r *comparison) print(w io.Writer) error {
	var b strings.Builder
	line := func(key, format string, args ...any) {
		fmt.Fprintln(&b, grid.Sentence(w, fmt.Sprintf("%-10s ", key), term.Clean(fmt.Sprintf(format, args...))))
	}
	line("reference", "%s", r.Reference.describe())
	for _, c := range r.Candidates {
		verdict := "equal"
		if !c.Equal {
			verdict = "NOT EQUAL: " + c.Reason
		}
		line("candidate", "%s", c.comparedSide.describe())
		line("verdict", "%s", verdict)
		if c.Thresholds != nil {
			line("rule", "%s", c.Thresholds.String())
		} else {
			line("rule", "%s: %s", c.Precision, c.Tolerance)
		}
		line("inputs", "%d rows of %s compared, %d failed, batch %d", c.Rows, r.Input.Source, r.Input.Failed+c.FailedAlone, r.Input.Batch)
		if c.Notice != "" {
			line("note", "%s", c.Notice)
		}
		b.WriteString(c.table().Draw(grid.Width(w)) + "\n")
		c.list(line)
	}
	for i, f := range r.Failures {
		if i == 10 {
			line("and", "%d further failures (--json lists them)", len(r.Failures)-i)
			break
		}
		if f.Side != "" {
			f.Input += " on " + f.Side
		}
		line("failed", "%s: %s", f.Input, f.Error)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s comparedSide) describe() string {
	text := fmt.Sprintf("%s on %s, ONNX Runtime %s (%s)", s.Model, s.Providers, s.Version, s.Flavor)
	if s.Optimization == "none" {
		text += ", graph not optimised"
	}
	return text
}

func (c *candidate) table() *grid.Table {
	t := grid.New(grid.Text("output"), grid.Number("rows"), grid.Number("max abs / rel").Optional(), grid.Number("cosine").Optional(), grid.Number("SQNR dB").Optional(),
		grid.Number("PSNR dB").Optional(), grid.Number("SSIM").Optional(), grid.Number("top-1").Optional(), grid.Text("equal"))
	for _, o := range c.Outputs {
		largest := grid.Absent
		if o.MaxAbs != nil || o.MaxRel != nil {
			largest = figure(o.MaxAbs, 3) + " / " + figure(o.MaxRel, 3)
		}
		top := grid.Absent
		if o.Top1 != nil {
			i := c.Top1[o.Name]
			top = fmt.Sprintf("%.2f %% (%.1f-%.1f)", 100*o.Top1.Agreement, 100*i.Low, 100*i.High)
		}
		equal := "yes"
		switch {
		case o.Exact:
			equal = "exact"
		case !o.Within:
			equal = "no"
		}
		t.Row(term.Clean(o.Name+" "+o.Type), o.Rows, largest, figure(o.Cosine, 7), figure(o.SQNR, 4), figure(o.PSNR, 4), similarity(o.SSIM), top, equal)
	}
	return t
}

// figure shows digits significant digits, or that it is not known.
func figure(v *float64, digits int) string {
	if v == nil {
		return grid.Absent
	}
	return strconv.FormatFloat(*v, 'g', digits, 64)
}

// similarity shows the mean and, where it is another, the worst row's in brackets.
func similarity(s *equality.SSIM) string {
	if s == nil {
		return grid.Absent
	}
	mean, worst := figure(&s.Mean, 4), figure(&s.Worst, 4)
	if worst == mean {
		return mean
	}
	return mean + " (" + worst + ")"
}

// index shows the place of a row's largest element; a row of NaN has none.
func index(i int) string {
	if i < 0 {
		return "none"
	}
	return strconv.Itoa(i)
}

// list tells the first inputs that disagree.
func (c *candidate) list(line func(key, format string, args ...any)) {
	for _, o := range c.Outputs {
		if strings.Contains(similarity(o.SSIM), "(") {
			line("worst", "%s: SSIM %s of output %s", o.Worst, figure(&o.SSIM.Worst, 4), o.Name)
		}
		for i, row := range o.First {
			text := fmt.Sprintf("%s: output %s, element %d is %s, the reference's %s", o.Inputs[i], o.Name, row.Element, row.Got, row.Want)
			if row.Top1 != nil {
				text += fmt.Sprintf("; the largest element is %s, the reference's %s", index(row.Top1[1]), index(row.Top1[0]))
			}
			line("differs", "%s", text)
		}
		if more := o.Beyond - len(o.First); more > 0 {
			line("differs", "and %d further rows of output %s are beyond the tolerance of %s", more, o.Name, c.Precision)
		}
	}
}

// reportOptions say where the report goes.
type reportOptions struct {
	json, overwrite bool
	name            string // "" or "-": standard output
	named           bool
}

func reportOptionsOf(c *cli.Context) reportOptions {
	return reportOptions{json: c.Bool("json"), overwrite: c.Bool("overwrite"), name: c.String("output"), named: c.IsSet("output")}
}

// reportFile is where the report goes.
type reportFile struct {
	w    io.Writer
	file *output.File // nil: standard output
	json bool
}

func openReport(o reportOptions, stdout io.Writer, reads *output.Reads) (*reportFile, error) {
	name := o.name
	r := &reportFile{w: stdout, json: o.json || strings.EqualFold(filepath.Ext(name), ".json")}
	if name == "" || name == "-" {
		if o.named && name == "" {
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
	file, err := reads.Create(name, o.overwrite)
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
