package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/runner/bench"
)

// rerun is what --rerun measures again; nil: nothing.
type rerun struct {
	name  string
	input string         // digest of what it was fed with
	best  bench.Config   // that was recommended
	top   []bench.Config // it, and the next best
}

const rerunCells = 3

// openRerun reads --rerun FILE, and has the plan hold its cells.
func openRerun(c *cli.Context, m *models.Model, plan *bench.Plan) (*rerun, error) {
	if !c.IsSet("rerun") {
		return nil, nil
	}
	name := c.String("rerun")
	f, err := bench.ReadFile(name)
	if err != nil {
		return nil, err
	}
	digest, err := modelDigest(m)
	switch {
	case err != nil:
		return nil, err
	case f.Verdict == nil || f.Verdict.Recommended == nil:
		return nil, fmt.Errorf("%s recommends no cell: there is nothing to measure again", name)
	case digest != f.Run.Model.SHA256:
		return nil, fmt.Errorf("%s measured another model, %s: name it with -m", name, f.Run.Model.Name)
	}
	if !c.IsSet("objective") {
		plan.Objective = f.Run.Plan.Objective
	}
	if !c.IsSet("provider-option") {
		plan.ProviderOptions = f.Run.Plan.ProviderOptions
	}
	plan.Providers, plan.Threads, plan.Batch, plan.Concurrency = f.Run.Plan.Providers, f.Run.Plan.Threads, f.Run.Plan.Batch, f.Run.Plan.Concurrency
	if err := sameInput(c, f.Run.Input); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := &rerun{name: name, input: f.Run.Input.SHA256, best: *f.Verdict.Recommended}
	rows := slices.DeleteFunc(f.Rows, func(row bench.Row) bool { return row.Status != bench.StatusOK || row.Equal == nil || !*row.Equal })
	slices.SortStableFunc(rows, func(a, b bench.Row) int { return cmp.Compare(b.Rank(plan.Objective), a.Rank(plan.Objective)) })
	r.top = []bench.Config{r.best}
	for _, row := range rows {
		if row.Config != r.best && len(r.top) < rerunCells {
			r.top = append(r.top, row.Config)
		}
	}
	return r, nil
}

// sameInput has the run fed with what the earlier one was, where no flag says otherwise.
func sameInput(c *cli.Context, in bench.Input) error {
	set := map[string]string{"seed": fmt.Sprint(in.Seed)}
	if in.Source != "synthetic" {
		set = map[string]string{"input": in.Name}
	}
	for name, value := range set {
		if !c.IsSet(name) {
			if err := c.Set(name, value); err != nil {
				return err
			}
		}
	}
	if !c.IsSet("dim") {
		for name, size := range in.Dims {
			if err := c.Set("dim", fmt.Sprintf("%s=%d", name, size)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fits refuses other inputs than the earlier run's.
func (r *rerun) fits(in bench.Input) error {
	if r != nil && in.SHA256 != r.input {
		return fmt.Errorf("%s had other inputs: its recommendation can only be judged on the same ones (--input, --dim, --seed)", r.name)
	}
	return nil
}

// only leaves the cells that are measured again.
func (r *rerun) only(cells []bench.Cell) ([]bench.Cell, error) {
	if r == nil {
		return cells, nil
	}
	cells = slices.DeleteFunc(cells, func(c bench.Cell) bool { return !slices.Contains(r.top, c.Config) })
	if len(cells) < len(r.top) {
		return nil, fmt.Errorf("%s: not all of its best cells can be measured here: are the same flavors of ONNX Runtime installed?", r.name)
	}
	return cells, nil
}

// judge says whether the earlier recommendation stands: no cell is significantly better.
func (r *rerun) judge(w io.Writer, f *bench.File) error {
	if r == nil {
		return nil
	}
	v := f.Verdict
	if v.Recommended != nil && (*v.Recommended == r.best || slices.Contains(v.Ties, r.best)) {
		_, err := fmt.Fprintf(w, "The recommendation of %s stands: none of its best cells is significantly better than %s.\n", r.name, r.best)
		return err
	}
	if _, err := fmt.Fprintf(w, "The recommendation of %s does not stand: %s is not the best.\n", r.name, r.best); err != nil {
		return err
	}
	return errVerdict
}
