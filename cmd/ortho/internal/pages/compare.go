package pages

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/evaluate"
	"ortho/runner/compare"
	"ortho/runner/equality"
)

// Comparison is what compare prints; its JSON is an output format.
type Comparison struct {
	Kind       string            `json:"kind"`   // "ortho compare"
	Format     int               `json:"format"` // of this document
	Ortho      string            `json:"ortho"`
	Equal      bool              `json:"equal"`
	Repeats    *bool             `json:"reference_repeats_itself,omitempty"` // nil: nobody looked, since no output differs
	LeftOut    []string          `json:"outputs_left_out,omitempty"`         // that can't be compared, by side
	Input      ComparedInput     `json:"input"`
	Reference  ComparedSide      `json:"reference"`
	Candidates []Candidate       `json:"candidates"`
	Failures   []compare.Failure `json:"failures"` // the first 1000 of images and runs
}

type ComparedInput struct {
	Source string           `json:"source"` // images, npz or synthetic
	Seed   *uint64          `json:"seed,omitempty"`
	Dims   map[string]int64 `json:"dims,omitempty"`
	Batch  int              `json:"batch"`
	Failed int              `json:"failed"` // images that can't be read, and inputs that no side can run
	// PassedOver are the files that are no images, by ending: see [source.Passed].
	PassedOver map[string]int64 `json:"passed_over,omitempty"`
}

type ComparedSide struct {
	Name      string `json:"name"`
	Model     string `json:"model"`
	SHA256    string `json:"sha256"`
	Providers string `json:"providers"`
	compare.Opened
}

type Candidate struct {
	ComparedSide
	compare.Result
	Precision  equality.Precision  `json:"precision"`
	Tolerance  string              `json:"tolerance"` // the rule in words
	Thresholds *compare.Thresholds `json:"thresholds,omitempty"`
	// Top1 is by output, with a 95 % interval (Wilson); ties count as agreement.
	Top1 map[string]*evaluate.Rate `json:"top1,omitempty"`
}

// Print prints the result for people.
func (r *Comparison) Print(w io.Writer) error {
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
		line("candidate", "%s", c.ComparedSide.describe())
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
		for _, o := range c.Outputs {
			if text := o.Notice(); text != "" {
				line("note", "output %s: %s", o.Name, text)
			}
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

func (s ComparedSide) describe() string {
	text := fmt.Sprintf("%s on %s, ONNX Runtime %s (%s)", s.Model, s.Providers, s.Version, s.Flavor)
	if s.Optimization == "none" {
		text += ", graph not optimised"
	}
	for _, note := range s.Notes() {
		text += "; " + note
	}
	return text
}

func (c *Candidate) table() *grid.Table {
	t := grid.New(grid.Text("output"), grid.Number("rows"), grid.Number("max abs / rel").Optional(), grid.Number("cosine").Optional(), grid.Number("SQNR dB").Optional(),
		grid.Number("PSNR dB").Optional(), grid.Number("SSIM").Optional(), grid.Number("top-1").Optional(), grid.Text("equal"))
	for _, o := range c.Outputs {
		largest := grid.Absent
		if o.MaxAbs != nil || o.MaxRel != nil {
			largest = significant(o.MaxAbs, 3) + " / " + significant(o.MaxRel, 3)
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
		t.Row(term.Clean(o.Name+" "+o.Type), o.Rows, largest, significant(o.Cosine, 7), significant(o.SQNR, 4), significant(o.PSNR, 4), similarity(o.SSIM), top, equal)
	}
	return t
}

// significant shows as many significant digits, or that the value is not known.
func significant(v *float64, digits int) string {
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
	mean, worst := significant(&s.Mean, 4), significant(&s.Worst, 4)
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

// list names the first inputs that disagree.
func (c *Candidate) list(line func(key, format string, args ...any)) {
	for _, o := range c.Outputs {
		if strings.Contains(similarity(o.SSIM), "(") {
			line("worst", "%s: SSIM %s of output %s", o.Worst, significant(&o.SSIM.Worst, 4), o.Name)
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
