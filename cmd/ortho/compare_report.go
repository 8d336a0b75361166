package main

import (
	"context"
	"fmt"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/models/evaluate"
	"ortho/runner/compare"
)

// report gathers what was found.
func (c *comparison) report(ctx context.Context, running *compare.Comparison, in *comparedInputs) (*pages.Comparison, error) {
	failed, failures := running.Failed()
	r := &pages.Comparison{Kind: "ortho compare", Format: 1, Ortho: build.Version(), Equal: true,
		Input:    pages.ComparedInput{Source: "images", Batch: c.plan.Batch, Failed: failed + in.nfail},
		Failures: append([]compare.Failure{}, append(in.failed, failures...)...)}
	if in.set != nil {
		r.Input.Source, r.Input.Dims = in.set.Source, in.set.Dims
		if in.set.Source == "synthetic" {
			r.Input.Seed = &in.set.Seed
		}
	}
	sideOf := func(i int) (pages.ComparedSide, error) {
		m := c.model(i)
		digest, err := m.Digest(ctx)
		side := pages.ComparedSide{Name: c.plan.Sides[i].Name, Model: m.Name, SHA256: digest, Providers: c.sides.providers[i].entry, Optimization: "all", Opened: running.Opened(i)}
		if c.plan.Sides[i].Options.Unoptimized {
			side.Optimization = "none"
		}
		return side, err
	}
	var err error
	if r.Reference, err = sideOf(0); err != nil {
		return nil, err
	}
	for i, found := range running.Results(c.limits.thresholds) {
		if found.Rows == 0 {
			if len(r.Failures) > 0 {
				first := r.Failures[0]
				return nil, fmt.Errorf("nothing could be compared with %s: %d inputs failed, such as %s: %s", found.Side, max(1, r.Input.Failed+found.FailedAlone), first.Input, first.Error)
			}
			return nil, fmt.Errorf("nothing could be compared with %s: there are no inputs", found.Side)
		}
		one := pages.Candidate{Result: found, Precision: c.plan.Tolerances[i].Precision, Tolerance: c.plan.Tolerances[i].String(), Top1: map[string]*evaluate.Rate{}}
		if one.ComparedSide, err = sideOf(i + 1); err != nil {
			return nil, err
		}
		if c.limits.thresholds.Any() {
			one.Thresholds = &c.limits.thresholds
		}
		for _, o := range found.Outputs {
			if o.Top1 != nil {
				agreed := o.Top1.Same + o.Top1.Ties
				one.Top1[o.Name] = evaluate.NewRate(agreed, agreed+o.Top1.Differ)
			}
		}
		r.Equal = r.Equal && found.Equal
		r.Candidates = append(r.Candidates, one)
	}
	return r, nil
}
