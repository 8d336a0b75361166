package bench

import (
	"fmt"
	"slices"
)

// Rerun is an earlier run whose best cells are measured again: does its recommendation stand?
type Rerun struct {
	Name string // of its file
	Run  Run    // what it measured
	Best Config // that it recommended
	rows []Row
}

// rerunCells are measured again: the recommended one and the next best.
const rerunCells = 3

// NewRerun takes the results that were read from a file. Those that recommend nothing are an
// error.
func NewRerun(name string, f *File) (*Rerun, error) {
	if f.Verdict == nil || f.Verdict.Recommended == nil {
		return nil, fmt.Errorf("%s recommends no cell: there is nothing to measure again", name)
	}
	return &Rerun{Name: name, Run: f.Run, Best: *f.Verdict.Recommended, rows: f.Rows}, nil
}

// SameModel returns an error unless the SHA-256 is that of the model that was measured.
func (r *Rerun) SameModel(sha256 string) error {
	if sha256 != r.Run.Model.SHA256 {
		return fmt.Errorf("%s measured another model, %s", r.Name, r.Run.Model.Name)
	}
	return nil
}

// SameInput returns an error unless the earlier run was fed with the same arrays.
func (r *Rerun) SameInput(in Input) error {
	if in.SHA256 != r.Run.Input.SHA256 {
		return fmt.Errorf("%s had other inputs: its recommendation can only be judged on the same ones", r.Name)
	}
	return nil
}

// Plan is p with what the earlier run has swept.
func (r *Rerun) Plan(p Plan) Plan {
	was := r.Run.Plan
	p.Providers, p.Threads, p.Batch, p.Concurrency = was.Providers, was.Threads, was.Batch, was.Concurrency
	return p
}

// Only leaves the cells that are measured again: the recommended one, and the next best by
// the objective of those whose outputs were right. It is an error if one is not among cells.
func (r *Rerun) Only(cells []Cell, objective string) ([]Cell, error) {
	top := []Config{r.Best}
	for _, row := range Ranked(r.rows, objective) {
		if row.Status == StatusOK && row.Equal != nil && *row.Equal && row.Config != r.Best && len(top) < rerunCells {
			top = append(top, row.Config)
		}
	}
	cells = slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !slices.Contains(top, c.Config) })
	if len(cells) < len(top) {
		return nil, fmt.Errorf("%s: not all of its best cells can be measured here: are the same flavors of ONNX Runtime installed?", r.Name)
	}
	return cells, nil
}

// Stands reports whether the recommendation stands: it is given again, or is a tie.
func (r *Rerun) Stands(v *Verdict) bool {
	return v.Recommended != nil && (*v.Recommended == r.Best || slices.Contains(v.Ties, r.Best))
}
