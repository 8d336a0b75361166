package compare

import (
	"fmt"

	"ortho/runner/equality"
	"ortho/runner/onnx"
)

// Plan is what is compared with what, and how.
type Plan struct {
	Sides      []Side               // the first is the reference
	Batch      int                  // rows of one run
	LeftOut    []string             // outputs that can't be compared, with the side's name
	Tolerances []equality.Tolerance // of the candidates: all sides but the first
}

// NewPlan settles how sides are compared. Sides of one name are numbered. Runs are of batch
// rows; 0: as many as a graph fixes, or else 1. Outputs may differ by the precision's
// tolerance; "": by that of the coarser of the two graphs. A batch that a side can't run is a
// [BatchError].
func NewPlan(sides []Side, batch int, precision equality.Precision) (*Plan, error) {
	p := &Plan{}
	seen := map[string]int{}
	for i, s := range sides {
		seen[s.Name]++
		if n := seen[s.Name]; n > 1 {
			s.Name = fmt.Sprintf("%s (%d)", s.Name, n)
		}
		p.Sides = append(p.Sides, s)
		switch {
		case i == 0:
		case precision != "":
			p.Tolerances = append(p.Tolerances, precision.Tolerance())
		default:
			coarser := equality.Coarsest(equality.PrecisionOf(sides[0].Graph), equality.PrecisionOf(s.Graph))
			p.Tolerances = append(p.Tolerances, coarser.Tolerance())
		}
	}
	for _, s := range p.Sides {
		if can, not := equality.Comparable(s.Graph.Outputs); len(can) > 0 && len(not) > 0 {
			p.LeftOut = append(p.LeftOut, fmt.Sprintf("%s: %s", s.Name, onnx.List(not)))
		}
	}
	var err error
	if p.Batch, err = batchOf(p.Sides, batch); err != nil {
		return nil, err
	}
	return p, nil
}
