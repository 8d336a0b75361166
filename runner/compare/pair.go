package compare

import (
	"fmt"
	"slices"

	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// InputsOf makes a graph's inputs from another's: by name or, where a name is missing and
// there are as many, by position, which the notice says. Floating-point elements are
// converted where the graph takes other ones.
func InputsOf(from *feed.Set, g *onnx.Graph) (set *feed.Set, notice string, err error) {
	arrays := make([]npz.Array, len(g.Inputs))
	byName := true
	for i, in := range g.Inputs {
		at := slices.IndexFunc(from.Arrays, func(a npz.Array) bool { return a.Name == in.Name })
		if at < 0 {
			byName = false
			break
		}
		arrays[i] = from.Arrays[at]
	}
	if !byName {
		if len(from.Arrays) != len(g.Inputs) {
			return nil, "", fmt.Errorf("the graph's inputs are %v, and the reference's %v", g.Inputs, from.Arrays)
		}
		copy(arrays, from.Arrays)
		notice = fmt.Sprintf("its inputs have other names than the reference's (%v); they are taken by position", g.Inputs)
	}
	dims := map[string]int64{} // that are not the batch's
	for i, in := range g.Inputs {
		if at := slices.IndexFunc(from.Arrays, func(a npz.Array) bool { return a.Name == arrays[i].Name }); at >= 0 && at < len(from.Whole) && from.Whole[at] && len(in.Dims) > 0 && in.Dims[0].Name != "" {
			dims[in.Dims[0].Name] = arrays[i].Shape[0]
		}
		if arrays[i], err = arrays[i].As(in.Type); err != nil {
			return nil, "", fmt.Errorf("input %s: %w", in, err)
		}
		arrays[i].Name = in.Name
	}
	if from.Rows == 0 {
		set, err = feed.Whole(from.Source, arrays, g)
	} else {
		set, err = feed.Of(from.Source, arrays, g, dims)
	}
	if err != nil {
		return nil, "", err
	}
	if set.Rows != from.Rows {
		return nil, "", fmt.Errorf("the graph takes %d rows of the inputs, the reference %d: their batch dimensions differ", set.Rows, from.Rows)
	}
	set.Seed = from.Seed
	return set, notice, nil
}

// pairOutputs finds the output of got for each of want: by name or, where names are
// missing and there are as many, by position, which the notice says. Shapes that the two
// graphs state must agree.
func pairOutputs(want, got []onnx.Value) (pairs map[string]string, notice string, err error) {
	pairs = map[string]string{}
	left := slices.Clone(got)
	var missing []onnx.Value
	find := func(w, g onnx.Value) error {
		if !compatible(w, g) {
			return fmt.Errorf("output %s can't be compared with the reference's %s", g, w)
		}
		pairs[g.Name] = w.Name
		return nil
	}
	for _, w := range want {
		at := slices.IndexFunc(left, func(g onnx.Value) bool { return g.Name == w.Name })
		if at < 0 {
			missing = append(missing, w)
			continue
		}
		if err := find(w, left[at]); err != nil {
			return nil, "", err
		}
		left = slices.Delete(left, at, at+1)
	}
	switch {
	case len(missing) > 0 && len(missing) != len(left):
		return nil, "", fmt.Errorf("there is no output %q: its outputs are %v, and the reference's %v", missing[0].Name, got, want)
	case len(missing) == 0 && len(left) > 0:
		return pairs, fmt.Sprintf("its outputs %v are not compared: the reference has none of these names", left), nil
	}
	for i, w := range missing {
		if err := find(w, left[i]); err != nil {
			return nil, "", err
		}
		if notice == "" {
			notice = "outputs are paired by position where their names differ:"
		}
		notice += fmt.Sprintf(" %q with the reference's %q;", left[i].Name, w.Name)
	}
	return pairs, notice, nil
}

// compatible reports whether two stated shapes may be one.
func compatible(a, b onnx.Value) bool {
	if a.Kind != b.Kind {
		return false
	}
	if !a.Ranked || !b.Ranked {
		return true
	}
	if len(a.Dims) != len(b.Dims) {
		return false
	}
	for i, d := range a.Dims {
		// Exporters bake the batch into outputs that follow it all the same.
		if i > 0 && d.Fixed() && b.Dims[i].Fixed() && d.Size != b.Dims[i].Size {
			return false
		}
	}
	return true
}
