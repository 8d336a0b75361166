package compare

import (
	"context"
	"fmt"

	"ortho/runner/equality"
	"ortho/runner/npz"
)

// kept is a chunk that the reference has run.
type kept struct {
	inputs  []npz.Array
	rows    int
	dims    map[string]int64
	answer  ran
	outputs map[string]npz.Array
}

// CheckRepeat finds out, where outputs differ, whether the reference is equal to itself: it
// runs its first chunk again. checked is false where no outputs differ. [Comparison.Results]
// then say so.
func (c *Comparison) CheckRepeat(ctx context.Context) (repeats, checked bool, err error) {
	i := 0
	for i < len(c.found) && !differ(c.found[i].compared.Outputs()) {
		i++
	}
	if i == len(c.found) || c.first == nil {
		return false, false, nil
	}
	answer, again, err := c.run(ctx, 0, c.first.inputs, c.first.rows, c.first.dims)
	if err != nil {
		return false, false, fmt.Errorf("run the reference again: %w", err)
	}
	compared := equality.New(c.tolerances[i])
	for run, n := range runs(c.first.rows, c.batch) {
		if answer.Errors[run] != "" || c.first.answer.Errors[run] != "" {
			continue
		}
		if err := compared.Add(c.ofReference(run, c.first.outputs), c.ofReference(run, again), n); err != nil {
			return false, false, fmt.Errorf("run the reference again: %w", err)
		}
	}
	for _, o := range compared.Outputs() {
		if c.unsteady == "" && differ([]equality.Output{o}) {
			c.unsteady = fmt.Sprintf("output %s is another one: %s", o.Name, o.Reason)
		}
	}
	return c.unsteady == "", true, nil
}

// differ reports whether an output differs, and does not only lack numbers.
func differ(outputs []equality.Output) bool {
	for _, o := range outputs {
		if !o.Within && !o.Nothing() {
			return true
		}
	}
	return false
}

// ofReference returns the reference's outputs of one run, by their own names.
func (c *Comparison) ofReference(run int, outputs map[string]npz.Array) []npz.Array {
	var arrays []npz.Array
	for _, v := range c.outputs[0] {
		a := outputs[outputName(run, v.Name)]
		a.Name = v.Name
		arrays = append(arrays, a)
	}
	return arrays
}
