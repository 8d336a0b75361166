package bench

import (
	"fmt"
	"path/filepath"

	"ortho/runner/feed"
	"ortho/runner/npz"
)

// PartInputs is the file, in a folder, of the inputs that an image gave a part.
func PartInputs(folder, part string) string { return filepath.Join(folder, part+".npz") }

// Sweep prepares the measurement of a part, whose graph is of: its Name and its inputs follow
// from the part and from the arrays in a folder. A run has as many rows as
// they have. explicit is as [Cells] was given it.
func (p *Pipeline) Sweep(part Part, of Subject, plan Plan, folder, explicit string) (*Sweep, error) {
	file := PartInputs(folder, part.Name)
	arrays, err := npz.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if of.Inputs, err = feed.Whole("npz", arrays, of.Graph); err != nil {
		return nil, fmt.Errorf("%s: %w", part.Name, err)
	}
	of.Name, of.InputName, of.Outputs, of.OpenShapes = p.Name+"/"+part.Name, filepath.Base(file), part.Outputs, !part.Fixed
	plan.Batch, plan.BudgetS = []int{rowsOf(arrays)}, part.BudgetS
	cells, err := Cells(explicit, plan, 0)
	if err != nil {
		return nil, err
	}
	return NewSweep(of, plan, cells, explicit)
}

// rowsOf is the largest first dimension of a run's inputs that are more than a row.
func rowsOf(arrays []npz.Array) int {
	rows := int64(1)
	for _, a := range arrays {
		if len(a.Shape) > 1 {
			rows = max(rows, a.Shape[0])
		}
	}
	return int(rows)
}

// Recommended are the settings of the best of those that cells of the plan have; nil where
// an image's time is not known in any. explicit is as [Cells] was given it.
func (p *Pipeline) Recommended(cells []Cell, explicit string) *Settings {
	best := p.Best()
	if best == nil {
		return nil
	}
	for _, cell := range cells {
		if best.Has(cell.Config) {
			s := settingsOf(p.Parts[0].Results, cell, explicit)
			s.Batch, s.Concurrency = 0, 0 // an image's own
			return &s
		}
	}
	return nil
}
