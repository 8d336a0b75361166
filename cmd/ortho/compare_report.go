package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/models/evaluate"
	"ortho/runner/compare"
)

// report gathers what was found.
func (s *comparedSides) report(running *compare.Comparison, in *comparedInputs) (*pages.Comparison, error) {
	failed, failures := running.Failed()
	r := &pages.Comparison{Kind: "ortho compare", Format: 1, Ortho: build.Version(), Equal: true,
		Input:    pages.ComparedInput{Source: "images", Batch: s.plan.Batch, Failed: failed + in.nfail},
		Failures: append([]compare.Failure{}, append(in.failed, failures...)...)}
	if in.set != nil {
		r.Input.Source, r.Input.Dims = in.set.Source, in.set.Dims
		if in.set.Source == "synthetic" {
			r.Input.Seed = &in.set.Seed
		}
	}
	sideOf := func(i int) (pages.ComparedSide, error) {
		m := s.model(i)
		digest, err := modelDigest(m)
		side := pages.ComparedSide{Name: s.plan.Sides[i].Name, Model: m.Name, SHA256: digest, Providers: s.providers[i], Optimization: "all", Opened: running.Opened(i)}
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
		c := pages.Candidate{Result: found, Precision: s.plan.Tolerances[i].Precision, Tolerance: s.plan.Tolerances[i].String(), Top1: map[string]*evaluate.Rate{}}
		if c.ComparedSide, err = sideOf(i + 1); err != nil {
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

func (r *reportFile) write(report *pages.Comparison) error {
	print := report.Print
	if r.json {
		print = func(w io.Writer) error { return pages.WriteJSON(w, report) }
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
